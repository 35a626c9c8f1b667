"""Run a program on some text with limits on its time and output."""

import codecs
import os
import selectors
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

_CHUNK_BYTES = 1 << 16
_POLL_SECONDS = 0.05
_ERROR_BYTES = 300
"""Length of the tail of stderr that is kept; its last line is shown."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Outcome of a run."""

    output: str
    """Text from stdout; complete only if there is no problem."""
    problem: str | None = None
    """Reason not to use the output; None if the program succeeded."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits beyond which a program and its child processes are killed."""

    seconds: float
    output_bytes: int


def run_program(command: Sequence[str], text: str, folder: Path | None, limits: Limits) -> Ended:
    """Start a program in `folder` with `text` on its stdin; problems are returned, not raised."""
    with tempfile.TemporaryFile() as stdin:
        stdin.write(text.encode())
        stdin.seek(0)
        try:
            process = subprocess.Popen(
                command,
                cwd=folder,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            return Ended("", f"could not be started: {error.strerror or error}")
        streams = _Streams(process)
        try:
            problem = streams.read(limits)
        finally:
            _kill(process)
            streams.close()
        shown = bytes(streams.output).removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace")
        return Ended(shown, problem or _failure(process.returncode, bytes(streams.errors)))


class _Streams:
    """Output of a running program: all of stdout up to a limit, and the end of stderr."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.output, self.errors = bytearray(), bytearray()
        self._process = process
        self._selector = selectors.DefaultSelector()
        for stream, content in ((process.stdout, self.output), (process.stderr, self.errors)):
            if stream is not None:
                os.set_blocking(stream.fileno(), False)
                self._selector.register(stream, selectors.EVENT_READ, content)

    def read(self, limits: Limits) -> str | None:
        """Read until the program ends or exceeds a limit; the description of that limit, if any."""
        end = monotonic() + limits.seconds
        while monotonic() < end:
            # Not until the streams end: a child process may keep them open.
            if not self._read_some(_POLL_SECONDS) and self._process.poll() is not None:
                return None
            if len(self.output) > limits.output_bytes:
                return f"wrote more than {limits.output_bytes} bytes"
        return f"was still running after {limits.seconds:g} seconds"

    def close(self) -> None:
        """Close both streams."""
        self._selector.close()
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()

    def _read_some(self, seconds: float) -> bool:
        """Read available output; whether there was any, or a stream ended, within this time."""
        if not self._selector.get_map():
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
            return False
        ready = self._selector.select(seconds)
        for key, _ in ready:
            self._read_from(key)
        return bool(ready)

    def _read_from(self, key: selectors.SelectorKey) -> None:
        chunk = os.read(key.fd, _CHUNK_BYTES)
        if not chunk:
            self._selector.unregister(key.fileobj)
        content: bytearray = key.data
        content += chunk
        if content is self.errors:
            del content[:-_ERROR_BYTES]


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """Kill the program and the processes in its session."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _failure(status: int, errors: bytes) -> str | None:
    """Description of a failure with the last line of stderr; None if the program succeeded."""
    if status == 0:
        return None
    lines = errors.decode("utf-8", "replace").strip().splitlines()
    how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
    return f"{how}: {lines[-1]}" if lines else how

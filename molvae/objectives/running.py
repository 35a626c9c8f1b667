"""Run a program on some text with limits on its time and output.

On Linux all processes that the program started end with it, also those in a session of their own,
and also if this process is killed (see `guard`). Elsewhere the processes in the program's session
do, unless this process is killed.
"""

import codecs
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import IO

from molvae.errors import ConfigError

_CHUNK_BYTES = 1 << 16
_POLL_SECONDS = 0.05
_GUARD = Path(__file__).with_name("guard.py")
_GUARD_SECONDS = 10.0
"""Time that the guard has for ending the program's processes."""
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
            program = _Program(command, stdin, folder)
        except OSError as error:
            return Ended("", _not_started(error))
        streams = _Streams(program.process)
        try:
            problem = streams.read(limits)
        finally:
            not_started = program.end()
            streams.close()
        shown = bytes(streams.output).removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace")
        failure = _failure(program.process.returncode, bytes(streams.errors))
        return Ended(shown, not_started or problem or failure)


def find_program(name: str, folder: Path | None) -> Path:
    """Absolute path of a program, found as the operating system does that starts it in a folder.

    Args:
        name: a path relative to the folder if it has a slash, otherwise a name on the PATH.
        folder: None stands for the current folder.

    Raises:
        ConfigError: there is no such program.
    """
    path = shutil.which(str((folder or Path()).absolute() / name) if "/" in name else name)
    if path is None:
        raise ConfigError(f"there is no program {name!r}; check its name or install it")
    return Path(path).absolute()


class _Program:
    """A running program; `end` ends it and the processes that it started."""

    def __init__(self, command: Sequence[str], stdin: IO[bytes], folder: Path | None) -> None:
        self._failure: int | None = None
        """Where the guard writes the number of the error if the program cannot be started."""
        if not (sys.platform == "linux" and sys.executable):
            self.process = _popen(command, stdin, folder)
            return
        self._failure, written = os.pipe()
        guard = (sys.executable, "-I", "-S", str(_GUARD), str(os.getpid()), str(written))
        try:
            self.process = _popen((*guard, *command), stdin, folder, written)
        except OSError:
            os.close(self._failure)
            raise
        finally:
            os.close(written)

    def end(self) -> str | None:
        """End all processes; a description of the problem if the program could not be started."""
        if self._failure is not None:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(_GUARD_SECONDS)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self._failure is None:
            return None
        with os.fdopen(self._failure, "rb") as stream:
            number = stream.read()
        return _not_started(OSError(int(number), os.strerror(int(number)))) if number else None


def _popen(
    command: Sequence[str], stdin: IO[bytes], folder: Path | None, *descriptors: int
) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        command,
        cwd=folder,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        pass_fds=descriptors,
    )


def _not_started(error: OSError) -> str:
    return f"could not be started: {error.strerror or error}"


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


def _failure(status: int, errors: bytes) -> str | None:
    """Description of a failure with the last line of stderr; None if the program succeeded."""
    if status == 0:
        return None
    lines = errors.decode("utf-8", "replace").strip().splitlines()
    how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
    return f"{how}: {lines[-1]}" if lines else how

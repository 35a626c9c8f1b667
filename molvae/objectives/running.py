"""A program run once on some text, within limits of time and output that it cannot get round."""

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
from typing import IO

_AT_ONCE = 1 << 16
_BLINK_SECONDS = 0.05
_LAST_WORDS = 300
"""Bytes of a program's complaint that are looked at."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended."""

    output: str
    """What came on stdout, complete only without a problem."""
    problem: str | None = None
    """Why the output is not to be trusted; None when the program ended well."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Beyond these a program is killed, with all that it has started."""

    seconds: float
    output_bytes: int


def run_program(command: Sequence[str], text: str, folder: Path | None, limits: Limits) -> Ended:
    """The program's answer to `text` on its stdin, started in `folder`; never raises for it."""
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as stderr:
        stdin.write(text.encode())
        stdin.seek(0)
        try:
            process = subprocess.Popen(
                command,
                cwd=folder,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=stderr,
                start_new_session=True,
            )
        except OSError as error:
            return Ended("", f"could not be started: {error.strerror or error}")
        try:
            output, problem = _watched(process, limits)
        finally:
            _kill(process)
        shown = output.removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace")
        return Ended(shown, problem or _complaint(process.returncode, stderr))


def _watched(process: "subprocess.Popen[bytes]", limits: Limits) -> tuple[bytes, str | None]:
    """What it writes until it ends, and the limit that it broke."""
    output = bytearray()
    end = monotonic() + limits.seconds
    with selectors.DefaultSelector() as selector:
        stdout = process.stdout
        selector.register(stdout, selectors.EVENT_READ)  # type: ignore[arg-type]
        while (left := end - monotonic()) > 0:
            # Not blindly up to the end of the output: a child of the program may keep that open.
            ready = selector.select(min(left, _BLINK_SECONDS))
            if not ready:
                if process.poll() is not None:
                    return bytes(output), None
                continue
            piece = os.read(stdout.fileno(), _AT_ONCE)  # type: ignore[union-attr]
            output += piece
            if len(output) > limits.output_bytes:
                return bytes(output), f"wrote more than {limits.output_bytes} bytes"
            if not piece and _has_ended(process, end):
                return bytes(output), None
    return bytes(output), f"was still running after {limits.seconds:g} seconds"


def _has_ended(process: "subprocess.Popen[bytes]", end: float) -> bool:
    """Whether it ends in time once it has closed its output."""
    try:
        process.wait(max(end - monotonic(), 0))
    except subprocess.TimeoutExpired:
        return False
    return True


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """End it and all that it has started, and let go of its output."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout:
        process.stdout.close()


def _complaint(status: int, stderr: IO[bytes]) -> str | None:
    if status == 0:
        return None
    size = stderr.seek(0, os.SEEK_END)
    stderr.seek(max(0, size - _LAST_WORDS))
    lines = stderr.read().decode("utf-8", "replace").strip().splitlines()
    how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
    return f"{how}: {lines[-1]}" if lines else how

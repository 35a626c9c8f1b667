"""Script for Linux that runs a program and ends all of its descendants with it.

    python -I -S guard.py PARENT FAILURE COMMAND...

The descendants end when the program ends, when the guard gets SIGTERM, and when the process PARENT
dies, however it dies: the guard is their subreaper, so that a process that starts a session of its
own, or whose parent has ended, stays its descendant. The guard ends with the exit status or the
signal of the program. If the program cannot be started, the guard writes the number of the error
to the file descriptor FAILURE.

Every run of a program pays for the start of this script, so it imports little, and nothing of
molvae.
"""

import ctypes
import os
import signal
import sys
import time
from contextlib import suppress

_SET_PARENT_DEATH_SIGNAL, _SET_DUMPABLE, _SET_CHILD_SUBREAPER = 1, 4, 36
"""Options of prctl(2)."""
_RESTORED = (signal.SIGPIPE, signal.SIGXFSZ)
"""Signals that Python ignores, and with it every program that it starts."""
_CANNOT_START = 127
_LIMIT_SECONDS = 5.0
"""Time after which processes that cannot be killed are given up."""
_POLL_SECONDS = 0.005


class _StopError(Exception):
    """The guard was told to end."""


def main(parent: int, failure: int, command: list[str]) -> None:
    """Run the command, and end as it ends."""
    libc = ctypes.CDLL(None)
    libc.prctl(_SET_CHILD_SUBREAPER, 1)

    def stop(*_: object) -> None:
        raise _StopError

    signal.signal(signal.SIGTERM, stop)
    libc.prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)
    os.set_inheritable(failure, False)
    status = 0
    try:
        # The parent may have died before its death was watched.
        if os.getppid() == parent:
            process, ended = _start(libc, failure, command), 0
            # Orphans that end before it are reaped.
            while ended != process:
                ended, status = os.waitpid(-1, 0)
    except _StopError:
        status = 1 << 8
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _kill_descendants()
    if os.WIFSIGNALED(status):
        libc.prctl(_SET_DUMPABLE, 0)
        if os.WTERMSIG(status) != signal.SIGKILL:
            signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
        os.kill(os.getpid(), os.WTERMSIG(status))
    os._exit(os.WEXITSTATUS(status))


def _start(libc: ctypes.CDLL, failure: int, command: list[str]) -> int:
    """Start the program as the leader of a session, and return its process id."""
    guard = os.getpid()
    process = os.fork()
    if process:
        return process
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        for number in _RESTORED:
            signal.signal(number, signal.SIG_DFL)
        os.setsid()
        # For the case that the guard itself is killed.
        libc.prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() == guard:
            os.execvp(command[0], command)
    except OSError as error:
        os.write(failure, str(error.errno).encode())
    finally:
        os._exit(_CANNOT_START)


def _kill_descendants() -> None:
    """Kill all descendants, and those that they start meanwhile, until none is left."""
    deadline = time.monotonic() + _LIMIT_SECONDS
    while time.monotonic() < deadline:
        for process in _descendants(os.getpid()):
            try:
                os.kill(process, signal.SIGKILL)
            except OSError:
                continue
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(_POLL_SECONDS)


def _descendants(process: int) -> list[int]:
    """Ids of the processes that the process has started, directly or not."""
    children: dict[int, list[int]] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            # It may have ended meanwhile.
            with (
                suppress(OSError),
                open(f"/proc/{entry.name}/stat", "rb") as stream,  # noqa: PTH123 - pathlib is slow to import.
            ):
                # The name in parentheses may hold anything.
                parent = int(stream.read().rpartition(b")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    waiting, descendants = [process], []
    while waiting:
        new = children.get(waiting.pop(), [])
        waiting += new
        descendants += new
    return descendants


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])

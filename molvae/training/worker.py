"""A further process of a training on this machine: `python -m molvae.training.worker`."""

import os
import shutil
import signal
import sys
import threading
from pathlib import Path


def main(run: str, rank: str, size: str, rendezvous: str) -> None:
    """Train as a member of the process group of a run.

    Args:
        run: the run directory.
        rank: rank of this process.
        size: number of processes.
        rendezvous: the file by which they connect.
    """
    # Ctrl-C reaches all processes of a terminal, and SIGTERM of a batch system all processes of a
    # job. The main process alone decides to end, and ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # Before the imports, which take seconds in which the main process may die.
    folder = Path(rendezvous).parent
    watcher = threading.Thread(target=_end_with_parent, args=(folder,), daemon=True)
    watcher.start()

    from molvae.errors import MolvaeError
    from molvae.runs import RunDirectory
    from molvae.training.process_group import join_process_group, ready_file
    from molvae.training.run import train_as_worker

    ready_file(Path(rendezvous), int(rank)).touch()
    try:
        with join_process_group(int(rank), int(size), Path(rendezvous)) as group:
            train_as_worker(RunDirectory(Path(run)), group)
            # The connections stay open until the main process has closed the pipe: it may still be
            # reading from them.
            watcher.join()
    except MolvaeError:
        # The main process tells the user.
        os._exit(1)


def _end_with_parent(folder: Path) -> None:
    """End this process when the main process closes the pipe on stdin, or dies.

    A main process that was killed leaves the folder of the rendezvous, which is removed.
    """
    while os.read(sys.stdin.fileno(), 1):
        pass
    shutil.rmtree(folder, ignore_errors=True)
    # At once, as gloo sometimes aborts, with a message on the screen, when its threads are ended
    # regularly while the other side closes too.
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])

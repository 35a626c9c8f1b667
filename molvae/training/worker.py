"""A further process of a training on this machine: `python -m molvae.training.worker`."""

import os
import signal
import sys
from pathlib import Path

from molvae.errors import MolvaeError
from molvae.runs import RunDirectory
from molvae.training.fit import train_as_worker
from molvae.training.process_group import join_process_group, ready_file


def main(run: str, rank: str, size: str, rendezvous: str) -> None:
    """Train as one of a process group, told of nothing but the run and the rendezvous place."""
    # Ctrl-C reaches every process of a terminal, and SIGTERM of a batch system every process of a
    # job; the leading one alone decides to end, and takes this one with it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    ready_file(Path(rendezvous), int(rank)).touch()
    with join_process_group(int(rank), int(size), Path(rendezvous)) as group:
        try:
            train_as_worker(RunDirectory(Path(run)), group)
        except MolvaeError:
            # The leading process tells the user, unless it was killed.
            os._exit(1)
        # Now and then gloo aborts, with a line on the screen, when its threads are taken down in
        # the usual way while the other side closes too; there is nothing left to take down.
        os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])

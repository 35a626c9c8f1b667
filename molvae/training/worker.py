"""A further process of a training on this machine: `python -m molvae.training.worker`."""

import os
import signal
import sys
from pathlib import Path

from molvae.errors import MolvaeError
from molvae.runs import RunDirectory
from molvae.training.fit import continue_as_member
from molvae.training.team import arrival, worker_membership


def main(run: str, rank: str, size: str, meeting: str) -> None:
    """Train as one of a team, told of nothing but the run and the meeting place."""
    # Ctrl-C reaches every process of a terminal, and SIGTERM of a batch system every process of a
    # job; the leading one alone decides to end, and takes this one with it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    arrival(Path(meeting), int(rank)).touch()
    with worker_membership(int(rank), int(size), Path(meeting)) as team:
        try:
            continue_as_member(RunDirectory(Path(run)), team)
        except MolvaeError:
            # The leading process tells the user, unless it was killed.
            os._exit(1)
        # Now and then gloo aborts, with a line on the screen, when its threads are taken down in
        # the usual way while the other side closes too; there is nothing left to take down.
        os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])

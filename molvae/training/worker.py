"""A further process of a training on this machine: `python -m molvae.training.worker`."""

import os
import signal
import sys
from pathlib import Path

from molvae.errors import TrainingError
from molvae.runs import RunDirectory
from molvae.training.fit import continue_as_member
from molvae.training.team import worker_membership


def main(run: str, rank: str, size: str, meeting: str) -> None:
    """Train as one of a team, told of nothing but the run and the meeting place."""
    # Ctrl-C reaches every process of the terminal; the leading one alone decides to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with worker_membership(int(rank), int(size), Path(meeting)) as team:
        try:
            continue_as_member(RunDirectory(Path(run)), team)
        except TrainingError:
            # The leading process tells the user, unless it was killed.
            os._exit(1)
        # Now and then gloo aborts, with a line on the screen, when its threads are taken down in
        # the usual way while the other side closes too; there is nothing left to take down.
        os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])

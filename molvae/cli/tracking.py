"""Flag of the commands whose figures a tracker can draw."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from molvae.tracking import TrackerKind, track

Track = Annotated[
    TrackerKind | None,
    Parameter(help="Also send the figures to tensorboard (files in OUT), wandb or mlflow."),
]


# object: any event of a training or a search.
@contextmanager
def tracking(kind: TrackerKind | None, out: Path) -> Iterator[Callable[[object], None] | None]:
    """A callback for a run, or None if nothing tracks it.

    Raises:
        MissingExtraError: the tracker is not installed.
    """
    if kind is None:
        yield None
        return
    with track(kind, out) as callback:
        yield callback

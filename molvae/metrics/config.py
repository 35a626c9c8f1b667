"""Settings of an evaluation."""

from pathlib import Path

from pydantic import NonNegativeInt, PositiveInt

from molvae.settings import Settings


class EvaluateConfig(Settings):
    """How samples are measured."""

    fcd: bool = True
    """Fréchet ChemNet Distance, which needs fcd_torch and is the slowest of the metrics."""
    neighbors: NonNegativeInt = 3000
    """Samples, drawn with the seed, that are compared with all training molecules; 0 is none."""
    control: NonNegativeInt = 0
    """Molecules of the AddCarbon control to measure as well; 0 is none."""
    seed: NonNegativeInt = 0
    """For what is drawn: the samples compared with training molecules, and the control."""
    workers: PositiveInt | None = None
    """Processes; one per core without it."""
    cache: Path | None = None
    """Folder in which statistics of reference sets are kept for the next evaluation."""

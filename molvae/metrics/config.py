"""Settings of an evaluation."""

from pathlib import Path

from pydantic import NonNegativeInt, PositiveInt

from molvae.settings import Settings


class EvaluateConfig(Settings):
    """Which metrics are computed, and on how many molecules."""

    fcd: bool = True
    """Compute the Fréchet ChemNet Distance: it is the slowest metric, and needs fcd_torch."""
    neighbors: NonNegativeInt = 3000
    """Random samples that are compared with all training molecules; 0: none."""
    control: NonNegativeInt = 0
    """Molecules of the AddCarbon control (Renz et al. 2019) to evaluate too; 0: none."""
    seed: NonNegativeInt = 0
    """Random seed of the compared samples and of the control."""
    workers: PositiveInt | None = None
    """Processes. Default: one per core."""
    cache: Path | None = None
    """Folder that keeps statistics of the reference sets for the next evaluation."""

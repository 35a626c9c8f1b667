"""ExploreConfig: parts and sizes of the benchmark of uses of a model. Needs no torch."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from molvae.settings import Settings

Part = Literal[
    "completion", "representation", "anomaly", "denoising", "interpolation", "compression"
]


class ExploreConfig(Settings):
    """Parts and sizes of the benchmark of uses of a model."""

    parts: tuple[Part, ...] = (
        "completion",
        "representation",
        "anomaly",
        "denoising",
        "interpolation",
        "compression",
    )
    """Parts to run; repeat the flag for several."""
    molecules: Annotated[int, Field(ge=50)] = 2_000
    """Distinct reference molecules."""
    edited: PositiveInt = 500
    """Unusual molecules of each kind, and as many usual ones."""
    damaged: PositiveInt = 300
    """Molecules whose SELFIES are damaged and restored."""
    folds: Annotated[int, Field(ge=2)] = 5
    """Folds of the cross-validation."""
    pairs: PositiveInt = 200
    """Pairs of reference molecules for interpolation."""
    steps: Annotated[int, Field(ge=3)] = 8
    """Latent vectors from one molecule to the other, both ends included."""
    scaffolds: Annotated[int, Field(ge=1, le=20)] = 20
    """Scaffolds that are decorated, and pairs of them that are linked."""
    completions: PositiveInt = 100
    """Molecules that are asked for with each scaffold."""
    prior_samples: PositiveInt = 1_000
    """Samples of the language model that are searched for the scaffolds, as a control."""
    seed: NonNegativeInt = 0
    """Seed of the molecules that are sampled."""
    workers: PositiveInt | None = None
    """Processes that read decoded SELFIES; None means one per core."""

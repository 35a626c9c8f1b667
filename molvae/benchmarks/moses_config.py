"""MosesConfig: settings of the MOSES benchmark. Needs no torch."""

from pydantic import Field, NonNegativeInt, PositiveInt

from molvae.model.decoding_config import DecodingConfig, PriorName
from molvae.settings import Settings


class MosesConfig(Settings):
    """How many samples are drawn, and how."""

    n: PositiveInt = 30_000
    """Samples per seed; the benchmark asks for 30,000."""
    seeds: tuple[NonNegativeInt, ...] = Field(default=(0, 1, 2), min_length=1)
    """Random seeds; the figures are means over them."""
    prior: PriorName | None = None
    """Where latent vectors come from. Default: the learned prior if there is one, else normal."""
    decoding: DecodingConfig = DecodingConfig()
    round_trips: bool = False
    """Accept only molecules that the model reconstructs, written in their canonical SELFIES."""
    strict: bool = True
    """Reject SELFIES that decode only after repair."""
    workers: PositiveInt | None = None
    """Processes that check molecules. Default: one per core."""

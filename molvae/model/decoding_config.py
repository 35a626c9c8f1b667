"""DecodingConfig: how the decoder chooses symbols; names of the priors. Needs no torch."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from molvae.settings import Settings

PriorName = Literal["learned", "push-forward", "normal"]
"""The learned prior; the same without its acceptance of some draws; N(0, I)."""


class DecodingConfig(Settings):
    """How the decoder chooses the next symbol, and how many at most."""

    temperature: Annotated[float, Field(ge=0.0, le=10.0)] = 1.0
    """0: the most likely symbol (greedy); 1: sample from the distribution of the decoder."""
    top_k: NonNegativeInt = 0
    """Sample from the k most likely symbols only; 0: all."""
    top_p: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0
    """Sample from the smallest set of symbols with this total probability; 1: all."""
    max_symbols: PositiveInt = 200
    """Symbols of a molecule, at most."""

    @property
    def greedy(self) -> bool:
        """Whether decoding is deterministic."""
        return self.temperature == 0.0 or self.top_k == 1


GREEDY = DecodingConfig(temperature=0.0)

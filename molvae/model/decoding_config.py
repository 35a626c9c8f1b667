"""DecodingConfig: how a decoder chooses symbols, and the priors it may decode. Needs no torch."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from molvae.settings import Settings

PriorName = Literal["learned", "push-forward", "normal"]
"""The learned prior; the same without its acceptance of some draws; N(0, I)."""


class DecodingConfig(Settings):
    """How the next symbol is chosen, and how many there may be."""

    temperature: Annotated[float, Field(ge=0.0, le=10.0)] = 1.0
    """0 takes the likeliest symbol (greedy); 1 draws from the decoder's own distribution."""
    top_k: NonNegativeInt = 0
    """Draw from the k likeliest symbols only; 0 means all."""
    top_p: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0
    """Draw from the fewest symbols that hold this share of the probability; 1 means all."""
    max_symbols: PositiveInt = 200
    """A spelling ends here at the latest."""

    @property
    def greedy(self) -> bool:
        """Whether nothing is drawn."""
        return self.temperature == 0.0 or self.top_k == 1


GREEDY = DecodingConfig(temperature=0.0)

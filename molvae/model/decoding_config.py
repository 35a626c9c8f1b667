"""DecodingConfig: how a decoder chooses tokens, and the names of priors. Needs no torch."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from molvae.settings import Settings

PriorName = Literal["learned", "push-forward", "normal"]
"""The learned prior; the learned prior without rejection of samples; N(0, I)."""


class DecodingConfig(Settings):
    """How the next token is chosen, and how many there may be."""

    temperature: Annotated[float, Field(ge=0.0, le=10.0)] = 1.0
    """0 takes the likeliest token (greedy); 1 samples from the decoder's own distribution.

    Where it is not given, the language model is sampled at the temperature on the model's card.
    """
    top_k: NonNegativeInt = 0
    """Sample from the k likeliest tokens only; 0 means all."""
    top_p: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0
    """Sample from the smallest set of tokens with this total probability; 1 means all."""
    grammar: bool = False
    """Choose only tokens that SELFIES decodes as written, so that no molecule needs repair."""
    max_symbols: PositiveInt = 200
    """Longest sequence; longer ones are cut off."""

    @property
    def is_greedy(self) -> bool:
        """Whether no token is sampled."""
        return self.temperature == 0.0 or self.top_k == 1


GREEDY = DecodingConfig(temperature=0.0, grammar=True)

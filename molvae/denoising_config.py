"""DenoiseConfig: how damaged SELFIES are restored. Needs no torch."""

from typing import Annotated

from pydantic import Field, PositiveInt

from molvae.settings import Settings


class DenoiseConfig(Settings):
    """How damaged SELFIES are restored."""

    error_rate: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.02
    """Share of the symbols that are expected to be wrong; a higher one changes more."""
    beam: PositiveInt = 16
    """Number of partial molecules kept while searching; more is slower and better."""

"""DiagnoseConfig: on how many molecules, steps and pairs the figures rest."""

from typing import Annotated

from pydantic import Field, NonNegativeInt, PositiveInt

from molvae.settings import Settings


class DiagnoseConfig(Settings):
    """On how much the figures rest."""

    molecules: Annotated[int, Field(ge=2)] = 2_000
    """Distinct molecules drawn from the file."""
    protocol_molecules: PositiveInt = 100
    """Of them, those that are encoded 10 times and decoded 10 times each."""
    starts: PositiveInt = 100
    """Of them, those from whose codes steps are made."""
    directions: PositiveInt = 5
    """Random directions of the steps from each start; the same for every length of a step."""
    pairs: PositiveInt = 10_000
    """Random pairs of molecules whose distance is compared with their likeness."""
    neighbors: PositiveInt = 5
    """Nearest codes of each molecule that make its near pairs."""
    seed: NonNegativeInt = 0

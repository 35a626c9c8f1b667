"""DiagnoseConfig: how many molecules, steps and pairs a diagnosis uses."""

from typing import Annotated

from pydantic import Field, NonNegativeInt, PositiveInt

from molvae.settings import Settings


class DiagnoseConfig(Settings):
    """How many molecules, steps and pairs the figures are computed from."""

    molecules: Annotated[int, Field(ge=2)] = 2_000
    """Distinct molecules sampled from the file."""
    refined_molecules: PositiveInt = 500
    """Molecules whose latent vectors are refined."""
    protocol_molecules: PositiveInt = 100
    """Molecules for the protocol of JT-VAE: 10 encodings, 10 decodings of each."""
    starts: PositiveInt = 100
    """Molecules from whose latent vectors steps are taken."""
    directions: PositiveInt = 5
    """Random directions of the steps from each start."""
    pairs: PositiveInt = 10_000
    """Random pairs of molecules whose latent distance is compared with their similarity."""
    neighbors: PositiveInt = 5
    """Nearest molecules in the latent space that form pairs with each molecule."""
    seed: NonNegativeInt = 0
    """Random seed."""

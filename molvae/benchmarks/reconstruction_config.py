"""ReconstructionConfig: settings of the reconstruction benchmark. Needs no torch."""

from pydantic import NonNegativeInt, PositiveInt

from molvae.chem.standardize_config import StandardizeConfig
from molvae.settings import Settings


class ReconstructionConfig(Settings):
    """How many molecules are reconstructed, and how often."""

    molecules: PositiveInt | None = None
    """Random molecules of the file. Default: all."""
    sampled: PositiveInt = 1_000
    """Molecules among these for the protocol of JT-VAE."""
    encodings: PositiveInt = 10
    """Samples of each posterior in that protocol."""
    decodings: PositiveInt = 10
    """Samples of the decoder for each of these."""
    seed: NonNegativeInt = 0
    """Random seed."""
    cleaning: StandardizeConfig = StandardizeConfig()
    """How the file is cleaned; the command takes over what the model was trained with."""

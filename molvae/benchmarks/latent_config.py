"""LatentConfig: the sizes of the benchmark of a latent space. Needs no torch."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from molvae.settings import Settings


class LatentConfig(Settings):
    """Sizes of the benchmark of a latent space."""

    molecules: Annotated[int, Field(ge=20)] = 6_000
    """Distinct reference molecules; four fifths of them train the ridge regressions."""
    exact_molecules: PositiveInt = 5_000
    """Rows of each test file that are reconstructed, from its first on."""
    candidates: NonNegativeInt = 16
    """Candidates of `decode_closest`, with which rows are reconstructed once more; 0: not."""
    closest_molecules: PositiveInt = 1_000
    """Rows of each test file for that, from its first on."""
    refined: bool = True
    """Reconstruct all of these molecules from refined latent vectors as well."""
    edited: PositiveInt = 1_000
    """Reference molecules that are changed by graph edits and then reconstructed."""
    respelled: PositiveInt = 1_000
    """Reference molecules that are encoded from a random SELFIES as well."""
    held_out: PositiveInt = 2_000
    """Reference molecules for the ELBO gap."""
    starts: PositiveInt = 500
    """Reference molecules whose latent neighborhood is decoded."""
    directions: PositiveInt = 4
    """Random directions from each of them, the same for every noise level."""
    samples: PositiveInt = 5_000
    """Samples of N(0, I) that are decoded greedily."""
    fcd: bool = True
    """Compute the Fréchet ChemNet Distance, which needs fcd_torch (extra eval)."""
    fcd_reference: Literal["file", "moses"] = "file"
    """Molecules for the distance: half of the reference molecules, or MOSES' published Test set."""
    seed: NonNegativeInt = 0
    """Seed of the molecules that are sampled."""
    workers: PositiveInt | None = None
    """Processes that read decoded SELFIES; None means one per core."""

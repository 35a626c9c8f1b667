"""`molvae interpolate`."""

from pathlib import Path

from molvae.cli.flags import OnScreen, Screen
from molvae.cli.listing import Listing
from molvae.cli.models import ChosenModel, ModelChoice
from molvae.cli.molecules import typed_molecule
from molvae.exploration import interpolate as interpolated


def interpolate(
    first: str,
    last: str,
    /,
    *,
    steps: int = 8,
    out: Path | None = None,
    model: ChosenModel = ModelChoice(),
    screen: OnScreen = Screen(),
) -> None:
    """List the molecules on the straight line between the codes of two.

    The ends are what the codes of both decode to; points whose symbols spell no molecule are left
    out. Columns: smiles, share (of the way), similarity_to_first and similarity_to_last (Tanimoto,
    ECFP4 counts).

    Args:
        first: SMILES.
        last: SMILES.
        steps: Points, both ends among them.
        out: File for the molecules: CSV, or .smi, .sdf, .parquet; the screen unless given.
    """
    listing = Listing.at(out)
    found = interpolated(model.open(), typed_molecule(first), typed_molecule(last), steps)
    listing.write(
        {
            "smiles": [one.molecule.smiles for one in found],
            "share": [one.share for one in found],
            "similarity_to_first": [one.similarities[0] for one in found],
            "similarity_to_last": [one.similarities[1] for one in found],
        },
        screen,
    )

"""`molvae neighbors`."""

import sys
from math import inf
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, validators

from molvae.cli.flags import OnScreen, Screen, Seed
from molvae.cli.listing import Listing
from molvae.cli.models import ChosenModel, ModelChoice
from molvae.cli.molecules import typed_molecule
from molvae.exploration import neighbors_of

Count = Annotated[int, Parameter(validator=validators.Number(gte=1))]
Scale = Annotated[float | None, Parameter(validator=validators.Number(gt=0, lt=inf))]


def neighbors(
    smiles: str,
    /,
    *,
    n: Count = 10,
    scale: Scale = None,
    seed: Seed = 0,
    out: Path | None = None,
    model: ChosenModel = ModelChoice(),
    screen: OnScreen = Screen(),
) -> None:
    """List molecules that lie near one in the latent space, the most similar first.

    Points are drawn round its code and decoded; the molecules are distinct, and others than the one
    asked about. Columns: smiles, similarity (Tanimoto, ECFP4 counts).

    Args:
        smiles: The molecule in the middle.
        n: Molecules wanted; fewer, with a word, where 50 draws for each bring no more.
        scale: How far the points lie, in deviations of its posterior; unless given, one, and
            further out until there are enough.
        seed: Of the draws.
        out: File for the molecules: CSV, or .smi, .sdf, .parquet; the screen unless given.
    """
    listing = Listing.at(out)
    found = neighbors_of(model.open(), typed_molecule(smiles), n, scale, seed)
    listing.write(
        {
            "smiles": [one.molecule.smiles for one in found.neighbors],
            "similarity": [one.similarity for one in found.neighbors],
        },
        screen,
    )
    if len(found.neighbors) < n:
        # Unless a scale was given, it has looked further away already.
        advice = "; look further away with a larger --scale" if scale is not None else ""
        told = f"only {len(found.neighbors)} of {n} came up in {found.draws} draws{advice}"
        print(told, file=sys.stderr)

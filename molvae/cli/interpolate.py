"""`molvae interpolate`."""

from molvae.cli.flags import OptionalOutFile
from molvae.cli.model_choice import ChosenModel, ModelChoice
from molvae.cli.output import Output, OutputFlags


def interpolate(
    first: str,
    last: str,
    /,
    *,
    steps: int = 8,
    out: OptionalOutFile = None,
    model: ChosenModel = ModelChoice(),
    output: OutputFlags = Output(),
) -> None:
    """List the molecules on the straight line between two molecules in the latent space.

    The first and the last row are what the latent vectors of the two molecules decode to; points
    that decode to no molecule are left out. Columns: smiles, share (of the way, 0 to 1),
    similarity_to_first and similarity_to_last (Tanimoto, ECFP4 counts).

    Args:
        first: SMILES.
        last: SMILES.
        steps: Points on the line, both ends included.
        out: File for the molecules: .csv, .tsv, .smi, .sdf (.gz), .parquet; `-` prints CSV.
            Default: the screen.
    """
    from molvae.cli.listing import Listing
    from molvae.cli.molecules import parse_molecule

    listing = Listing.at(out)
    vae = model.open(output)

    from molvae.exploration import interpolate as interpolate_molecules

    molecules = interpolate_molecules(vae, parse_molecule(first), parse_molecule(last), steps)
    listing.write(
        {
            "smiles": [step.molecule.smiles for step in molecules],
            "share": [step.share for step in molecules],
            "similarity_to_first": [step.similarities[0] for step in molecules],
            "similarity_to_last": [step.similarities[1] for step in molecules],
        },
        output,
    )

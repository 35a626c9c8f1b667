"""`molvae neighbors`."""

from math import inf
from typing import Annotated

from cyclopts import Parameter, validators

from molvae.cli.exit_status import FEWER
from molvae.cli.flags import Count, OptionalOutFile, Seed
from molvae.cli.model_choice import ChosenModel, ModelChoice
from molvae.cli.output import Output, OutputFlags, log

Scale = Annotated[float | None, Parameter(validator=validators.Number(gt=0, lt=inf))]


def neighbors(
    smiles: str,
    /,
    *,
    n: Count = 10,
    scale: Scale = None,
    seed: Seed = 0,
    out: OptionalOutFile = None,
    model: ChosenModel = ModelChoice(),
    output: OutputFlags = Output(),
) -> int:
    """List the molecules around a molecule in the latent space, the most similar first.

    Latent vectors are sampled around the one of the molecule and decoded; the molecule itself and
    duplicates are left out. Columns: smiles, similarity (Tanimoto, ECFP4 counts). Exit status 3 if
    50 samples for each molecule asked for do not give enough.

    Args:
        smiles: The molecule to start from.
        n: Molecules to list.
        scale: Distance of the samples, in standard deviations of the posterior. Default: 1, then
            farther until there are enough molecules.
        seed: Random seed of the sampling.
        out: File for the molecules: .csv, .tsv, .smi, .sdf (.gz), .parquet; `-` prints CSV.
            Default: the screen.
    """
    from molvae.cli.listing import Listing
    from molvae.cli.molecules import parse_molecule

    listing = Listing.at(out)
    vae = model.open(output)

    from molvae.exploration import neighbors_of

    with output.activity("decoding neighbors"):
        result = neighbors_of(vae, parse_molecule(smiles), n, scale, seed)
    listing.write(
        {
            "smiles": [neighbor.molecule.smiles for neighbor in result.neighbors],
            "similarity": [neighbor.similarity for neighbor in result.neighbors],
        },
        output,
    )
    if len(result.neighbors) == n:
        return 0
    # Without a scale, larger distances have been tried already.
    advice = "; try a larger --scale" if scale is not None else ""
    log.warning(f"only {len(result.neighbors)} of {n} after {result.draws} samples{advice}")
    return FEWER

"""`molvae interpolate`."""

from typing import Annotated

from molvae.cli.flags import OptionalOutFile, flags_of, split_at_commas
from molvae.cli.model_choice import ChosenModel, ModelChoice
from molvae.cli.output import Output, OutputFlags
from molvae.interpolation_config import InterpolateConfig


def interpolate(
    first: str,
    second: str,
    /,
    *further: str,
    settings: Annotated[InterpolateConfig, flags_of("Settings")] = InterpolateConfig(),
    out: OptionalOutFile = None,
    model: ChosenModel = ModelChoice(),
    output: OutputFlags = Output(),
) -> None:
    """List the molecules on a path from a molecule to another in the latent space.

    With more than two molecules the path passes them in order. Neighboring latent vectors that
    decode to the same molecule are one row. Latent vectors on the way that decode to no molecule,
    or to one that `generate` would refuse, are left out. Columns: smiles, position (0 at the first
    molecule, 1 at the second and so on), similarity_to_1, similarity_to_2 and so on (Tanimoto,
    ECFP4 counts), then the properties.

    Args:
        first: SMILES.
        second: SMILES.
        further: SMILES of further molecules on the path.
        out: File for the molecules: .csv, .tsv, .smi, .sdf (.gz), .parquet; `-` prints CSV.
            Default: the screen.
    """
    from molvae.cli.listing import Listing
    from molvae.cli.molecules import parse_molecule

    listing = Listing.at(out)
    ends = [parse_molecule(smiles) for smiles in (first, second, *further)]
    names = split_at_commas(settings.properties)
    vae = model.open(output)

    from molvae.interpolation import interpolate as interpolate_molecules

    steps = interpolate_molecules(vae, ends, settings.with_changes({"properties": names}))
    listing.write(
        {
            "smiles": [step.molecule.smiles for step in steps],
            "position": [step.position for step in steps],
            **{
                f"similarity_to_{number}": [step.similarities[number - 1] for step in steps]
                for number in range(1, len(ends) + 1)
            },
            **{name: [step.values[name] for step in steps] for name in names},
        },
        output,
    )

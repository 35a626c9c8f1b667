"""`molvae complete`."""

from typing import TYPE_CHECKING, Annotated

from molvae.chem.refusal import count_phrase
from molvae.cli.exit_status import FEWER
from molvae.cli.flags import (
    ConfigFile,
    OptionalOutFile,
    flags_of,
    settings_from,
    split_at_commas,
    typed_settings,
)
from molvae.cli.model_choice import ChosenModel, ModelChoice
from molvae.cli.output import Output, OutputFlags, log
from molvae.scaffold_completion_config import CompleteConfig

if TYPE_CHECKING:
    import molvae.scaffold_completion


def complete(
    scaffold: str,
    /,
    *,
    out: OptionalOutFile = None,
    model: ChosenModel = ModelChoice(),
    settings: Annotated[CompleteConfig, flags_of("Settings")] = CompleteConfig(),
    config: ConfigFile = None,
    output: OutputFlags = Output(),
) -> int:
    """Add substituents to a scaffold, or link two fragments.

    Every molecule keeps the scaffold exactly, stereochemistry included, and differs from it at the
    attachment points only. Columns: smiles, r1, r2 and so on (the substituents) or linker,
    log_likelihood (under the language model of the learned prior, in nats; the likeliest molecule
    comes first), then the properties. Exit status 3 if fewer molecules came than were asked for.

    Args:
        scaffold: SMILES with attachment points, such as `[*:1]c1ccc([*:2])cc1`; for a linker two
            fragments with a dot between them, such as `[*:1]c1ccccc1.[*:2]C1CCNCC1`.
        out: File for the molecules: CSV, or .smi, .sdf, .parquet. Default: the screen.
    """
    typed = typed_settings(settings)
    if settings.properties and "properties" in typed:
        typed["properties"] = split_at_commas(settings.properties)
    plan = settings_from(CompleteConfig, config, typed)

    from molvae.cli.listing import Listing
    from molvae.scaffold_completion import check_scaffold
    from molvae.scaffold_completion import complete as complete_scaffold

    check_scaffold(scaffold, plan)
    listing = Listing.at(out)
    vae = model.open(output)
    completion = complete_scaffold(vae, scaffold, plan, progress=output.progress)
    listing.write(completion.columns(), output)
    log.info(_summary(completion))
    shortfall = completion.shortfall()
    if shortfall:
        log.warning(shortfall)
    return FEWER if shortfall else 0


def _summary(completion: "molvae.scaffold_completion.Completion") -> str:
    reasons = "".join(
        f", {count_phrase(count, reason)}" for reason, count in completion.refused.items()
    )
    return (
        f"{len(completion.molecules)} molecules from {completion.drawn} samples{reasons}; "
        f"{completion.seconds:.1f} s"
    )

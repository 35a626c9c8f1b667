"""`molvae diagnose`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from molvae.chem.standardize_config import StandardizeConfig
from molvae.cli.encode import report_refused
from molvae.cli.flags import OnScreen, Screen, SmilesColumn, check_apart, flags_of
from molvae.cli.models import Cleaning, ModelChoice, cleaning_for
from molvae.dataset.cleaning import CleaningRules
from molvae.diagnosis.config import DiagnoseConfig
from molvae.diagnosis.drawing import draw_molecules
from molvae.diagnosis.report import diagnose as diagnose_model
from molvae.files import check_writable, write_json
from molvae.model.network_config import Device
from molvae.runs import provenance


@dataclass(frozen=True)
class Reading:
    """How the file is read."""

    smiles_column: SmilesColumn = None
    cleaning: Cleaning = StandardizeConfig()


def diagnose(
    model: Path,
    source: Path,
    /,
    *,
    out: Path | None = None,
    device: Annotated[Device, Parameter(help="Where the network works.")] = "auto",
    reading: Annotated[Reading, Parameter(name="*")] = Reading(),
    settings: Annotated[DiagnoseConfig, flags_of("Settings")] = DiagnoseConfig(),
    screen: OnScreen = Screen(),
) -> None:
    """Tell how far a model's latent space can be trusted, on molecules of a file.

    Reconstruction, use of z, mutual information, fit of the prior and smoothness, each with a
    verdict. Molecules that the model was not trained on tell the truth; the seed decides which
    are drawn.

    Args:
        model: Folder of a model, or of the run that trained it.
        source: CSV, TSV or SMI file, plain or gzip.
        out: JSON file for all figures; refused rows are listed beside it.
    """
    if out is not None:
        check_apart(source, out)
        check_writable(out)
    vae = ModelChoice(model, device).open()
    drawn = draw_molecules(
        source,
        settings.molecules,
        vae.vocabulary,
        settings.seed,
        reading.smiles_column,
        CleaningRules(cleaning_for(vae, reading.cleaning), vae.card.max_symbols),
        progress=screen.progress,
    )
    found = diagnose_model(vae, drawn, settings, progress=screen.progress)
    outcome = {
        "model": str(model),
        "data": str(source),
        "rows": drawn.rows,
        **found.to_json(),
        "provenance": provenance(settings.seed),
    }
    if out is not None:
        write_json(out, outcome)
        report_refused(out, drawn.refused)
    screen.tell(outcome, str(found) if out is None else f"{found}\n{out}")

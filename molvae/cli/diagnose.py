"""`molvae diagnose`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from molvae.chem.standardize_config import StandardizeConfig
from molvae.cli.flags import (
    OptionalOutFile,
    ReadStructures,
    StructureColumn,
    check_apart,
    flags_of,
)
from molvae.cli.model_choice import Cleaning, DeviceName, ModelChoice, cleaning_for
from molvae.cli.output import Output, OutputFlags
from molvae.diagnosis.config import DiagnoseConfig
from molvae.files import check_writable, write_json
from molvae.runs import provenance


@dataclass(frozen=True)
class Reading:
    """How the file is read."""

    columns: ReadStructures = StructureColumn()
    cleaning: Cleaning = StandardizeConfig()


def diagnose(
    model: Path,
    source: Path,
    /,
    *,
    out: OptionalOutFile = None,
    device: DeviceName = "auto",
    reading: Annotated[Reading, Parameter(name="*")] = Reading(),
    settings: Annotated[DiagnoseConfig, flags_of("Settings")] = DiagnoseConfig(),
    output: OutputFlags = Output(),
) -> None:
    """Measure how far the latent space of a model can be trusted, on the molecules of a file.

    Reconstruction, use of z, mutual information, fit of the prior and smoothness, each with a
    verdict. Use molecules that the model was not trained on; they are sampled with the seed.

    Args:
        model: Folder of a model or a training run, or the name of a shipped model.
        source: CSV, TSV, SMI, SDF or Parquet file, also compressed; `-` reads standard input.
        out: JSON file for all figures; `-` prints them. Refused rows are listed in OUT.refused.csv.
    """
    if out is not None:
        check_apart(source, out)
        check_writable(out)
    vae = ModelChoice(model, device).open(output)

    from molvae.cli.refused_rows import report_refused
    from molvae.dataset.cleaning import CleaningRules
    from molvae.diagnosis.drawing import draw_molecules
    from molvae.diagnosis.report import diagnose as diagnose_model

    sample = draw_molecules(
        source,
        settings.molecules,
        vae.vocabulary,
        settings.seed,
        reading.columns.choice(),
        CleaningRules(cleaning_for(vae, reading.cleaning), vae.card.max_symbols),
        progress=output.progress,
    )
    diagnosis = diagnose_model(vae, sample, settings, progress=output.progress)
    result = {
        "model": str(model),
        "data": str(source),
        "rows": sample.rows,
        **diagnosis.to_json(),
        "provenance": provenance(settings.seed),
    }
    if out is None:
        output.show(result, str(diagnosis))
        return
    write_json(out, result)
    report_refused(out, sample.refused)
    output.show_written(result, str(diagnosis), out)

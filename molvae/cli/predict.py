"""`molvae predict`."""

from pathlib import Path

from molvae.chem.standardize_config import StandardizeConfig
from molvae.cli.flags import InputColumns, OutFile, ReadColumns, check_apart
from molvae.cli.model_choice import ChosenModel, Cleaning, ModelChoice, model_and_rows
from molvae.cli.output import Output, OutputFlags


def predict(
    source: Path,
    /,
    *,
    out: OutFile,
    model: ChosenModel = ModelChoice(),
    columns: ReadColumns = InputColumns(),
    cleaning: Cleaning = StandardizeConfig(),
    output: OutputFlags = Output(),
) -> None:
    """Predict the properties that a model was trained for, for the molecules in a file.

    Columns: smiles (canonical, after cleaning), a column for each property of the model, in the
    units of its training data, row (line number in the file), then the other columns of the file,
    with `_input` behind names that are properties. Rows that cannot be read are listed in
    OUT.refused.csv. The error of each property on molecules that were held out from the training
    is printed.

    Args:
        source: CSV, TSV, SMI, SDF or Parquet file, also compressed; `-` reads standard input.
        out: File for the predictions: .csv, .tsv, .smi, .sdf or .parquet; `-` prints CSV.
    """
    from molvae.tables import TableFile

    check_apart(source, out)
    file = TableFile.at(out)
    vae, rows = model_and_rows(model, source, columns, cleaning, output)

    from molvae.cli.refused_rows import report_refused
    from molvae.encoding import tabulate_predictions

    table = tabulate_predictions(vae, rows)
    file.write(table.columns)
    molecules, errors = len(table.columns["smiles"]), vae.card.property_errors
    result = {
        "out": str(out),
        "molecules": molecules,
        "properties": list(vae.property_names),
        "held_out_errors": errors,
        "refused": len(table.refused),
    }
    text = f"{out}: {', '.join(vae.property_names)} of {molecules} molecules"
    if errors:
        typical = ", ".join(f"{name} {error:.3g}" for name, error in errors.items())
        text = f"{text}; root mean square error on held-out molecules: {typical}"
    output.show(result, text, to_stderr=file.is_standard_output)
    report_refused(out, table.refused)

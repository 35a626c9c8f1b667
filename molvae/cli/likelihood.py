"""`molvae likelihood`."""

from pathlib import Path

from molvae.chem.standardize_config import StandardizeConfig
from molvae.cli.flags import Check, InputColumns, OutFile, ReadColumns, check_apart
from molvae.cli.model_choice import ChosenModel, Cleaning, ModelChoice, model_and_rows
from molvae.cli.output import Output, OutputFlags


def likelihood(
    source: Path,
    /,
    *,
    out: OutFile,
    model: ChosenModel = ModelChoice(),
    columns: ReadColumns = InputColumns(),
    check: Check = False,
    cleaning: Cleaning = StandardizeConfig(),
    output: OutputFlags = Output(),
) -> None:
    """Compute how likely the molecules in a file are under a model.

    Columns: smiles (canonical, after cleaning), log_likelihood (of the canonical SELFIES under the
    language model of the learned prior, in nats), symbols (SELFIES symbols, end symbol included),
    log_density (of the posterior mean under the learned prior, in nats: a lower bound), exact (with
    --check: whether the model gives the molecule back), row (line number in the file), then the
    other columns of the file.

    Args:
        source: CSV, TSV, SMI, SDF or Parquet file, also compressed; `-` reads standard input.
        out: File for the likelihoods: .csv, .tsv, .smi, .sdf (.gz), .parquet; `-` prints CSV.
    """
    from molvae.tables import TableFile

    check_apart(source, out)
    file = TableFile.at(out)
    vae, rows = model_and_rows(model, source, columns, cleaning, output)

    from molvae.cli.refused_rows import report_inexact, report_refused
    from molvae.encoding import tabulate_likelihoods

    table = tabulate_likelihoods(vae, rows, check=check)
    file.write(table.columns)
    likelihoods = table.columns["log_likelihood"]
    mean = sum(likelihoods) / len(likelihoods)
    result = {
        "out": str(out),
        "molecules": len(likelihoods),
        "mean_log_likelihood": mean,
        "refused": len(table.refused),
    }
    text = f"{out}: {len(likelihoods)} molecules, mean {mean:.2f} nats"
    output.show(result, text, to_stderr=file.is_standard_output)
    report_refused(out, table.refused)
    if check:
        report_inexact(*(table.columns[name] for name in ("exact", "row", "smiles")))

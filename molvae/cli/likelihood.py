"""`molvae likelihood`."""

from pathlib import Path

from molvae.chem.standardize_config import StandardizeConfig
from molvae.cli.flags import OutFile, SmilesColumn, check_apart
from molvae.cli.model_choice import ChosenModel, Cleaning, ModelChoice, model_and_rows
from molvae.cli.output import Output, OutputFlags


def likelihood(
    source: Path,
    /,
    *,
    out: OutFile,
    model: ChosenModel = ModelChoice(),
    smiles_column: SmilesColumn = None,
    cleaning: Cleaning = StandardizeConfig(),
    output: OutputFlags = Output(),
) -> None:
    """Compute how likely the molecules in a file are under a model.

    Columns: smiles (canonical, after cleaning), log_likelihood (of the canonical SELFIES under the
    language model of the learned prior, in nats), symbols (SELFIES symbols, end symbol included),
    log_density (of the posterior mean under the learned prior, in nats: a lower bound), row (line
    number in the file).

    Args:
        source: CSV, TSV or SMI file, plain or gzip.
        out: File for the likelihoods: CSV, or .smi, .sdf, .parquet.
    """
    from molvae.tables import TableFile

    check_apart(source, out)
    file = TableFile.at(out)
    vae, rows = model_and_rows(model, source, smiles_column, cleaning, output)

    from molvae.cli.refused_rows import report_refused
    from molvae.encoding import likelihood_rows

    molecules, refused = likelihood_rows(vae, rows)
    file.write(
        {
            "smiles": [molecule.smiles for molecule in molecules],
            "log_likelihood": [molecule.log_likelihood for molecule in molecules],
            "symbols": [molecule.symbols for molecule in molecules],
            "log_density": [molecule.log_density for molecule in molecules],
            "row": [molecule.line for molecule in molecules],
        }
    )
    mean = sum(molecule.log_likelihood for molecule in molecules) / len(molecules)
    result = {
        "out": str(out),
        "molecules": len(molecules),
        "mean_log_likelihood": mean,
        "refused": len(refused),
    }
    output.show(result, f"{out}: {len(molecules)} molecules, mean {mean:.2f} nats")
    report_refused(out, refused)

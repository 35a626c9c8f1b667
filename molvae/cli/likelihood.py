"""`molvae likelihood`."""

from pathlib import Path

from molvae.chem.standardize_config import StandardizeConfig
from molvae.cli.encode import report_refused
from molvae.cli.flags import OnScreen, Screen, SmilesColumn, check_apart
from molvae.cli.models import ChosenModel, Cleaning, ModelChoice, model_and_rows
from molvae.encoding import likelihood_rows
from molvae.tables import TableFile


def likelihood(
    source: Path,
    /,
    *,
    out: Path,
    model: ChosenModel = ModelChoice(),
    smiles_column: SmilesColumn = None,
    cleaning: Cleaning = StandardizeConfig(),
    screen: OnScreen = Screen(),
) -> None:
    """Tell how likely a model takes molecules to be.

    Columns: smiles (canonical, after cleaning), log_likelihood (of the spelling under the learned
    prior's language model, in nats), symbols (of the spelling, its end included), log_density (of
    the posterior mean under the learned prior, in nats: a lower bound), row (line of the file).

    Args:
        source: CSV, TSV or SMI file, plain or gzip.
        out: File for the likelihoods: CSV, or .smi, .sdf, .parquet.
    """
    check_apart(source, out)
    file = TableFile.at(out)
    vae, rows = model_and_rows(model, source, smiles_column, cleaning, screen)
    found, refused = likelihood_rows(vae, rows)
    file.write(
        {
            "smiles": [one.smiles for one in found],
            "log_likelihood": [one.log_likelihood for one in found],
            "symbols": [one.symbols for one in found],
            "log_density": [one.log_density for one in found],
            "row": [one.line for one in found],
        }
    )
    mean = sum(one.log_likelihood for one in found) / len(found)
    outcome = {
        "out": str(out),
        "molecules": len(found),
        "mean_log_likelihood": mean,
        "refused": len(refused),
    }
    screen.tell(outcome, f"{out}: {len(found)} molecules, {mean:.2f} nats each in the mean")
    report_refused(out, refused)

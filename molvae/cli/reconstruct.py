"""`molvae reconstruct`."""

from pathlib import Path

from molvae.chem.standardize_config import StandardizeConfig
from molvae.cli.encode import report_refused
from molvae.cli.flags import OnScreen, Screen, SmilesColumn, check_apart
from molvae.cli.models import ChosenModel, Cleaning, ModelChoice, model_and_rows
from molvae.encoding import reconstruct_rows
from molvae.tables import TableFile


def reconstruct(
    source: Path,
    /,
    *,
    out: Path,
    model: ChosenModel = ModelChoice(),
    smiles_column: SmilesColumn = None,
    cleaning: Cleaning = StandardizeConfig(),
    screen: OnScreen = Screen(),
) -> None:
    """Encode molecules and decode them again, and count those that come back.

    Each goes by way of its posterior mean and greedy decoding. Columns: smiles (canonical, after
    cleaning), reconstructed, exact (0 or 1), row (line of the file).

    Args:
        source: CSV, TSV or SMI file, plain or gzip.
        out: File for the pairs: CSV, or .smi, .sdf, .parquet.
    """
    check_apart(source, out)
    file = TableFile.at(out)
    vae, rows = model_and_rows(model, source, smiles_column, cleaning, screen)
    found, refused = reconstruct_rows(vae, rows)
    file.write(
        {
            "smiles": [one.smiles for one in found],
            "reconstructed": [one.reconstructed or "" for one in found],
            "exact": [int(one.is_exact) for one in found],
            "row": [one.line for one in found],
        }
    )
    exact = sum(one.is_exact for one in found)
    outcome = {
        "out": str(out),
        "exact": exact,
        "molecules": len(found),
        "share": exact / len(found),
        "refused": len(refused),
    }
    screen.tell(outcome, f"{out}: exact {exact} of {len(found)} ({exact / len(found):.1%})")
    report_refused(out, refused)

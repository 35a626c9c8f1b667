"""`molvae reconstruct`."""

from pathlib import Path

from molvae.chem.standardize_config import StandardizeConfig
from molvae.cli.flags import OutFile, SmilesColumn, check_apart
from molvae.cli.model_choice import ChosenModel, Cleaning, ModelChoice, model_and_rows
from molvae.cli.output import Output, OutputFlags


def reconstruct(
    source: Path,
    /,
    *,
    out: OutFile,
    model: ChosenModel = ModelChoice(),
    smiles_column: SmilesColumn = None,
    cleaning: Cleaning = StandardizeConfig(),
    output: OutputFlags = Output(),
) -> None:
    """Encode molecules, decode them again, and count the exact reconstructions.

    Each molecule is decoded greedily from its posterior mean. Columns: smiles (canonical, after
    cleaning), reconstructed, exact (0 or 1), row (line number in the file).

    Args:
        source: CSV, TSV or SMI file, plain or gzip.
        out: File for the pairs: CSV, or .smi, .sdf, .parquet.
    """
    from molvae.tables import TableFile

    check_apart(source, out)
    file = TableFile.at(out)
    vae, rows = model_and_rows(model, source, smiles_column, cleaning, output)

    from molvae.cli.refused_rows import report_refused
    from molvae.encoding import reconstruct_rows

    molecules, refused = reconstruct_rows(vae, rows)
    file.write(
        {
            "smiles": [molecule.smiles for molecule in molecules],
            "reconstructed": [molecule.reconstructed or "" for molecule in molecules],
            "exact": [int(molecule.is_exact) for molecule in molecules],
            "row": [molecule.line for molecule in molecules],
        }
    )
    exact = sum(molecule.is_exact for molecule in molecules)
    share = exact / len(molecules)
    result = {
        "out": str(out),
        "exact": exact,
        "molecules": len(molecules),
        "share": share,
        "refused": len(refused),
    }
    output.show(result, f"{out}: {exact} of {len(molecules)} reconstructed exactly ({share:.1%})")
    report_refused(out, refused)

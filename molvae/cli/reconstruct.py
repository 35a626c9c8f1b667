"""`molvae reconstruct`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from pydantic import NonNegativeInt

from molvae.chem.standardize_config import StandardizeConfig
from molvae.cli.flags import InputColumns, OutFile, Refine, check_apart
from molvae.cli.model_choice import ChosenModel, Cleaning, ModelChoice, model_and_rows
from molvae.cli.output import Output, OutputFlags


@dataclass(frozen=True)
class ReconstructedInput(InputColumns):
    """Columns that are read, and whether latent vectors are refined."""

    refine: Refine = False


def reconstruct(
    source: Path,
    /,
    *,
    out: OutFile,
    model: ChosenModel = ModelChoice(),
    columns: Annotated[ReconstructedInput, Parameter(name="*")] = ReconstructedInput(),
    cleaning: Cleaning = StandardizeConfig(),
    candidates: NonNegativeInt = 0,
    output: OutputFlags = Output(),
) -> None:
    """Encode molecules, decode them again, and count the exact reconstructions.

    Each molecule is decoded greedily from its posterior mean, with --refine from a latent vector
    close to it that fits better, or with --candidates as the one of several molecules that is
    encoded closest to the mean. Columns: smiles (canonical, after
    cleaning), reconstructed, exact (0 or 1), row (line number in the file), then the
    other columns of the file.

    Args:
        source: CSV, TSV, SMI, SDF or Parquet file, also compressed; `-` reads standard input.
        out: File for the pairs: .csv, .tsv, .smi, .sdf (.gz), .parquet; `-` prints CSV.
        candidates: Molecules sampled for each latent vector that greedy decoding misses, of
            which the one that is encoded closest is taken.
    """
    from molvae.tables import TableFile

    check_apart(source, out)
    file = TableFile.at(out)
    vae, rows = model_and_rows(model, source, columns, cleaning, output)

    from molvae.cli.refused_rows import report_refused
    from molvae.encoding import tabulate_reconstructions

    table = tabulate_reconstructions(vae, rows, candidates, refine=columns.refine)
    file.write(table.columns)
    exact, molecules = sum(table.columns["exact"]), len(table.columns["exact"])
    result = {
        "out": str(out),
        "exact": exact,
        "molecules": molecules,
        "share": exact / molecules,
        "refused": len(table.refused),
    }
    text = f"{out}: {exact} of {molecules} reconstructed exactly ({exact / molecules:.1%})"
    output.show(result, text, to_stderr=file.is_standard_output)
    report_refused(out, table.refused)

"""`molvae score`."""

from pathlib import Path
from typing import TYPE_CHECKING

from molvae.cli.flags import OutFile, SmilesColumn, check_apart
from molvae.cli.output import Output, OutputFlags, log
from molvae.cli.scoring import ChosenScorers, Scorers

if TYPE_CHECKING:
    import molvae.objectives.tables


def score(
    source: Path,
    objective: str,
    /,
    *,
    out: OutFile,
    smiles_column: SmilesColumn = None,
    scorers: ChosenScorers = Scorers(),
    output: OutputFlags = Output(),
) -> None:
    """Score the molecules in a file with an objective.

    Molecules are scored as they are: nothing is cleaned, and salts stay salts. Columns: smiles
    (canonical), row (line number in the file), score, then each measured value with its
    desirability. Rows without a molecule are listed in OUT.refused.csv, and molecules that a
    program, function or model could not score in OUT.failures.csv.

    Args:
        source: CSV, TSV or SMI file, plain or gzip.
        objective: TOML file, or a name that `molvae objectives` lists.
        out: File for the scores: CSV, or .smi, .sdf, .parquet.
    """
    from molvae.cli.refused_rows import report_refused
    from molvae.objectives.tables import score_table
    from molvae.tables import TableFile

    check_apart(source, out)
    check_apart(Path(objective.partition("@")[2] or objective), out)
    file = TableFile.at(out)
    with scorers.objective(objective) as scorer:
        scored = score_table(scorer, source, smiles_column, progress=output.progress)
    file.write(scored.columns())
    _show(scored, out, output)
    report_refused(out, scored.refused)
    _report_failures(out, scored)


def _show(scored: "molvae.objectives.tables.ScoredTable", out: Path, output: Output) -> None:
    result = {
        "out": str(out),
        "molecules": len(scored.smiles),
        "scored": scored.scored,
        "best": scored.best,
        "refused": len(scored.refused),
        "failures": len(scored.scores.failures),
    }
    best = "" if scored.best is None else f", best score {scored.best:.4f}"
    output.show(result, f"{out}: {len(scored.smiles)} molecules, {scored.scored} scored{best}")


def _report_failures(out: Path, scored: "molvae.objectives.tables.ScoredTable") -> None:
    """Write what could not be scored to OUT.failures.csv, and say so."""
    from molvae.objectives.tables import write_failures

    failures = scored.scores.failures
    path = out.with_name(f"{out.name}.failures.csv")
    # The list of an earlier output would be taken for this one's.
    path.unlink(missing_ok=True)
    if failures:
        write_failures(path, failures)
        first = f"{failures[0].smiles} ({failures[0].reason})"
        log.warning(f"{len(failures)} values missing, the first for {first}; see {path}")

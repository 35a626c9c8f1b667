"""`molvae score`."""

from pathlib import Path
from typing import TYPE_CHECKING

from molvae.cli.flags import InputColumns, OutFile, ReadColumns, check_apart
from molvae.cli.output import Output, OutputFlags, log
from molvae.cli.scoring import ChosenScorers, Scorers
from molvae.errors import ObjectiveError
from molvae.files import STANDARD_STREAM

if TYPE_CHECKING:
    import molvae.objectives.tables


def score(
    source: Path,
    objective: str,
    /,
    *,
    out: OutFile,
    columns: ReadColumns = InputColumns(),
    scorers: ChosenScorers = Scorers(),
    output: OutputFlags = Output(),
) -> None:
    """Score the molecules in a file with an objective.

    Molecules are scored as they are: nothing is cleaned, and salts stay salts. Columns: smiles
    (canonical), row (line number in the file), score, each measured value with its
    desirability, then the other columns of the file. Rows without a molecule are listed in
    OUT.refused.csv, and molecules that a program, function or model could not score in
    OUT.failures.csv.

    Args:
        source: CSV, TSV, SMI, SDF or Parquet file, also compressed; `-` reads standard input.
        objective: TOML file, or a name that `molvae objectives` lists.
        out: File for the scores: .csv, .tsv, .smi, .sdf (.gz), .parquet; `-` prints CSV.
    """
    from molvae.cli.refused_rows import report_refused
    from molvae.objectives.tables import score_table
    from molvae.tables import TableFile

    check_apart(source, out)
    check_apart(Path(objective.partition("@")[2] or objective), out)
    file = TableFile.at(out)
    with scorers.objective(objective) as scorer:
        scored = score_table(
            scorer,
            source,
            columns.choice(),
            progress=output.progress,
        )
    file.write(scored.columns())
    _show(scored, out, output)
    report_refused(out, scored.refused)
    _report_failures(out, scored)
    if not scored.n_scored:
        raise ObjectiveError(f"no molecule has a score; see {str(out)!r} and the lists beside it")


def _show(scored: "molvae.objectives.tables.ScoredTable", out: Path, output: Output) -> None:
    result = {
        "out": str(out),
        "molecules": len(scored.smiles),
        "scored": scored.n_scored,
        "best": scored.best,
        "refused": len(scored.refused),
        "failures": len(scored.scores.failures),
    }
    best = "" if scored.best is None else f", best score {scored.best:.4f}"
    molecules = "1 molecule" if len(scored.smiles) == 1 else f"{len(scored.smiles):,} molecules"
    text = f"{out}: {molecules}, {scored.n_scored} scored{best}"
    output.show(result, text, to_stderr=out == STANDARD_STREAM)


def _report_failures(out: Path, scored: "molvae.objectives.tables.ScoredTable") -> None:
    """Write what could not be scored to OUT.failures.csv, and say so."""
    from molvae.objectives.tables import write_failures

    failures = scored.scores.failures
    first = f"{failures[0].smiles} ({failures[0].reason})" if failures else ""
    missing = f"{len(failures)} values missing, the first for {first}"
    if out == STANDARD_STREAM:
        if failures:
            log.warning(missing)
        return
    path = out.with_name(f"{out.name}.failures.csv")
    # The list of an earlier output would be taken for this one's.
    path.unlink(missing_ok=True)
    if failures:
        write_failures(path, failures)
        log.warning(f"{missing}; see {path}")

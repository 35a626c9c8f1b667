"""`molvae score`."""

import sys
from pathlib import Path

from molvae.cli.encode import report_refused
from molvae.cli.flags import OnScreen, Screen, SmilesColumn, check_apart
from molvae.cli.scoring import ChosenScorers, Scorers
from molvae.objectives.tables import ScoredTable, score_table, write_failures
from molvae.tables import TableFile


def score(
    source: Path,
    objective: str,
    /,
    *,
    out: Path,
    smiles_column: SmilesColumn = None,
    scorers: ChosenScorers = Scorers(),
    screen: OnScreen = Screen(),
) -> None:
    """Score a file's molecules by an objective.

    They are scored as they stand: nothing is cleaned, salts stay salts. The table has the columns
    smiles (canonical), row (line of the file), score, then each measured value with its
    desirability. Rows without a molecule are listed beside it, and so is what a program, a function
    or a model could not score.

    Args:
        source: CSV, TSV or SMI file, plain or gzip.
        objective: TOML file, or a name that `molvae objectives` lists.
        out: File for the scores: CSV, or .smi, .sdf, .parquet.
    """
    check_apart(source, out)
    check_apart(Path(objective.partition("@")[2] or objective), out)
    file = TableFile.at(out)
    with scorers.objective(objective) as wanted:
        scored = score_table(wanted, source, smiles_column, progress=screen.progress)
    file.write(scored.columns())
    _tell(scored, out, screen)
    report_refused(out, scored.refused)
    _report_failures(out, scored)


def _tell(scored: ScoredTable, out: Path, screen: Screen) -> None:
    outcome = {
        "out": str(out),
        "molecules": len(scored.smiles),
        "scored": scored.scored,
        "best": scored.best,
        "refused": len(scored.refused),
        "failures": len(scored.scores.failures),
    }
    best = "" if scored.best is None else f", the best {scored.best:.4f}"
    sentence = f"{out}: {len(scored.smiles)} molecules, {scored.scored} with a score{best}"
    screen.tell(outcome, sentence)


def _report_failures(out: Path, scored: ScoredTable) -> None:
    """List beside the output what could not be scored, and say so."""
    failures = scored.scores.failures
    place = out.with_name(f"{out.name}.failures.csv")
    # That of an earlier table would be taken for this one's.
    place.unlink(missing_ok=True)
    if failures:
        write_failures(place, failures)
        first = f"{failures[0].smiles}: {failures[0].reason}"
        print(f"{len(failures)} values missing, as for {first}; all in {place}", file=sys.stderr)

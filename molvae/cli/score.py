"""`molvae score`."""

import sys
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from molvae.cli.encode import report_refused
from molvae.cli.flags import OnScreen, Screen, SmilesColumn, check_apart
from molvae.errors import ConfigError
from molvae.objectives.cluster import dask_executor
from molvae.objectives.configured import ConfiguredObjective
from molvae.objectives.tables import ScoredTable, score_table, write_failures
from molvae.parallel import available_cores
from molvae.tables import TableFile


def score(
    source: Path,
    objective: str,
    /,
    *,
    out: Path,
    smiles_column: SmilesColumn = None,
    workers: Annotated[int | None, Parameter(validator=Number(gte=1))] = None,
    scheduler: str | None = None,
    screen: OnScreen = Screen(),
) -> None:
    """Score a file's molecules by an objective.

    The table has the columns smiles, score, then each measured value with its desirability. Rows
    without a molecule are listed beside it, and so is what a program, a function or a model could
    not score.

    Args:
        source: CSV, TSV or SMI file, plain or gzip.
        objective: TOML file, or a name that `molvae objectives` lists.
        out: File for the scores: CSV, or .smi, .sdf, .parquet.
        workers: Processes to score with; one per core unless given.
        scheduler: Address of a Dask scheduler whose workers score instead, such as tcp://head:8786.
    """
    check_apart(source, out)
    if workers is not None and scheduler is not None:
        raise ConfigError("--workers are of this machine, those of --scheduler of others; give one")
    file = TableFile.at(out)
    with _executor(scheduler) as executor:
        wanted = ConfiguredObjective.load(objective, workers or available_cores(), executor)
        scored = score_table(wanted, source, smiles_column, progress=screen.progress)
    file.write(scored.columns())
    _tell(scored, out, screen)
    report_refused(out, scored.refused)
    _report_failures(out, scored)


@contextmanager
def _executor(scheduler: str | None) -> Iterator[Executor | None]:
    if scheduler is None:
        yield None
        return
    with dask_executor(scheduler) as executor:
        yield executor


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
    if failures:
        place = out.with_name(f"{out.name}.failures.csv")
        write_failures(place, failures)
        first = f"{failures[0].smiles}: {failures[0].reason}"
        print(f"{len(failures)} values missing, as for {first}; all in {place}", file=sys.stderr)

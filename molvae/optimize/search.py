"""The search: propose, decode, score what is new, learn, until there is a reason to stop."""

import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from pydantic import JsonValue
from tqdm import tqdm

from molvae.errors import RunError
from molvae.files import read_json, write_json
from molvae.objectives.objective import Failure, Objective
from molvae.optimize.curves import mean_of_best
from molvae.optimize.journal import Journal
from molvae.optimize.latent_model import LatentModel, model_mark
from molvae.optimize.methods import SearchConfig, strategy_of
from molvae.optimize.oracle import Answers, Oracle
from molvae.optimize.result import SearchResult, StopReason, best_first, write_candidates
from molvae.optimize.state import State
from molvae.optimize.strategy import Strategy
from molvae.runs import RunDirectory


@dataclass(frozen=True)
class Counts:
    """Where a search stands after its finished rounds."""

    rounds: int = 0
    proposed: int = 0
    undecodable: int = 0
    repeats: int = 0
    without_molecule: int = 0
    """Rounds in a row, up to now, in which nothing decoded; likewise below."""
    without_new: int = 0
    without_score: int = 0

    def after(self, answers: Answers) -> "Counts":
        """The counts once a round with these answers is finished."""
        proposed = len(answers.scores)
        return Counts(
            rounds=self.rounds + 1,
            proposed=self.proposed + proposed,
            undecodable=self.undecodable + proposed - answers.decoded,
            repeats=self.repeats + answers.decoded - answers.new,
            without_molecule=0 if answers.decoded else self.without_molecule + 1,
            without_new=0 if answers.new else self.without_new + 1,
            without_score=0 if answers.scored else self.without_score + 1,
        )

    def stop_reason(self, patience: int) -> StopReason | None:
        """Why it is of no use to go on; None when it is."""
        if self.without_molecule >= patience:
            return StopReason.NOTHING_DECODES
        if self.without_new >= patience:
            return StopReason.NOTHING_NEW
        return StopReason.NOTHING_SCORED if self.without_score >= patience else None


def search(
    model: LatentModel,
    objective: Objective,
    config: SearchConfig,
    run: RunDirectory | None = None,
    *,
    resume: bool = False,
    progress: bool = False,
) -> SearchResult:
    """The molecules that a search finds; with a run directory it can be resumed at any moment.

    A resumed search ends as one that was never disturbed, and scores nothing twice. Its budget
    may be raised: then it ends as one that had the larger budget from the start.

    Raises:
        RunError: the run holds another search, or one already and `resume` was not asked for.
        ObjectiveError: the objective fails; what was scored is kept and can be resumed.
    """
    if run and not resume and run.journal.exists():
        raise RunError(f"{str(run.path)!r} holds a search; use --resume to go on with it")
    with _open_journal(run, model, objective, config) as journal:
        report = partial(_keep_failures, run.failures) if run else None
        oracle = Oracle(objective, journal, config.budget, config.at_once, report)
        stop, counts = _loop(strategy_of(config, model), oracle, journal, config, progress)
        result = _result(journal, stop, counts)
    if run:
        write_candidates(run.candidates, result.candidates, objective.columns)
        write_json(run.summary, result.summary())
    return result


def earlier_settings(run: RunDirectory) -> SearchConfig:
    """The settings that a run's search was started with, or last resumed with.

    Raises:
        RunError: the run is no search.
    """
    settings = read_json(run.settings)
    if not isinstance(settings, dict) or "search" not in settings:
        raise RunError(f"{str(run.path)!r} holds no search; give the folder of one to --out")
    return SearchConfig.parse(settings["search"], str(run.settings))


def _keep_failures(path: Path, failures: Sequence[Failure]) -> None:
    """Add to the file; after a kill the last few may stand there twice."""
    is_new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        if is_new:
            writer.writerow(["smiles", "component", "reason"])
        writer.writerows([one.smiles, one.component, one.reason] for one in failures)


def _open_journal(
    run: RunDirectory | None, model: LatentModel, objective: Objective, config: SearchConfig
) -> Journal:
    settings: dict[str, JsonValue] = {
        "objective": dict(objective.description),
        "search": config.model_dump(mode="json"),
    }
    # A larger budget leaves the path of the search as it is, and so does `at_once`.
    path_settings = config.model_dump(mode="json", exclude={"budget", "at_once"})
    about = {**settings, "search": path_settings, "model": model_mark(model)}
    if run is None:
        return Journal.open(None, about)
    # First of all files: what has settings can be resumed, wherever the search was killed.
    if not run.settings.is_file():
        write_json(run.settings, settings)
        run.record_provenance(config.seed)
    journal = Journal.open(run.journal, about)
    write_json(run.settings, settings)
    return journal


def _loop(
    strategy: Strategy, oracle: Oracle, journal: Journal, config: SearchConfig, progress: bool
) -> tuple[StopReason, Counts]:
    counts = _taken_up(strategy, journal)
    bar = tqdm(
        total=config.budget,
        initial=oracle.calls,
        unit=" molecules",
        disable=not progress,
    )
    with bar:
        while (stop := _stop_reason(oracle, counts, config)) is None:
            proposals = strategy.propose(config.batch_size)
            answers = oracle.answer(proposals, counts.rounds + 1)
            bar.update(oracle.calls - bar.n)
            bar.set_postfix_str(_standing(oracle))
            # A cut round stays unfinished: under a larger budget it is taken up whole.
            if answers.cut:
                return StopReason.BUDGET_SPENT, counts
            strategy.learn(proposals, answers.scores)
            counts = counts.after(answers)
            journal.save_progress(asdict(counts), strategy.state().to_bytes())
    return stop, counts


def _taken_up(strategy: Strategy, journal: Journal) -> Counts:
    """Where the journal says the search stands, with the strategy put there."""
    saved = journal.progress()
    if saved is None:
        return Counts()
    counts, state = saved
    strategy.restore(State.from_bytes(state))
    return Counts(**counts)


def _stop_reason(oracle: Oracle, counts: Counts, config: SearchConfig) -> StopReason | None:
    stuck = counts.stop_reason(config.patience)
    if stuck:
        return stuck
    # A round that was killed after its last call is finished first.
    begun = oracle.last_round > counts.rounds
    return StopReason.BUDGET_SPENT if oracle.remaining == 0 and not begun else None


def _standing(oracle: Oracle) -> str:
    best, ten = mean_of_best(oracle.scores, 1), mean_of_best(oracle.scores, 10)
    return f"best {best:.4g}, mean of ten best {ten:.4g}"


def _result(journal: Journal, stop: StopReason, counts: Counts) -> SearchResult:
    return SearchResult(
        candidates=best_first(journal.candidates()),
        stop=stop,
        rounds=counts.rounds,
        proposed=counts.proposed,
        undecodable=counts.undecodable,
        repeats=counts.repeats,
    )

"""The search: propose, decode, score what is new, learn, until there is a reason to stop."""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, fields, replace
from functools import partial
from math import nan
from pathlib import Path

import numpy as np
from pydantic import JsonValue
from tqdm import tqdm

from molvae.chem.molecule import Molecule
from molvae.errors import RunError
from molvae.files import read_json, write_json
from molvae.objectives.objective import Failure, Objective
from molvae.optimize.constraints import HardConstraints, Violation
from molvae.optimize.curves import mean_of_best
from molvae.optimize.journal import Journal
from molvae.optimize.latent_model import LatentModel, model_digest
from molvae.optimize.many_goals import ManyGoals, check_goals
from molvae.optimize.methods import SearchConfig, strategy_of
from molvae.optimize.oracle import Answers, Oracle
from molvae.optimize.result import (
    Evaluation,
    Front,
    LeadOutcome,
    SearchResult,
    StopReason,
    best_first,
    write_candidates,
)
from molvae.optimize.scaffolds import ScaffoldFilter
from molvae.optimize.score_cache import ScoreCache
from molvae.optimize.strategy import Proposal, Strategy
from molvae.runs import RunDirectory

_REFUSED = "refused: "
_JUDGED = 10
"""Molecules whose mean score a search is judged by."""


@dataclass(frozen=True)
class Counts:
    """Where a search stands after its finished rounds."""

    rounds: int = 0
    proposed: int = 0
    undecodable: int = 0
    repeats: int = 0
    without_molecule: int = 0
    """Rounds in a row, up to now, in which nothing decoded; likewise below."""
    without_admitted: int = 0
    without_new: int = 0
    without_score: int = 0
    refused: Mapping[Violation, int] = field(default_factory=dict)

    def after(
        self,
        answers: Answers,
        refused: Mapping[Violation, int],
        left_out: Mapping[Violation, int],
    ) -> "Counts":
        """The counts once a round with these answers is finished.

        Args:
            answers: of the round's proposals, with no molecule in the place of a refused one.
            refused: how many were refused, by reason.
            left_out: how many the strategy did not even propose; they count as refused too.
        """
        before = sum(left_out.values())
        proposed, admitted = len(answers.scores) + before, answers.decoded
        decoded = admitted + sum(refused.values()) + before
        return Counts(
            rounds=self.rounds + 1,
            proposed=self.proposed + proposed,
            undecodable=self.undecodable + proposed - decoded,
            repeats=self.repeats + admitted - answers.new,
            # Where nothing is proposed, nothing is new, and neither fault is to be found.
            without_molecule=0 if decoded or not proposed else self.without_molecule + 1,
            without_admitted=0 if admitted or not proposed else self.without_admitted + 1,
            without_new=0 if answers.new else self.without_new + 1,
            without_score=0 if answers.scored else self.without_score + 1,
            refused=Counter(self.refused) + Counter(refused) + Counter(left_out),
        )

    def with_cut(
        self,
        answers: Answers,
        refused: Mapping[Violation, int],
        left_out: Mapping[Violation, int],
    ) -> "Counts":
        """These counts and what came up in a round that the budget cut, which stays unfinished."""
        whole = self.after(answers, refused, left_out)
        return replace(
            self,
            refused=whole.refused,
            undecodable=whole.undecodable,
            proposed=whole.proposed - answers.beyond,
            repeats=whole.repeats - answers.beyond,
        )

    def stop_reason(self, patience: int) -> StopReason | None:
        """Why it is of no use to go on; None when it is."""
        if self.without_molecule >= patience:
            return StopReason.NOTHING_DECODES
        if self.without_admitted >= patience:
            return StopReason.NOTHING_ADMITTED
        if self.without_new >= patience:
            return StopReason.NOTHING_NEW
        return StopReason.NOTHING_SCORED if self.without_score >= patience else None

    def saved(self) -> dict[str, int]:
        """The counts as a journal keeps them."""
        names = [each.name for each in fields(self) if each.name != "refused"]
        refused = {f"{_REFUSED}{reason}": count for reason, count in self.refused.items()}
        return {**{name: getattr(self, name) for name in names}, **refused}

    @classmethod
    def restored(cls, saved: Mapping[str, int]) -> "Counts":
        """The counts that were saved so."""
        reasons = {name: name.removeprefix(_REFUSED) for name in saved if name.startswith(_REFUSED)}
        refused = {Violation(reason): saved[name] for name, reason in reasons.items()}
        return cls(
            **{name: count for name, count in saved.items() if name not in reasons},
            refused=refused,
        )


def search(
    model: LatentModel,
    objective: Objective,
    config: SearchConfig,
    run: RunDirectory | None = None,
    *,
    resume: bool = False,
    cache: Path | None = None,
    progress: bool = False,
) -> SearchResult:
    """The molecules that a search finds; with a run directory it can be resumed at any moment.

    A resumed search ends as one that was never disturbed, and scores nothing twice. Its budget
    may be raised: then it ends as one that had the larger budget from the start. Runs may share a
    cache: what one has paid for, another need not ask the objective for, though it is a call too.

    Raises:
        RunError: the run holds another search, or one already and `resume` was not asked for; or
            another process works on it.
        ObjectiveError: the objective fails; what was scored is kept and can be resumed.
        ConfigError: what is asked of molecules before they are scored contradicts itself.
    """
    constraints = HardConstraints.of(config.constraints)
    strategy = strategy_of(config, model, [constraints.lead] if constraints.lead else [], objective)
    if config.pareto:
        check_goals(objective)
    shared = ScoreCache.open(cache, objective.description) if cache else nullcontext()
    held = run.lock() if run else nullcontext()
    with held, shared as scores, _open_journal(run, model, objective, config, resume) as journal:
        report = partial(_keep_failures, run.failures) if run else None
        oracle = Oracle(objective, journal, config.budget, config.at_once, report, scores)
        if config.pareto:
            strategy = ManyGoals(strategy, oracle, config.seed)
        stop, counts = _loop(_Parts(strategy, oracle, journal, constraints), config, progress)
        result = _result(journal, stop, counts, config)
    if run:
        _write_table(run.candidates, result.candidates, objective, constraints)
        if result.front is not None:
            _write_table(run.front, result.front.candidates, objective, constraints)
        write_json(run.summary, result.summary())
    return result


def _write_table(
    path: Path, candidates: Sequence[Evaluation], objective: Objective, constraints: HardConstraints
) -> None:
    alike = None
    if constraints.lead is not None:
        alike = constraints.similarities(
            [Molecule.parse(one.smiles) for one in candidates]
        ).tolist()
    write_candidates(path, candidates, objective.columns, alike)


def earlier_settings(run: RunDirectory) -> SearchConfig:
    """The settings that a run's search was started with, or last resumed with.

    Raises:
        RunError: the run is no search.
    """
    settings = read_json(run.settings)
    if not isinstance(settings, dict) or "search" not in settings:
        raise RunError(f"{str(run.path)!r} holds no search; give the folder of one")
    return SearchConfig.parse(settings["search"], str(run.settings))


def _keep_failures(path: Path, failures: Sequence[Failure]) -> None:
    """Add to the file; a kill may cost the last few their place in it, not in the journal."""
    is_new = not path.exists()
    with path.open("a", encoding="utf-8", errors="backslashreplace", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        if is_new:
            writer.writerow(["smiles", "component", "reason"])
        writer.writerows([one.smiles, one.component, one.reason] for one in failures)


def _open_journal(
    run: RunDirectory | None,
    model: LatentModel,
    objective: Objective,
    config: SearchConfig,
    resume: bool,
) -> Journal:
    settings: dict[str, JsonValue] = {
        "objective": dict(objective.description),
        "search": config.model_dump(mode="json"),
    }
    about = {**settings, "search": config.path(), "model": model_digest(model)}
    if run is None:
        return Journal.open(None, about)
    if not resume and run.journal.exists():
        raise RunError(f"{str(run.path)!r} holds a search; continue it with `resume`")
    # First of all files: what has settings can be resumed, wherever the search was killed.
    if not run.settings.is_file():
        write_json(run.settings, settings)
    if not run.provenance.is_file():
        run.record_provenance(config.seed)
    journal = Journal.open(run.journal, about)
    write_json(run.settings, settings)
    return journal


@dataclass(frozen=True)
class _Parts:
    """What takes part in a search."""

    strategy: Strategy
    oracle: Oracle
    journal: Journal
    constraints: HardConstraints


def _loop(parts: _Parts, config: SearchConfig, progress: bool) -> tuple[StopReason, Counts]:
    counts, scaffolds = _taken_up(parts, config)
    oracle = parts.oracle
    bar = tqdm(
        total=config.budget,
        initial=oracle.calls,
        unit=" molecules",
        disable=not progress,
    )
    with bar:
        while (stop := _stop_reason(oracle, counts, config)) is None:
            proposals = parts.strategy.propose(config.batch_size)
            # The lead comes on top; a strategy that proposes it too hears of it like that.
            extra = [] if counts.rounds or parts.constraints.lead is None else [_lead(parts)]
            admitted, refused = _admitted(proposals, parts.constraints, scaffolds)
            asked = [*extra, *admitted]
            answers = oracle.answer(asked, counts.rounds + 1)
            bar.update(oracle.calls - bar.n)
            bar.set_postfix_str(_standing(oracle))
            # A cut round stays unfinished: under a larger budget it is taken up whole.
            if answers.cut:
                left_out = parts.strategy.left_out()
                return StopReason.BUDGET_SPENT, counts.with_cut(answers, refused, left_out)
            heard = scaffolds.told([one.molecule for one in asked], answers.scores)
            for place, one in enumerate(asked if extra else ()):
                if one.molecule == parts.constraints.lead:
                    heard[place] = heard[0]
            parts.strategy.learn(proposals, heard[len(extra) :])
            counts = counts.after(answers, refused, parts.strategy.left_out())
            parts.journal.save_progress(counts.saved(), parts.strategy.state())
    return stop, counts


def _lead(parts: _Parts) -> Proposal:
    return Proposal(parts.constraints.lead, source="lead")


def _admitted(
    proposals: Sequence[Proposal], constraints: HardConstraints, scaffolds: ScaffoldFilter
) -> tuple[list[Proposal], Mapping[Violation, int]]:
    """The proposals with no molecule where it was refused, and how many were, by reason."""
    molecules = [one.molecule for one in proposals if one.molecule is not None]
    objections = {
        molecule.smiles: first or second
        for molecule, first, second in zip(
            molecules, constraints.judge(molecules), scaffolds.judge(molecules), strict=True
        )
    }
    found = [one.molecule and objections[one.molecule.smiles] for one in proposals]
    left = [
        replace(proposal, molecule=None) if objection else proposal
        for proposal, objection in zip(proposals, found, strict=True)
    ]
    return left, Counter(objection for objection in found if objection)


def _taken_up(parts: _Parts, config: SearchConfig) -> tuple[Counts, ScaffoldFilter]:
    """Where the journal says the search stands, with the strategy put there."""
    saved = parts.journal.progress()
    if saved is None:
        return Counts(), ScaffoldFilter(config.constraints)
    counts, state = Counts.restored(saved[0]), saved[1]
    parts.strategy.restore(state)
    # Of a round that was cut off some molecules are in the journal already.
    earlier = [one for one in parts.journal.candidates() if one.round <= counts.rounds]
    return counts, ScaffoldFilter(config.constraints, earlier)


def _stop_reason(oracle: Oracle, counts: Counts, config: SearchConfig) -> StopReason | None:
    stuck = counts.stop_reason(config.patience)
    if stuck:
        return stuck
    # A round that was killed after its last call is finished first.
    if oracle.last_round > counts.rounds:
        return None
    if oracle.remaining == 0:
        return StopReason.BUDGET_SPENT
    return StopReason.ENOUGH if _is_enough(oracle, config) else None


def _is_enough(oracle: Oracle, config: SearchConfig) -> bool:
    scores = oracle.scores
    best = mean_of_best(scores, _JUDGED) if np.isfinite(scores).sum() >= _JUDGED else nan
    return config.enough is not None and best >= config.enough


def _standing(oracle: Oracle) -> str:
    best, ten = mean_of_best(oracle.scores, 1), mean_of_best(oracle.scores, _JUDGED)
    return f"best {best:.4g}, mean of ten best {ten:.4g}"


def _result(
    journal: Journal, stop: StopReason, counts: Counts, config: SearchConfig
) -> SearchResult:
    candidates = best_first(journal.candidates())
    asked = config.constraints
    frequent = sorted(counts.refused.items(), key=lambda item: (-item[1], item[0]))
    result = SearchResult(
        candidates=candidates,
        stop=stop,
        rounds=counts.rounds,
        proposed=counts.proposed,
        undecodable=counts.undecodable,
        repeats=counts.repeats,
        refused=dict(frequent),
        guardrails=asked.limits if asked.guardrails else None,
        front=Front.of(candidates) if config.pareto else None,
        opening=_opening(config),
    )
    return replace(result, lead=_lead_outcome(result, HardConstraints.of(asked)))


def _opening(config: SearchConfig) -> int:
    """Calls on molecules that the method begins with."""
    first = {
        "combined": config.combined.start,
        "cma-es": config.cma_es.first_sample,
        "evolution": config.evolution.first_sample,
        "turbo": config.turbo.first_sample,
    }
    return first.get(config.method, 0)


def _lead_outcome(result: SearchResult, constraints: HardConstraints) -> LeadOutcome | None:
    lead = constraints.lead
    if lead is None:
        return None
    others = [one for one in result.candidates if one.smiles != lead.smiles]
    best = replace(result, candidates=tuple(others)).best
    similarity = constraints.similarities([Molecule.parse(best.smiles)])[0] if best else None
    return LeadOutcome(
        smiles=lead.smiles,
        score=next((one.score for one in result.candidates if one.smiles == lead.smiles), nan),
        objection=constraints.judge([lead])[0],
        best=best,
        similarity=None if similarity is None else float(similarity),
    )

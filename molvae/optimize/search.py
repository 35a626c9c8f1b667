"""The search loop: ask a method for candidates, score the new ones, tell it the scores."""

from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from math import nan
from pathlib import Path

import numpy as np
from pydantic import JsonValue
from tqdm import tqdm

from molvae.chem.molecule import Molecule
from molvae.errors import RunError
from molvae.files import read_json, write_json
from molvae.objectives.objective import Objective
from molvae.optimize.candidate import Candidate
from molvae.optimize.constraints import HardConstraints
from molvae.optimize.curves import mean_of_best
from molvae.optimize.journal import Journal
from molvae.optimize.latent_model import LatentModel, model_digest
from molvae.optimize.lead import reconstruct
from molvae.optimize.many_goals import ManyGoals, Rescorable, check_goals
from molvae.optimize.methods import SearchConfig
from molvae.optimize.oracle import Oracle
from molvae.optimize.result import (
    Front,
    LeadOutcome,
    SearchResult,
    StopReason,
    append_failures,
    best_first,
    write_evaluations,
)
from molvae.optimize.scaffolds import ScaffoldFilter
from molvae.optimize.score_cache import ScoreCache
from molvae.optimize.search_progress import SearchCallback, SearchProgress, SearchRound
from molvae.optimize.strategy import SearchContext, Strategy
from molvae.runs import RunDirectory

_REJECTED = "rejected: "
"""Prefix of the counts of rejections in a journal."""
_TOP = 10
"""Molecules whose mean score measures a search."""


def search(  # noqa: PLR0913 - all but three are switches of a call, not of the search
    model: LatentModel,
    objective: Objective,
    config: SearchConfig,
    run: RunDirectory | None = None,
    *,
    resume: bool = False,
    cache: Path | None = None,
    progress: bool = False,
    callback: SearchCallback | None = None,
) -> SearchResult:
    """Search a latent space for molecules of high score.

    A search in a run directory can be resumed at any moment. It then ends as if it had never
    stopped, and pays for no score twice; molecules that no scorer answered for are asked for again.
    The budget may be raised on the way.

    Args:
        model: decodes latent vectors.
        objective: scores molecules; higher is better.
        config: settings, among them the method.
        run: folder for the journal and the results; None keeps everything in memory.
        resume: whether to continue the search in `run`.
        cache: file of scores shared by several runs; a score found there is a call all the same.
        progress: whether to show a progress bar.
        callback: called with a `SearchRound` after each round; an error that it raises ends the
            search, which can be resumed.

    Raises:
        RunError: the run holds another search, or one already and `resume` is False; or another
            process works on it.
        ObjectiveError: the objective fails or its scorer is down; what was scored is kept.
        ConfigError: the constraints contradict each other, or the method does not suit the model
            or the objective.

    Example:
        >>> import molvae
        >>> model = molvae.MoleculeVAE.from_pretrained("chembl")  # doctest: +SKIP
        >>> qed = molvae.find_objective("pmo/qed")  # doctest: +SKIP
        >>> molvae.search(model, qed, molvae.SearchConfig(budget=100)).best  # doctest: +SKIP
    """
    constraints = HardConstraints.parse(config.constraints, objective)
    context = SearchContext(model, constraints, objective, config.seed, config.lead_scale)
    strategy = config.build(context)
    if config.pareto:
        check_goals(objective)
    shared = ScoreCache.open(cache, objective.description) if cache else nullcontext()
    lock = run.lock() if run else nullcontext()
    with lock, shared as scores, _open_journal(run, model, objective, config, resume) as journal:
        report = partial(append_failures, run.failures) if run else None
        oracle = Oracle(objective, journal, config.budget, config.at_once, report, scores)
        if config.pareto:
            strategy = ManyGoals(strategy, oracle, config.seed)
        loop = _Loop(strategy, oracle, journal, constraints, config)
        stop, sums = loop.run(progress=progress, callback=callback or (lambda _: None))
        result = _result(loop, stop, sums)
    result = replace(result, lead=_lead_outcome(result, constraints, model))
    if run:
        _write_results(run, result, objective, constraints)
    return result


def earlier_settings(run: RunDirectory) -> SearchConfig:
    """The settings that the search of a run was started with, or last resumed with.

    Raises:
        RunError: the run is no search.
    """
    settings = read_json(run.settings)
    if not isinstance(settings, dict) or "search" not in settings:
        raise RunError(f"{str(run.path)!r} holds no search; give the folder of one")
    return SearchConfig.parse(settings["search"], str(run.settings))


@dataclass(frozen=True)
class _Loop:
    """The parts of a search, and the loop over its rounds."""

    strategy: Strategy
    oracle: Oracle
    journal: Journal
    constraints: HardConstraints
    config: SearchConfig

    def run(self, *, progress: bool, callback: SearchCallback) -> tuple[StopReason, SearchProgress]:
        """Search until there is a reason to stop."""
        oracle, config = self.oracle, self.config
        sums, scaffolds = self._resume()
        bar = tqdm(
            total=config.budget, initial=oracle.calls, unit=" molecules", disable=not progress
        )
        with bar:
            while (stop := self._stop_reason(sums)) is None:
                before = self.constraints.rejections.total()
                candidates = self.strategy.ask(config.batch_size)
                unproposed = self.constraints.rejections.total() - before
                # In the first round the lead is scored ahead of the candidates.
                is_with_lead = sums.rounds == 0 and self.constraints.lead is not None
                extra = [Candidate.of(self.constraints.lead, source="lead")] if is_with_lead else []
                asked = [*extra, *self._admit(candidates, scaffolds)]
                rejected = self.constraints.rejections.total() - before
                result = oracle.evaluate(asked, sums.rounds + 1)
                bar.update(oracle.calls - bar.n)
                best, top = (mean_of_best(oracle.scores, k) for k in (1, _TOP))
                total = self.constraints.rejections.total()
                bar.set_postfix_str(f"best {best:.4g}, top {_TOP} {top:.4g}")
                callback(SearchRound(sums.rounds + 1, oracle.calls, best, top, total))
                # A cut round stays unfinished: with a larger budget all of it is repeated.
                if result.is_cut:
                    cut = sums.with_cut_round(result, rejected, unproposed)
                    return StopReason.BUDGET_SPENT, cut
                visible = scaffolds.visible_scores([row.smiles for row in asked], result.scores)
                if extra:
                    # A strategy that proposed the lead itself sees its score.
                    is_lead = [row.smiles == extra[0].smiles for row in asked]
                    visible[is_lead] = visible[0]
                self.strategy.tell(candidates, visible[len(extra) :])
                sums = sums.after(result, rejected, unproposed)
                rejections = {
                    f"{_REJECTED}{reason}": count
                    for reason, count in self.constraints.rejections.items()
                }
                self.journal.save_progress({**sums.to_json(), **rejections}, self.strategy.state())
        return stop, sums

    def _admit(self, candidates: Sequence[Candidate], scaffolds: ScaffoldFilter) -> list[Candidate]:
        """The candidates, without a molecule where it is rejected."""
        molecules = [row.molecule for row in candidates if row.molecule is not None]
        smiles = [molecule.smiles for molecule in molecules]
        full = dict(zip(smiles, scaffolds.violations(smiles), strict=True))
        reasons = dict(zip(smiles, self.constraints.check(molecules), strict=True))
        # A molecule that violates a constraint has been counted for that reason.
        self.constraints.rejections.update(
            reason for name in smiles if (reason := full[name]) and not reasons[name]
        )
        return [
            candidate.without_molecule()
            if candidate.smiles is not None
            and (reasons[candidate.smiles] or full[candidate.smiles])
            else candidate
            for candidate in candidates
        ]

    def _resume(self) -> tuple[SearchProgress, ScaffoldFilter]:
        """Progress according to the journal, with the strategy put in its saved state."""
        saved = self.journal.progress()
        if saved is None:
            self.oracle.ask_again(last_round=0)
            return SearchProgress(), ScaffoldFilter(self.config.constraints)
        counts, state = saved
        rejections = {
            name.removeprefix(_REJECTED): counts.pop(name)
            for name in list(counts)
            if name.startswith(_REJECTED)
        }
        self.constraints.rejections.update(rejections)
        sums = SearchProgress.from_json(counts)
        self.strategy.restore(state)
        scores = self.oracle.ask_again(sums.rounds)
        if scores and isinstance(self.strategy, Rescorable):
            self.strategy.rescore(scores)
        # A round that was cut off has some molecules in the journal already.
        earlier = [row for row in self.journal.evaluations() if row.round <= sums.rounds]
        return sums, ScaffoldFilter(self.config.constraints, earlier)

    def _stop_reason(self, sums: SearchProgress) -> StopReason | None:
        stuck = sums.stop_reason(self.config.patience)
        if stuck:
            return stuck
        # A round that was killed after its last call is finished first.
        if self.oracle.last_round > sums.rounds:
            return None
        if self.oracle.remaining == 0:
            return StopReason.BUDGET_SPENT
        scores, enough = self.oracle.scores, self.config.enough
        if enough is None or np.isfinite(scores).sum() < _TOP:
            return None
        return StopReason.ENOUGH if mean_of_best(scores, _TOP) >= enough else None


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
    # First of all files: a run with settings can be resumed, wherever the search was killed.
    if not run.settings.is_file():
        write_json(run.settings, settings)
    if not run.provenance.is_file():
        run.record_provenance(config.seed)
    journal = Journal.open(run.journal, about)
    write_json(run.settings, settings)
    return journal


def _write_results(
    run: RunDirectory, result: SearchResult, objective: Objective, constraints: HardConstraints
) -> None:
    tables = {run.candidates: result.evaluations}
    if result.front is not None:
        tables[run.front] = result.front.evaluations
    for path, evaluations in tables.items():
        similarities = None
        if constraints.lead is not None:
            molecules = [Molecule.parse(row.smiles) for row in evaluations]
            similarities = constraints.similarities(molecules).tolist()
        write_evaluations(path, evaluations, objective.columns, similarities)
    write_json(run.summary, result.summary())


def _result(loop: _Loop, stop: StopReason, sums: SearchProgress) -> SearchResult:
    evaluations = best_first(loop.journal.evaluations())
    config, rejections = loop.config, Counter(loop.constraints.rejections)
    return SearchResult(
        evaluations=evaluations,
        stop=stop,
        rounds=sums.rounds,
        proposed=sums.proposed,
        undecodable=sums.undecodable,
        repeats=sums.repeats,
        rejected=dict(sorted(rejections.items(), key=lambda item: (-item[1], item[0]))),
        guardrails=config.constraints.limits if config.constraints.guardrails else None,
        front=Front.of(evaluations) if config.pareto else None,
        initial_calls=loop.strategy.initial_calls,
    )


def _lead_outcome(
    result: SearchResult, constraints: HardConstraints, model: LatentModel
) -> LeadOutcome | None:
    lead = constraints.lead
    if lead is None:
        return None
    others = [row for row in result.evaluations if row.smiles != lead.smiles]
    best = replace(result, evaluations=tuple(others)).best
    similarity = constraints.similarities([Molecule.parse(best.smiles)])[0] if best else None
    return LeadOutcome(
        smiles=lead.smiles,
        score=next((row.score for row in result.evaluations if row.smiles == lead.smiles), nan),
        violation=constraints.violations([lead])[0],
        best=best,
        similarity=None if similarity is None else float(similarity),
        reconstruction=reconstruct(model, lead),
    )

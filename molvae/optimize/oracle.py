"""Oracle: an objective with a budget of distinct molecules and a memory."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite, nan

import numpy as np
from jaxtyping import Float64

from molvae.chem.molecule import Molecule
from molvae.errors import ObjectiveError
from molvae.objectives.objective import Failure, Objective, Scores
from molvae.optimize.candidate import Candidate
from molvae.optimize.evaluation import Evaluation
from molvae.optimize.journal import Journal
from molvae.optimize.score_cache import ScoreCache

_DOWN_AFTER = 10
"""Molecules in a row without an answer after which a scorer is taken to be down."""


@dataclass(frozen=True)
class RoundResult:
    """The oracle's answer to the candidates of a round."""

    scores: Float64[np.ndarray, " candidate"]
    """NaN: no molecule, no score, or no budget left for it."""
    decoded: int
    """Candidates that are molecules."""
    new: int
    """Distinct molecules scored first in this round."""
    scored: int
    """New molecules that have a score."""
    unaffordable: int
    """Distinct molecules that the budget did not suffice for."""

    @property
    def is_cut(self) -> bool:
        """Whether the budget ended before all molecules were scored."""
        return self.unaffordable > 0


class Oracle:
    """Scores each distinct molecule once, as long as the budget lasts.

    A call is a distinct canonical SMILES; repeats and candidates without a molecule cost nothing,
    an answer of NaN costs a call. Scores are on disk before the objective gets the next molecules,
    so `kill -9` loses at most those that were being scored.

    A molecule that is in the cache is not passed to the objective. It costs a call all the same, so
    that a curve of scores against calls is the same with and without a cache.

    Args:
        objective: scores molecules.
        journal: keeps the scores of this search.
        budget: distinct molecules that may be scored.
        at_once: molecules passed to the objective together.
        report: gets the failures of scorers.
        cache: scores shared with other searches.
    """

    def __init__(
        self,
        objective: Objective,
        journal: Journal,
        budget: int,
        at_once: int,
        report: Callable[[Sequence[Failure]], None] | None = None,
        cache: ScoreCache | None = None,
    ) -> None:
        self._report = report
        self._cache = cache
        self._objective = objective
        self._journal = journal
        self._budget = budget
        self._at_once = at_once
        self._known = {row.smiles: row for row in journal.evaluations()}
        self._unanswered_in_a_row = 0

    @property
    def calls(self) -> int:
        """Distinct molecules scored, including those of earlier parts of the run."""
        return len(self._known)

    @property
    def remaining(self) -> int:
        """Distinct molecules that may still be scored."""
        return max(0, self._budget - self.calls)

    @property
    def scores(self) -> Float64[np.ndarray, " call"]:
        """Scores in the order of the calls."""
        return np.array([row.score for row in self._known.values()], dtype=np.float64)

    @property
    def last_round(self) -> int:
        """Last round in which a molecule was scored; 0 when there is none."""
        return next(reversed(self._known.values())).round if self._known else 0

    def evaluations(self, smiles: Sequence[str]) -> list[Evaluation]:
        """Evaluations of molecules that were scored."""
        return [self._known[name] for name in smiles]

    def evaluate(self, candidates: Sequence[Candidate], round_number: int) -> RoundResult:
        """Score the candidates in their order until the budget ends.

        Raises:
            ObjectiveError: the objective fails, or a scorer is down; nothing is booked for the
                molecules that it did not answer for.
        """
        first_of: dict[str, Candidate] = {}
        for candidate in candidates:
            if candidate.smiles is not None and candidate.smiles not in self._known:
                first_of.setdefault(candidate.smiles, candidate)
        new = list(first_of.values())
        affordable = new[: self.remaining]
        for start in range(0, len(affordable), self._at_once):
            self._score_new(affordable[start : start + self._at_once], round_number)
        names = [candidate.smiles for candidate in candidates if candidate.smiles is not None]
        # By the round in the journal, not by `new`: after a kill part of this round's molecules
        # are in the journal already, and the search must count as if they were not.
        known: dict[str | None, Evaluation | None] = {name: self._known.get(name) for name in names}
        first = [row for row in known.values() if row is not None and row.round == round_number]
        return RoundResult(
            scores=np.array(
                [
                    row.score if (row := known.get(candidate.smiles)) else nan
                    for candidate in candidates
                ],
                dtype=np.float64,
            ),
            decoded=len(names),
            new=len(first),
            scored=sum(isfinite(row.score) for row in first),
            unaffordable=len(new) - len(affordable),
        )

    def ask_again(self, last_round: int) -> dict[str, float]:
        """Ask again for molecules of finished rounds that no scorer answered for.

        Returns:
            The scores that they have now, by SMILES.
        """
        missing = [row for row in self._known.values() if row.is_unanswered]
        fresh: dict[str, float] = {}
        for start in range(0, len(missing), self._at_once):
            rows = missing[start : start + self._at_once]
            answers, _ = self._call_objective([Molecule.parse(row.smiles) for row in rows])
            answered = [
                replace(answers[row.smiles], call=row.call, round=row.round, source=row.source)
                for row in rows
                if not answers[row.smiles].is_unanswered
            ]
            self._journal.update(answered)
            if self._cache:
                self._cache.add(answered)
            self._known.update((row.smiles, row) for row in answered)
            fresh.update((row.smiles, row.score) for row in answered if row.round <= last_round)
        return fresh

    def _score_new(self, candidates: Sequence[Candidate], round_number: int) -> None:
        molecules = [row.molecule for row in candidates if row.molecule is not None]
        cached = self._cache.find([row.smiles for row in molecules]) if self._cache else {}
        asked = [molecule for molecule in molecules if molecule.smiles not in cached]
        answers, failures = self._call_objective(asked) if asked else ({}, ())
        self._check_scorer(answers, failures)
        evaluations = {**cached, **answers}
        booked = [
            replace(
                evaluations[molecule.smiles],
                call=self.calls + row,
                round=round_number,
                source=candidate.source,
            )
            for row, (molecule, candidate) in enumerate(zip(molecules, candidates, strict=True), 1)
        ]
        latents = [candidate.z for candidate in candidates]
        # Before anything else: a problem with the cache or the list of failures must not lose what
        # was paid for.
        self._journal.add(list(zip(booked, latents, strict=True)))
        self._known.update((row.smiles, row) for row in booked)
        if self._cache and answers:
            # A failure may pass, such as a timeout of a program: the next run asks again.
            self._cache.add(row for row in answers.values() if not row.is_unanswered)
        if self._report and failures:
            self._report(failures)

    def _call_objective(
        self, molecules: Sequence[Molecule]
    ) -> tuple[dict[str, Evaluation], Sequence[Failure]]:
        scores = self._objective.score(molecules)
        if len(scores.total) != len(molecules):
            raise ObjectiveError(
                f"the objective gave {len(scores.total)} scores for {len(molecules)} molecules; "
                "expected one each"
            )
        unanswered = {failure.smiles for failure in scores.failures if not failure.is_answer}
        answers = {
            molecule.smiles: _evaluation(
                molecule.smiles, scores, row, is_unanswered=molecule.smiles in unanswered
            )
            for row, molecule in enumerate(molecules)
        }
        return answers, scores.failures

    def _check_scorer(self, answers: Mapping[str, Evaluation], failures: Sequence[Failure]) -> None:
        """See that the scorer works, before anything is booked.

        Raises:
            ObjectiveError: it has not answered for any molecule for a while.
        """
        unanswered = sum(row.is_unanswered for row in answers.values())
        if unanswered < len(answers) or not answers:
            self._unanswered_in_a_row = 0
            return
        self._unanswered_in_a_row += unanswered
        if self._unanswered_in_a_row >= _DOWN_AFTER:
            raise ObjectiveError(
                f"{failures[-1].component!r} has not answered for the last "
                f"{self._unanswered_in_a_row} molecules ({failures[-1].reason}); see that it "
                "works and continue with `resume`, which asks for them again"
            )


def _evaluation(smiles: str, scores: Scores, row: int, *, is_unanswered: bool) -> Evaluation:
    return Evaluation(
        smiles,
        score=_finite(scores.total[row]),
        values={name: _finite(column[row]) for name, column in scores.values.items()},
        desirabilities={
            name: _finite(column[row]) for name, column in scores.desirabilities.items()
        },
        is_unanswered=is_unanswered,
    )


def _finite(value: float) -> float:
    """The value, or NaN in place of an infinite one, which nothing could ever exceed."""
    return float(value) if isfinite(value) else nan

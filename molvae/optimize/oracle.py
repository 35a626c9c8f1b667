"""Oracle: an objective that is paid for by the distinct molecule, with a budget and a memory."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan

import numpy as np
from jaxtyping import Float64

from molvae.chem.molecule import Molecule
from molvae.errors import ObjectiveError
from molvae.objectives.objective import Failure, Objective, Scores
from molvae.optimize.journal import Journal
from molvae.optimize.result import Evaluation
from molvae.optimize.score_cache import ScoreCache, Scored
from molvae.optimize.strategy import Proposal


@dataclass(frozen=True)
class Answers:
    """What the oracle says of a round's proposals."""

    scores: Float64[np.ndarray, " proposal"]
    """NaN: no molecule, no score, or no budget left for it."""
    decoded: int
    """Proposals that are molecules."""
    new: int
    """Distinct molecules that came up in this round first."""
    scored: int
    """Those of them that have a score."""
    beyond: int
    """Distinct molecules that there was no budget left for."""

    @property
    def cut(self) -> bool:
        """Whether the budget ended before all were scored."""
        return self.beyond > 0


class Oracle:
    """Scores each distinct molecule once, as long as the budget lasts.

    A call is a distinct canonical SMILES; repeats and what is no molecule cost nothing, an answer
    of NaN costs a call. Scores are on disk before the next molecules are handed to the objective,
    so `kill -9` loses at most those that were being scored.

    With a cache the objective is asked only for what no other run has paid for. A score from the
    cache is a call like any other, so a curve of scores against calls is that of a run without.
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
        self._known = {one.smiles: one for one in journal.candidates()}

    @property
    def calls(self) -> int:
        """Distinct molecules scored, those of an earlier part of the run included."""
        return len(self._known)

    @property
    def remaining(self) -> int:
        """Distinct molecules that may still be scored."""
        return max(0, self._budget - self.calls)

    @property
    def scores(self) -> Float64[np.ndarray, " call"]:
        """Scores in the order of the calls."""
        return np.array([one.score for one in self._known.values()], dtype=np.float64)

    @property
    def last_round(self) -> int:
        """The last round that a molecule was scored in; 0 when there is none."""
        return next(reversed(self._known.values())).round if self._known else 0

    def found(self, smiles: Sequence[str]) -> list[Evaluation]:
        """What is known of molecules that were scored."""
        return [self._known[one] for one in smiles]

    def answer(self, proposals: Sequence[Proposal], round_number: int) -> Answers:
        """Scores of the proposals, paid for in their order until the budget ends."""
        fresh = self._fresh(proposals)
        affordable = fresh[: self.remaining]
        for start in range(0, len(affordable), self._at_once):
            self._pay(affordable[start : start + self._at_once], round_number)
        molecules = [one.molecule for one in proposals if one.molecule is not None]
        # By the round that the journal gives, not by `fresh`: after a kill part of this round's
        # molecules are in the journal already, and the search must count as if they were not.
        met = {one.smiles: self._known.get(one.smiles) for one in molecules}
        new = [one for one in met.values() if one is not None and one.round == round_number]
        return Answers(
            scores=np.array([self._score(one.molecule) for one in proposals], dtype=np.float64),
            decoded=len(molecules),
            new=len(new),
            scored=sum(isfinite(one.score) for one in new),
            beyond=len(fresh) - len(affordable),
        )

    def _fresh(self, proposals: Sequence[Proposal]) -> list[Proposal]:
        """The first proposal of each molecule that has not been scored."""
        fresh: dict[str, Proposal] = {}
        for proposal in proposals:
            if proposal.molecule and proposal.molecule.smiles not in self._known:
                fresh.setdefault(proposal.molecule.smiles, proposal)
        return list(fresh.values())

    def _pay(self, proposals: Sequence[Proposal], round_number: int) -> None:
        molecules = [one.molecule for one in proposals if one.molecule is not None]
        shared = self._cache.find([one.smiles for one in molecules]) if self._cache else {}
        asked = [one for one in molecules if one.smiles not in shared]
        scores = self._asked(asked) if asked else None
        found = {one.smiles: _scored(scores, row) for row, one in enumerate(asked) if scores}
        scored = {**shared, **found}
        paid = [
            Evaluation(
                smiles=molecule.smiles,
                score=scored[molecule.smiles].score,
                values=scored[molecule.smiles].values,
                desirabilities=scored[molecule.smiles].desirabilities,
                call=self.calls + 1 + row,
                round=round_number,
                source=proposal.source,
            )
            for row, (molecule, proposal) in enumerate(zip(molecules, proposals, strict=True))
        ]
        latents = (proposal.z for proposal in proposals)
        # First of all: what keeps the cache or the list of failures from being written to must not
        # cost what was paid for.
        self._journal.add(list(zip(paid, latents, strict=True)))
        self._known.update((one.smiles, one) for one in paid)
        self._tell_others(found, scores.failures if scores else ())

    def _tell_others(self, found: Mapping[str, Scored], failures: Sequence[Failure]) -> None:
        """Share scores that were asked for, and report what had none."""
        if self._cache and found:
            # A failure may pass, as a program that was out of time does: the next run asks again.
            failed = {failure.smiles for failure in failures}
            self._cache.add({smiles: one for smiles, one in found.items() if smiles not in failed})
        if self._report and failures:
            self._report(failures)

    def _asked(self, molecules: Sequence[Molecule]) -> Scores:
        scores = self._objective.score(molecules)
        if len(scores.total) != len(molecules):
            raise ObjectiveError(
                f"the objective gave {len(scores.total)} scores for {len(molecules)} molecules; "
                "expected one each"
            )
        return scores

    def _score(self, molecule: Molecule | None) -> float:
        known = self._known.get(molecule.smiles) if molecule else None
        return known.score if known else nan


def _scored(scores: Scores, row: int) -> Scored:
    return Scored(
        score=_finite(scores.total[row]),
        values={name: _finite(column[row]) for name, column in scores.values.items()},
        desirabilities={
            name: _finite(column[row]) for name, column in scores.desirabilities.items()
        },
    )


def _finite(value: float) -> float:
    """The value; an infinite one is none: nothing could ever be better."""
    return float(value) if isfinite(value) else nan

"""What a search comes to: scored molecules, why it ended, and what to do about that."""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from molvae.files import atomic_write
from molvae.optimize.constraints import GuardrailsConfig, Violation
from molvae.optimize.curves import mean_of_best
from molvae.optimize.pareto import Values, hypervolume_curve, non_dominated

_LAST = ("call", "source")
"""Columns after the numbers."""
_SIMILARITY = "similarity_to_lead"


@dataclass(frozen=True)
class Evaluation:
    """A distinct molecule that was scored."""

    smiles: str
    """Canonical."""
    score: float
    """NaN: the objective could not say, or did not allow it."""
    values: Mapping[str, float]
    """What the objective measured, by name; NaN: not to be had."""
    desirabilities: Mapping[str, float]
    """The measured values in [0, 1], for those that have a curve."""
    call: int
    """The how manyth distinct molecule of the search it was, from 1."""
    round: int
    """The round of the search in which it came up, from 1."""
    source: str = "points"
    """What made it up, by the name that the method of search has for it."""


class StopReason(StrEnum):
    """Why a search ended."""

    BUDGET_SPENT = "the budget is spent"
    ENOUGH = "the ten best are as good as was asked for"
    NOTHING_DECODES = "no point decodes to a molecule any more"
    NOTHING_ADMITTED = "no molecule that may be scored comes up any more"
    NOTHING_NEW = "no new molecule comes up any more"
    NOTHING_SCORED = "no new molecule has a score any more"

    @property
    def advice(self) -> str:
        """What a person may do next."""
        return _ADVICE[self]


_ADVICE = {
    StopReason.BUDGET_SPENT: "continue with `resume` and a larger `budget` if scores still rise",
    StopReason.ENOUGH: "continue with `resume` and a higher `enough` if more is wanted",
    StopReason.NOTHING_DECODES: "train the model longer, or search in smaller steps",
    StopReason.NOTHING_ADMITTED: "ask for less",
    StopReason.NOTHING_NEW: "take another seed or method, larger steps, or more patience",
    StopReason.NOTHING_SCORED: "loosen the objective's conditions, or see why it gives no score",
}


@dataclass(frozen=True)
class LeadOutcome:
    """What a search made of the molecule that it began with."""

    smiles: str
    """Canonical."""
    score: float
    """NaN: it has none."""
    objection: Violation | None
    """Why the lead itself would not have been scored; it always is."""
    best: Evaluation | None
    """The best molecule but the lead; None when none has a score."""
    similarity: float | None
    """Of that molecule to the lead."""

    @property
    def improvement(self) -> float | None:
        """How far the best is above the lead, below 0 where it is not; None: no such figure."""
        return None if self.best is None or isnan(self.score) else self.best.score - self.score

    # Any: JSON values.
    def summary(self) -> dict[str, Any]:
        """The outcome as JSON."""
        return {
            "smiles": self.smiles,
            "score": None if isnan(self.score) else self.score,
            "objection": self.objection,
            "best_smiles": self.best.smiles if self.best else None,
            "best_score": self.best.score if self.best else None,
            "improvement": self.improvement,
            "similarity": self.similarity,
        }


@dataclass(frozen=True)
class Front:
    """What no other molecule of a search beats in every goal."""

    candidates: tuple[Evaluation, ...]
    """In the order of their calls."""
    curve: tuple[tuple[int, float], ...]
    """Calls, and the hypervolume up to there: the share of [0, 1] in all goals that is reached."""

    @classmethod
    def of(cls, candidates: Sequence[Evaluation]) -> "Front":
        """The front of scored molecules; those without a score take no part."""
        ordered = sorted(candidates, key=lambda one: one.call)
        is_scored = np.array([not isnan(one.score) for one in ordered], dtype=np.bool_)
        if not is_scored.any():
            return cls((), ())
        scored = goal_values([one for one in ordered if not isnan(one.score)])
        # A call without a score is a row of NaN, which beats nothing.
        values = np.full((len(ordered), scored.shape[1]), np.nan)
        values[is_scored] = scored
        kept = np.flatnonzero(non_dominated(values))
        calls, volumes = hypervolume_curve(values, np.zeros(values.shape[1]))
        curve = tuple(zip(calls.tolist(), volumes.tolist(), strict=True))
        return cls(tuple(ordered[place] for place in kept), curve)

    # Any: JSON values.
    def summary(self) -> dict[str, Any]:
        """The front as JSON."""
        return {
            "molecules": len(self.candidates),
            "hypervolume": self.curve[-1][1] if self.curve else 0.0,
            "hypervolume_curve": [list(z) for z in self.curve],
        }


@dataclass(frozen=True)
class SearchResult:
    """The outcome of a search."""

    candidates: tuple[Evaluation, ...]
    """Best first, those without a score last; of equal scores, the one found earlier."""
    stop: StopReason
    rounds: int
    """Rounds that were finished."""
    proposed: int
    """Points or molecules proposed in those rounds, or left out by the method itself."""
    undecodable: int
    """Proposals that were no molecule."""
    repeats: int
    """Proposals whose molecule had been met before; they cost nothing."""
    refused: Mapping[Violation, int] = field(default_factory=dict)
    """Proposals that were not scored for what they are, and what the method left out for the same
    reasons; the most frequent first."""
    guardrails: GuardrailsConfig | None = None
    """The guardrails that were up; None: there were none."""
    lead: LeadOutcome | None = None
    """None: the search was for no lead."""
    front: Front | None = None
    """None: the search was for no Pareto front."""
    opening: int = 0
    """Calls that the method spends on molecules to begin with, before it searches."""

    @property
    def advice(self) -> str:
        """What a person may do next."""
        if self.stop is StopReason.BUDGET_SPENT and self.calls <= self.opening:
            return (
                f"the method begins with {self.opening} molecules, so it has not searched yet: "
                "continue with `resume` and a larger `budget`"
            )
        stuck = self.stop in (StopReason.NOTHING_ADMITTED, StopReason.NOTHING_NEW)
        if not (stuck and self.refused):
            return self.stop.advice
        reason, count = next(iter(self.refused.items()))
        share = f"{count} of {self.proposed} proposals were refused: {reason}"
        return f"{self.stop.advice}; {share} ({reason.advice})"

    @property
    def calls(self) -> int:
        """Distinct molecules scored."""
        return len(self.candidates)

    @property
    def best(self) -> Evaluation | None:
        """The candidate of the highest score; None when none has one."""
        first = self.candidates[0] if self.candidates else None
        return None if first is None or isnan(first.score) else first

    @property
    def scores(self) -> Float64[np.ndarray, " call"]:
        """Scores in the order of the calls."""
        in_order = sorted(self.candidates, key=lambda candidate: candidate.call)
        return np.array([candidate.score for candidate in in_order], dtype=np.float64)

    # Any: JSON values.
    def summary(self) -> dict[str, Any]:
        """The outcome as JSON; None stands for a score that is not there."""
        ten = mean_of_best(self.scores, 10)
        return {
            "stop": self.stop.value,
            "advice": self.advice,
            "calls": self.calls,
            "rounds": self.rounds,
            "proposed": self.proposed,
            "undecodable": self.undecodable,
            "repeats": self.repeats,
            "refused": {reason.value: count for reason, count in self.refused.items()},
            "guardrails": self.guardrails.model_dump(mode="json")
            if self.guardrails is not None
            else None,
            "best_smiles": self.best.smiles if self.best else None,
            "best_score": self.best.score if self.best else None,
            "mean_of_ten_best": None if isnan(ten) else ten,
            "lead": self.lead.summary() if self.lead is not None else None,
            "front": self.front.summary() if self.front is not None else None,
            "scored_by_source": dict(Counter(one.source for one in self.candidates)),
        }


def goal_values(candidates: Sequence[Evaluation]) -> Values:
    """The desirabilities of each candidate."""
    return np.array([list(one.desirabilities.values()) for one in candidates], dtype=np.float64)


def best_first(candidates: Sequence[Evaluation]) -> tuple[Evaluation, ...]:
    """By falling score, those without one last; of equal ones, the earlier call first."""

    def rank(candidate: Evaluation) -> tuple[bool, float, int]:
        unscored = isnan(candidate.score)
        return unscored, 0.0 if unscored else -candidate.score, candidate.call

    return tuple(sorted(candidates, key=rank))


def write_candidates(
    path: Path,
    candidates: Sequence[Evaluation],
    columns: Sequence[str],
    similarities: Sequence[float] | None = None,
) -> None:
    """One row per candidate: smiles, score, measured values, desirabilities, call, source.

    What is NaN is an empty field.

    Args:
        path: CSV file.
        candidates: in the order of the rows.
        columns: names of the measured values.
        similarities: of each candidate to the lead; None where there is no lead.
    """
    alike = [] if similarities is None else [_SIMILARITY]
    curved = [name for name in columns if candidates and name in candidates[0].desirabilities]
    with atomic_write(path) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(
            [
                "smiles",
                "score",
                *alike,
                *columns,
                *(f"{name}_desirability" for name in curved),
                *_LAST,
            ]
        )
        for place, one in enumerate(candidates):
            numbers = [one.score]
            numbers += [] if similarities is None else [similarities[place]]
            numbers += [one.values[name] for name in columns]
            numbers += [one.desirabilities[name] for name in curved]
            fields = ["" if isnan(number) else repr(number) for number in numbers]
            writer.writerow([one.smiles, *fields, one.call, one.source])

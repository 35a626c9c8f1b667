"""What a search comes to: scored molecules, why it ended, and what to do about that."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from molvae.files import written_whole
from molvae.optimize.curves import mean_of_best

_LAST = ("call", "source")
"""Columns after the numbers."""


@dataclass(frozen=True)
class Candidate:
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
    NOTHING_DECODES = "no point decodes to a molecule any more"
    NOTHING_NEW = "no new molecule comes up any more"
    NOTHING_SCORED = "no new molecule has a score any more"

    @property
    def advice(self) -> str:
        """What a person may do next."""
        return _ADVICE[self]


_ADVICE = {
    StopReason.BUDGET_SPENT: "go on with --resume and a larger --budget if scores still rise",
    StopReason.NOTHING_DECODES: "train the model longer, or search in smaller steps",
    StopReason.NOTHING_NEW: "take another seed or method, larger steps, or more patience",
    StopReason.NOTHING_SCORED: "loosen the objective's conditions, or see why it gives no score",
}


@dataclass(frozen=True)
class SearchResult:
    """The outcome of a search."""

    candidates: tuple[Candidate, ...]
    """Best first, those without a score last; of equal scores, the one found earlier."""
    stop: StopReason
    rounds: int
    """Rounds that were finished."""
    proposed: int
    """Points or molecules proposed in those rounds."""
    undecodable: int
    """Proposals that were no molecule."""
    repeats: int
    """Proposals whose molecule had been met before; they cost nothing."""

    @property
    def calls(self) -> int:
        """Distinct molecules scored."""
        return len(self.candidates)

    @property
    def best(self) -> Candidate | None:
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
            "advice": self.stop.advice,
            "calls": self.calls,
            "rounds": self.rounds,
            "proposed": self.proposed,
            "undecodable": self.undecodable,
            "repeats": self.repeats,
            "best_smiles": self.best.smiles if self.best else None,
            "best_score": self.best.score if self.best else None,
            "mean_of_ten_best": None if isnan(ten) else ten,
        }


def best_first(candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """By falling score, those without one last; of equal ones, the earlier call first."""

    def rank(candidate: Candidate) -> tuple[bool, float, int]:
        unscored = isnan(candidate.score)
        return unscored, 0.0 if unscored else -candidate.score, candidate.call

    return tuple(sorted(candidates, key=rank))


def write_candidates(path: Path, candidates: Sequence[Candidate], columns: Sequence[str]) -> None:
    """One row per candidate: smiles, score, measured values, desirabilities, call, source.

    What is NaN is an empty field.
    """
    curved = [name for name in columns if candidates and name in candidates[0].desirabilities]
    with written_whole(path) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(
            ["smiles", "score", *columns, *(f"{name}_desirability" for name in curved), *_LAST]
        )
        for one in candidates:
            numbers = [one.score]
            numbers += [one.values[name] for name in columns]
            numbers += [one.desirabilities[name] for name in curved]
            fields = ["" if isnan(number) else repr(number) for number in numbers]
            writer.writerow([one.smiles, *fields, one.call, one.source])

"""Result of a search: scored molecules, why it ended, and what to do next."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from molvae.chem.depiction import depiction_table
from molvae.dataset.names import unique_names
from molvae.files import TableWriter, atomic_write
from molvae.objectives.objective import Failure
from molvae.optimize.constraints import advice_for
from molvae.optimize.constraints_config import GuardrailsConfig
from molvae.optimize.curves import mean_of_best
from molvae.optimize.evaluation import Evaluation
from molvae.optimize.lead import Reconstruction
from molvae.optimize.pareto import Values, hypervolume_curve, non_dominated

_LAST = ("call", "source")
"""Columns after the numbers."""
_SHOWN = 5
"""Molecules in the display of a notebook."""
_SIMILARITY = "similarity_to_lead"


class StopReason(StrEnum):
    """Why a search ended."""

    BUDGET_SPENT = "the budget is spent"
    ENOUGH = "the mean of the top 10 has reached the target"
    NOTHING_DECODES = "no latent vector decodes to a molecule any more"
    NOTHING_ADMITTED = "no proposed molecule meets the constraints any more"
    NOTHING_NEW = "no new molecule is proposed any more"
    NOTHING_SCORED = "no new molecule gets a score any more"

    @property
    def advice(self) -> str:
        """Advice on the next step."""
        return _ADVICE[self]


_ADVICE = {
    StopReason.BUDGET_SPENT: "continue with `resume` and a larger `budget` if scores still rise",
    StopReason.ENOUGH: "continue with `resume` and a higher `enough` for better molecules",
    StopReason.NOTHING_DECODES: "train the model longer, or search in smaller steps",
    StopReason.NOTHING_ADMITTED: "relax the constraints",
    StopReason.NOTHING_NEW: "use another seed or method, larger steps, or more patience",
    StopReason.NOTHING_SCORED: "loosen the objective, or find out why it gives no score",
}


@dataclass(frozen=True)
class LeadOutcome:
    """Result of a search for better molecules than a lead."""

    smiles: str
    """Canonical SMILES of the lead."""
    score: float
    """NaN: it has none."""
    violation: str | None
    """The constraint that the lead itself violates; it is scored all the same."""
    best: Evaluation | None
    """The best molecule other than the lead; None when no other has a score."""
    similarity: float | None
    """Tanimoto similarity of that molecule to the lead."""
    reconstruction: Reconstruction | None = None
    """Molecule that the model decodes at the lead's own latent vector."""

    @property
    def improvement(self) -> float | None:
        """Score of the best minus score of the lead; None if either has no score."""
        return None if self.best is None or isnan(self.score) else self.best.score - self.score

    # Any: JSON values.
    def summary(self) -> dict[str, Any]:
        """The outcome as JSON."""
        return {
            "smiles": self.smiles,
            "score": None if isnan(self.score) else self.score,
            "violation": self.violation,
            "best_smiles": self.best.smiles if self.best else None,
            "best_score": self.best.score if self.best else None,
            "improvement": self.improvement,
            "similarity": self.similarity,
            "reconstruction": asdict(self.reconstruction) if self.reconstruction else None,
        }


@dataclass(frozen=True)
class Front:
    """Pareto front: the molecules that no other molecule of a search dominates."""

    evaluations: tuple[Evaluation, ...]
    """In the order of their calls."""
    curve: tuple[tuple[int, float], ...]
    """Calls, and the hypervolume reached by then as a fraction of the unit cube of all goals."""

    @classmethod
    def of(cls, evaluations: Sequence[Evaluation]) -> "Front":
        """The front of scored molecules; those without a score are ignored."""
        ordered = sorted(evaluations, key=lambda evaluation: evaluation.call)
        is_scored = np.array([not isnan(evaluation.score) for evaluation in ordered], np.bool_)
        if not is_scored.any():
            return cls((), ())
        scored = goal_values([row for row, known in zip(ordered, is_scored, strict=True) if known])
        # A call without a score is a row of NaN, which dominates nothing.
        values = np.full((len(ordered), scored.shape[1]), np.nan)
        values[is_scored] = scored
        rows = np.flatnonzero(non_dominated(values))
        calls, volumes = hypervolume_curve(values, np.zeros(values.shape[1]))
        curve = tuple(zip(calls.tolist(), volumes.tolist(), strict=True))
        return cls(tuple(ordered[row] for row in rows), curve)

    # Any: JSON values.
    def summary(self) -> dict[str, Any]:
        """The front as JSON."""
        return {
            "molecules": len(self.evaluations),
            "hypervolume": self.curve[-1][1] if self.curve else 0.0,
            "hypervolume_curve": [list(reading) for reading in self.curve],
        }


@dataclass(frozen=True)
class SearchResult:
    """The outcome of a search."""

    evaluations: tuple[Evaluation, ...]
    """Best first, molecules without a score last; ties in the order of their calls."""
    stop: StopReason
    rounds: int
    """Finished rounds."""
    proposed: int
    """Candidates proposed in those rounds, with those that the method itself rejected."""
    undecodable: int
    """Candidates that decoded to no molecule."""
    repeats: int
    """Candidates whose molecule was known already; they cost no call."""
    rejected: Mapping[str, int] = field(default_factory=dict)
    """Candidates rejected before scoring by reason, the most frequent first."""
    guardrails: GuardrailsConfig | None = None
    """Limits of the guardrails; None: they were off."""
    lead: LeadOutcome | None = None
    """None: the search had no lead."""
    front: Front | None = None
    """None: the search was for a single score."""
    initial_calls: int = 0
    """Calls that the method spends on a first sample before it starts to search."""

    def __repr__(self) -> str:
        best = "no score" if self.best is None else f"best score {self.best.score:.4f}"
        return f"SearchResult({self.calls} molecules scored, {best}; {self.stop.value})"

    def _repr_html_(self) -> str:
        """The best molecules and their scores, as a notebook shows them."""
        rows = [(row.smiles, {"score": row.score, **row.values}) for row in self.evaluations]
        return depiction_table(repr(self), rows[:_SHOWN])

    # Any: pandas is not imported for a type.
    def to_frame(self) -> Any:
        """A pandas DataFrame with a row per molecule, best first.

        Columns: `smiles`, `score`, the measured values, their desirabilities with `_desirability`
        behind the name, `call` and `source`. A measured value whose name is one of these gets a
        number behind it, as in `score_2`. NaN stands for a missing number.
        """
        from pandas import DataFrame

        rows = [
            {
                "smiles": row.smiles,
                "score": row.score,
                **dict(
                    zip(
                        value_labels(row.values, row.desirabilities),
                        (*row.values.values(), *row.desirabilities.values()),
                        strict=True,
                    )
                ),
                "call": row.call,
                "source": row.source,
            }
            for row in self.evaluations
        ]
        return DataFrame(rows) if rows else DataFrame(columns=["smiles", "score", *_LAST])

    @property
    def advice(self) -> str:
        """Advice on the next step."""
        if self.stop is StopReason.BUDGET_SPENT and self.calls <= self.initial_calls:
            return (
                f"the method starts from {self.initial_calls} molecules, so it has not searched "
                "yet: continue with `resume` and a larger `budget`"
            )
        stuck = self.stop in (StopReason.NOTHING_ADMITTED, StopReason.NOTHING_NEW)
        if not (stuck and self.rejected):
            return self.stop.advice
        reason, count = next(iter(self.rejected.items()))
        share = f"{count} of {self.proposed} proposals were rejected: {reason}"
        return f"{self.stop.advice}; {share} ({advice_for(reason)})"

    @property
    def calls(self) -> int:
        """Distinct molecules scored."""
        return len(self.evaluations)

    @property
    def best(self) -> Evaluation | None:
        """The evaluation with the highest score; None when none has a score."""
        first = self.evaluations[0] if self.evaluations else None
        return None if first is None or isnan(first.score) else first

    @property
    def scores(self) -> Float64[np.ndarray, " call"]:
        """Scores in the order of the calls."""
        in_order = sorted(self.evaluations, key=lambda evaluation: evaluation.call)
        return np.array([evaluation.score for evaluation in in_order], dtype=np.float64)

    # Any: JSON values.
    def summary(self) -> dict[str, Any]:
        """The outcome as JSON; a missing score is null."""
        top_10 = mean_of_best(self.scores, 10)
        return {
            "stop": self.stop.value,
            "advice": self.advice,
            "calls": self.calls,
            "rounds": self.rounds,
            "proposed": self.proposed,
            "undecodable": self.undecodable,
            "repeats": self.repeats,
            "rejected": {str(reason): count for reason, count in self.rejected.items()},
            "guardrails": self.guardrails.model_dump(mode="json") if self.guardrails else None,
            "best_smiles": self.best.smiles if self.best else None,
            "best_score": self.best.score if self.best else None,
            "mean_of_ten_best": None if isnan(top_10) else top_10,
            "lead": self.lead.summary() if self.lead is not None else None,
            "front": self.front.summary() if self.front is not None else None,
            "scored_by_source": dict(Counter(row.source for row in self.evaluations)),
        }


def goal_values(evaluations: Sequence[Evaluation]) -> Values:
    """The desirabilities of each evaluation."""
    rows = [list(evaluation.desirabilities.values()) for evaluation in evaluations]
    return np.array(rows, dtype=np.float64)


def best_first(evaluations: Sequence[Evaluation]) -> tuple[Evaluation, ...]:
    """By falling score, those without one last; ties in the order of the calls."""

    def rank(evaluation: Evaluation) -> tuple[bool, float, int]:
        unscored = isnan(evaluation.score)
        return unscored, 0.0 if unscored else -evaluation.score, evaluation.call

    return tuple(sorted(evaluations, key=rank))


def value_labels(names: Iterable[str], curved: Iterable[str]) -> list[str]:
    """Names of the columns of measured values, then of those of their desirabilities.

    Args:
        names: names of the measured values.
        curved: those that have a desirability.
    """
    taken = ("smiles", "score", _SIMILARITY, *_LAST)
    return unique_names([*names, *(f"{name}_desirability" for name in curved)], taken)


def write_evaluations(
    path: Path,
    evaluations: Sequence[Evaluation],
    columns: Sequence[str],
    similarities: Sequence[float] | None = None,
) -> None:
    """Write a row per molecule: smiles, score, measured values, desirabilities, call, source.

    NaN is written as an empty field.

    Args:
        path: CSV file.
        evaluations: in the order of the rows.
        columns: names of the measured values.
        similarities: Tanimoto similarity of each to the lead; None where there is no lead.
    """
    lead_columns = [] if similarities is None else [_SIMILARITY]
    curved = [name for name in columns if evaluations and name in evaluations[0].desirabilities]
    with atomic_write(path) as stream:
        writer = TableWriter(stream)
        labels = value_labels(columns, curved)
        writer.write_row(["smiles", "score", *lead_columns, *labels, *_LAST])
        for row, evaluation in enumerate(evaluations):
            numbers = [evaluation.score]
            numbers += [] if similarities is None else [similarities[row]]
            numbers += [evaluation.values[name] for name in columns]
            numbers += [evaluation.desirabilities[name] for name in curved]
            writer.write_row([evaluation.smiles, *numbers, evaluation.call, evaluation.source])


def append_failures(path: Path, failures: Sequence[Failure]) -> None:
    """Append a row per failure to a CSV file: smiles, component, reason.

    A kill may lose the last few rows here, but not in the journal.
    """
    is_new = not path.exists()
    with path.open("a", encoding="utf-8", errors="backslashreplace", newline="") as stream:
        writer = TableWriter(stream)
        if is_new:
            writer.write_row(["smiles", "component", "reason"])
        for row in failures:
            writer.write_row([row.smiles, row.component, row.reason])

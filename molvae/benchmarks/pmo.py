"""Practical Molecular Optimization (PMO, Gao et al. 2022): searches for its tasks, run by run.

A call is a distinct molecule. The score of a run is the area under the mean of the ten best
against calls, read every 100 calls from 0 on and divided by the budget; a run that ends early
keeps its last value, and a molecule without a score counts as 0.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heappushpop
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from pydantic import JsonValue

from molvae.benchmarks.pmo_config import PmoConfig
from molvae.benchmarks.pmo_summary import record_in, summary_of
from molvae.chem.molecule import Molecule
from molvae.errors import RunError
from molvae.files import read_json, write_json
from molvae.objectives.configured import ConfiguredObjective
from molvae.objectives.objective import Objective, Scores
from molvae.optimize.curves import area_under_best, curve_of_best
from molvae.optimize.evaluation import Evaluation
from molvae.optimize.latent_model import LatentModel, model_digest
from molvae.optimize.methods import SearchConfig, without_guardrails
from molvae.optimize.result import SearchResult
from molvae.optimize.search import search
from molvae.runs import RunDirectory, provenance

_TOPS = (1, 10, 100)
_EVERY = 100
_BEST = 10
_SAVE_SECONDS = 5.0
_DIGITS = 6


def benchmark_pmo(
    model: LatentModel,
    config: PmoConfig,
    out: Path,
    work: Path | None = None,
    *,
    progress: bool = False,
) -> dict[str, Any]:
    """Run the searches that are missing; returns the summary of all runs in `out`.

    Args:
        model: decodes latent vectors.
        config: the tasks, seeds and settings of search.
        out: folder that gets runs/TASK_SEED.json for each run.
        work: folder of the searches, from which interrupted ones are resumed; default: in `out`.
        progress: whether to show progress bars.

    Raises:
        ConfigError: there is no task of that name.
        RunError: `out` or `work` holds runs of other settings.
    """
    objectives = {
        task.partition("@")[0]: ConfiguredObjective.load(f"pmo/{task}") for task in config.tasks
    }
    mark = model_digest(model)
    # Most tasks give all stereoisomers the same score, so these would fill the top 10. Scores are
    # at most 1: with ten such molecules, the rest of the curve is known.
    enough = 1.0 if config.search.enough is None else config.search.enough
    plan = without_guardrails(config.search, flat=True).with_changes({"enough": enough})
    # Seed by seed, so that an interrupted benchmark covers as many tasks as possible.
    runs = [
        _Run(task, objective, plan.with_changes({"seed": seed}), mark)
        for seed in config.seeds
        for task, objective in objectives.items()
    ]
    missing = [run for run in runs if not run.is_finished(out)]
    _check_others(out, runs)
    for run in missing:
        folder = (work or out / "work") / run.name
        figures = _run_search(model, run.objective, run.plan, folder, progress=progress)
        made = provenance(run.plan.seed)
        write_json(run.record(out), {**run.settings, **figures, "provenance": made})
    return summary_of(out / "runs")


class TimedObjective:
    """Measures the time in an objective and around it, in a file that survives interruptions."""

    def __init__(self, objective: Objective, path: Path) -> None:
        self._objective = objective
        self._path = path
        before = read_json(path) if path.exists() else {"wall": 0.0, "objective": 0.0}
        self._wall, self._inside = before["wall"], before["objective"]
        self._begun = self._saved = perf_counter()

    @property
    def columns(self) -> tuple[str, ...]:
        return self._objective.columns

    @property
    def description(self) -> Mapping[str, JsonValue]:
        return self._objective.description

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds in total and in the objective; a kill may lose the last few."""
        return {"wall": self._wall + perf_counter() - self._begun, "objective": self._inside}

    def score(self, molecules: Sequence[Molecule]) -> Scores:
        begun = perf_counter()
        scores = self._objective.score(molecules)
        self._inside += perf_counter() - begun
        if perf_counter() - self._saved > _SAVE_SECONDS:
            self.save()
        return scores

    def save(self) -> None:
        """Write the times to disk."""
        write_json(self._path, self.seconds)
        self._saved = perf_counter()


def sources_of(evaluations: Sequence[Evaluation]) -> dict[str, dict[str, int]]:
    """Picks of each source, and how many of them entered the top 10 when they were scored.

    The top 10 starts with ten zeros, as the curve does; NaN never enters.
    """
    counts: dict[str, dict[str, int]] = {}
    ten = [0.0] * _BEST
    for evaluation in sorted(evaluations, key=lambda row: row.call):
        mine = counts.setdefault(evaluation.source, {"picks": 0, "improvements": 0})
        mine["picks"] += 1
        if evaluation.score > ten[0]:
            heappushpop(ten, evaluation.score)
            mine["improvements"] += 1
    return counts


# Any: JSON values, here and below.
@dataclass(frozen=True)
class _Run:
    """A search for a task with a seed."""

    task: str
    objective: Objective
    plan: SearchConfig
    model: str
    """Digest of the model."""

    @property
    def name(self) -> str:
        return f"{self.task}_{self.plan.seed}"

    @property
    def settings(self) -> dict[str, Any]:
        """Everything that distinguishes this run from others."""
        besides = ("seed", "budget")
        outcome = self.plan.outcome()
        return {
            "task": self.task,
            "seed": self.plan.seed,
            "budget": self.plan.budget,
            "search": {key: value for key, value in outcome.items() if key not in besides},
            "objective": dict(self.objective.description),
            "model": self.model,
        }

    def record(self, out: Path) -> Path:
        """File of its results."""
        return out / "runs" / f"{self.name}.json"

    def is_finished(self, out: Path) -> bool:
        """Whether its record is there; a run with a smaller budget is continued.

        Raises:
            RunError: the record has other settings.
        """
        record, settings = self.record(out), self.settings
        if not record.exists():
            return False
        saved = record_in(record)
        differing = [key for key in settings if saved.get(key) != settings[key]]
        if differing == ["budget"] and saved["budget"] < settings["budget"]:
            return False
        if differing:
            raise RunError(
                f"{str(record)!r} is of another {' and '.join(differing)}; choose another output"
            )
        return True


def _check_others(out: Path, runs: Sequence[_Run]) -> None:
    """Check that the other records in `out` match these runs, before any is run.

    Raises:
        RunError: they have another budget, settings or model.
    """
    mine, asked = runs[0].settings, {run.record(out) for run in runs}
    for path in sorted((out / "runs").glob("*.json")):
        saved = mine if path in asked else record_in(path)
        differing = [key for key in ("budget", "search", "model") if saved[key] != mine[key]]
        if differing:
            raise RunError(
                f"{str(path)!r} is of another {' and '.join(differing)}; choose another output"
            )


def _run_search(
    model: LatentModel, objective: Objective, plan: SearchConfig, folder: Path, *, progress: bool
) -> dict[str, Any]:
    """Figures of a search, started or resumed."""
    folder.mkdir(parents=True, exist_ok=True)
    timed = TimedObjective(objective, folder / "seconds.json")
    try:
        result = search(model, timed, plan, RunDirectory(folder), resume=True, progress=progress)
    finally:
        timed.save()
    return _figures(result, plan.budget, timed.seconds)


def _figures(result: SearchResult, budget: int, seconds: Mapping[str, float]) -> dict[str, Any]:
    scores = np.nan_to_num(result.scores[:budget], nan=0.0)
    curves = {f"top{k}": curve_of_best(scores, k, _EVERY) for k in _TOPS}
    calls, _ = curves["top1"]
    outside = seconds["wall"] - seconds["objective"]
    return {
        **result.summary(),
        "auc": {f"top{k}": area_under_best(scores, budget, k, _EVERY) for k in _TOPS},
        "curve": {
            "calls": calls.tolist(),
            **{name: heights.round(_DIGITS).tolist() for name, (_, heights) in curves.items()},
        },
        "sources": sources_of(result.evaluations),
        "seconds": dict(seconds),
        "overhead_seconds_per_call": outside / result.calls if result.calls else None,
        "best": [
            {"smiles": row.smiles, "score": row.score, "call": row.call, "source": row.source}
            for row in result.evaluations[:_BEST]
            if not np.isnan(row.score)
        ],
    }

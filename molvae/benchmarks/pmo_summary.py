"""What runs of PMO come to: mean and spread over seeds, sums over tasks, beside published figures.

The published figures stand in pmo_peers.json, each with its source.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from math import inf, isinf
from pathlib import Path
from statistics import fmean, median, stdev
from types import MappingProxyType
from typing import Any

from molvae.errors import RunError
from molvae.files import read_json

NEEDLE = "valsartan_smarts"
"""Its score is 0 until a pattern is met by luck, so sums are given without it too."""
_DIGITS = 3
"""Of published figures: a level is reached by what is equal to it when rounded so."""

_TOLD = {"task", "seed", "budget", "search", "model", "auc"}
"""Without which a file is no record of a run."""


# Any: JSON values, here and below.
@cache
def published() -> Mapping[str, Any]:
    """Figures of other methods by task, and which tasks need a download."""
    text = files("molvae.benchmarks").joinpath("pmo_peers.json").read_text(encoding="utf-8")
    return MappingProxyType(json.loads(text))


OFFLINE_TASKS: tuple[str, ...] = tuple(
    task
    for task in published()["peers"][0]["auc_top10"]
    if task not in published()["needs_download"]
)
"""The tasks of PMO that need no file from elsewhere."""


def summary_of(folder: Path) -> dict[str, Any]:
    """All runs recorded in a folder, as JSON; a figure is None where there is nothing to tell.

    Raises:
        RunError: the runs are of different budgets, settings or models, or there is none.
    """
    records = [record_in(path) for path in sorted(folder.glob("*.json"))]
    if not records:
        raise RunError(f"{str(folder)!r} holds no run")
    _check_alike(records, folder)
    by_task: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        by_task.setdefault(record["task"], []).append(record)
    tasks = {task: _task_figures(task, runs) for task, runs in by_task.items()}
    offline = [task for task in OFFLINE_TASKS if task in tasks]
    mine = {task: figures["auc_top10"]["mean"] for task, figures in tasks.items()}
    return {
        "budget": records[0]["budget"],
        "search": records[0]["search"],
        "model": records[0]["model"],
        "tasks": tasks,
        "offline_tasks": {"there": len(offline), "of": len(OFFLINE_TASKS)},
        **_sums(mine, offline),
        "yardstick": _yardstick([tasks[task] for task in offline]),
        "sources": _shares(records),
        "overhead_seconds_per_call": _overhead(records),
        "peers": [{**peer, **_sums(peer["auc_top10"], offline)} for peer in published()["peers"]],
    }


def record_in(file: Path) -> dict[str, Any]:
    """What a file holds of a run.

    Raises:
        RunError: it is no such record.
    """
    found = read_json(file)
    if not isinstance(found, dict) or not found.keys() >= _TOLD:
        raise RunError(f"{str(file)!r} is no record of a run of PMO; choose another output")
    return found


def summary_text(summary: Mapping[str, Any]) -> str:
    """The table of tasks for the screen, beside the peers that paid for all of their calls."""
    peers = [peer for peer in summary["peers"] if not peer["prescreens"]]
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    heading = ["task", "runs", "AUC top-10", *letters[: len(peers)]]
    rows = [heading, *_rows(summary, peers)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    lines += [f"{letter}  {peer['name']}" for letter, peer in zip(letters, peers, strict=False)]
    there = summary["offline_tasks"]
    lines.append(
        f"sums over {there['there']} of {there['of']} tasks; budget {summary['budget']:,}, "
        "that of the published figures 10,000"
    )
    lines.append(yardstick_text(summary))
    lines += [_source_line(name, one) for name, one in summary["sources"].items()]
    overhead = summary["overhead_seconds_per_call"]
    if overhead is not None:
        lines.append(f"{1000 * overhead:.1f} ms per call, the task's own time left out")
    return "\n".join(lines)


def yardstick_text(summary: Mapping[str, Any]) -> str:
    """A sentence on the calls that the yardstick's last ten best took."""
    found = summary["yardstick"]
    calls = "beyond the budget" if found["median_calls"] is None else f"{found['median_calls']:,}"
    return (
        f"ten best as good as those of {found['name']} after 10,000 calls: on {found['reached']} "
        f"of {found['of']} tasks, the median of their calls {calls}"
    )


def _rows(summary: Mapping[str, Any], peers: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    rows = [
        [
            task,
            str(figures["runs"]),
            _with_spread(figures["auc_top10"]),
            *(_shown(peer["auc_top10"].get(task)) for peer in peers),
        ]
        for task, figures in summary["tasks"].items()
    ]
    for name, key in (("sum", "sum"), (f"sum without {NEEDLE}", "sum_without_needle")):
        rows.append([name, "", _shown(summary[key]), *(_shown(peer[key]) for peer in peers)])
    return rows


def _check_alike(records: Sequence[Mapping[str, Any]], folder: Path) -> None:
    for key in ("budget", "search", "model"):
        if any(record[key] != records[0][key] for record in records):
            raise RunError(
                f"{str(folder)!r} holds runs of more than one {key}; give each a folder of its own"
            )


def _task_figures(task: str, runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "runs": len(runs),
        "seeds": [run["seed"] for run in runs],
        **{f"auc_{top}": _over_seeds([run["auc"][top] for run in runs]) for top in runs[0]["auc"]},
        "final_top10": _over_seeds([run["curve"]["top10"][-1] for run in runs if run["calls"]]),
        "calls_to_yardstick": _calls_to_yardstick(task, runs),
        "calls": _over_seeds([float(run["calls"]) for run in runs]),
        "wall_seconds": _over_seeds([run["seconds"]["wall"] for run in runs]),
        "overhead_seconds_per_call": _overhead(runs),
    }


def _calls_to_yardstick(task: str, runs: Sequence[Mapping[str, Any]]) -> int | None:
    """Calls until the ten best are as good as the yardstick's last ones, the median of the runs."""
    level = published()["yardstick"]["final_top10"][task]
    calls = []
    for run in runs:
        curve = zip(run["curve"]["calls"], run["curve"]["top10"], strict=True)
        enough = (float(at) for at, height in curve if round(height, _DIGITS) >= level)
        calls.append(next(enough, inf))
    return _finite(median(calls))


def _yardstick(tasks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """On how many tasks the yardstick is reached, and the median of the calls over all of them."""
    calls = [one["calls_to_yardstick"] for one in tasks]
    reached = [one for one in calls if one is not None]
    middle = median([inf if one is None else float(one) for one in calls]) if calls else inf
    name, source = (published()["yardstick"][key] for key in ("name", "source"))
    return {
        "name": name,
        "source": source,
        "reached": len(reached),
        "of": len(calls),
        "median_calls": _finite(middle),
    }


def _finite(calls: float) -> int | None:
    return None if isinf(calls) else round(calls)


def _over_seeds(values: Sequence[float]) -> dict[str, float | None]:
    return {
        "mean": fmean(values) if values else None,
        "std": stdev(values) if len(values) > 1 else None,
    }


def _sums(figures: Mapping[str, float | None], tasks: Sequence[str]) -> dict[str, float | None]:
    """None where a task is missing: a sum over fewer would look like a worse method."""
    return {
        "sum": _sum([figures.get(task) for task in tasks]),
        "sum_without_needle": _sum([figures.get(task) for task in tasks if task != NEEDLE]),
    }


def _sum(values: Sequence[float | None]) -> float | None:
    numbers = [value for value in values if value is not None]
    return sum(numbers) if numbers and len(numbers) == len(values) else None


def _shares(records: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Picks and improvements of each source, and its share of them all."""
    totals: dict[str, dict[str, Any]] = {}
    for record in records:
        for source, counts in record["sources"].items():
            mine = totals.setdefault(source, dict.fromkeys(counts, 0))
            for kind, count in counts.items():
                mine[kind] += count
    for kind in ("picks", "improvements"):
        everything = sum(one[kind] for one in totals.values())
        for one in totals.values():
            one[f"share_of_{kind}"] = one[kind] / everything if everything else 0.0
    return totals


def _overhead(records: Sequence[Mapping[str, Any]]) -> float | None:
    calls = sum(record["calls"] for record in records)
    outside = sum(one["seconds"]["wall"] - one["seconds"]["objective"] for one in records)
    return outside / calls if calls else None


def _source_line(name: str, one: Mapping[str, Any]) -> str:
    return (
        f"{name}: {one['share_of_picks']:.1%} of picks, "
        f"{one['share_of_improvements']:.1%} of improvements"
    )


def _with_spread(figure: Mapping[str, float | None]) -> str:
    spread = figure["std"]
    return _shown(figure["mean"]) + ("" if spread is None else f" ± {spread:.3f}")


def _shown(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:.3f}"

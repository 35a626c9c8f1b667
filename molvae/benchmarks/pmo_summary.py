"""Summary of PMO runs: mean and spread over seeds, sums over tasks, beside published figures.

The published figures are in pmo_peers.json, each with its source.
"""

from collections.abc import Mapping, Sequence
from math import inf, isinf
from pathlib import Path
from statistics import fmean, median, stdev
from typing import Any

import numpy as np

from molvae.benchmarks.pmo_peers import OFFLINE_TASKS, peer_figures
from molvae.errors import RunError
from molvae.files import read_json
from molvae.optimize.curves import area_under_curve

NEEDLE = "valsartan_smarts"
"""Task whose score is 0 until a pattern is found by luck; sums are given without it too."""
_DIGITS = 3
"""Decimals of published figures, to which ours are rounded for comparison."""
FEW_CALLS = (200, 500, 1_000)
"""Calls after which figures are given too, as assays and docking seldom allow more."""

_REQUIRED = {"task", "seed", "budget", "search", "model", "auc"}
"""Keys that each record of a run has."""


# Any: JSON values, here and below.
def summary_of(folder: Path) -> dict[str, Any]:
    """Summary of all runs recorded in a folder, as JSON; missing figures are None.

    Raises:
        RunError: the runs are of different budgets, settings or models, or there is none.
    """
    records = [record_in(path) for path in sorted(folder.glob("*.json"))]
    if not records:
        raise RunError(f"{str(folder)!r} holds no run")
    for key in ("budget", "search", "model"):
        if any(record[key] != records[0][key] for record in records):
            raise RunError(
                f"{str(folder)!r} holds runs of more than one {key}; give each a folder of its own"
            )
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
        "peers": [
            {**peer, **_sums(peer["auc_top10"], offline)} for peer in peer_figures()["peers"]
        ],
    }


def record_in(file: Path) -> dict[str, Any]:
    """Record of a run.

    Raises:
        RunError: it is no such record.
    """
    record = read_json(file)
    if not isinstance(record, dict) or not record.keys() >= _REQUIRED:
        raise RunError(f"{str(file)!r} is no record of a run of PMO; choose another output")
    return record


def summary_text(summary: Mapping[str, Any]) -> str:
    """Table of tasks for the screen, beside the methods that paid for all of their calls."""
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
    lines += [
        f"{name}: {shares['share_of_picks']:.1%} of picks, "
        f"{shares['share_of_improvements']:.1%} of improvements"
        for name, shares in summary["sources"].items()
    ]
    overhead = summary["overhead_seconds_per_call"]
    if overhead is not None:
        lines.append(f"{1000 * overhead:.1f} ms per call, not counting the objective")
    return "\n".join(lines)


def yardstick_text(summary: Mapping[str, Any]) -> str:
    """Sentence on the calls needed for the final top 10 of the yardstick."""
    yardstick = summary["yardstick"]
    median_calls = yardstick["median_calls"]
    calls = "beyond the budget" if median_calls is None else f"{median_calls:,}"
    return (
        f"ten best as good as those of {yardstick['name']} after 10,000 calls: on "
        f"{yardstick['reached']} of {yardstick['of']} tasks, the median of their calls {calls}"
    )


def _rows(summary: Mapping[str, Any], peers: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    rows = []
    for task, figures in summary["tasks"].items():
        mean, std = (figures["auc_top10"][key] for key in ("mean", "std"))
        mine = _format(mean) + ("" if std is None else f" ± {std:.3f}")
        theirs = [_format(peer["auc_top10"].get(task)) for peer in peers]
        rows.append([task, str(figures["runs"]), mine, *theirs])
    for name, key in (("sum", "sum"), (f"sum without {NEEDLE}", "sum_without_needle")):
        rows.append([name, "", _format(summary[key]), *(_format(peer[key]) for peer in peers)])
    return rows


def _task_figures(task: str, runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "runs": len(runs),
        "seeds": [run["seed"] for run in runs],
        **{f"auc_{top}": _over_seeds([run["auc"][top] for run in runs]) for top in runs[0]["auc"]},
        "final_top10": _over_seeds([run["curve"]["top10"][-1] for run in runs if run["calls"]]),
        "few_calls": {
            str(calls): _after_few_calls(runs, calls)
            for calls in FEW_CALLS
            if calls <= runs[0]["budget"]
        },
        "calls_to_yardstick": _calls_to_yardstick(task, runs),
        "calls": _over_seeds([float(run["calls"]) for run in runs]),
        "wall_seconds": _over_seeds([run["seconds"]["wall"] for run in runs]),
        "overhead_seconds_per_call": _overhead(runs),
    }


def _after_few_calls(runs: Sequence[Mapping[str, Any]], calls: int) -> dict[str, Any]:
    """Figures of the first calls, which do not depend on how many follow."""
    areas, lasts = [], []
    for run in runs:
        at, top10 = np.array(run["curve"]["calls"]), np.array(run["curve"]["top10"], np.float64)
        heights = top10[at <= calls]
        last = float(heights[-1]) if len(heights) else 0.0
        # The last value is kept from the last reading to the end.
        ends = np.append(at[at <= calls], calls)
        areas.append(area_under_curve(ends, np.append(heights, last), calls))
        lasts.append(last)
    return {"auc_top10": _over_seeds(areas), "top10": _over_seeds(lasts)}


def _calls_to_yardstick(task: str, runs: Sequence[Mapping[str, Any]]) -> int | None:
    """Median number of calls until the top 10 is as good as the final one of the yardstick."""
    level = peer_figures()["yardstick"]["final_top10"][task]
    calls = []
    for run in runs:
        curve = zip(run["curve"]["calls"], run["curve"]["top10"], strict=True)
        enough = (float(at) for at, height in curve if round(height, _DIGITS) >= level)
        calls.append(next(enough, inf))
    return _finite(median(calls))


def _yardstick(tasks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Number of tasks on which the yardstick is reached, and median calls over all tasks."""
    calls = [figures["calls_to_yardstick"] for figures in tasks]
    reached = [count for count in calls if count is not None]
    middle = median([inf if n is None else float(n) for n in calls]) if calls else inf
    name, source = (peer_figures()["yardstick"][key] for key in ("name", "source"))
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
    """Sums over tasks; None where a task is missing, as the sum would be too small."""
    return {
        "sum": _sum([figures.get(task) for task in tasks]),
        "sum_without_needle": _sum([figures.get(task) for task in tasks if task != NEEDLE]),
    }


def _sum(values: Sequence[float | None]) -> float | None:
    numbers = [value for value in values if value is not None]
    return sum(numbers) if numbers and len(numbers) == len(values) else None


def _shares(records: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Picks and improvements of each source, and its share of all of them."""
    totals: dict[str, dict[str, Any]] = {}
    for record in records:
        for source, counts in record["sources"].items():
            mine = totals.setdefault(source, dict.fromkeys(counts, 0))
            for kind, count in counts.items():
                mine[kind] += count
    for kind in ("picks", "improvements"):
        everything = sum(counts[kind] for counts in totals.values())
        for counts in totals.values():
            counts[f"share_of_{kind}"] = counts[kind] / everything if everything else 0.0
    return totals


def _overhead(records: Sequence[Mapping[str, Any]]) -> float | None:
    calls = sum(record["calls"] for record in records)
    outside = sum(run["seconds"]["wall"] - run["seconds"]["objective"] for run in records)
    return outside / calls if calls else None


def _format(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:.3f}"

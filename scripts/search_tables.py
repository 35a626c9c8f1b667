"""Tables of the searches: methods at equal budget, tasks of PMO, leads improved."""

from pathlib import Path
from statistics import mean, stdev
from typing import Any

from numpy import trapezoid

from markdown_tables import commands, figure, spread, table
from molvae.benchmarks.pmo_summary import NEEDLE, OFFLINE_TASKS, yardstick_text
from molvae.files import read_json

RUNS = Path(__file__).parents[1] / "data" / "results" / "runs"

# Counted again from the result files of github.com/wengong-jin/icml18-jtnn (result-beta0.001 in
# molopt): by delta, share of successes, mean over all 800 leads, mean over successes.
JTVAE_CONSTRAINED = {
    "0": (0.975, 1.91, 1.96),
    "0.2": (0.971, 1.64, 1.69),
    "0.4": (0.836, 0.70, 0.84),
    "0.6": (0.464, 0.10, 0.21),
}


def optimization(records: dict[str, dict[str, Any]]) -> str:
    """Methods of search at equal budget."""
    record = next(iter(records.values()))
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in (row for one in records.values() for row in one["rows"]):
        found.setdefault((row["objective"], row["method"]), []).append(row)
    rows, order = [], list(record["objectives"])
    for objective, method in sorted(found, key=lambda one: order.index(one[0])):
        runs, cells = found[objective, method], [objective, method]
        for column in ("best", "mean_of_ten_best", "auc_top_10"):
            values = [run[column] for run in runs]
            cells.append(f"{mean(values):.3f} ± {stdev(values):.3f}")
        rows.append(cells)
    heading = ["objective", "method", "best", "mean of ten best", "AUC top-10"]
    return (
        f"**Optimisation** at a budget of {record['budget']:,} distinct molecules, mean and "
        f"standard deviation of {len(record['seeds'])} seeds, by `zinc250k`; "
        f"penalised logP is normalised over ZINC250k and given to molecules of at most 38 heavy "
        f"atoms only:\n\n{table(heading, rows)}{commands(*records.values())}"
    )


def pmo(records: dict[str, dict[str, Any]]) -> str:
    """Tasks of PMO beside the published figures of methods that pay for all of their calls."""
    first = next(iter(records.values()))
    peers = [peer for peer in first["peers"] if not peer["prescreens"]]
    tasks = _every_task(records)
    heading = ["task", *(f"**{name}**" for name in records), *(peer["name"] for peer in peers)]
    rows = [
        [
            task,
            *_best_bold(
                [
                    *(_mean_of_runs(record["tasks"].get(task)) for record in records.values()),
                    *(figure(peer["auc_top10"].get(task)) for peer in peers),
                ]
            ),
        ]
        for task in tasks
    ]
    mine = [
        {task: one["auc_top10"]["mean"] for task, one in record["tasks"].items()}
        for record in records.values()
    ]
    columns = [*mine, *(peer["auc_top10"] for peer in peers)]
    # A sum is over the tasks that every record has, or it would tell nothing beside the others.
    common = [task for task in OFFLINE_TASKS if all(task in one for one in mine)]
    for name, left_out in (("**sum**", ""), (f"without {NEEDLE}", NEEDLE)):
        summed = [task for task in common if task != left_out]
        sums = [figure(sum(column[task] for task in summed)) for column in columns]
        rows.append([name, *_best_bold(sums)])
    sources: dict[str, list[str]] = {}
    for peer in peers:
        sources.setdefault(peer["source"], []).append(peer["name"])
    told = "; ".join(f"{', '.join(names)}: {source}" for source, names in sources.items())
    reached = [f"{name}: {yardstick_text(record)}" for name, record in records.items()]
    return (
        f"**PMO** (Gao et al. 2022), AUC of the ten best at {first['budget']:,} calls, mean ± "
        f"standard deviation over the seeds (number of runs); sums over {len(common)} of the "
        f"{len(OFFLINE_TASKS)} tasks that need no download. Methods that score a pool of molecules "
        f"without paying for it are left out; those of 2022 were measured with earlier versions of "
        f"four tasks. The highest figure of a row is bold.\n\n{table(heading, rows)}\n\n"
        f"{_shares(records)}\n\n"
        f"{'. '.join(reached)} (median over all tasks, those not reached among them; from "
        f"{first['yardstick']['source']}).\n\nPublished figures, at 10,000 calls: {told}."
        f"{commands(*records.values())}"
    )


def gauge(records: dict[str, dict[str, Any]]) -> str:
    """Methods on a few tasks of PMO at a small budget."""
    first = next(iter(records.values()))
    tasks = _every_task(records)
    rows = [
        [name, *(_mean_of_runs(record["tasks"].get(task)) for task in tasks)]
        for name, record in records.items()
    ]
    return (
        f"**The first {first['budget']:,} calls**: AUC of the ten best on tasks of PMO, over these "
        f"calls alone, mean ± standard deviation over the seeds (number of runs):\n\n"
        f"{table(['method', *tasks], rows)}\n\n{_shares(records)}{commands(*records.values())}"
    )


def ablation(records: dict[str, dict[str, Any]]) -> str:
    """The search less each of its parts; methods of a smaller budget stand beside its beginning."""
    budgets = {name: record["budget"] for name, record in records.items()}
    least, most = min(budgets.values()), max(budgets.values())
    told = gauge({name: one for name, one in records.items() if budgets[name] == most})
    few = {name: one for name, one in records.items() if budgets[name] == least}
    if least == most:
        return told
    tasks = list(next(iter(few.values()))["tasks"])
    rows = [[name, *(_first_calls(name, task, least) for task in tasks)] for name in records]
    return (
        f"{told}\n\nThe same over the first {least:,} calls, beside {', '.join(few)}, which had no "
        f"more:\n\n{table(['method', *tasks], rows)}{commands(*few.values())}"
    )


def constrained(record: dict[str, Any]) -> str:
    """Improvement of leads under constraints of similarity, by both ways of averaging."""
    rows = []
    for delta, one in record["figures"].items():
        theirs = JTVAE_CONSTRAINED.get(delta)
        rows.append(
            [
                delta,
                f"{one['success']:.1%}",
                *(spread(one[name]) for name in ("all", "successes", "similarity")),
                *(
                    ["", "", ""]
                    if theirs is None
                    else [f"{theirs[0]:.1%}", *(f"{value:.2f}" for value in theirs[1:])]
                ),
            ]
        )
    heading = ["similarity at least", "success", "improvement, all leads", "of successes"]
    heading += ["similarity", "JT-VAE success", "all", "of successes"]
    settings = record["settings"]
    how = "one search for each similarity" if settings["per_delta"] else "one search for all"
    rings = " (large rings punished)" if settings["ring_penalty"] else ""
    return (
        f"**Leads improved**: raw penalised logP{rings} of {len(record['leads'])} of the 800 leads "
        f"of Jin et al. (2018), {settings['search']['budget']:,} calls a search, {how}; JT-VAE's "
        f"columns, without a term for rings, are counted from its authors' result files:\n\n"
        f"{table(heading, rows)}{commands(record)}"
    )


def _every_task(records: dict[str, dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(task for record in records.values() for task in record["tasks"]))


def _shares(records: dict[str, dict[str, Any]]) -> str:
    """What made the molecules up, and what a call took."""
    sources = list(dict.fromkeys(name for one in records.values() for name in one["sources"]))
    rows = []
    for name, record in records.items():
        found = record["sources"]
        shares = [
            f"{found[source]['share_of_picks']:.0%} ({found[source]['share_of_improvements']:.0%})"
            if source in found and found.keys() - {source}
            else "-"
            for source in sources
        ]
        rows.append([name, f"{1000 * record['overhead_seconds_per_call']:.0f}", *shares])
    told = [
        name for place, name in enumerate(sources) if any(row[2 + place] != "-" for row in rows)
    ]
    kept = [0, 1, *(2 + sources.index(name) for name in told)]
    return (
        "Milliseconds a call, without the task's own, and the share of each source in the picks "
        "(and in the improvements):\n\n"
        f"{table(['method', 'ms', *told], [[row[place] for place in kept] for row in rows])}"
    )


def _first_calls(name: str, task: str, calls: int) -> str:
    """AUC of the ten best over these calls alone, from the curves of the single runs."""
    folder = RUNS / f"ablation_{name.replace(' ', '_')}"
    areas = []
    for path in sorted(folder.glob(f"{task}_*.json")):
        curve = read_json(path)["curve"]
        read = [0, *(call for call in curve["calls"] if call <= calls)]
        heights = [0.0, *curve["top10"][: len(read) - 1]]
        areas.append(trapezoid([*heights, heights[-1]], [*read, calls]) / calls)
    return f"{mean(areas):.3f} ({len(areas)})" if areas else "-"


def _best_bold(row: list[str]) -> list[str]:
    """The row of figures with the highest in bold; a spread after it does not count."""
    values = [float(cell.split()[0]) if cell != "-" else -1.0 for cell in row]
    best = max(values)
    return [
        f"**{cell}**" if value == best > 0 else cell
        for cell, value in zip(row, values, strict=True)
    ]


def _mean_of_runs(figures: dict[str, Any] | None) -> str:
    if figures is None:
        return "-"
    auc = figures["auc_top10"]
    spread = "" if auc["std"] is None else f" ± {auc['std']:.3f}"
    return f"{auc['mean']:.3f}{spread} ({figures['runs']})"

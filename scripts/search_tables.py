"""Tables about searches: methods at equal budget, PMO tasks, leads, history."""

from statistics import mean, stdev
from typing import Any

from markdown_tables import commands, figure, label, spread, table
from molvae.benchmarks.pmo_peers import OFFLINE_TASKS, peer_figures
from molvae.benchmarks.pmo_summary import FEW_CALLS, NEEDLE, yardstick_text

# Counted from the result files of github.com/wengong-jin/icml18-jtnn (result-beta0.001 in molopt):
# by similarity, share of successes, mean improvement of all 800 leads, mean of the successes.
JTVAE_CONSTRAINED = {
    "0": (0.975, 1.91, 1.96),
    "0.2": (0.971, 1.64, 1.69),
    "0.4": (0.836, 0.70, 0.84),
    "0.6": (0.464, 0.10, 0.21),
}
OPTIMIZATION_COLUMNS = ("best", "mean_of_ten_best", "auc_top_10")


# Any: JSON values, here and below.
def credit(records: dict[str, dict[str, Any]]) -> str:
    """How often each proposal source improves on its parents, by model."""
    first = next(iter(records.values()))
    settings = first["settings"]
    keys = ("better", "top", "unrepaired", "similarity", "milliseconds")
    rows = [
        [source, f"`{label(name, record)}`", *(figure(figures[key]) for key in keys)]
        for name, record in records.items()
        for source, figures in sorted(
            record["sources"].items(), key=lambda item: -(item[1]["better"] or 0.0)
        )
    ]
    heading = ["source", "model", "better", "top 100", "unrepaired", "similarity", "ms a child"]
    return (
        f"{len(settings['tasks'])} tasks of PMO, {len(settings['seeds'])} seeds, "
        f"{settings['children']} children of each source. *Better*: share of the new children that "
        "score higher than their parent. *Top 100*: share that enter the 100 best. *Similarity*: "
        f"mean Tanimoto similarity to the parent.\n\n{table(heading, rows)}"
        f"{commands(*records.values())}"
    )


def methods(records: dict[str, dict[str, Any]]) -> str:
    """Search methods at equal budget."""
    first = next(iter(records.values()))
    runs: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in (row for record in records.values() for row in record["rows"]):
        runs.setdefault((row["objective"], row["method"]), []).append(row)
    order = list(first["objectives"])
    rows = [
        [objective, method, *_means(runs[objective, method])]
        for objective, method in sorted(runs, key=lambda key: order.index(key[0]))
    ]
    heading = ["objective", "method", "best", "mean of ten best", "AUC top-10"]
    return (
        f"{first['budget']:,} distinct molecules per search by `zinc250k`, mean and standard "
        f"deviation of {len(first['seeds'])} seeds, without guardrails. Penalized logP is "
        "normalized over ZINC250k; molecules of more than 38 heavy atoms have no score.\n\n"
        f"{table(heading, rows)}{commands(*records.values())}"
    )


def pmo(records: dict[str, dict[str, Any]]) -> str:
    """PMO tasks beside the published figures of methods that pay for every call."""
    first = next(iter(records.values()))
    peers = paying_peers(first)
    heading = ["task", *(f"**{label(name, record)}**" for name, record in records.items())]
    heading += [peer["name"] for peer in peers]
    columns = [_auc_by_task(record) for record in records.values()]
    columns += [peer["auc_top10"] for peer in peers]
    rows = [
        [
            task,
            *_bold_best(
                [
                    *(_mean_of_runs(record["tasks"].get(task)) for record in records.values()),
                    *(figure(peer["auc_top10"].get(task)) for peer in peers),
                ]
            ),
        ]
        for task in _tasks(records)
    ]
    # A sum covers the tasks that all records have; otherwise the sums cannot be compared.
    common = [
        task for task in OFFLINE_TASKS if all(task in column for column in columns[: len(records)])
    ]
    rows.append(["**sum**", *_sums(columns, common)])
    rows.append([f"without {NEEDLE}", *_sums(columns, [task for task in common if task != NEEDLE])])
    return (
        f"AUC top-10 at {first['budget']:,} calls, mean ± standard deviation over the seeds "
        f"(number of runs). Sums cover {len(common)} of the {len(OFFLINE_TASKS)} tasks that need "
        "no download. Methods that score a pool of molecules without paying for it are left out. "
        "The 2022 figures were measured with earlier versions of four tasks. The highest figure of "
        f"a row is bold.\n\n{table(heading, rows)}\n\n{_few_calls(records)}\n\n"
        f"{_shares(records)}\n\n{_yardsticks(records)}\n\n{_sources(peers)}"
        f"{commands(*records.values())}"
    )


def ablation(records: dict[str, dict[str, Any]]) -> str:
    """Search methods on a few PMO tasks at a small budget."""
    first = next(iter(records.values()))
    tasks = _tasks(records)
    rows = [
        [label(name, record), *(_mean_of_runs(record["tasks"].get(task)) for task in tasks)]
        for name, record in records.items()
    ]
    return (
        f"AUC top-10 over the first {first['budget']:,} calls of PMO tasks, mean ± standard "
        f"deviation over the seeds (number of runs).\n\n{table(['method', *tasks], rows)}\n\n"
        f"{_shares(records)}{commands(*records.values())}"
    )


def constrained_leads(records: dict[str, dict[str, Any]]) -> str:
    """Similarity-constrained improvement of penalized logP."""
    return "\n\n".join(
        f"{_constrained_caption(record)}\n\n{_constrained_table(record['figures'])}{commands(record)}"
        for record in records.values()
    )


def docking(records: dict[str, dict[str, Any]]) -> str:
    """Docking scores that a search finds, beside those of random molecules."""
    texts = []
    for record in records.values():
        groups = {"search": record["search"], "random molecules": record["random"]}
        rows = [
            [
                name,
                str(group["molecules"]),
                str(group["failures"]),
                *(f"{value:.1f}" for value in reversed(group["quartiles"])),
                f"{group['mean_of_best_10']:.2f}",
                f"{group['best']:.1f}",
            ]
            for name, group in groups.items()
        ]
        heading = ["", "molecules", "failures", "upper quartile", "median", "lower quartile"]
        texts.append(
            f"Docking into {record['target']} at exhaustiveness {record['exhaustiveness']}, by the "
            f"model `{record['model']}`; kcal/mol, lower is better.\n\n"
            f"{table([*heading, 'mean of ten best', 'best'], rows)}{commands(record)}"
        )
    return "\n\n".join(texts)


def history(records: dict[str, dict[str, Any]]) -> str:
    """Figures of models that no longer ship."""
    kept = records["history"]
    by_benchmark: dict[str, list[dict[str, Any]]] = {}
    for record in kept["records"]:
        by_benchmark.setdefault(record["benchmark"], []).append(record)
    tables = []
    for benchmark, group in by_benchmark.items():
        shown = _history_of_leads(group) if benchmark == "leads" else _history_of_pmo(group)
        tables.append(f"### {benchmark}\n\n{shown}")
    return (
        "Each record names the digest of its `zinc250k` and that model's exact reconstruction of "
        "the ZINC250k test set. Settings, curves and commands of the single runs are in the "
        f"repository at commit {kept['commit']}.\n\n" + "\n\n".join(tables)
    )


def paying_peers(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The published methods that pay for every molecule they score."""
    return [peer for peer in record["peers"] if not peer["prescreens"]]


def _means(runs: list[dict[str, Any]]) -> list[str]:
    columns = ([run[column] for run in runs] for column in OPTIMIZATION_COLUMNS)
    return [f"{mean(values):.3f} ± {stdev(values):.3f}" for values in columns]


def _auc_by_task(record: dict[str, Any]) -> dict[str, float]:
    return {task: figures["auc_top10"]["mean"] for task, figures in record["tasks"].items()}


def _sums(columns: list[dict[str, float]], tasks: list[str]) -> list[str]:
    return _bold_best([figure(sum(column[task] for task in tasks)) for column in columns])


def _few_calls(records: dict[str, dict[str, Any]]) -> str:
    """Figures of the first calls of the same searches, beside the ten best of the yardstick."""
    yardstick = peer_figures()["yardstick"]
    texts = []
    for name, record in records.items():
        rows = [
            [
                task,
                *(
                    figure(figures["few_calls"][str(calls)][key]["mean"])
                    for key in ("auc_top10", "top10")
                    for calls in FEW_CALLS
                ),
                figure(yardstick["final_top10"][task]),
            ]
            for task, figures in record["tasks"].items()
        ]
        sums = [sum(float(row[column]) for row in rows) for column in range(1, len(rows[0]))]
        heading = [label(name, record), *(f"AUC at {calls:,}" for calls in FEW_CALLS)]
        heading += [f"ten best at {calls:,}" for calls in FEW_CALLS]
        heading.append(f"{yardstick['name']}, ten best at 10,000")
        texts.append(table(heading, [*rows, ["**sum**", *map(figure, sums)]]))
    shown = "\n\n".join(texts)
    return (
        "The first calls of the same searches, which do not depend on the budget: AUC top-10 over "
        f"200, 500 and 1,000 calls, and the mean of the ten best after them.\n\n{shown}"
    )


def _yardsticks(records: dict[str, dict[str, Any]]) -> str:
    lines = [f"{label(name, record)}: {yardstick_text(record)}" for name, record in records.items()]
    source = next(iter(records.values()))["yardstick"]["source"]
    return (
        f"{'. '.join(lines)} (median over all tasks, counting those not reached as infinite; "
        f"{source})."
    )


def _sources(peers: list[dict[str, Any]]) -> str:
    names: dict[str, list[str]] = {}
    for peer in peers:
        names.setdefault(peer["source"], []).append(peer["name"])
    listed = "; ".join(f"{', '.join(group)}: {source}" for source, group in names.items())
    return f"Published figures, at 10,000 calls: {listed}."


def _tasks(records: dict[str, dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(task for record in records.values() for task in record["tasks"]))


def _shares(records: dict[str, dict[str, Any]]) -> str:
    """Overhead per call and the share of each candidate source."""
    sources = list(
        dict.fromkeys(
            source
            for record in records.values()
            if len(record["sources"]) > 1
            for source in record["sources"]
        )
    )
    rows = [
        [
            label(name, record),
            f"{1000 * record['overhead_seconds_per_call']:.0f}",
            *(_share(record["sources"], source) for source in sources),
        ]
        for name, record in records.items()
    ]
    return (
        "Milliseconds per call (the objective's own time excluded), and the share of each source "
        "of candidates in the molecules scored (in the improvements):\n\n"
        f"{table(['method', 'ms', *sources], rows)}"
    )


def _share(shares: dict[str, dict[str, float]], source: str) -> str:
    if source not in shares:
        return "-"
    share = shares[source]
    return f"{share['share_of_picks']:.0%} ({share['share_of_improvements']:.0%})"


def _bold_best(row: list[str]) -> list[str]:
    """The cells, with the highest figure in bold; a standard deviation does not count."""
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
    deviation = "" if auc["std"] is None else f" ± {auc['std']:.3f}"
    return f"{auc['mean']:.3f}{deviation} ({figures['runs']})"


def _constrained_caption(record: dict[str, Any]) -> str:
    settings = record["settings"]
    searches = "one search per similarity" if settings["per_delta"] else "one search for all"
    rings = " (with the penalty on large rings)" if settings["ring_penalty"] else ""
    return (
        f"Raw penalized logP{rings} of {len(record['leads'])} of the 800 leads of Jin et al. "
        f"(2018), {settings['search']['budget']:,} calls a search, {searches}. The JT-VAE columns, "
        "without the ring penalty, are counted from its authors' result files."
    )


def _constrained_table(figures: dict[str, dict[str, Any]]) -> str:
    heading = ["similarity at least", "success", "improvement, all leads", "of successes"]
    heading += ["similarity", "JT-VAE success", "all", "of successes"]
    rows = []
    for delta, values in figures.items():
        peer = JTVAE_CONSTRAINED.get(delta)
        cells = [spread(values[name]) for name in ("all", "successes", "similarity")]
        shown = ["-", "-", "-"] if peer is None else [f"{peer[0]:.1%}", *map(str, peer[1:])]
        rows.append([delta, f"{values['success']:.1%}", *cells, *shown])
    return table(heading, rows)


def _history_of_leads(group: list[dict[str, Any]]) -> str:
    heading = ["search", "model", "reconstruction", "similarity at least", "leads", "success"]
    rows = [
        [
            record["label"],
            record["model"],
            figure(record["reconstruction"]),
            delta,
            str(values["leads"]),
            f"{values['success']:.1%}",
            spread(values["all"]),
        ]
        for record in group
        for delta, values in record["figures"].items()
    ]
    return table([*heading, "improvement of penalized logP"], rows)


def _history_of_pmo(group: list[dict[str, Any]]) -> str:
    tasks = list(dict.fromkeys(task for record in group for task in record["auc_top10"]))
    heading = ["", *(record["label"] for record in group)]
    rows = [
        ["calls", *(f"{record['budget']:,}" for record in group)],
        ["model", *(record["model"] for record in group)],
        ["reconstruction", *(figure(record["reconstruction"]) for record in group)],
        *(
            [task, *(_mean_of_runs(_history_figures(record, task)) for record in group)]
            for task in tasks
        ),
        ["sum", *(figure(record["sum"]) for record in group)],
    ]
    return f"AUC top-10 over the calls of each search:\n\n{table(heading, rows)}"


def _history_figures(record: dict[str, Any], task: str) -> dict[str, Any] | None:
    statistics = record["auc_top10"].get(task)
    return statistics and {"auc_top10": statistics, "runs": statistics["runs"]}

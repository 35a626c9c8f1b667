"""Write the tables of the README from the files in data/results, those that are there.

python scripts/write_results_tables.py            writes them into README.md
python scripts/write_results_tables.py --check    fails when README.md holds others
"""

import sys
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from numpy import trapezoid

from molvae.benchmarks.pmo_summary import NEEDLE, OFFLINE_TASKS, yardstick_text
from molvae.files import read_json, written_whole

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "data" / "results"
BEGIN, END = "<!-- results -->\n", "<!-- /results -->"

MOSES_COLUMNS = {
    "FCD/Test": "FCD, Test",
    "FCD/TestSF": "FCD, TestSF",
    "SNN/Test": "SNN, Test",
    "Scaf/Test": "Scaf, Test",
    "Scaf/TestSF": "Scaf, TestSF",
    "Filters": "filters",
    "Novelty": "novelty",
}
# The README of github.com/molecularsets/moses, means of three models each.
MOSES_PEERS = {
    "CharRNN": (0.0732, 0.5204, 0.6015, 0.9242, 0.1101, 0.9943, 0.8419),
    "VAE": (0.0990, 0.5670, 0.6257, 0.9386, 0.0588, 0.9970, 0.6949),
    "AAE": (0.5555, 1.0572, 0.6081, 0.9022, 0.0789, 0.9960, 0.7931),
    "LatentGAN": (0.2968, 0.8281, 0.5371, 0.8867, 0.1072, 0.9735, 0.9498),
    "JTN-VAE": (0.3954, 0.9382, 0.5477, 0.8964, 0.1009, 0.9760, 0.9143),
    "*train set*": (0.0080, 0.4755, 0.6419, 0.9907, 0.0, 1.0, 0.0),
}
# Counted again from the result files of github.com/wengong-jin/icml18-jtnn (result-beta0.001 in
# molopt): by delta, share of successes, mean over all 800 leads, mean over successes.
JTVAE_CONSTRAINED = {
    "0": (0.975, 1.91, 1.96),
    "0.2": (0.971, 1.64, 1.69),
    "0.4": (0.836, 0.70, 0.84),
    "0.6": (0.464, 0.10, 0.21),
}


def table(heading: list[str], rows: list[list[str]]) -> str:
    """A Markdown table; figures stand at the right."""
    rule = ["---", *["---:"] * (len(heading) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in [heading, rule, *rows])


def cleaning(record: dict[str, Any]) -> str:
    """Rate and memory of cleaning."""
    return (
        f"**Cleaning** the {record['rows']:,} molecules of MOSES' train set into a token store: "
        f"{record['seconds'] / 60:.1f} minutes, {record['rows_per_second']:,.0f} molecules/s with "
        f"{record['workers']} workers, peak memory {record['peak_mib']} MiB over all processes, "
        f"{1000 * record['seconds_when_reused']:.0f} ms when it is there already."
        f"{_commands(record)}"
    )


def training(record: dict[str, Any]) -> str:
    """Rate of training beside the bare products."""
    rows = [
        [
            str(row["processes"]),
            f"{row['molecules_per_second']:,.0f}",
            f"{row['gflops']:,.0f}",
            f"{row['bare_gflops']:,.0f}",
            f"{row['share_of_bare']:.2f}",
            f"{row['peak_gib_per_process']:.1f}",
        ]
        for row in record["rows"]
    ]
    heading = ["processes", "molecules/s", "GFLOP/s", "bare product", "share", "peak GiB each"]
    return (
        f"**Training**, preset `{record['preset']}`, {record['precision']}, batches of 256 per "
        f"process; {rows[-1][0]} processes are {record['speed_up']:.2f} times one:\n\n"
        f"{table(heading, rows)}{_commands(record)}"
    )


def generation(record: dict[str, Any]) -> str:
    """Rate of generation and where the time goes."""
    rows = [
        [
            ", ".join(row["properties"]) or "none",
            str(row["workers"]),
            f"{row['molecules_per_second']:,.0f}",
            f"{row['share_of_time']['network']:.2f}",
            f"{row['molecules'] / row['draws']:.4f}",
        ]
        for row in record["rows"]
    ]
    heading = ["properties", "workers", "molecules/s", "network's share", "new per draw"]
    return (
        f"**Generation** of {record['rows'][0]['molecules']:,} distinct valid molecules by "
        f"`{record['name']}`:\n\n{table(heading, rows)}{_commands(record)}"
    )


def optimization(record: dict[str, Any]) -> str:
    """Methods of search at equal budget."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in record["rows"]:
        found.setdefault((row["objective"], row["method"]), []).append(row)
    rows = []
    for (objective, method), runs in found.items():
        cells = [objective, method]
        for column in ("best", "mean_of_ten_best", "auc_top_10"):
            values = [run[column] for run in runs]
            cells.append(f"{mean(values):.3f} ± {stdev(values):.3f}")
        rows.append(cells)
    heading = ["objective", "method", "best", "mean of ten best", "AUC top-10"]
    return (
        f"**Optimisation** at a budget of {record['budget']:,} distinct molecules, mean and "
        f"standard deviation of {len(record['seeds'])} seeds, by a model of the quickstart; "
        f"penalised logP is normalised over ZINC250k and given to molecules of at most 38 heavy "
        f"atoms only:\n\n{table(heading, rows)}{_commands(record)}"
    )


def moses(record: dict[str, Any]) -> str:
    """Metrics of MOSES beside the models of its own paper."""
    there = [name for name in MOSES_COLUMNS if name in record["mean"]]
    seeds = len(record["settings"]["seeds"])
    spread = {name: f" ± {record['deviation'][name]:.4f}" if seeds > 1 else "" for name in there}
    mine = [f"{record['mean'][name]:.4f}{spread[name]}" for name in there]
    rows = [["**molvae**", *mine]]
    for peer, figures in MOSES_PEERS.items():
        known = dict(zip(MOSES_COLUMNS, figures, strict=True))
        rows.append([peer, *(f"{known[name]:.4f}" for name in there)])
    heading = ["model", *(MOSES_COLUMNS[name] for name in there)]
    return (
        f"**MOSES**, {record['settings']['n']:,} samples of the prior under "
        f"{'one seed' if seeds == 1 else f'each of {seeds} seeds, mean and standard deviation'}; "
        f"the other rows are those of MOSES' README:\n\n{table(heading, rows)}{_commands(record)}"
    )


def priors(record: dict[str, Any]) -> str:
    """What the samples of one model are worth under several priors."""
    rows = [
        [
            row["prior"],
            f"{row['FCD/Test']:.2f}",
            f"{row['valid']:.3f}",
            f"{row['strict']:.3f}",
            f"{row['unique']:.4f}",
        ]
        for row in record["rows"]
    ]
    return (
        f"**Priors** on z compared, {record['n']:,} samples of `{record['name']}` under each: "
        f"N(0, I); normal distributions with full covariances fitted to {record['codes']:,} codes "
        f"of training molecules; such codes themselves, as a perfect prior would draw them; codes "
        f"of what the language model makes up. FCD to the test set:\n\n"
        f"{table(['prior', 'FCD', 'valid', 'without repair', 'unique'], rows)}{_commands(record)}"
    )


def reconstruction(records: dict[str, dict[str, Any]]) -> str:
    """Held-out molecules that come back, for each model that was measured."""
    rows = [
        [
            f"`{name}`",
            f"{record['molecules']:,}",
            f"{record['greedy']:.3f}",
            f"{record['jtvae']:.3f}",
            f"{record['jtvae_molecules']:,}",
        ]
        for name, record in records.items()
    ]
    rows.append(["JT-VAE (Jin et al. 2018), ZINC", "5,000", "", "0.767", "5,000"])
    heading = ["model", "molecules", "greedy", "10 by 10 draws", "molecules so drawn"]
    return (
        "**Reconstruction** of molecules held out from training, share with the same canonical "
        "SMILES, from the mean of the posterior and greedily, and by JT-VAE's protocol of ten "
        f"draws of the posterior times ten of the decoder:\n\n"
        f"{table(heading, rows)}{_commands(*records.values())}"
    )


def agreement(record: dict[str, Any]) -> str:
    """How far the metrics are from those of molsets."""
    differences = {name: one["difference"] for name, one in record["metrics"].items()}
    furthest = max(differences, key=lambda name: differences[name])
    return (
        f"**Agreement with molsets** {record['molsets_packages']['molsets']} on the same "
        f"{record['sets']['samples']:,} molecules: {len(differences)} metrics, the largest "
        f"difference {differences[furthest]:.1e} ({furthest}).{_commands(record)}"
    )


def pmo(records: dict[str, dict[str, Any]]) -> str:
    """Tasks of PMO beside the published figures of methods that pay for all of their calls."""
    first = next(iter(records.values()))
    peers = [peer for peer in first["peers"] if not peer["prescreens"]]
    tasks = list(dict.fromkeys(task for record in records.values() for task in record["tasks"]))
    heading = ["task", *(f"**{name}**" for name in records), *(peer["name"] for peer in peers)]
    rows = [
        [
            task,
            *_best_bold(
                [
                    *(_mean_of_runs(record["tasks"].get(task)) for record in records.values()),
                    *(_figure(peer["auc_top10"].get(task)) for peer in peers),
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
        sums = [_figure(sum(column[task] for task in summed)) for column in columns]
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
        f"{_commands(*records.values())}"
    )


def gauge(records: dict[str, dict[str, Any]]) -> str:
    """Methods on a few tasks of PMO at a small budget."""
    first = next(iter(records.values()))
    tasks = list(dict.fromkeys(task for record in records.values() for task in record["tasks"]))
    rows = [
        [name, *(_mean_of_runs(record["tasks"].get(task)) for task in tasks)]
        for name, record in records.items()
    ]
    return (
        f"**The first {first['budget']:,} calls**: AUC of the ten best on tasks of PMO, over these "
        f"calls alone, mean ± standard deviation over the seeds (number of runs):\n\n"
        f"{table(['method', *tasks], rows)}\n\n{_shares(records)}{_commands(*records.values())}"
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
        f"more:\n\n{table(['method', *tasks], rows)}{_commands(*few.values())}"
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
                *(_spread(one[name]) for name in ("all", "successes", "similarity")),
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
        f"{table(heading, rows)}{_commands(record)}"
    )


def tables() -> str:
    """All tables, in the order of the README; what was not measured yet is left out."""
    single = {
        "cleaning": cleaning,
        "training": training,
        "moses_moses": moses,
        "priors": priors,
        "metrics_agreement": agreement,
        "reconstruction_*": reconstruction,
        "generation": generation,
        "optimization": optimization,
        "gauge_*": gauge,
        "ablation_*": ablation,
        "seeds_*": gauge,
        "pmo*": pmo,
        "constrained": constrained,
    }
    made = []
    for pattern, maker in single.items():
        records = {path.stem: read_json(path) for path in sorted(RESULTS.glob(f"{pattern}.json"))}
        if records and pattern.endswith("*"):
            made.append(maker({_model_of(name): one for name, one in records.items()}))
        elif records:
            made.append(maker(records[pattern]))
    return "\n\n".join(made) + "\n"


def _model_of(name: str) -> str:
    """`pmo_latent_only` is told as latent only, `pmo` as molvae."""
    _, _, rest = name.partition("_")
    return rest.replace("_", " ") or "molvae"


def _commands(*records: dict[str, Any]) -> str:
    """The commands that the figures come from, folded away."""
    lines = "\n".join(record["provenance"]["command"] for record in records)
    what = "Commands" if records[1:] else "Command"
    return f"\n\n<details><summary>{what}</summary>\n\n```text\n{lines}\n```\n\n</details>"


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
    folder = RESULTS / "runs" / f"ablation_{name.replace(' ', '_')}"
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


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _spread(figure: dict[str, float | None]) -> str:
    return "-" if figure["mean"] is None else f"{figure['mean']:.2f} ± {figure['std']:.2f}"


def main() -> int:
    """Write or check the README; 1 when it holds other tables than the results give."""
    readme = ROOT / "README.md"
    before = readme.read_text(encoding="utf-8")
    head, _, rest = before.partition(BEGIN)
    _, _, tail = rest.partition(END)
    after = f"{head}{BEGIN}{tables()}{END}{tail}"
    if "--check" in sys.argv[1:]:
        if after != before:
            print("README.md is out of date: run python scripts/write_results_tables.py")
        return int(after != before)
    with written_whole(readme) as stream:
        stream.write(after)
    return 0


if __name__ == "__main__":
    sys.exit(main())

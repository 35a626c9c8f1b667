"""Write the tables of the README from the files in data/results, those that are there.

python scripts/write_results_tables.py            writes them into README.md
python scripts/write_results_tables.py --check    fails when README.md holds others
"""

import sys
from pathlib import Path
from typing import Any

from markdown_tables import commands, table
from molvae.files import read_json, written_whole
from search_tables import ablation, constrained, gauge, optimization, pmo

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


def cleaning(record: dict[str, Any]) -> str:
    """Rate and memory of cleaning."""
    return (
        f"**Cleaning** the {record['rows']:,} molecules of MOSES' train set into a token store: "
        f"{record['seconds'] / 60:.1f} minutes, {record['rows_per_second']:,.0f} molecules/s with "
        f"{record['workers']} workers, peak memory {record['peak_mib']} MiB over all processes, "
        f"{1000 * record['seconds_when_reused']:.0f} ms when it is there already."
        f"{commands(record)}"
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
        f"{table(heading, rows)}{commands(record)}"
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
        f"`{record['name']}`:\n\n{table(heading, rows)}{commands(record)}"
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
        f"the other rows are those of MOSES' README:\n\n{table(heading, rows)}{commands(record)}"
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
        f"of what the language model writes (push-forward); the same with its acceptance, as "
        f"`generate` gives them (learned). FCD to the test set:\n\n"
        f"{table(['prior', 'FCD', 'valid', 'without repair', 'unique'], rows)}{commands(record)}"
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
        f"{table(heading, rows)}{commands(*records.values())}"
    )


def agreement(record: dict[str, Any]) -> str:
    """How far the metrics are from those of molsets."""
    differences = {name: one["difference"] for name, one in record["metrics"].items()}
    furthest = max(differences, key=lambda name: differences[name])
    return (
        f"**Agreement with molsets** {record['molsets_packages']['molsets']} on the same "
        f"{record['sets']['samples']:,} molecules: {len(differences)} metrics, the largest "
        f"difference {differences[furthest]:.1e} ({furthest}).{commands(record)}"
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
        "optimization*": optimization,
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
    """`pmo_no_graph_or_edits` is told as no graph or edits, `pmo` as molvae."""
    _, _, rest = name.partition("_")
    return rest.replace("_", " ") or "molvae"


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

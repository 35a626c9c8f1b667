"""Write the tables of the README from the files in data/results.

python scripts/write_results_tables.py            writes them into README.md
python scripts/write_results_tables.py --check    fails when README.md holds others
"""

import sys
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from molvae.files import read_json, written_whole

ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- results -->\n", "<!-- /results -->"


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
        f"{1000 * record['seconds_when_reused']:.0f} ms when it is there already "
        f"(`{record['provenance']['command']}`)."
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
        f"process; {rows[-1][0]} processes are {record['speed_up']:.2f} times one "
        f"(`{record['provenance']['command']}`):\n\n{table(heading, rows)}"
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
        f"**Generation** of {record['rows'][0]['molecules']:,} distinct valid molecules by the "
        f"model of the quickstart (`{record['provenance']['command']}`):\n\n{table(heading, rows)}"
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
        f"standard deviation of {len(record['seeds'])} seeds, by the same model; penalised logP is "
        f"normalised over ZINC250k and given to molecules of at most 38 heavy atoms only "
        f"(`{record['provenance']['command']}`):\n\n{table(heading, rows)}"
    )


def tables() -> str:
    """All tables, in the order of the README."""
    results = ROOT / "data" / "results"
    makers = {
        "cleaning": cleaning,
        "training": training,
        "generation": generation,
        "optimization": optimization,
    }
    made = [maker(read_json(results / f"{name}.json")) for name, maker in makers.items()]
    return "\n\n".join(made) + "\n"


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

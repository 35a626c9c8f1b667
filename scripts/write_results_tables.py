"""Write the result tables from the records in data/results.

Each folder of data/results holds the JSON records of one benchmark. Its README.md gets their tables
between two markers; the text around them is written by hand. The main README.md gets a summary.

    python scripts/write_results_tables.py            write the tables
    python scripts/write_results_tables.py --check    fail if a README.md is out of date
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fault_tables import faults
from lead_tables import leads
from model_tables import (
    agreement,
    chemprop_agreement,
    examples,
    explore,
    latent,
    latent_ablation,
    moses,
    priors,
    reconstruction,
    refinement,
    sampling,
    stage_speeds,
    target,
)
from molvae.files import atomic_write, read_json
from scale_tables import scale
from search_tables import ablation, constrained_leads, credit, docking, history, methods, pmo
from study_tables import beta, labels
from summary_table import RESULTS, summary

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- results -->\n", "<!-- /results -->"

# Any: JSON values.
BENCHMARKS: dict[str, Callable[[dict[str, dict[str, Any]]], str]] = {
    "moses": moses,
    "metrics": agreement,
    "chemprop": chemprop_agreement,
    "reconstruction": reconstruction,
    "priors": priors,
    "beta": beta,
    "labels": labels,
    "sampling": sampling,
    "pmo": pmo,
    "latent": latent,
    "refinement": refinement,
    "explore": explore,
    "target": target,
    "latent_ablation": latent_ablation,
    "credit": credit,
    "docking": docking,
    "ablation": ablation,
    "methods": methods,
    "leads": leads,
    "constrained": constrained_leads,
    "speed": stage_speeds,
    "scale": scale,
    "examples": examples,
    "faults": faults,
    "history": history,
}
"""Function that makes the table of each benchmark from its records, by the names of their files."""


def contents() -> dict[Path, str]:
    """The text that each README.md should have."""
    texts = {README: _with_table(README, summary())}
    for benchmark, tables in BENCHMARKS.items():
        folder = RESULTS / benchmark
        records = {path.stem: read_json(path) for path in sorted(folder.glob("*.json"))}
        if records:
            texts[folder / "README.md"] = _with_table(folder / "README.md", tables(records))
    return texts


def _with_table(readme: Path, table: str) -> str:
    head, _, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}{table}\n{END}{tail}"


def main() -> int:
    """Write or check each README.md; 1 when --check meets one that is out of date."""
    outdated = {
        readme: text
        for readme, text in contents().items()
        if text != readme.read_text(encoding="utf-8")
    }
    if "--check" in sys.argv[1:]:
        for readme in outdated:
            print(f"{readme} is out of date: run python scripts/write_results_tables.py")
        return int(bool(outdated))
    for readme, text in outdated.items():
        with atomic_write(readme) as stream:
            stream.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Draw the study of beta (`study_beta.py`) as beta.svg beside its record.

python scripts/draw_beta.py
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from molvae.files import read_json
from molvae.report.charts import COLORS

FOLDER = Path(__file__).parents[1] / "data" / "results" / "beta"
STYLE: Any = {
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 9,
    "grid.alpha": 0.3,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "molvae",
}
MARKERS = ("o", "s", "^", "D")


def panel(
    axes: Axes, betas: Sequence[float], lines: Mapping[str, Sequence[float]], label: str
) -> None:
    """A line for each name over beta."""
    for number, (name, values) in enumerate(lines.items()):
        axes.plot(betas, values, marker=MARKERS[number], ms=4, color=COLORS[number], label=name)
    axes.set_xscale("log")
    axes.set_xticks(betas, [f"{beta:g}" for beta in betas])
    axes.minorticks_off()
    axes.set_xlabel("beta")
    axes.set_ylabel(label)
    axes.set_ylim(0, 1.1 * max(max(values) for values in lines.values()))
    if len(lines) > 1:
        axes.legend(fontsize=8)


def main() -> None:
    """Write the picture."""
    # Any: JSON values.
    rows: list[dict[str, Any]] = read_json(FOLDER / "beta.json")["rows"]
    betas = [row["beta"] for row in rows]
    nats = {"reconstruction": "reconstruction", "KL": "kl", "ELBO gap": "elbo_gap"}
    directions = {
        "best direction": "direction_r2",
        "best dimension": "dimension_r2",
        "the same, rotated": "rotated_dimension_r2",
    }
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8.0, 5.2), layout="constrained")
        (losses, exact), (samples, order) = figure.subplots(2, 2)
        panel(
            losses, betas, {name: [row[key] for row in rows] for name, key in nats.items()}, "nats"
        )
        exact_shares = [row["exact_reconstruction"] for row in rows]
        panel(exact, betas, {"": exact_shares}, "exact reconstruction")
        panel(samples, betas, {"": [row["fcd"] for row in rows]}, "FCD of samples of N(0, I)")
        panel(
            order,
            betas,
            {
                name: [sum(row[key].values()) / len(row[key]) for row in rows]
                for name, key in directions.items()
            },
            "R2, mean of the properties",
        )
        path = FOLDER / "beta.svg"
        figure.savefig(path, metadata={"Date": None})
    print(f"{path}: {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()

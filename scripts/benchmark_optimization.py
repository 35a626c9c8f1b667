"""Compare search methods at equal budget, on QED and on penalized logP.

    python scripts/benchmark_optimization.py --model FOLDER --budget 2000

Penalized logP has no optimum, because longer chains always score higher: molecules beyond 38 heavy
atoms, the most in ZINC250k, have no score and still cost a call. Each method runs once per seed.
Prints a table and writes all rows to a JSON file.
"""

import argparse
import sys
import time
from pathlib import Path
from statistics import mean
from typing import Any

from molvae.errors import MolvaeError
from molvae.files import write_json
from molvae.molecule_vae import MoleculeVAE
from molvae.objectives.config import ObjectiveConfig
from molvae.objectives.configured import ConfiguredObjective
from molvae.optimize.curves import area_under_best, mean_of_best
from molvae.optimize.latent_model import model_digest
from molvae.optimize.methods import Method, SearchConfig, without_guardrails
from molvae.optimize.search import search
from molvae.runs import provenance

OBJECTIVES = {
    "QED": {"name": "QED", "component": [{"property": "qed"}]},
    "penalized logP": {
        "name": "penalized logP, at most 38 heavy atoms",
        "where": "heavy_atoms <= 38",
        "component": [{"property": "penalized_logp"}],
    },
}
# gradient needs a model with a property head; turbo is meant for at most 1,000 calls.
METHODS = [method for method in Method if method not in (Method.GRADIENT, Method.TURBO)]
COLUMNS = ("best", "mean_of_ten_best", "auc_top_10")
HEADING = "| objective | method | best | mean of ten best | AUC top-10 | seeds above random |"


def main() -> int:
    """Run the comparison; 1 when the input is wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True, help="folder of a trained model")
    parser.add_argument("--budget", type=int, default=2000, help="distinct molecules per search")
    parser.add_argument("--methods", type=Method, nargs="+", default=METHODS)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    parser.add_argument("--out", type=Path, default=Path("data/results/methods/methods.json"))
    arguments = parser.parse_args()
    try:
        record = compare(arguments)
        write_json(arguments.out, record)
    except MolvaeError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"\n{table(record['rows'])}\n\nwritten to {arguments.out}")
    return 0


# Any: JSON values.
def compare(arguments: argparse.Namespace) -> dict[str, Any]:
    """All rows with their provenance."""
    model = MoleculeVAE.from_pretrained(arguments.model, arguments.device)
    rows = [
        row_of(model, name, method, seed, arguments.budget)
        for name in OBJECTIVES
        for method in arguments.methods
        for seed in arguments.seeds
    ]
    return {
        "provenance": provenance(arguments.seeds[0], ["python", *sys.argv]),
        "seeds": arguments.seeds,
        "budget": arguments.budget,
        "model": {
            "mark": model_digest(model),
            "latent_size": model.latent_size,
            "card": model.card,
        },
        "objectives": OBJECTIVES,
        "settings": settings(Method.COMBINED, arguments.budget, 0).model_dump(mode="json"),
        "rows": rows,
    }


def settings(method: Method, budget: int, seed: int) -> SearchConfig:
    """Settings without guardrails, so that the rows measure the method alone."""
    return without_guardrails(SearchConfig(method=method, budget=budget, seed=seed))


def row_of(model: MoleculeVAE, name: str, method: Method, seed: int, budget: int) -> dict[str, Any]:
    """A search and its figures."""
    objective = ConfiguredObjective(ObjectiveConfig.parse_tables(OBJECTIVES[name]))
    config = settings(method, budget, seed)
    start = time.perf_counter()
    result = search(model, objective, config)
    row = {
        "objective": name,
        "method": method.value,
        "seed": seed,
        "best": mean_of_best(result.scores, 1),
        "mean_of_ten_best": mean_of_best(result.scores, 10),
        "auc_top_10": area_under_best(result.scores, budget),
        **result.summary(),
        "seconds": round(time.perf_counter() - start, 1),
    }
    figures = ", ".join(f"{column} {row[column]:.3f}" for column in COLUMNS)
    print(f"{name}, {method.value}, seed {seed}: {figures}, {row['seconds']} s", file=sys.stderr)
    return row


def table(rows: list[dict[str, Any]]) -> str:
    """Means over the seeds, as Markdown."""
    lines = [HEADING, "| --- " * 6 + "|"]
    for name in OBJECTIVES:
        for method in dict.fromkeys(Method(row["method"]) for row in rows):
            chosen = [row for row in rows if (row["objective"], row["method"]) == (name, method)]
            means = (f"{mean(row[column] for row in chosen):.3f}" for column in COLUMNS)
            above = seeds_above_random(rows, name, method)
            lines.append(f"| {name} | {method.value} | {' | '.join(means)} | {above} |")
    return "\n".join(lines)


def seeds_above_random(rows: list[dict[str, Any]], name: str, method: Method) -> str:
    """Seeds for which the method's ten best and its area are both above those of random draws."""

    def figures(which: Method) -> dict[int, tuple[float, float]]:
        return {
            row["seed"]: (row["mean_of_ten_best"], row["auc_top_10"])
            for row in rows
            if (row["objective"], row["method"]) == (name, which)
        }

    mine, random = figures(method), figures(Method.RANDOM)
    above = [
        ten > random[seed][0] and area > random[seed][1]
        for seed, (ten, area) in mine.items()
        if seed in random
    ]
    return f"{sum(above)} of {len(above)}" if above else "-"


if __name__ == "__main__":
    sys.exit(main())

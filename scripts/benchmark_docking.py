"""Docking scores that a search finds, beside those of random molecules.

    python scripts/benchmark_docking.py held_out.smi --out data/results/docking/docking.json

The objective is data/objectives/kit_docking.toml at another exhaustiveness; guardrails are on. The
random molecules are drawn from those of the file that meet its condition and the search's
guardrails. Needs the extra `dock`.
"""

import argparse
import random
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from molvae import MoleculeVAE, SearchConfig, search
from molvae.chem.molecule import Molecule
from molvae.files import write_json
from molvae.objectives.config import ObjectiveConfig
from molvae.objectives.configured import ConfiguredObjective
from molvae.objectives.objective import Objective
from molvae.optimize.constraints import HardConstraints
from molvae.runs import provenance

OBJECTIVE = Path(__file__).parents[1] / "data" / "objectives" / "kit_docking.toml"
AT_ONCE = 20
"""Molecules between two updates of the search: docking is slow, the search is not."""


def objective(exhaustiveness: int, workers: int) -> ConfiguredObjective:
    """The objective of the file at another exhaustiveness."""
    config = ObjectiveConfig.load(OBJECTIVE)
    (component,) = config.component
    measure = component.measure.model_copy(update={"exhaustiveness": exhaustiveness})
    changed = component.model_copy(update={"measure": measure})
    config = config.model_copy(update={"component": (changed,)})
    config.check()
    return ConfiguredObjective(config, workers)


def draw_molecules(path: Path, count: int, config: SearchConfig, goal: Objective) -> list[Molecule]:
    """Random molecules of a file among those that the search would be allowed to score."""
    lines = path.read_text(encoding="utf-8").split("\n")
    random.Random(config.seed).shuffle(lines)
    constraints = HardConstraints.parse(config.constraints, goal)
    molecules: list[Molecule] = []
    for line in filter(None, lines):
        molecule = Molecule.parse(line.split()[0])
        if constraints.check([molecule])[0] is None:
            molecules.append(molecule)
        if len(molecules) == count:
            break
    return molecules


# Any: JSON values.
def describe(scores: list[float], failures: int, seconds: float) -> dict[str, Any]:
    """Distribution of docking scores, the lowest being the best."""
    ranked = np.sort([score for score in scores if np.isfinite(score)])
    return {
        "molecules": len(scores),
        "failures": failures,
        "seconds": round(seconds, 1),
        "best": float(ranked[0]),
        "mean_of_best_10": float(ranked[:10].mean()),
        "quartiles": [float(value) for value in np.percentile(ranked, (25, 50, 75))],
    }


def main() -> int:
    """Run the search, score the random molecules, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("molecules", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--model", default="chembl")
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--exhaustiveness", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    goal = objective(arguments.exhaustiveness, arguments.workers)
    config = SearchConfig(budget=arguments.calls, at_once=AT_ONCE, seed=arguments.seed)

    start = time.perf_counter()
    result = search(MoleculeVAE.from_pretrained(arguments.model), goal, config, progress=True)
    after_search = time.perf_counter()
    chosen = draw_molecules(arguments.molecules, arguments.calls, config, goal)
    scores = goal.score(chosen)
    end = time.perf_counter()

    by_call = sorted(result.evaluations, key=lambda row: row.call)
    searched = [row.values["docking"] for row in by_call]
    unanswered = sum(not np.isfinite(value) for value in searched)
    write_json(
        arguments.out,
        {
            "model": arguments.model,
            "exhaustiveness": arguments.exhaustiveness,
            "search": describe(searched, unanswered, after_search - start),
            "by_call": [round(value, 2) if np.isfinite(value) else None for value in searched],
            "best": [
                {"smiles": row.smiles, "docking": row.values["docking"], "qed": row.values["qed"]}
                for row in result.evaluations[:10]
            ],
            "random": describe(
                scores.values["docking"].tolist(), len(scores.failures), end - after_search
            ),
            "random_file": arguments.molecules.name,
            "provenance": provenance(arguments.seed),
        },
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

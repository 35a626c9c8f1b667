"""Docking scores that a search finds, beside those of random molecules.

    python scripts/benchmark_docking.py held_out.smi --work runs/docking --out docking.json

The objective is data/objectives/kit_docking.toml at another exhaustiveness; guardrails are on. The
random molecules are drawn from those of the file that meet its condition and the search's
guardrails, and as many are scored as the search has made calls, after each of its rounds. What was
scored is kept in the folder `--work`: the same command continues where it was stopped. A file with
fewer molecules than `--calls` gives a smaller random sample. After `--max-minutes` both end early:
the record counts the molecules of each. Needs the extra `dock`.
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
from molvae.errors import MoleculeError, RunError
from molvae.files import read_json, write_json
from molvae.objectives.config import ObjectiveConfig
from molvae.objectives.configured import ConfiguredObjective
from molvae.objectives.objective import Objective
from molvae.optimize.constraints import HardConstraints
from molvae.optimize.result import SearchResult
from molvae.optimize.search_progress import SearchRound
from molvae.runs import RunDirectory, provenance

OBJECTIVE = Path(__file__).parents[1] / "data" / "objectives" / "kit_docking.toml"
AT_ONCE = 4
"""Molecules whose scores are saved together."""
BATCH_SIZE = 20
"""Molecules between two updates of the search: docking is slow, the search is not."""


class TimeUpError(Exception):
    """The benchmark has lasted as long as it may."""


class RandomMolecules:
    """Random molecules, of which as many are scored as the search has made calls.

    Raises:
        RunError: the file has scores of other molecules or of another objective.
    """

    def __init__(
        self, molecules: list[Molecule], goal: Objective, file: Path, max_minutes: float
    ) -> None:
        self._file = file
        smiles = [molecule.smiles for molecule in molecules]
        self._settings = {"objective": dict(goal.description), "molecules": smiles}
        start = {"settings": self._settings, "scores": [], "seconds": 0.0}
        saved = read_json(file) if file.exists() else start
        if saved.get("settings") != self._settings:
            raise RunError(f"{str(file)!r} has scores of other settings; choose another --work")
        self.scores: list[float] = [np.nan if score is None else score for score in saved["scores"]]
        self.seconds: float = saved["seconds"]
        self.calls = 0
        """Calls of the search after its last round."""
        self._molecules = molecules
        self._goal = goal
        self._end = time.monotonic() + 60 * max_minutes

    def follow(self, figures: SearchRound) -> None:
        """Score molecules after a round of the search; raises TimeUpError at the limit."""
        self.calls = figures.calls
        while len(self.scores) < min(figures.calls, len(self._molecules)):
            self._check_time()
            start = time.perf_counter()
            following = self._molecules[len(self.scores) : figures.calls][:AT_ONCE]
            self.scores += self._goal.score(following).values["docking"].tolist()
            self.seconds += time.perf_counter() - start
            scores = [score if np.isfinite(score) else None for score in self.scores]
            saved = {"settings": self._settings, "scores": scores, "seconds": self.seconds}
            write_json(self._file, saved)
        self._check_time()

    def _check_time(self) -> None:
        if time.monotonic() > self._end:
            raise TimeUpError


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
    for line in filter(str.strip, lines):
        try:
            molecule = Molecule.parse(line.split()[0])
        except MoleculeError:
            continue
        if constraints.check([molecule])[0] is None:
            molecules.append(molecule)
        if len(molecules) == count:
            break
    return molecules


# Any: JSON values.
def describe(scores: list[float]) -> dict[str, Any]:
    """Distribution of docking scores, the lowest being the best; counts only if there is none."""
    ranked = np.sort([score for score in scores if np.isfinite(score)])
    counts = {"molecules": len(scores), "failures": len(scores) - len(ranked)}
    if not len(ranked):
        return counts
    return counts | {
        "best": round(float(ranked[0]), 2),
        "mean_of_best_10": round(float(ranked[:10].mean()), 2),
        "quartiles": [round(float(value), 2) for value in np.percentile(ranked, (25, 50, 75))],
    }


def find_molecules(
    model: MoleculeVAE,
    goal: Objective,
    config: SearchConfig,
    run: RunDirectory,
    sample: RandomMolecules,
) -> SearchResult:
    """The result of a search, followed by the sample, that may end early or be continued."""
    resume = run.journal.exists()
    try:
        return search(
            model, goal, config, run, resume=resume, progress=True, callback=sample.follow
        )
    except TimeUpError:
        # Ends at once with the molecules of the journal.
        spent = config.model_copy(update={"budget": sample.calls})
        return search(model, goal, spent, run, resume=True)


def main() -> int:
    """Run the search, score the random molecules, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("molecules", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--model", default="chembl")
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--exhaustiveness", type=int, default=1)
    parser.add_argument("--max-minutes", type=float, default=600.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    goal = objective(arguments.exhaustiveness, arguments.workers)
    config = SearchConfig(
        budget=arguments.calls, batch_size=BATCH_SIZE, at_once=AT_ONCE, seed=arguments.seed
    )
    run = RunDirectory(arguments.work / "search")
    model = MoleculeVAE.from_pretrained(arguments.model)
    chosen = draw_molecules(arguments.molecules, arguments.calls, config, goal)
    file = arguments.work / "random.json"
    sample = RandomMolecules(chosen, goal, file, arguments.max_minutes)
    result = find_molecules(model, goal, config, run, sample)

    by_call = sorted(result.evaluations, key=lambda row: row.call)
    searched = [row.values["docking"] for row in by_call]
    record = {
        "model": arguments.model,
        "target": "KIT",
        "exhaustiveness": arguments.exhaustiveness,
        "max_calls": arguments.calls,
        "search": describe(searched),
        "by_call": [round(value, 2) if np.isfinite(value) else None for value in searched],
        "best": [
            {"smiles": row.smiles, "docking": row.values["docking"], "qed": row.values["qed"]}
            for row in result.evaluations[:10]
        ],
        "random": describe(sample.scores) | {"seconds": round(sample.seconds, 1)},
        "random_file": arguments.molecules.name,
        "provenance": provenance(arguments.seed),
    }
    write_json(arguments.out, record)
    return 0


if __name__ == "__main__":
    sys.exit(main())

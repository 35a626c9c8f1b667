"""Compare predictions of properties from few labels: property heads, latent vectors, Morgan bits.

    python scripts/study_labels.py --data held_out.smi --work runs/labels \
        --out data/results/labels/labels.json

The data are molecules that the model was not trained on. RDKit computes the labels, of which all
but a share are hidden. At each share these methods predict the test molecules:

    head, all molecules    the model is trained further with a property head on all molecules, most
                           of which have no label
    head, labelled only    the same number of updates on the labelled molecules alone
    ridge, latent vectors  ridge regression on the latent vectors of the model as it is
    ridge, Morgan bits
    forest, Morgan bits    random forest

What is in the record is not repeated, so the script can be stopped and started again.
"""

import argparse
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import RidgeCV

from molvae.benchmarks.latent_reference import Reference
from molvae.chem.properties import property_values
from molvae.chem.similarity import morgan_bits
from molvae.dataset.corpus_config import CorpusConfig
from molvae.diagnosis.figures import as_json
from molvae.files import read_json, write_json
from molvae.molecule_vae import MoleculeVAE
from molvae.runs import RunDirectory, provenance
from molvae.training.config import TrainConfig, TrainingPlan
from molvae.training.run import resume, train
from molvae.training.session import StopReason

PROPERTIES = ("logp", "qed")
SHARES = (0.01, 0.1, 1.0)
PENALTIES = 10.0 ** np.arange(-2, 5)
REGRESSIONS = ("ridge, latent vectors", "ridge, Morgan bits", "forest, Morgan bits")
HEADS = ("head, all molecules", "head, labelled only")
TREES = 50
TREE_FEATURES = 0.1
"""Share of the bits among which each split chooses."""
LEVELS = (0.5, 0.8, 0.9, 0.95)
"""Nominal shares of the molecules within an interval around the prediction."""
BATCH = 64
HELD_OUT = 200
BITS = 2_048

Chosen = Int64[np.ndarray, " chosen"]
Table = Float64[np.ndarray, "molecule column"]


@dataclass(frozen=True)
class Labels:
    """Molecules with their properties; the last ones are for the test."""

    smiles: tuple[str, ...]
    features: Mapping[str, Table]
    """Latent vectors and Morgan bits."""
    values: Table
    cut: int
    """Index of the first test molecule."""

    @classmethod
    def read(cls, model: MoleculeVAE, arguments: argparse.Namespace) -> "Labels":
        """Random molecules of the file."""
        n = arguments.molecules + arguments.test
        reference = Reference.draw(model, arguments.data, n, arguments.seed)
        rows = [property_values(molecule, PROPERTIES) for molecule in reference.molecules]
        features = {
            "latent vectors": reference.mean.astype(np.float64),
            "Morgan bits": morgan_bits(reference.molecules, bits=BITS).astype(np.float64),
        }
        smiles = tuple(molecule.smiles for molecule in reference.molecules)
        values = np.array([[row[name] for name in PROPERTIES] for row in rows])
        return cls(smiles, features, values, len(smiles) - arguments.test)

    @property
    def test(self) -> Table:
        """The properties of the test molecules."""
        return self.values[self.cut :]

    def errors(self, predicted: Table) -> dict[str, float]:
        """Root mean square error of each property, in standard deviations of the test molecules."""
        scaled = np.sqrt(((predicted - self.test) ** 2).mean(axis=0)) / self.test.std(axis=0)
        return dict(zip(PROPERTIES, scaled.tolist(), strict=True))


@dataclass(frozen=True)
class Task:
    """A method, and the labelled molecules that it learns from."""

    method: str
    share: float
    chosen: Chosen

    def predict(
        self, labels: Labels, arguments: argparse.Namespace
    ) -> tuple[Table, MoleculeVAE | None]:
        """Predictions for the test molecules, and the model if one was trained."""
        if self.method in HEADS:
            rows = self.chosen if self.method == HEADS[1] else np.arange(labels.cut)
            trained = train_head(labels, rows, self.chosen, arguments)
            encoded = trained.encode(labels.smiles[labels.cut :])
            return trained.predict(encoded).astype(np.float64), trained
        name, features = self.method.split(", ")
        regressor = RidgeCV(PENALTIES) if name == "ridge" else forest(arguments.seed)
        x = labels.features[features]
        columns = [
            regressor.fit(x[self.chosen], y[self.chosen]).predict(x[labels.cut :])
            for y in labels.values.T
        ]
        return np.stack(columns, axis=1), None


def plan_tasks(labels: Labels, seed: int) -> list[Task]:
    """All methods at all shares of labels, those first that train no network."""
    order = np.random.default_rng([seed, 1]).permutation(labels.cut)
    chosen = {share: np.sort(order[: round(share * labels.cut)]) for share in SHARES}
    tasks = [
        Task(method, share, rows)
        for methods in (REGRESSIONS, HEADS)
        for share, rows in chosen.items()
        for method in methods
    ]
    # With all labels, both heads are the same.
    return [task for task in tasks if task.method != HEADS[1] or task.share < 1.0]


def forest(seed: int) -> RandomForestRegressor:
    """The random forest before it is fitted."""
    return RandomForestRegressor(TREES, max_features=TREE_FEATURES, n_jobs=1, random_state=seed)


def train_head(
    labels: Labels, rows: Chosen, chosen: Chosen, arguments: argparse.Namespace
) -> MoleculeVAE:
    """The model trained further on molecules, of which the chosen ones have labels."""
    name = f"{len(chosen)}_of_{len(rows)}"
    run = RunDirectory(arguments.work / name)
    if run.settings.is_file():
        result = resume(run.path)
    else:
        result = train(plan_training(labels, rows, chosen, arguments, name), run.path)
    if result.stop is StopReason.INTERRUPTED:
        sys.exit(f"{name}: {result.stop}")
    return MoleculeVAE.from_pretrained(run.last_model, "cpu")


def plan_training(
    labels: Labels, rows: Chosen, chosen: Chosen, arguments: argparse.Namespace, name: str
) -> TrainingPlan:
    """The training on a file of the molecules, which it writes."""
    known = set(chosen.tolist())
    lines = [",".join(("smiles", *PROPERTIES))]
    for row in rows.tolist():
        values = labels.values[row].tolist() if row in known else [""] * len(PROPERTIES)
        lines.append(",".join(map(str, (labels.smiles[row], *values))))
    data = arguments.work / f"{name}.csv"
    data.parent.mkdir(parents=True, exist_ok=True)
    data.write_text("\n".join(lines) + "\n", encoding="utf-8")
    held_out = min(HELD_OUT, len(rows) // 10)
    batches = math.ceil((len(rows) - held_out) / BATCH)
    return TrainingPlan(
        data=data,
        store=arguments.work / f"{name}.store",
        start=Path(arguments.model),
        corpus=CorpusConfig(property_columns=PROPERTIES),
        train=TrainConfig(
            epochs=max(1, round(arguments.updates / batches)),
            batch_size=BATCH,
            held_out=held_out,
            validate_every=10_000,
            patience=0,
            acceptance_draws=0,
            processes=1,
            seed=arguments.seed,
        ),
    )


def calibration(labels: Labels, predicted: Table, model: MoleculeVAE) -> dict[str, Any]:
    """Share of the test molecules within each nominal interval around their predictions.

    The interval is that of a normal distribution with the held-out error on the model's card.
    """
    errors = [model.card.property_errors[name] for name in PROPERTIES]
    distances = np.abs(predicted - labels.test) / errors
    shares = {}
    for level in LEVELS:
        within = (distances < NormalDist().inv_cdf(0.5 + level / 2)).mean(axis=0)
        shares[f"{level:g}"] = dict(zip(PROPERTIES, within.tolist(), strict=True))
    return {"held_out_errors": dict(zip(PROPERTIES, errors, strict=True)), "within": shares}


def main() -> None:
    """Fit, predict and record each method at each share of labels."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="molecules unknown to the model")
    parser.add_argument("--model", default="chembl", help="folder of a model, or a shipped model")
    parser.add_argument("--molecules", type=int, default=4_000, help="molecules to learn from")
    parser.add_argument("--test", type=int, default=1_000, help="test molecules")
    parser.add_argument("--updates", type=int, default=240, help="updates of each training")
    parser.add_argument("--work", type=Path, required=True, help="folder for the trainings")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, help="JSON file for the record")
    arguments = parser.parse_args()
    model = MoleculeVAE.from_pretrained(arguments.model, "cpu")
    labels = Labels.read(model, arguments)
    earlier = read_json(arguments.out) if arguments.out.is_file() else {}
    rows, calibrated = earlier.get("rows", []), earlier.get("calibration", {})
    for task in plan_tasks(labels, arguments.seed):
        if any((row["method"], row["share"]) == (task.method, task.share) for row in rows):
            continue
        predicted, trained = task.predict(labels, arguments)
        if trained is not None and task.share == 1.0:
            calibrated = calibration(labels, predicted, trained)
        row = {"labels": len(task.chosen), "share": task.share, "method": task.method}
        rows.append({**row, "errors": labels.errors(predicted)})
        print(rows[-1], flush=True)
        command = ["python", "scripts/study_labels.py", *sys.argv[1:]]
        record = {
            "name": arguments.model,
            "model": model.card.origin,
            "data": arguments.data.name,
            "molecules": labels.cut,
            "test": arguments.test,
            "updates": arguments.updates,
            "trees": TREES,
            "rows": rows,
            "calibration": calibrated,
            "provenance": provenance(arguments.seed, command),
        }
        write_json(arguments.out, as_json(record))


if __name__ == "__main__":
    main()

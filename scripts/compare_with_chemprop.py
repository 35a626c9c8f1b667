r"""Compare the predictions of molvae with those of `chemprop predict` for the same models.

    python -m venv other
    other/bin/pip install ".[chemprop]"
    other/bin/python scripts/compare_with_chemprop.py data/moses_sample.csv --column logp \
        --out data/results/chemprop/agreement.json

Trains an ensemble on the first molecules of the file with chemprop's own command, and predicts
molecules from its end: their mean and their spread.
"""

import argparse
import csv
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np

from molvae.chem.molecule import Molecule
from molvae.files import write_json
from molvae.objectives.chemprop_model import ChempropMeasure
from molvae.runs import provenance

TOLERANCE = 1e-5
"""Largest difference, in units of the standard deviation of the predictions."""


def main() -> None:
    """Train, predict with both programs, print and record the differences."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="CSV file with a column `smiles`")
    parser.add_argument("--column", default="logp", help="column that is predicted")
    parser.add_argument("--training", type=int, default=500, help="molecules to train on")
    parser.add_argument("--molecules", type=int, default=1_000, help="molecules to predict")
    parser.add_argument("--ensemble", type=int, default=3, help="models of the ensemble")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="JSON file for the record")
    arguments = parser.parse_args()
    with arguments.data.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    smiles = [row["smiles"] for row in rows[-arguments.molecules :]]
    with tempfile.TemporaryDirectory() as folder:
        models = train(rows[: arguments.training], arguments, Path(folder))
        theirs = predict(smiles, models, arguments.column, Path(folder))
        molecules = [Molecule.parse(text) for text in smiles]
        ours = {
            kind: np.array(
                ChempropMeasure(path=models, column=arguments.column, predicts=kind)(
                    molecules
                ).values
            )
            for kind in theirs
        }
    table = {}
    for kind, values in theirs.items():
        scale = float(np.std(values))
        difference = float(np.abs(ours[kind] - values).max())
        table[kind] = {"deviation": scale, "largest_difference": difference}
        print(f"{kind}: largest difference {difference:.1e}, standard deviation {scale:.3f}")
    if arguments.out:
        packages = {name: version(name) for name in ("chemprop", "torch", "rdkit")}
        write_json(
            arguments.out,
            {
                "column": arguments.column,
                "training": arguments.training,
                "molecules": len(smiles),
                "ensemble": arguments.ensemble,
                "epochs": arguments.epochs,
                "predictions": table,
                "packages": packages,
                "provenance": provenance(arguments.seed, ["python", *sys.argv]),
            },
        )
    sys.exit(
        any(row["largest_difference"] > TOLERANCE * row["deviation"] for row in table.values())
    )


def train(rows: list[dict[str, str]], arguments: argparse.Namespace, folder: Path) -> Path:
    """The folder of an ensemble that `chemprop train` has trained."""
    data, models = folder / "train.csv", folder / "models"
    with data.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["smiles", arguments.column])
        writer.writerows([row["smiles"], row[arguments.column]] for row in rows)
    flags = {
        "--data-path": data,
        "--save-dir": models,
        "--epochs": arguments.epochs,
        "--ensemble-size": arguments.ensemble,
        "--pytorch-seed": arguments.seed,
        "--data-seed": arguments.seed,
        "--num-workers": 0,
        "--accelerator": "cpu",
    }
    chemprop("train", flags)
    return models


def predict(smiles: list[str], models: Path, column: str, folder: Path) -> dict[str, np.ndarray]:
    """Mean and spread of the predictions that `chemprop predict` writes for each model.

    Its own variance is computed in single precision as a difference of squares, which leaves few
    digits where the models agree.
    """
    data, out = folder / "test.csv", folder / "predictions.csv"
    data.write_text("\n".join(["smiles", *smiles, ""]), encoding="utf-8")
    flags = {
        "--test-path": data,
        "--model-paths": models,
        "--output": out,
        "--num-workers": 0,
        "--accelerator": "cpu",
    }
    chemprop("predict", flags)
    with out.with_name("predictions_individual.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    names = [name for name in rows[0] if name.startswith(f"{column}_model_")]
    values = np.array([[float(row[name]) for name in names] for row in rows])
    return {"mean": values.mean(axis=1), "spread": values.std(axis=1)}


def chemprop(command: str, flags: dict[str, object]) -> None:
    """Run a command of chemprop, and stop if it fails."""
    words = [str(word) for pair in flags.items() for word in pair]
    program = Path(sys.executable).with_name("chemprop")
    subprocess.run([program, command, *words], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()

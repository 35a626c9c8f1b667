"""Train a small model at several weights of the KL term, and measure what beta changes.

    python scripts/study_beta.py --data train.smi --reference held_out.smi --work runs/beta \
        --out data/results/beta/beta.json

All trainings take the same number of updates on the same sample of the data. A beta whose row is
in the record is skipped, so the script can be stopped and started again. Half of the reference
molecules are measured, the other half is the target of the FCD.
"""

import argparse
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from molvae.benchmarks.latent_config import LatentConfig
from molvae.benchmarks.latent_order import PROPERTIES, ridge_r2
from molvae.benchmarks.latent_reconstruction import normal_samples
from molvae.benchmarks.latent_reference import Reference
from molvae.chem.properties import property_values
from molvae.chem.standardize_config import StandardizeConfig
from molvae.dataset.corpus_config import CorpusConfig
from molvae.diagnosis.figures import as_json
from molvae.diagnosis.held_out import measure_held_out
from molvae.files import read_json, write_json
from molvae.metrics.chemnet import ChemNet, frechet_distance
from molvae.metrics.samples import read_smiles
from molvae.model.loss import ACTIVE_VARIANCE
from molvae.model.network_config import ModelConfig
from molvae.molecule_vae import MoleculeVAE
from molvae.runs import RunDirectory, provenance
from molvae.training.config import TrainConfig, TrainingPlan
from molvae.training.run import resume, train
from molvae.training.session import StopReason

PRESET = "small"
BETAS = (0.01, 0.05, 0.2, 0.5, 1.0)
ROTATIONS = 20
"""Random rotations of the latent space, whose axes are the control of its own axes."""

Latents = Float64[np.ndarray, "molecule latent"]
Values = Float64[np.ndarray, "molecule property"]
Scores = Float64[np.ndarray, " property"]


def sample_data(arguments: argparse.Namespace) -> Path:
    """A file with the sample of the training data."""
    path: Path = arguments.work / "sample.smi"
    if not path.is_file():
        smiles = read_smiles(arguments.data)
        generator = np.random.default_rng(arguments.seed)
        chosen = generator.choice(len(smiles), arguments.molecules, replace=False)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{smiles[index]}\n" for index in chosen), encoding="utf-8")
    return path


def train_model(beta: float, arguments: argparse.Namespace) -> MoleculeVAE:
    """The model of one beta after its training, which is resumed if it was interrupted."""
    run = RunDirectory(arguments.work / f"beta_{beta:g}")
    if run.settings.is_file():
        result = resume(run.path, notify=print)
    else:
        fixed = {"epochs": arguments.epochs, "batch_size": 128, "seed": arguments.seed}
        unattended = {"processes": 1, "patience": 0, "acceptance_draws": 0, "held_out": 500}
        settings = {**fixed, **unattended, "beta": beta}
        plan = TrainingPlan(
            data=sample_data(arguments),
            store=arguments.work / "store",
            corpus=CorpusConfig(standardize=StandardizeConfig(neutralize=False)),
            model=ModelConfig.preset(PRESET),
            train=TrainConfig.parse(settings, f"beta {beta:g}"),
        )
        result = train(plan, run.path, notify=print)
    if result.stop is StopReason.INTERRUPTED:
        sys.exit(f"beta {beta:g}: {result.stop}")
    return MoleculeVAE.from_pretrained(run.last_model, "cpu")


def measure(model: MoleculeVAE, arguments: argparse.Namespace) -> dict[str, Any]:
    """Losses, samples of N(0, I), and the property that each direction holds."""
    reference = Reference.draw(model, arguments.reference, 2 * arguments.measured, arguments.seed)
    n = len(reference) // 2
    generator = np.random.default_rng([arguments.seed, 1])
    noise = generator.standard_normal((n, model.latent_size), np.float32)
    held_out = measure_held_out(model, reference.selfies_rows[:n], noise)
    config = LatentConfig(samples=arguments.measured, seed=arguments.seed, workers=1)
    samples = normal_samples(model, config)
    smiles = [molecule.smiles for molecule in reference.molecules]
    drawn = samples.smiles([True] * len(samples.judged))
    chemnet = ChemNet.load()
    target = chemnet.gaussian(smiles[n:])
    return {
        **held_out.to_json(),
        "measured": n,
        "samples": len(samples.judged),
        "samples_distinct": len(set(drawn)) / len(samples.judged),
        "samples_round_trip": float(samples.round_trips.mean()),
        "fcd": frechet_distance(chemnet.gaussian(drawn), target),
        "fcd_of_real_molecules": frechet_distance(chemnet.gaussian(smiles[:n]), target),
        **directions(reference, generator),
    }


def directions(reference: Reference, generator: np.random.Generator) -> dict[str, Any]:
    """R2 of each property by the best direction and by the best dimension, beside a rotation.

    The direction (ridge regression) and the dimension are chosen on four fifths of the molecules,
    and measured on the others. Only active dimensions are rotated.
    """
    rows = [property_values(molecule, PROPERTIES) for molecule in reference.molecules]
    y = np.array([[row[name] for name in PROPERTIES] for row in rows])
    means = reference.mean.astype(np.float64)
    cut = len(means) * 4 // 5
    active = means[:, means.var(axis=0) > ACTIVE_VARIANCE]
    if not active.shape[1]:
        active = means
    turned = [
        best_dimension_r2(active @ random_rotation(active.shape[1], generator), y, cut)
        for _ in range(ROTATIONS)
    ]
    scores = {
        "direction_r2": ridge_r2(means, y, cut),
        "dimension_r2": best_dimension_r2(active, y, cut),
        "rotated_dimension_r2": np.mean(turned, axis=0),
    }
    return {
        name: dict(zip(PROPERTIES, values.tolist(), strict=True)) for name, values in scores.items()
    }


def best_dimension_r2(z: Latents, y: Values, cut: int) -> Scores:
    """Squared correlation of each property with the dimension that has the highest before `cut`."""
    chosen = correlations(z[:cut], y[:cut]).argmax(axis=0)
    scores: Scores = correlations(z[cut:], y[cut:])[chosen, np.arange(y.shape[1])]
    return scores


def correlations(z: Latents, y: Values) -> Float64[np.ndarray, "latent property"]:
    """Squared Pearson correlation of each dimension with each property."""
    a, b = z - z.mean(axis=0), y - y.mean(axis=0)
    scale = np.outer((a**2).sum(axis=0), (b**2).sum(axis=0))
    squares: np.ndarray = (a.T @ b) ** 2 / np.maximum(scale, 1e-300)
    return squares


def random_rotation(size: int, generator: np.random.Generator) -> Float64[np.ndarray, "row column"]:
    """An orthogonal matrix of random directions."""
    rotation: np.ndarray = np.linalg.qr(generator.standard_normal((size, size)))[0]
    return rotation


def read_rows(path: Path) -> list[Mapping[str, Any]]:
    """The rows of an earlier record; none if there is no record."""
    return list(read_json(path)["rows"]) if path.is_file() else []


def main() -> None:
    """Train, measure and record each beta."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="molecules to train on")
    parser.add_argument("--reference", type=Path, required=True, help="molecules held out")
    parser.add_argument("--work", type=Path, required=True, help="folder for the trainings")
    parser.add_argument("--molecules", type=int, default=50_000, help="training molecules")
    parser.add_argument("--epochs", type=int, default=6, help="passes over them")
    parser.add_argument("--measured", type=int, default=2_000, help="molecules measured, samples")
    parser.add_argument("--betas", type=float, nargs="+", default=BETAS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, help="JSON file for the record")
    arguments = parser.parse_args()
    for beta in arguments.betas:
        rows = read_rows(arguments.out)
        if any(row["beta"] == beta for row in rows):
            continue
        begin = time.process_time()
        model = train_model(beta, arguments)
        seconds = time.process_time() - begin
        row = {"beta": beta, "updates": model.card["updates"], "cpu_seconds": round(seconds)}
        rows.append({**row, **as_json(measure(model, arguments))})
        write_json(
            arguments.out,
            {
                "preset": PRESET,
                "data": arguments.data.name,
                "reference": arguments.reference.name,
                "molecules": arguments.molecules,
                "epochs": arguments.epochs,
                "rows": sorted(rows, key=lambda row: float(row["beta"])),
                "provenance": provenance(
                    arguments.seed, ["python", "scripts/study_beta.py", *sys.argv[1:]]
                ),
            },
        )
        print(f"beta {beta:g}: {rows[-1]}", flush=True)


if __name__ == "__main__":
    main()

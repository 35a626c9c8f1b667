"""Train a model that ships with molvae from public data, and write it to molvae/pretrained.

    python scripts/train_pretrained.py zinc250k --work runs/zinc250k
    python scripts/train_pretrained.py moses --work runs/moses --minutes 600

Downloads the data, trains (or resumes an interrupted run) and writes the best weights as float16 to
molvae/pretrained/NAME. --minutes limits the training; --from-shipped starts from the weights that
ship now instead of random ones, and with --only prior keeps their autoencoder. --acceptance only
fits the acceptance of the shipped model's prior. --card only writes the figures of data/results
into the cards of the shipped models.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from molvae.chem.standardize_config import StandardizeConfig
from molvae.dataset.corpus import prepare_corpus, split
from molvae.dataset.corpus_config import CorpusConfig
from molvae.dataset.moses import fetch_moses
from molvae.dataset.zinc import fetch_zinc250k
from molvae.files import read_json
from molvae.model.network_config import ModelConfig
from molvae.molecule_vae import MoleculeVAE
from molvae.pretrained import find_model, shipped_models
from molvae.runs import RunDirectory
from molvae.training.config import TrainConfig, TrainingPlan
from molvae.training.resampling import resample_prior
from molvae.training.run import resume, train

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "molvae" / "pretrained"
RESULTS = ROOT / "data" / "results"
MOST_BYTES = 12_000_000
"""Largest size of the folder of a shipped model."""


@dataclass(frozen=True)
class Recipe:
    """Data and epochs of a shipped model."""

    about: str
    fetch: Callable[..., Mapping[str, Path]]
    """Downloads the files into a folder; `train` is among them."""
    corpus: CorpusConfig
    epochs: int


RECIPES = {
    "moses": Recipe(
        about="the train set of MOSES (Polykovskiy et al. 2020, MIT), 1,584,663 molecules",
        fetch=fetch_moses,
        corpus=CorpusConfig(),
        epochs=20,
    ),
    "zinc250k": Recipe(
        about="the train part of ZINC250k in JT-VAE's split, 220,010 molecules with their "
        "stereochemistry and charges",
        fetch=fetch_zinc250k,
        corpus=CorpusConfig(standardize=StandardizeConfig(neutralize=False)),
        epochs=100,
    ),
}


def plan(recipe: Recipe, data: Path, arguments: argparse.Namespace) -> TrainingPlan:
    """All settings of the training."""
    start = find_model(arguments.name) if arguments.from_shipped else None
    return TrainingPlan(
        data=data,
        start=start,
        corpus=recipe.corpus,
        model=ModelConfig.preset("base"),
        train=TrainConfig(
            only=arguments.only,
            epochs=recipe.epochs,
            max_minutes=arguments.minutes,
            batch_size=arguments.batch_size,
            learning_rate=arguments.learning_rate,
            beta=arguments.beta,
            processes=arguments.processes,
            acceptance_draws=arguments.acceptance_draws,
            patience=0,
            seed=0,
        ),
    )


def trained_model(arguments: argparse.Namespace) -> MoleculeVAE:
    """The model of the finished run; an interrupted run is resumed."""
    recipe, run = RECIPES[arguments.name], RunDirectory(arguments.work / "run")
    files = recipe.fetch(arguments.work / "data", progress=True)
    if run.settings.is_file():
        return resume(run.path, max_minutes=arguments.minutes, notify=print, progress=True).model
    settings = plan(recipe, files["train"], arguments)
    return train(settings, run.path, notify=print, progress=True).model


def resampled_model(arguments: argparse.Namespace) -> MoleculeVAE:
    """The shipped model with a new acceptance of its prior."""
    recipe, model = RECIPES[arguments.name], MoleculeVAE.from_pretrained(arguments.name)
    files = recipe.fetch(arguments.work / "data", progress=True)
    corpus = prepare_corpus(files["train"], recipe.corpus).recoded(model.vocabulary)
    training, _ = split(corpus, TrainConfig().held_out, seed=0)
    n = arguments.acceptance_draws
    if not resample_prior(model, corpus, training, n, notify=print, progress=True):
        raise SystemExit("the model's prior gave too few molecules that count")
    return model


def figures(name: str) -> dict[str, str]:
    """Figures of a model in data/results, for its card."""
    measured: dict[str, str] = {}
    if (reconstruction := RESULTS / "reconstruction" / f"{name}.json").is_file():
        record = read_json(reconstruction)
        measured[f"exact reconstruction, {record['molecules']:,} held out"] = (
            f"{record['greedy']:.3f}"
        )
        measured["the same, JT-VAE's protocol"] = f"{record['jtvae']:.3f}"
    if (moses := RESULTS / "moses" / f"{name}.json").is_file():
        record = read_json(moses)
        mean, spread = record["mean"], record["deviation"]
        several = len(record["settings"]["seeds"]) > 1
        measured |= {
            metric: f"{mean[metric]:.4f}" + (f" ± {spread[metric]:.4f}" if several else "")
            for metric in mean
        }
    return measured


def ship(model: MoleculeVAE, name: str) -> None:
    """Write the model with its card to molvae/pretrained."""
    validation = dict(model.card["validation"])
    validation.pop("kl_per_dimension", None)
    model.card |= {
        "about": RECIPES[name].about,
        "figures": figures(name),
        "validation": validation,
    }
    model.save_pretrained(SHIPPED / name, torch.float16)
    size = sum(file.stat().st_size for file in (SHIPPED / name).iterdir())
    print(f"{SHIPPED / name}: {size / 1e6:.1f} MB")
    if size > MOST_BYTES:
        raise SystemExit(f"more than {MOST_BYTES / 1e6:.0f} MB; use a smaller network")


def main() -> int:
    """Train, or write cards anew."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", nargs="?", choices=list(RECIPES))
    parser.add_argument("--work", type=Path, help="folder for the data and the run")
    parser.add_argument("--minutes", type=float, help="longest training time")
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--learning-rate", type=float, default=3e-3)
    parser.add_argument("--beta", type=float, default=TrainConfig().beta)
    parser.add_argument("--processes", type=int, help="default: one per core")
    parser.add_argument("--from-shipped", action="store_true")
    parser.add_argument("--only", choices=["prior"], help="train the prior alone")
    parser.add_argument(
        "--acceptance", action="store_true", help="only fit the acceptance of the prior"
    )
    parser.add_argument("--acceptance-draws", type=int, default=100_000, help="samples for the fit")
    parser.add_argument("--card", action="store_true", help="only write the cards")
    arguments = parser.parse_args()
    if arguments.card:
        for name in shipped_models():
            ship(MoleculeVAE.from_pretrained(SHIPPED / name, "cpu"), name)
        return 0
    if arguments.name is None or arguments.work is None:
        parser.error("give the name of a model and --work")
    model = resampled_model(arguments) if arguments.acceptance else trained_model(arguments)
    ship(model, arguments.name)
    return 0


if __name__ == "__main__":
    sys.exit(main())

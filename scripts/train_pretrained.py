"""Train a model that ships with molvae from public data, and write it to molvae/pretrained.

    python scripts/train_pretrained.py chembl --work runs/chembl --minutes 600
    python scripts/train_pretrained.py zinc250k --work runs/zinc250k --minutes 600
    python scripts/train_pretrained.py moses --work runs/moses --minutes 600

Downloads the data, trains (or resumes an interrupted run) and writes the best weights as float16 to
molvae/pretrained/NAME. --data trains on another file of molecules instead of the downloaded ones.
--minutes limits the training; --from-shipped starts from the weights that ship now instead of
random ones. --run only ships the best model of a run that was trained otherwise. --acceptance only
fits the acceptance of the shipped model's prior. --card only writes the figures of data/results
into the cards of the shipped models.
"""

import argparse
import csv
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from rdkit import Chem

from molvae.chem.standardize_config import StandardizeConfig
from molvae.dataset.chembl import fetch_chembl
from molvae.dataset.corpus import split
from molvae.dataset.corpus_config import CorpusConfig
from molvae.dataset.moses import fetch_moses
from molvae.dataset.preparation import prepare_corpus
from molvae.dataset.zinc import fetch_zinc250k
from molvae.files import atomic_write, read_json
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


def fetch_chembl_and_zinc250k(out: Path, *, progress: bool) -> dict[str, Path]:
    """The file train.csv: ChEMBL and ZINC250k, each without what it holds out.

    Molecules that are a validation or test molecule of ZINC250k but for their stereochemistry are
    left out too.
    """
    combined = out / "train.csv"
    if not combined.is_file():
        chembl = fetch_chembl(out / "chembl", progress=progress)
        zinc = fetch_zinc250k(out / "zinc250k", progress=progress)
        held_out = {
            flat_smiles(text) for name in ("valid", "test") for text in smiles_of(zinc[name])
        }
        with atomic_write(combined) as stream:
            stream.write("smiles\n")
            for file in zinc["train"], chembl["train"]:
                for text in smiles_of(file):
                    if flat_smiles(text) not in held_out:
                        stream.write(f"{text}\n")
    return {"train": combined}


def smiles_of(file: Path) -> Iterator[str]:
    """The SMILES of a table that molvae wrote."""
    with file.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            yield row["smiles"]


def flat_smiles(text: str) -> str:
    """Canonical SMILES without stereochemistry."""
    return Chem.MolToSmiles(Chem.MolFromSmiles(text), isomericSmiles=False)


@dataclass(frozen=True)
class Recipe:
    """Data and epochs of a shipped model."""

    about: str
    fetch: Callable[..., Mapping[str, Path]]
    """Downloads the files into a folder; `train` is among them."""
    corpus: CorpusConfig
    epochs: int
    temperature: float = 1.0
    """Default of `molvae generate`, see data/results/sampling."""


WITH_CHARGES = CorpusConfig(standardize=StandardizeConfig(neutralize=False))

RECIPES = {
    "chembl": Recipe(
        about="molecules of ChEMBL (Zdrazil et al. 2024, CC BY-SA 3.0) and the train part of "
        "ZINC250k, with their stereochemistry and charges",
        fetch=fetch_chembl_and_zinc250k,
        corpus=WITH_CHARGES,
        epochs=20,
        temperature=0.8,
    ),
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
        corpus=WITH_CHARGES,
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
    if run.settings.is_file():
        return resume(run.path, max_minutes=arguments.minutes, notify=print, progress=True).model
    settings = plan(recipe, training_file(recipe, arguments), arguments)
    return train(settings, run.path, notify=print, progress=True).model


def training_file(recipe: Recipe, arguments: argparse.Namespace) -> Path:
    """The file that was given, or the downloaded one."""
    if arguments.data is not None:
        return Path(arguments.data)
    return recipe.fetch(arguments.work / "data", progress=True)["train"]


def resampled_model(arguments: argparse.Namespace) -> MoleculeVAE:
    """The shipped model with a new acceptance of its prior."""
    recipe, model = RECIPES[arguments.name], MoleculeVAE.from_pretrained(arguments.name)
    file = training_file(recipe, arguments)
    corpus = prepare_corpus(file, recipe.corpus).recode(model.vocabulary)
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
    if (latent := RESULTS / "latent" / f"{name}.json").is_file():
        record = read_json(latent)
        measured |= {
            row["name"]: f"{row['value']:.3f} ({row['control_name']}: {row['control']:.3f})"
            for row in record["figures"]
            if row["value"] is not None and row["control"] is not None
        }
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
        "sampling_temperature": RECIPES[name].temperature,
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
    parser.add_argument("--data", type=Path, help="file of molecules, instead of a download")
    parser.add_argument("--run", type=Path, help="only ship the best model of this run")
    parser.add_argument("--batch-size", type=int, default=512)
    parser.add_argument("--learning-rate", type=float, default=3e-3)
    parser.add_argument("--beta", type=float, default=TrainConfig().beta)
    parser.add_argument("--processes", type=int, help="default: one per core")
    parser.add_argument("--from-shipped", action="store_true")
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
    if arguments.name is None or (arguments.work is None and arguments.run is None):
        parser.error("give the name of a model and --work or --run")
    if arguments.run is not None:
        model = MoleculeVAE.from_pretrained(arguments.run, "cpu")
        # A training that starts from the model keeps it.
        model.card["beta"] = TrainingPlan.of_run(RunDirectory(arguments.run)).train.beta
    else:
        model = resampled_model(arguments) if arguments.acceptance else trained_model(arguments)
    ship(model, arguments.name)
    return 0


if __name__ == "__main__":
    sys.exit(main())

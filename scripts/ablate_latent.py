r"""Train one model per setting with the same time on one core, and measure each latent space.

    python scripts/ablate_latent.py --data train.smi --reference held_out.smi --test drugs.smi \
        --work runs/ablation --minutes 20 --out data/results/latent_ablation

Every arm changes one thing of the base recipe. Arms whose record is there are skipped, and a
training that was interrupted is resumed, so the script can be stopped and started again. --arms
chooses some of them. Run it on a machine that does nothing else: an arm gets time, not updates.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from molvae.benchmarks.latent import benchmark_latent
from molvae.benchmarks.latent_config import LatentConfig
from molvae.chem.standardize_config import StandardizeConfig
from molvae.dataset.corpus_config import CorpusConfig
from molvae.files import write_json
from molvae.model.network_config import ModelConfig
from molvae.molecule_vae import MoleculeVAE
from molvae.runs import RunDirectory, provenance
from molvae.training.config import TrainConfig, TrainingPlan
from molvae.training.run import resume, train

Changes = Mapping[str, Any]

BASE_MODEL: Changes = {
    "tokens": 400,
    "encoder_size": 256,
    "decoder_size": 512,
    "latent_size": 96,
    "latent_input": "first",
    "decoder": "shared",
}
BASE_TRAINING: Changes = {"beta": 0.2, "beta_warmup": 0.5, "learning_rate": 3e-3}

ARMS: dict[str, tuple[Changes, Changes]] = {
    "base": ({}, {}),
    "symbols": ({"tokens": 0}, {}),
    "100 tokens": ({"tokens": 100}, {}),
    "z at every position": ({"latent_input": "every"}, {}),
    "separate networks": ({"decoder": "separate", "prior_size": 512}, {}),
    "latent 48": ({"latent_size": 48}, {}),
    "latent 192": ({"latent_size": 192}, {}),
    "beta 0.05": ({}, {"beta": 0.05}),
    "beta 0.4": ({}, {"beta": 0.4}),
    "respell 0.15": ({}, {"respell": 0.15}),
    "respell 0.5": ({}, {"respell": 0.5}),
    "fingerprints 0.2": ({}, {"fingerprint_weight": 0.2}),
    "respell 0.15, fingerprints 0.2": ({}, {"respell": 0.15, "fingerprint_weight": 0.2}),
    "word dropout 0.1": ({}, {"word_dropout": 0.1}),
    "no flattening": ({}, {"flatten": 0.0}),
    "two layers": ({"decoder_layers": 2}, {}),
}
"""Changes of the network and of the training, by the name of the arm."""

MEASURED = LatentConfig(
    molecules=2_000,
    exact_molecules=1_000,
    candidates=0,
    edited=500,
    respelled=500,
    held_out=1_000,
    starts=200,
    samples=2_000,
)


def plan_of(arm: str, arguments: argparse.Namespace) -> TrainingPlan:
    """The training of an arm."""
    network, training = ARMS[arm]
    fixed = {"max_minutes": arguments.minutes, "epochs": 1_000, "batch_size": 256, "seed": 0}
    unattended = {"processes": 1, "patience": 0, "acceptance_draws": 0, "validate_every": 10_000}
    return TrainingPlan(
        data=arguments.data,
        store=arguments.work / "stores",
        corpus=CorpusConfig(standardize=StandardizeConfig(neutralize=False)),
        model=ModelConfig.parse({**BASE_MODEL, **network}, arm),
        train=TrainConfig.parse({**BASE_TRAINING, **fixed, **unattended, **training}, arm),
    )


def trained_model(arm: str, arguments: argparse.Namespace) -> MoleculeVAE:
    """The model of an arm after its time."""
    run = RunDirectory(arguments.work / arm.replace(" ", "_").replace(",", ""))
    if run.settings.is_file():
        resume(run.path, notify=print)
    else:
        train(plan_of(arm, arguments), run.path, notify=print)
    return MoleculeVAE.from_pretrained(run.last_model, "cpu")


def main() -> None:
    """Train, measure and record each arm."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="molecules to train on")
    parser.add_argument("--reference", type=Path, required=True, help="molecules held out")
    parser.add_argument("--test", type=Path, action="append", default=[], help="to reconstruct")
    parser.add_argument("--work", type=Path, required=True, help="folder for the trainings")
    parser.add_argument("--minutes", type=float, default=20.0, help="time of each arm")
    parser.add_argument("--out", type=Path, required=True, help="folder for the records")
    parser.add_argument("--arms", nargs="+", choices=list(ARMS), default=list(ARMS))
    arguments = parser.parse_args()
    for arm in arguments.arms:
        record = arguments.out / f"{arm.replace(' ', '_').replace(',', '')}.json"
        if record.is_file():
            continue
        model = trained_model(arm, arguments)
        network, training = ARMS[arm]
        measured = benchmark_latent(model, arguments.reference, arguments.test, MEASURED)
        command = ["python", "scripts/ablate_latent.py", *sys.argv[1:]]
        changes = {"model": dict(network), "train": dict(training)}
        write_json(
            record,
            {
                **measured,
                "label": arm,
                "changes": changes,
                "minutes": arguments.minutes,
                "updates": model.card["updates"],
                "provenance": provenance(0, command),
            },
        )
        print(f"{arm}: {record}", flush=True)


if __name__ == "__main__":
    main()

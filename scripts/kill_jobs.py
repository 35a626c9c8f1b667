"""The parallel commands whose processes `kill_sweep.py` kills."""

import csv
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain, islice, repeat
from pathlib import Path

import torch

from molvae.molecule_vae import MoleculeVAE
from molvae.optimize.combined.decoding_radius import decoding_radius

SAMPLE = Path(__file__).parents[1] / "data" / "moses_sample.csv"
WORKERS = ["--workers", "2"]
MODEL = "moses"
TRAINING = """
[model]
embedding_size = 16
encoder_size = 32
decoder_size = 64
latent_size = 16
tokens = 0

[train]
epochs = 10_000
processes = 2
device = "cpu"
checkpoint_minutes = 0.01
acceptance_draws = 0
"""
SCORER = """
import sys, time
for smiles in sys.stdin:
    time.sleep(0.05)
    print(len(smiles), flush=True)
"""
OBJECTIVE = """
name = "length"
[[component]]
kind = "program"
command = ["{python}", "scorer.py"]
"""


Words = Callable[[Path, bool], list[str]]
"""The command of a job in a folder, which continues what an earlier one left there; True gives it
limits by which it ends soon."""


@dataclass(frozen=True)
class Job:
    """A parallel command, and the roles of its processes."""

    words: Words
    roles: tuple[str, ...] = ("main", "worker")
    warm_up: Callable[[], object] = lambda: None
    """Work that is done once, before the commands are forked, as each would repeat it."""


def train(folder: Path, limited: bool) -> list[str]:
    """A training by two processes."""
    settings = write(folder / "train.toml", TRAINING)
    return training(folder, 500, ["--config", settings], limited)


def prepare(folder: Path, limited: bool) -> list[str]:
    """The cleaning of a file for a training, which is short."""
    rows = 3_000 if limited else 50_000
    flags = ["--preset", "small", "--processes", "1", "--acceptance-draws", "0"]
    return training(folder, rows, flags, True)


def training(folder: Path, rows: int, flags: list[str], limited: bool) -> list[str]:
    """A training in a folder, or its continuation."""
    data, run = molecules(folder, rows), str(folder / "run")
    limits = ["--max-minutes", "0.01"] if limited else []
    if (folder / "run" / "settings.json").exists():
        return ["train", "--out", run, "--resume", *limits]
    return ["train", data, "--out", run, *flags, *limits]


def generate(folder: Path, limited: bool) -> list[str]:
    """Generation by two processes."""
    words = ["generate", "--out", str(folder / "out.csv"), "--model", MODEL, "--workers", "2"]
    return [*words, "--n", "5" if limited else "1000000"]


def score(folder: Path, limited: bool) -> list[str]:
    """Scoring by properties that the toolkit computes."""
    data = molecules(folder, 100 if limited else 20_000)
    return ["score", data, "pmo/osimertinib_mpo", "--out", str(folder / "out.csv"), *WORKERS]


def score_by_program(folder: Path, limited: bool) -> list[str]:
    """Scoring by a slow program."""
    write(folder / "scorer.py", SCORER)
    objective = write(folder / "objective.toml", OBJECTIVE.format(python=sys.executable))
    data = molecules(folder, 20 if limited else 20_000)
    return ["score", data, objective, "--out", str(folder / "out.csv"), *WORKERS]


def optimize(folder: Path, limited: bool) -> list[str]:
    """A search for which two processes propose candidates."""
    # A search has no limit of time; a score that it has at once ends it soon.
    run, limits = str(folder / "run"), ["--enough", "0.01"] if limited else []
    if (folder / "run" / "settings.json").exists():
        limits.append("--resume")
    words = ["optimize", "pmo/qed", "--out", run, "--model", MODEL, "--budget", "100000"]
    return [*words, "--combined.workers", "2", *limits]


def measure_model() -> None:
    """Measure the model of `optimize`, which takes a search a minute on a busy machine."""
    # A process whose threads have worked cannot be forked.
    torch.set_num_threads(1)
    decoding_radius(MoleculeVAE.from_pretrained(MODEL, "cpu"))


def evaluate(folder: Path, limited: bool) -> list[str]:
    """The metrics of generated molecules."""
    data = molecules(folder, 100 if limited else 20_000)
    real = ["--reference", data, "--training", data, "--no-fcd", "--neighbors", "0"]
    return ["evaluate", data, *real, "--out", str(folder / "out.json"), *WORKERS]


JOBS = {
    "train": Job(train),
    "prepare": Job(prepare),
    "generate": Job(generate),
    "score": Job(score, ("main", "worker", "tracker")),
    "score by program": Job(score_by_program, ("main", "worker", "guard", "scorer")),
    "optimize": Job(optimize, warm_up=measure_model),
    "evaluate": Job(evaluate),
}


def write(path: Path, text: str) -> str:
    """A file with this text."""
    path.write_text(text)
    return str(path)


def molecules(folder: Path, rows: int) -> str:
    """A file of that many rows: those of the sample, over and over."""
    with SAMPLE.open(encoding="utf-8") as stream:
        sample = [row["smiles"] for row in csv.DictReader(stream)]
    smiles = islice(chain.from_iterable(repeat(sample)), rows)
    return write(folder / "data.csv", "\n".join(["smiles", *smiles, ""]))

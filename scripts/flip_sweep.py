"""Flip random bits in each kind of file that molvae reads back, and count what becomes of them.

    python scripts/flip_sweep.py --flips 200 --out data/results/faults/flips.json

A file with a flipped bit must be refused in one line, made anew, or read as what was written, where
the bit had no meaning. The exit status is 1 if any was believed or ended in a traceback.
"""

import argparse
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from molvae.dataset.conditions import add_conditions
from molvae.dataset.corpus import Corpus
from molvae.dataset.corpus_config import CorpusConfig
from molvae.dataset.preparation import prepare_corpus
from molvae.errors import MolvaeError
from molvae.files import write_json
from molvae.latents_file import Latents
from molvae.metrics.cache import StatisticsCache
from molvae.metrics.description import Work, describe
from molvae.model.network import SequenceVAE
from molvae.model.network_config import ModelConfig
from molvae.molecule_vae import MoleculeVAE
from molvae.optimize.evaluation import Evaluation
from molvae.optimize.journal import Journal
from molvae.optimize.score_cache import ScoreCache
from molvae.optimize.state import State
from molvae.runs import provenance
from molvae.training.checkpoint import TrainingState, read_checkpoint, write_checkpoint
from molvae.vocabulary import Vocabulary

SMILES = ["C" * length for length in range(1, 9)] + ["CCO", "CCN", "c1ccccc1", "CC(=O)NC1CCCC1"]
CONFIG = ModelConfig(
    decoder="separate",
    embedding_size=4,
    encoder_size=4,
    decoder_size=4,
    latent_size=4,
    prior_size=0,
    tokens=0,
)

Read = Callable[[], Any]
"""Reads the files of a folder; `exact` makes two results comparable."""


def model(folder: Path) -> Read:
    """A saved model."""
    vocabulary = Vocabulary.from_symbols(["[C]", "[N]", "[O]", "[=C]", "[Branch1]"])
    path = folder / "model"
    MoleculeVAE.untrained(vocabulary, CONFIG, ("logp",)).save_pretrained(path)

    def read() -> Any:
        saved = MoleculeVAE.from_pretrained(path, "cpu")
        weights = saved.network.state_dict()
        return saved.vocabulary, saved.card, saved.property_names, weights

    return read


def checkpoint(folder: Path) -> Read:
    """The checkpoint of a training."""
    path = folder / "checkpoint.safetensors"
    network, optimizer = network_and_optimizer()
    for weight in network.parameters():
        weight.grad = torch.ones_like(weight)
    optimizer.step()
    write_checkpoint(path, TrainingState(step=7, seconds=1.5), network, optimizer)

    def read() -> Any:
        network, optimizer = network_and_optimizer()
        state = read_checkpoint(path, network, optimizer)
        return state, network.state_dict(), optimizer.state_dict()["state"]

    return read


def network_and_optimizer() -> tuple[SequenceVAE, torch.optim.Optimizer]:
    """A small network, and an optimizer of its weights."""
    network = SequenceVAE(CONFIG, 5)
    return network, torch.optim.Adam(network.parameters())


def token_store(folder: Path) -> Read:
    """The store of a cleaned file, with other spellings of its molecules."""

    def read() -> Any:
        corpus = open_corpus(folder).add_views(workers=1)
        batch = corpus.batch(np.arange(len(corpus)), respell=np.ones(len(corpus), dtype=bool))
        return batch, corpus.digest, corpus.refusals, corpus.qualifiers

    read()
    return read


def computed_properties(folder: Path) -> Read:
    """The computed properties that a model is conditioned on."""

    def read() -> Any:
        return add_conditions(open_corpus(folder), ("weight", "qed"), workers=1).conditions

    read()
    return read


def open_corpus(folder: Path) -> Corpus:
    """A small file of molecules, cleaned unless the folder has its token store."""
    source = folder.parent / "molecules.csv"
    if not source.is_file():
        rows = "".join(f"{smiles},{number / 4}\n" for number, smiles in enumerate(SMILES))
        source.write_text(f"smiles,y\n{rows}rubbish,1\n")
    return prepare_corpus(source, CorpusConfig(property_columns=("y",)), folder, workers=1)


def journal(folder: Path) -> Read:
    """The journal of a search."""
    path = folder / "journal.sqlite"
    with Journal.open(path, {"objective": "qed"}) as opened:
        opened.add([(row, np.ones(8)) for row in evaluations()])
        opened.save_progress({"rounds": 1}, State({"n": 1}, {"a": np.zeros(300)}))

    def read() -> Any:
        with Journal.open(path, {"objective": "qed"}) as opened:
            return opened.evaluations(), opened.progress(), opened.latents()

    return read


def score_cache(folder: Path) -> Read:
    """Scores that searches share."""
    path = folder / "scores.sqlite"
    scored = {row.smiles: replace(row, call=0) for row in evaluations()}
    names = list(scored)
    with ScoreCache.open(path, {"objective": "qed"}) as cache:
        cache.add(scored.values())

    def read() -> Any:
        with ScoreCache.open(path, {"objective": "qed"}) as cache:
            known = cache.find(names)
        # A score that is not there any more is asked for again.
        return {smiles: known.get(smiles, scored[smiles]) for smiles in names}

    return read


def evaluations() -> list[Evaluation]:
    """Scored molecules."""
    lengths = range(1, 60)
    return [Evaluation("C" * n, 0.1 * n, {"qed": 0.1 * n}, {"qed": 1.0}, call=n) for n in lengths]


def latents(folder: Path) -> Read:
    """Latent vectors that a command wrote."""
    path = folder / "latents.npz"
    np.savez(path, mean=np.arange(40.0).reshape(10, 4), row=np.arange(10), mark=np.array("abc"))

    def read() -> Any:
        return Latents.read(path, 4, "abc")

    return read


def statistics(folder: Path) -> Read:
    """Statistics of a reference set."""

    def read() -> Any:
        cache = StatisticsCache(folder)
        stored = cache.description(SMILES, lambda texts: describe(texts, Work(1, False), ""))
        molecules = stored.molecules
        sets = (molecules.smiles, molecules.bits, molecules.changed.to_json())
        return sets, stored.values, stored.fragments, stored.scaffolds

    read()
    return read


KINDS: dict[str, tuple[Callable[[Path], Read], str]] = {
    "model.json": (model, "model/model.json"),
    "vocabulary.json": (model, "model/vocabulary.json"),
    "weights.safetensors": (model, "model/weights.safetensors"),
    "checkpoint": (checkpoint, "*.safetensors"),
    "token store: manifest": (token_store, "**/store.json"),
    "token store: arrays": (token_store, "**/*.bin"),
    "computed properties": (computed_properties, "**/properties.safetensors"),
    "journal": (journal, "*.sqlite"),
    "score cache": (score_cache, "*.sqlite"),
    "latent vectors": (latents, "*.npz"),
    "reference statistics": (statistics, "*.npz"),
}
"""For each kind of file, what writes it, and where it lies in the folder."""


def sweep(kind: str, flips: int, generator: random.Random) -> Counter[str]:
    """Outcomes of single flipped bits in files of a kind."""
    make, pattern = KINDS[kind]
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "files"
        folder.mkdir()
        read = make(folder)
        written = exact(read())
        intact = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        paths = sorted(folder.glob(pattern))
        for _ in range(flips):
            path = generator.choice(paths)
            position = generator.randrange(8 * len(intact[path]))
            damaged = bytearray(intact[path])
            damaged[position // 8] ^= 1 << position % 8
            path.write_bytes(damaged)
            outcome = outcome_of(read, written)
            if outcome in ("believed", "traceback"):
                sys.stderr.write(f"{kind}: {outcome}: {path.name}, bit {position}\n")
            if outcome == "read" and path.read_bytes() == intact[path]:
                outcome = "made anew"
            outcomes[outcome] += 1
            restore(folder, intact)
    return outcomes


def outcome_of(read: Read, written: Any) -> str:
    """The outcome of reading the files."""
    try:
        return "read" if exact(read()) == written else "believed"
    except MolvaeError as error:
        return "traceback" if "\n" in str(error) else "refused"
    except Exception as error:  # noqa: BLE001 - whatever the product should have caught.
        sys.stderr.write(f"{error!r}\n")
        return "traceback"


def exact(value: Any) -> Any:
    """The value in a form that is equal only if every bit of its numbers is."""
    if isinstance(value, torch.Tensor):
        value = value.numpy()
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if is_dataclass(value):
        return [exact(getattr(value, field.name)) for field in fields(value)]
    if isinstance(value, Mapping):
        return {key: exact(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [exact(item) for item in value]
    return value.hex() if isinstance(value, float) else value


def restore(folder: Path, intact: dict[Path, bytes]) -> None:
    """Give the files their content again, and remove others."""
    for path in folder.rglob("*"):
        if path.is_file() and path not in intact:
            path.unlink()
    for path, content in intact.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_bytes() != content:
            path.write_bytes(content)


def main() -> int:
    """Sweep over the kinds of files, and print and write the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flips", type=int, default=200, help="flips in each kind of file")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="JSON file for the counts")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    generator = random.Random(arguments.seed)
    outcomes = {}
    for kind in KINDS:
        outcomes[kind] = dict(sorted(sweep(kind, arguments.flips, generator).items()))
        sys.stdout.write(f"{kind}: {outcomes[kind]}\n")
    if arguments.out:
        write_json(arguments.out, {"flips": outcomes, "provenance": provenance(arguments.seed)})
    return int(any({"believed", "traceback"} & counts.keys() for counts in outcomes.values()))


if __name__ == "__main__":
    sys.exit(main())

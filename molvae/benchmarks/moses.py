"""The MOSES benchmark (Polykovskiy et al. 2020) of a model: 30,000 draws of its prior, measured."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from molvae.benchmarks.moses_config import MosesConfig
from molvae.chem.notation import Selfies, from_selfies, is_canonical, repair
from molvae.errors import DataError, MoleculeError
from molvae.files import with_nan, without_nan
from molvae.metrics.cache import StatisticsCache
from molvae.metrics.chemnet import Gaussian
from molvae.metrics.config import EvaluateConfig
from molvae.metrics.evaluation import evaluate_each
from molvae.metrics.samples import Samples, read_smiles
from molvae.molecule_vae import MoleculeVAE, PriorSamples
from molvae.parallel import available_cores, ordered_map

_ROWS = 1_024
_SETS = ("train", "test", "test_scaffolds")
_PUBLISHED = {"Test": 176_074, "TestSF": 176_225}
"""Molecules of MOSES' test sets."""
_MOST_DRAWS = 50
"""Draws for each sample wanted, after which a model is given up."""


@dataclass(frozen=True)
class Sampling:
    """Samples as they came: duplicates and invalid ones among them."""

    samples: Samples
    kept: float
    """Share of all draws whose code decodes to the very spelling that it was made for."""
    strict: float
    """Share of those spellings that SELFIES takes as they are written."""
    own: float
    """Share of the latter that are the molecule's own spelling."""

    @property
    def shares(self) -> dict[str, float]:
        """By the names that figures have."""
        return {
            "kept": self.kept,
            "strict before refusal": self.strict,
            "own before refusal": self.own,
        }


def benchmark_moses(
    model: MoleculeVAE,
    data: Path,
    config: MosesConfig,
    evaluation: EvaluateConfig,
    *,
    progress: bool = False,
) -> dict[str, Any]:
    """Every metric of MOSES for each seed, with mean and spread over the seeds.

    Args:
        model: trained on MOSES' train set and nothing else, or the row is not fair.
        data: folder with train.csv, test.csv and test_scaffolds.csv.
        config: what is drawn.
        evaluation: how it is measured.
        progress: whether to show bars.

    Raises:
        DataError: a file is missing, or the model's draws are refused nearly all.
        FileError: the cache cannot be read or written.
    """
    StatisticsCache(evaluation.cache).check()
    sets = {name: _read(data / f"{name}.csv") for name in _SETS}
    references = {"Test": sets["test"], "TestSF": sets["test_scaffolds"]}
    sampled = [draw_samples(model, config, seed, progress=progress) for seed in config.seeds]
    measured = evaluate_each(
        [one.samples for one in sampled],
        references,
        sets["train"],
        evaluation,
        answers=_answers(references),
        progress=progress,
    )
    rows: list[dict[str, Any]] = [
        {
            "seed": seed,
            "figures": without_nan({**one.shares, **found.values}),
            "counts": dict(found.counts),
        }
        for seed, one, found in zip(config.seeds, sampled, measured, strict=True)
    ]
    return {
        "settings": config.model_dump(mode="json"),
        "evaluation": evaluation.model_dump(mode="json"),
        "model": model.card.origin,
        "seeds": rows,
        "notes": list(dict.fromkeys(note for found in measured for note in found.notes)),
        **_over_seeds([with_nan(row["figures"]) for row in rows]),
    }


@cache
def published_answers() -> Mapping[str, Gaussian]:
    """ChemNet's answers to Test and TestSF that molsets 0.3.1 ships, so that figures compare."""
    with np.load(Path(__file__).with_name("moses_chemnet.npz"), allow_pickle=False) as arrays:
        return {name: _gaussian(arrays, name) for name in ("Test", "TestSF")}


def _answers(references: Mapping[str, Sequence[str]]) -> Mapping[str, Gaussian]:
    """Of the published answers those to these very sets, as their sizes tell; others are taken."""
    answers = published_answers()
    return {name: answers[name] for name, n in _PUBLISHED.items() if len(references[name]) == n}


def draw_samples(
    model: MoleculeVAE, config: MosesConfig, seed: int, *, progress: bool = False
) -> Sampling:
    """`config.n` samples of one seed, in the order they were drawn.

    Raises:
        DataError: nearly all draws are refused.
    """
    workers = config.workers or available_cores()
    draws = _Draws(model, config, seed, workers)
    found: list[_Read] = []
    read = strict = own = 0
    bar = tqdm(total=config.n, unit=" samples", desc=f"seed {seed}", disable=not progress)
    with bar:
        for kept, answers in ordered_map(_read_all, draws.selfies_rows(), workers, workers + 1):
            draws.count_next(kept)
            read += len(answers)
            strict += sum(one.is_strict for one in answers)
            own += sum(one.is_strict and one.is_canonical for one in answers)
            found += [one for one in answers if draws.wants(one)]
            bar.n = min(len(found), config.n)
            bar.refresh()
            if len(found) >= config.n:
                break
    if len(found) < config.n:
        raise DataError(
            f"{len(found)} samples after {draws.drawn} draws, {config.n} wanted; "
            "train the model longer, or accept more samples: `exact=False`, `strict=False`"
        )
    taken = found[: config.n]
    return Sampling(
        Samples([one.smiles for one in taken], [one.selfies for one in taken]),
        kept=draws.kept / draws.drawn,
        strict=strict / read,
        own=own / strict if strict else 0.0,
    )


@dataclass(frozen=True, slots=True)
class _Read:
    """A spelling, and what it spells."""

    selfies: Selfies
    smiles: str
    """Empty where it spells no molecule."""
    is_strict: bool
    """Whether SELFIES takes it as it is written."""
    is_canonical: bool
    """Whether it is that which the molecule has of all its spellings."""


class _Draws:
    """Spellings of one part of the draws after the other."""

    def __init__(self, model: MoleculeVAE, config: MosesConfig, seed: int, workers: int) -> None:
        self.model = model
        self.config = config
        self.workers = workers
        self.generator = np.random.default_rng(seed)
        self.is_learned = model.prior_named(config.prior) != "normal"
        self.drawn = self.kept = 0

    def selfies_rows(self) -> Iterator[tuple[int, list[Selfies]]]:
        """As many as it takes; the caller stops when it has enough."""
        config = self.config
        for _ in range(math.ceil(_MOST_DRAWS * config.n / _ROWS)):
            part: PriorSamples = self.model.draw(
                _ROWS, self.generator, config.decoding, config.prior, self.workers
            )
            rows = np.flatnonzero(part.round_trips) if config.exact else range(_ROWS)
            yield int(part.round_trips.sum()), [part.selfies_rows[place] for place in rows]

    def count_next(self, kept: int) -> None:
        """Count the next part, whose spellings have been read."""
        self.drawn += _ROWS
        self.kept += kept

    def wants(self, read: _Read) -> bool:
        """Whether what was read is a sample, by the settings."""
        if self.config.strict and not read.is_strict:
            return False
        return read.is_canonical or not (self.config.exact and self.is_learned)


def _read_all(selfies_rows: list[Selfies]) -> list[_Read]:
    return [_read_one(selfies) for selfies in selfies_rows]


def _read_one(selfies: Selfies) -> _Read:
    try:
        molecule = from_selfies(selfies)
    except MoleculeError:
        return _Read(selfies, "", is_strict=False, is_canonical=False)
    return _Read(selfies, molecule.smiles, repair(selfies) is None, is_canonical(selfies, molecule))


def _gaussian(arrays: Mapping[str, np.ndarray], name: str) -> Gaussian:
    mean, triangle = arrays[f"{name}_mean"], arrays[f"{name}_triangle"]
    covariance = np.zeros((len(mean), len(mean)))
    rows, columns = np.tril_indices(len(mean))
    covariance[rows, columns] = covariance[columns, rows] = triangle
    return Gaussian(mean.astype(np.float64), covariance)


def _read(path: Path) -> list[str]:
    if not path.is_file():
        raise DataError(f"no file {str(path)!r}; download the sets with `molvae data moses`")
    return read_smiles(path)


def _over_seeds(figures: list[Mapping[str, float]]) -> dict[str, dict[str, float | None]]:
    """Mean and standard deviation of each figure; None where one was not to be had."""
    names = list(figures[0])
    columns = {name: [row[name] for row in figures] for name in names}
    return {
        "mean": without_nan({name: float(np.mean(some)) for name, some in columns.items()}),
        "deviation": without_nan(
            {
                name: float(np.std(some, ddof=1)) if len(some) > 1 else 0.0
                for name, some in columns.items()
            }
        ),
    }

"""Generation of distinct molecules that pass filters, in the number asked for."""

import math
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32
from tqdm import tqdm

from molvae.chem.depiction import depiction_table
from molvae.chem.notation import Selfies
from molvae.chem.refusal import Refusal
from molvae.chem.screening import MoleculeFilter
from molvae.errors import ConfigError
from molvae.files import atomic_write
from molvae.generation_config import GenerateConfig
from molvae.model_card import latents_digest
from molvae.molecule_vae import MoleculeVAE
from molvae.parallel import available_cores
from molvae.sampling import NOT_ROUND_TRIP, Sample, SampleStream, SamplingConfig
from molvae.vocabulary import Vocabulary

_FIRST_ROWS, _ROWS = 64, 1_024
"""Samples in the first batch and in the largest; a batch is twice as large as the one before."""
_USUAL_SAMPLES = 1.5
"""Samples that a good model needs per molecule, so that few are read in vain at the end."""
_MAX_IN_PROCESS = 2_000
"""Molecules up to which starting worker processes takes longer than doing their work."""

_SHOWN = 5
"""Molecules in the display of a notebook."""

_KNOWN = "known already"


@dataclass(frozen=True, slots=True)
class GeneratedMolecule:
    """A molecule that passed the filters."""

    smiles: str
    """Canonical SMILES."""
    selfies: Selfies
    """Canonical SELFIES, whatever spelling was sampled."""
    is_unrepaired: bool
    """Whether every symbol of the sample decodes as written."""
    values: dict[str, float]
    """The properties asked for."""


@dataclass(frozen=True)
class Generation:
    """The molecules of a generation, and how it went."""

    config: GenerateConfig
    """Settings, with every None resolved for the model."""
    molecules: list[GeneratedMolecule]
    latents: Float32[np.ndarray, "molecule latent"]
    """Latent vector of each molecule: the one that it was decoded from, for the prior N(0, I) and
    where round trips are asked for; else the posterior mean."""
    drawn: int
    """Number of samples drawn."""
    refused: dict[str, int]
    """Number of samples that gave no new molecule, by reason."""
    digest: str
    """Digest of the model, see `latents_digest`."""
    seconds: float
    """Wall time."""

    def __repr__(self) -> str:
        return (
            f"Generation({len(self.molecules)} of {self.config.n} molecules from {self.drawn} "
            f"samples in {self.seconds:.1f} s)"
        )

    def _repr_html_(self) -> str:
        """The first molecules and their properties, as a notebook shows them."""
        rows = [(molecule.smiles, molecule.values) for molecule in self.molecules[:_SHOWN]]
        return depiction_table(repr(self), rows)

    # Any: pandas is not imported for a type.
    def to_frame(self) -> Any:
        """A pandas DataFrame with `smiles` and the properties, a row per molecule."""
        from pandas import DataFrame

        names = ["smiles", *self.config.properties]
        rows = [{"smiles": molecule.smiles, **molecule.values} for molecule in self.molecules]
        return DataFrame(rows, columns=names)

    @property
    def selfies_rows(self) -> list[Selfies]:
        """Canonical SELFIES of the molecules."""
        return [molecule.selfies for molecule in self.molecules]

    @property
    def is_complete(self) -> bool:
        """Whether the number of molecules asked for was reached."""
        return len(self.molecules) == self.config.n

    def shortfall(self) -> str | None:
        """Reasons why there are fewer molecules than asked for, with advice; None if complete."""
        if self.is_complete:
            return None
        by_count = sorted(self.refused.items(), key=lambda item: -item[1])
        reasons = ", ".join(f"{reason}: {count}" for reason, count in by_count[:4])
        return (
            f"{len(self.molecules)} of {self.config.n} molecules after {self.drawn} samples "
            f"({reasons}); {self._advice}"
        )

    def write_points(self, path: Path) -> None:
        """Write arrays `smiles`, `mean` (latent vectors) and `mark` (digest of the model) as npz.

        Raises:
            FileError: the disk is full, or the file cannot be written.
        """
        smiles = np.array([molecule.smiles for molecule in self.molecules], dtype=np.str_)
        with atomic_write(path, "wb") as stream:
            np.savez(stream, smiles=smiles, mean=self.latents, mark=np.array(self.digest))

    @property
    def _advice(self) -> str:
        most = max(self.refused, key=lambda reason: self.refused[reason], default="")
        if most in (NOT_ROUND_TRIP, Refusal.NOT_CANONICAL):
            return "train longer, raise `most_draws`, or leave out `round_trips`"
        if most == Refusal.REPAIRED:
            return "train longer, raise `most_draws`, or accept repaired SELFIES (`strict=False`)"
        if most == Refusal.RADICAL:
            return "train longer, raise `most_draws`, or accept radicals (`radicals=True`)"
        if most == Refusal.DUPLICATE:
            return "most samples are duplicates: train longer, raise `temperature` or `most_draws`"
        if most == Refusal.PATTERN_MISSING:
            return (
                "most samples lack a pattern of `keep`: add to a scaffold instead of waiting for "
                "it, with `molvae complete` and attachment points such as '[*:1]c1ccccc1'"
            )
        return "loosen the filters, raise `temperature` or `most_draws`"

    @property
    def n_repaired(self) -> int:
        """Number of molecules whose SELFIES was repaired."""
        return sum(not molecule.is_unrepaired for molecule in self.molecules)


def filter_of(config: GenerateConfig) -> MoleculeFilter:
    """The filter that a decoded molecule must pass under the settings."""
    return MoleculeFilter(
        config.properties,
        config.where,
        config.keep,
        config.avoid,
        strict=bool(config.strict),
        allow_radicals=bool(config.radicals),
        canonical_only=config.round_trips,
    )


def resolve_config(config: GenerateConfig, model: MoleculeVAE) -> GenerateConfig:
    """The settings with every None replaced by the choice that suits the model.

    Raises:
        ConfigError: round trips are asked of a prior that has no molecule to compare with.
    """
    prior = model.prior_named(config.prior)
    if prior == "normal" and config.round_trips:
        raise ConfigError(
            "samples of N(0, I) belong to no molecule that could be compared; leave out "
            "`round_trips`, or sample from the learned prior"
        )
    choices = model.card.suitable_choices(config.strict, config.radicals, config.decoding)
    return config.with_changes({"prior": prior, **choices})


def generate(
    model: MoleculeVAE,
    config: GenerateConfig | None = None,
    known: Collection[str] = frozenset(),
    *,
    progress: bool = False,
) -> Generation:
    """Sample a prior until `config.n` distinct new molecules have passed the filters.

    The same model, settings, device and versions give the same molecules in the same order,
    whatever the number of workers.

    Args:
        model: the model that is sampled.
        config: number of molecules, prior and filters.
        known: canonical SMILES of molecules to leave out.
        progress: whether to show a bar.

    Raises:
        ConfigError: a filter or a property is faulty.
    """
    begin = time.perf_counter()
    config = resolve_config(config or GenerateConfig(), model)
    molecule_filter = filter_of(config)
    molecule_filter.check()
    workers = config.workers or (available_cores() if config.n > _MAX_IN_PROCESS else 1)
    sampling = SamplingConfig(
        config.prior, config.decoding, config.round_trips, molecule_filter, config.seed, workers
    )
    # What is read ahead when the last molecule is reached was sampled in vain.
    ahead = min(workers + 1, math.ceil(_USUAL_SAMPLES * config.n / _ROWS))
    collection = _Collection(config.n, known, model.vocabulary)
    with tqdm(total=config.n, unit=" molecules", disable=not progress) as bar:
        for batch in SampleStream(model, sampling, _batch_sizes(config), ahead):
            for sample in batch:
                bar.update(collection.add(sample))
                if collection.is_complete:
                    break
            if collection.is_complete:
                break
    return Generation(
        config=config,
        molecules=collection.molecules,
        latents=_latents(model, collection),
        drawn=collection.drawn,
        refused=collection.refused,
        digest=latents_digest(model.vocabulary, model.network),
        seconds=time.perf_counter() - begin,
    )


def _batch_sizes(config: GenerateConfig) -> Iterator[int]:
    """Sizes of the batches up to `most_draws` samples per molecule.

    They do not depend on the number of molecules, so that few molecules are the first of many under
    the same seed.
    """
    left, size = int(config.n * config.most_draws), _FIRST_ROWS
    while left > 0:
        yield min(size, left)
        left -= size
        size = min(2 * size, _ROWS)


class _Collection:
    """Distinct new molecules in the order they were sampled, and counts of refused samples."""

    def __init__(self, n: int, known: Collection[str], vocabulary: Vocabulary) -> None:
        self.n = n
        self.known = known
        self.vocabulary = vocabulary
        self.molecules: list[GeneratedMolecule] = []
        self.latents: list[Float32[np.ndarray, " latent"] | None] = []
        self.refused: dict[str, int] = {}
        self.drawn = 0
        self._smiles: set[str] = set()

    @property
    def is_complete(self) -> bool:
        return len(self.molecules) == self.n

    def add(self, sample: Sample) -> int:
        """Take the molecule of a sample if it is accepted and new; the number taken."""
        self.drawn += 1
        molecule = _molecule(sample)
        reason = sample.refusal if molecule is None else self._refusal(molecule)
        if molecule is None or reason is not None:
            self.refused[str(reason)] = self.refused.get(str(reason), 0) + 1
            return 0
        self._smiles.add(molecule.smiles)
        self.molecules.append(molecule)
        self.latents.append(sample.z)
        return 1

    def _refusal(self, molecule: GeneratedMolecule) -> str | None:
        if molecule.smiles in self._smiles:
            return Refusal.DUPLICATE
        if molecule.smiles in self.known:
            return _KNOWN
        is_known = all(map(self.vocabulary.__contains__, molecule.selfies))
        return None if is_known else Refusal.UNKNOWN_SYMBOL


def _latents(model: MoleculeVAE, collection: _Collection) -> Float32[np.ndarray, "molecule latent"]:
    """The latent vector of each molecule, encoded where it was not decoded from one."""
    latents = np.empty((len(collection.molecules), model.latent_size), np.float32)
    written = [index for index, z in enumerate(collection.latents) if z is None]
    rows = [collection.molecules[index].selfies for index in written]
    latents[written] = model.posterior(rows)[0]
    for index, z in enumerate(collection.latents):
        if z is not None:
            latents[index] = z
    return latents


def _molecule(sample: Sample) -> GeneratedMolecule | None:
    """The molecule of an accepted sample; None if the sample is refused."""
    judged = sample.judged
    if judged is None or judged.smiles is None or judged.canonical is None:
        return None
    if sample.refusal is not None:
        return None
    return GeneratedMolecule(judged.smiles, judged.canonical, judged.is_unrepaired, judged.values)

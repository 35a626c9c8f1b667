"""Generation of distinct molecules that pass filters, in the number asked for."""

import math
import time
from collections.abc import Collection
from dataclasses import dataclass, replace
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
from molvae.guided_sampling import OUTSIDE_TOLERANCE, GuidedStream
from molvae.model.decoding_config import PriorName
from molvae.model_card import latents_digest
from molvae.molecule_collection import GeneratedMolecule, MoleculeCollection
from molvae.molecule_vae import MoleculeVAE
from molvae.parallel import available_cores
from molvae.sampling import NOT_ROUND_TRIP, SampleStream, SamplingConfig, batch_sizes
from molvae.scaffold_stream import ScaffoldStream
from molvae.targets import Targets

_FIRST_ROWS, _ROWS = 64, 1_024
"""Samples in the first batch and in the largest; a batch is twice as large as the one before."""
_USUAL_SAMPLES = 1.5
"""Samples that a good model needs per molecule, so that few are read in vain at the end."""
_MAX_IN_PROCESS = 2_000
"""Molecules up to which starting worker processes takes longer than doing their work."""

_SHOWN = 5
"""Molecules in the display of a notebook."""


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
    moved: int = 0
    """Number of the samples that were made from earlier ones, to come closer to the targets."""

    def __repr__(self) -> str:
        return (
            f"Generation({len(self.molecules)} of {self.config.n} molecules from {self.drawn} "
            f"samples in {self.seconds:.1f} s)"
        )

    def _repr_html_(self) -> str:
        """The first molecules and their properties, as a notebook shows them."""
        rows = [(molecule.smiles, molecule.values) for molecule in self.molecules[:_SHOWN]]
        return depiction_table(repr(self), rows)

    def columns(self) -> dict[str, list[str] | list[float]]:
        """Columns `smiles` and the properties."""
        values = {
            name: [molecule.values[name] for molecule in self.molecules]
            for name in self.value_names
        }
        return {"smiles": [molecule.smiles for molecule in self.molecules], **values}

    # Any: pandas is not imported for a type.
    def to_frame(self) -> Any:
        """The columns as a pandas DataFrame."""
        from pandas import DataFrame

        return DataFrame(self.columns())

    @property
    def value_names(self) -> tuple[str, ...]:
        """Names of the values of each molecule."""
        return tuple(self.molecules[0].values) if self.molecules else self.config.properties

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
        if most == OUTSIDE_TOLERANCE:
            return "most samples are too far from the targets: raise `tolerance` or `most_draws`"
        if most == Refusal.PATTERN_MISSING:
            return (
                "most samples lack a pattern of `keep`: give the structure as a `scaffold`, to "
                "which the model adds, instead of waiting for it"
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
        ConfigError: settings cannot be combined with each other, or with the prior.
    """
    prior = model.prior_named(config.prior)
    _check_combination(config, prior)
    targets = Targets.resolve(model, config.target, config.tolerance)
    if targets.names_to_check and config.round_trips:
        raise ConfigError(
            "molecules that are moved towards a `target` need not be reconstructed; leave out "
            "`round_trips`"
        )
    decoding = config.decoding
    if prior != "normal":
        decoding = model.card.language_model_decoding(decoding)
    choices = model.card.suitable_choices(config.strict, config.radicals, decoding)
    properties = tuple(dict.fromkeys((*config.properties, *targets.names_to_compute)))
    return config.with_changes({"prior": prior, "properties": properties, **choices})


def _check_combination(config: GenerateConfig, prior: PriorName) -> None:
    """Check that round trips and a scaffold suit the prior and each other."""
    if prior == "normal" and config.round_trips:
        raise ConfigError(
            "samples of N(0, I) belong to no molecule that could be compared; leave out "
            "`round_trips`, or sample from the learned prior"
        )
    if config.scaffold is None:
        return
    if prior == "normal":
        raise ConfigError("`scaffold` needs the learned prior; N(0, I) cannot keep a structure")
    if config.round_trips or config.target:
        name = "round_trips" if config.round_trips else "target"
        raise ConfigError(f"leave out `{name}`, which cannot be combined with `scaffold`")


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
        ConfigError: a filter, a property or a target is faulty.
    """
    begin = time.perf_counter()
    config = resolve_config(config or GenerateConfig(), model)
    molecule_filter = filter_of(config)
    molecule_filter.check()
    collection = MoleculeCollection(config.n, known, model.vocabulary)
    stream = _stream(model, config)
    with tqdm(total=config.n, unit=" molecules", disable=not progress) as bar:
        for batch in stream:
            for sample in batch:
                bar.update(collection.add(sample))
                if collection.is_complete:
                    break
            if collection.is_complete:
                break
    if isinstance(stream, GuidedStream):
        config = config.with_changes({"tolerance": stream.tolerances})
    latents = _latents(model, collection)
    return Generation(
        config=config,
        molecules=_with_predictions(model, config, collection.molecules, latents),
        latents=latents,
        drawn=collection.drawn,
        refused=collection.refused,
        digest=latents_digest(model.vocabulary, model.network),
        seconds=time.perf_counter() - begin,
        moved=collection.moved,
    )


def _stream(
    model: MoleculeVAE, config: GenerateConfig
) -> SampleStream | GuidedStream | ScaffoldStream:
    """The samples, which keep a scaffold, or approach targets that are no conditions."""
    targets = Targets.of(model, config.target, config.tolerance)
    workers = config.workers or (available_cores() if config.n > _MAX_IN_PROCESS else 1)
    sampling = SamplingConfig(
        prior=config.prior,
        decoding=config.decoding,
        round_trips=config.round_trips,
        molecule_filter=filter_of(config),
        target=targets.conditions or None,
        seed=config.seed,
        workers=workers,
    )
    if config.scaffold is not None:
        return ScaffoldStream(model, config.scaffold, sampling, int(config.n * config.most_draws))
    if targets.names_to_check:
        return GuidedStream(model, sampling, targets, int(config.n * config.most_draws))
    # What is read ahead when the last molecule is reached was sampled in vain.
    ahead = min(workers + 1, math.ceil(_USUAL_SAMPLES * config.n / _ROWS))
    # The sizes do not depend on the number of molecules, so that few molecules are the first of
    # many under the same seed.
    sizes = batch_sizes(int(config.n * config.most_draws), _FIRST_ROWS, _ROWS)
    return SampleStream(model, sampling, sizes, ahead)


def _with_predictions(
    model: MoleculeVAE,
    config: GenerateConfig,
    molecules: list[GeneratedMolecule],
    latents: Float32[np.ndarray, "molecule latent"],
) -> list[GeneratedMolecule]:
    """The molecules with predictions for targets that cannot be computed."""
    names = Targets.of(model, config.target, config.tolerance).names_to_predict
    if not names:
        return molecules
    columns = [model.property_names.index(name) for name in names]
    rows = model.predict(latents)[:, columns].tolist()
    completed = []
    for molecule, row in zip(molecules, rows, strict=True):
        values = {name: value for name, value in molecule.values.items() if name not in names}
        values |= {f"predicted_{name}": value for name, value in zip(names, row, strict=True)}
        completed.append(replace(molecule, values=values))
    return completed


def _latents(
    model: MoleculeVAE, collection: MoleculeCollection
) -> Float32[np.ndarray, "molecule latent"]:
    """The latent vector of each molecule, encoded where it was not decoded from one."""
    latents = np.empty((len(collection.molecules), model.latent_size), np.float32)
    written = [index for index, z in enumerate(collection.latents) if z is None]
    rows = [collection.molecules[index].selfies for index in written]
    latents[written] = model.posterior(rows)[0]
    for index, z in enumerate(collection.latents):
        if z is not None:
            latents[index] = z
    return latents

"""Distinct, accepted, filtered molecules from a model, in the number asked for."""

import math
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from jaxtyping import Float32
from tqdm import tqdm

from molvae.chem.notation import Selfies
from molvae.chem.refusal import Refusal
from molvae.chem.screening import MoleculeFilter, ScreenedMolecule, screen_selfies
from molvae.errors import ConfigError
from molvae.files import atomic_write
from molvae.generation_config import GenerateConfig
from molvae.model_card import latents_digest
from molvae.molecule_vae import MoleculeVAE, PriorSamples
from molvae.parallel import available_cores, ordered_map

_FIRST_ROWS, _ROWS = 64, 1_024
"""Molecules that are drawn together and travel to a worker process together; twice as many each
time."""
_OFTEN = 1.5
"""Draws for each molecule, with which a fair model comes by."""
_IN_PROCESS = 2_000
"""Molecules up to which starting worker processes takes longer than doing their work."""

_KNOWN = "known already"
_NOT_KEPT = "not kept by its code"

Item = TypeVar("Item")


@dataclass(frozen=True)
class Generation:
    """What came of it."""

    config: GenerateConfig
    """With all decided that was left to the model."""
    molecules: list[ScreenedMolecule]
    latents: Float32[np.ndarray, "molecule latent"]
    """Where each molecule was decoded from."""
    selfies_rows: list[Selfies]
    """As each was decoded."""
    drawn: int
    """Points decoded."""
    refused: dict[str, int]
    """Draws that gave no new molecule, by reason."""
    mark: str
    """Of the model, see `latents_digest`."""
    seconds: dict[str, float]
    """This process's time in the network, in waiting for the checks, and in all."""

    @property
    def is_complete(self) -> bool:
        """Whether as many came as were asked for."""
        return len(self.molecules) == self.config.n

    @property
    def is_lenient(self) -> bool:
        """Whether draws of a learned prior counted whose codes do not give them back."""
        return self.config.prior != "normal" and not self.config.exact

    def shortfall(self) -> str | None:
        """Why fewer came than were asked for, and what to do; None when all came."""
        if self.is_complete:
            return None
        often = sorted(self.refused.items(), key=lambda item: -item[1])
        reasons = ", ".join(f"{reason}: {count}" for reason, count in often[:4])
        return (
            f"{len(self.molecules)} of {self.config.n} molecules after {self.drawn} draws "
            f"({reasons}); {self._advice}"
        )

    def write_points(self, path: Path) -> None:
        """Write arrays `smiles` and `mean`, the code of each molecule, and the `mark`, as npz.

        Raises:
            FileError: the disk is full, or the place cannot be written to.
        """
        smiles = np.array([molecule.smiles for molecule in self.molecules], dtype=np.str_)
        with atomic_write(path, "wb") as stream:
            np.savez(stream, smiles=smiles, mean=self.latents, mark=np.array(self.mark))

    @property
    def _advice(self) -> str:
        most = max(self.refused, key=lambda reason: self.refused[reason], default="")
        if most in (_NOT_KEPT, Refusal.NOT_CANONICAL):
            return "train longer, raise `most_draws`, or do not check round trips (`exact=False`)"
        if most == Refusal.REPAIRED:
            return "train longer, raise `most_draws`, or accept repaired SELFIES (`strict=False`)"
        if most == Refusal.RADICAL:
            return "train longer, raise `most_draws`, or accept radicals (`radicals=True`)"
        if most == Refusal.DUPLICATE:
            return "most samples are duplicates: train longer, raise `temperature` or `most_draws`"
        return "loosen the filters, raise `temperature` or `most_draws`"

    @property
    def repaired(self) -> int:
        """Molecules whose spelling SELFIES had to repair."""
        return sum(molecule.repair is not None for molecule in self.molecules)


def filter_of(config: GenerateConfig) -> MoleculeFilter:
    """The filter that a decoded molecule must pass under the settings."""
    return MoleculeFilter(
        config.properties,
        config.where,
        config.keep,
        config.avoid,
        strict=bool(config.strict),
        allow_radicals=bool(config.radicals),
        canonical_only=bool(config.exact),
    )


def resolve_config(config: GenerateConfig, model: MoleculeVAE) -> GenerateConfig:
    """The settings with every None replaced by the choice that suits the model.

    Raises:
        ConfigError: exact reconstruction is asked of a prior that has no molecule to compare with.
    """
    prior, is_faithful = model.prior_named(config.prior), model.card.is_faithful
    if prior == "normal" and config.exact:
        raise ConfigError(
            "samples of N(0, I) belong to no molecule that could be compared; leave out "
            "`exact`, or sample from the learned prior"
        )
    resolved: dict[str, object] = {"prior": prior}
    if config.exact is None:
        resolved["exact"] = is_faithful and prior != "normal"
    if config.strict is None:
        resolved["strict"] = is_faithful
    if config.radicals is None:
        resolved["radicals"] = model.card.cleaning.allow_radicals
    if "max_symbols" not in config.decoding.model_fields_set:
        longest = {"max_symbols": model.card.max_symbols}
        resolved["decoding"] = config.decoding.with_changes(longest).model_dump()
    return config.with_changes(resolved)


def generate(
    model: MoleculeVAE,
    config: GenerateConfig | None = None,
    known: Collection[str] = frozenset(),
    *,
    progress: bool = False,
) -> Generation:
    """Draw from a prior and decode until `config.n` distinct new molecules have passed.

    Same model, settings, device and versions: same molecules in the same order, whatever the
    number of workers.

    Args:
        model: what to draw from.
        config: how many, and what they must be like.
        known: canonical SMILES that do not count.
        progress: whether to show a bar.

    Raises:
        ConfigError: a filter or a property that cannot be read.
    """
    config = resolve_config(config or GenerateConfig(), model)
    molecule_filter = filter_of(config)
    molecule_filter.check()
    workers = config.workers or (available_cores() if config.n > _IN_PROCESS else 1)
    stopwatch = _Stopwatch()
    draws = _Draws(model, config, workers, stopwatch)
    found = _Found(config.n, known)
    with tqdm(total=config.n, unit=" molecules", disable=not progress) as bar:
        # No further ahead than keeps the workers busy, or than the draws that most need: what is
        # ahead at the end was drawn in vain.
        ahead = min(workers + 1, math.ceil(_OFTEN * config.n / _ROWS))
        answers = ordered_map(_Check(molecule_filter), draws.selfies_rows(), workers, ahead)
        for part, answer in stopwatch.timed("waiting for the checks", answers):
            bar.update(found.add(answer, part))
            if found.is_complete:
                break
    return Generation(
        config=config,
        molecules=found.molecules,
        latents=found.latents(model.latent_size),
        selfies_rows=found.selfies_rows,
        drawn=found.seen,
        refused=found.refused,
        mark=latents_digest(model.vocabulary, model.network),
        seconds=stopwatch.seconds(),
    )


@dataclass(frozen=True)
class _Check:
    """The work of a worker process; an object because it travels with its screen."""

    screen: MoleculeFilter

    def __call__(self, selfies_rows: list[Selfies]) -> list[ScreenedMolecule | str]:
        return screen_selfies(selfies_rows, self.screen)


class _Stopwatch:
    """Where this process's time goes."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._stages: dict[str, float] = {}

    def timed(self, stage: str, items: Iterator[Item]) -> Iterator[Item]:
        """The same items; the time that it takes to come by them counts for the stage.

        What the making of an item spends on a stage of its own is not counted twice.
        """
        while True:
            begin, others = time.perf_counter(), sum(self._stages.values())
            item = next(items, None)
            others = sum(self._stages.values()) - others
            spent = time.perf_counter() - begin - others
            self._stages[stage] = self._stages.get(stage, 0.0) + spent
            if item is None:
                return
            yield item

    def seconds(self) -> dict[str, float]:
        """Seconds by stage, and in all."""
        return {**self._stages, "all": time.perf_counter() - self._began}


class _Draws:
    """Points from the prior and what the decoder writes there, part by part."""

    def __init__(
        self, model: MoleculeVAE, config: GenerateConfig, workers: int, stopwatch: _Stopwatch
    ) -> None:
        self.model = model
        self.config = config
        self.workers = workers
        self.stopwatch = stopwatch

    def selfies_rows(self) -> Iterator[tuple[PriorSamples, list[Selfies]]]:
        """The spellings of one part after the other, as many as `most_draws` allows."""
        return self.stopwatch.timed("network", self._spellings())

    def _spellings(self) -> Iterator[tuple[PriorSamples, list[Selfies]]]:
        generator = np.random.default_rng(self.config.seed)
        left = int(self.config.n * self.config.most_draws)
        rows = _FIRST_ROWS
        while left > 0:
            size, config = min(rows, left), self.config
            part = self.model.draw(size, generator, config.decoding, config.prior, self.workers)
            if not config.exact:
                part = replace(part, round_trips=np.ones(size, dtype=np.bool_))
            left -= size
            # Whatever the number wanted: few are the first of many under the same seed.
            rows = min(2 * rows, _ROWS)
            yield part, [part.selfies_rows[place] for place in np.flatnonzero(part.round_trips)]


class _Found:
    """The molecules that have passed, in the order they were drawn."""

    def __init__(self, n: int, known: Collection[str]) -> None:
        self.n = n
        self.known = known
        self.molecules: list[ScreenedMolecule] = []
        self.selfies_rows: list[Selfies] = []
        self.refused: dict[str, int] = {}
        self.seen = 0
        self._smiles: set[str] = set()
        self._points: list[Float32[np.ndarray, " latent"]] = []

    @property
    def is_complete(self) -> bool:
        return len(self.molecules) == self.n

    def add(
        self,
        answers: list[ScreenedMolecule | str],
        part: PriorSamples,
    ) -> int:
        """Take what passed and is new, up to the number wanted; how many that were.

        Args:
            answers: one for each draw that was kept, in order.
            part: the draws.
        """
        before, left = len(self.molecules), iter(answers)
        for z, selfies, kept in zip(part.latents, part.selfies_rows, part.round_trips, strict=True):
            if self.is_complete:
                break
            self.seen += 1
            answer = next(left) if kept else _NOT_KEPT
            reason = answer if isinstance(answer, str) else self._objection(answer.smiles)
            if reason is not None:
                self.refused[reason] = self.refused.get(reason, 0) + 1
            elif isinstance(answer, ScreenedMolecule):
                self._smiles.add(answer.smiles)
                self.molecules.append(answer)
                self.selfies_rows.append(selfies)
                self._points.append(z)
        return len(self.molecules) - before

    def latents(self, latent_size: int) -> Float32[np.ndarray, "molecule latent"]:
        """Where each molecule was decoded from."""
        return np.array(self._points, dtype=np.float32).reshape(-1, latent_size)

    def _objection(self, smiles: str) -> str | None:
        if smiles in self._smiles:
            return Refusal.DUPLICATE
        return _KNOWN if smiles in self.known else None

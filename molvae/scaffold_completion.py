"""Completion of scaffolds and linking of fragments by the language model of the learned prior."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from tqdm import tqdm

from molvae.chem.attachment import Scaffold
from molvae.chem.refusal import Refusal
from molvae.chem.screening import JudgedSelfies, MoleculeFilter, judge_selfies
from molvae.errors import ModelError
from molvae.molecule_vae import MoleculeVAE
from molvae.sampling import batch_sizes
from molvae.scaffold_completion_config import CompleteConfig
from molvae.scaffold_sampling import (
    CHANGED_SCAFFOLD,
    ScaffoldDraw,
    ScaffoldSource,
    ScaffoldTask,
)

_BATCH = 256
"""Largest number of samples that are drawn together."""
_TOO_LARGE = "substituent or linker too large"


@dataclass(frozen=True, slots=True)
class CompletedMolecule:
    """A molecule that keeps a scaffold and has been accepted."""

    smiles: str
    """Canonical SMILES."""
    parts: dict[str, str]
    """SMILES of the substituents `r1`, `r2` and so on, or of the `linker`, with their attachment
    points."""
    log_likelihood: float
    """log p(SELFIES) under the language model of the learned prior, in nats."""
    values: dict[str, float]
    """The properties asked for."""


@dataclass(frozen=True)
class Completion:
    """The completions of a scaffold, the likeliest first, and how they were made."""

    scaffold: str
    """Canonical SMILES of the scaffold, with attachment points `[*:1]`, `[*:2]` and so on."""
    config: CompleteConfig
    molecules: list[CompletedMolecule]
    drawn: int
    """Number of samples drawn."""
    refused: dict[str, int]
    """Number of samples that gave no new molecule, by reason."""
    seconds: float
    """Wall time."""

    @property
    def is_complete(self) -> bool:
        """Whether the number of molecules asked for was reached."""
        return len(self.molecules) == self.config.n

    def columns(self) -> dict[str, list[str] | list[float]]:
        """Columns `smiles`, the parts, `log_likelihood` and the properties."""
        names = sorted(self.molecules[0].parts) if self.molecules else []
        return {
            "smiles": [molecule.smiles for molecule in self.molecules],
            **{name: [molecule.parts[name] for molecule in self.molecules] for name in names},
            "log_likelihood": [molecule.log_likelihood for molecule in self.molecules],
            **{
                name: [molecule.values[name] for molecule in self.molecules]
                for name in self.config.properties
            },
        }

    # Any: pandas is not imported for a type.
    def to_frame(self) -> Any:
        """The columns as a pandas DataFrame."""
        from pandas import DataFrame

        return DataFrame(self.columns())

    def shortfall(self) -> str | None:
        """Reasons why there are fewer molecules than asked for, with advice; None if complete."""
        if self.is_complete:
            return None
        by_count = sorted(self.refused.items(), key=lambda item: -item[1])
        reasons = ", ".join(f"{reason}: {count}" for reason, count in by_count[:4])
        advice = "loosen the filters, raise `temperature` or `most_draws`"
        if by_count and by_count[0][0] == _TOO_LARGE:
            advice = "raise `max_atoms` or `most_draws`"
        return (
            f"{len(self.molecules)} of {self.config.n} molecules after {self.drawn} samples "
            f"({reasons}); {advice}"
        )


def complete(
    model: MoleculeVAE,
    scaffold: str,
    config: CompleteConfig | None = None,
    *,
    progress: bool = False,
) -> Completion:
    """Distinct molecules that add substituents to a scaffold, or a linker between two fragments.

    The language model of the learned prior continues the SELFIES of the scaffold, written so that
    an attachment point comes last; several attachment points are completed in turn. For a linker
    it continues the SELFIES of a fragment, and the other fragment follows after the number of
    symbols that makes the likeliest molecule. A molecule is accepted only if the atoms that come
    from the scaffold, cut out at the attachment points, have the canonical SMILES of the scaffold.

    The same model, scaffold, settings, device and versions give the same molecules.

    Args:
        model: model with a learned prior.
        scaffold: SMILES with attachment points `[*:1]`, `[*:2]` and so on, or two such fragments
            with a dot between them.
        config: number of molecules and filters.
        progress: whether to show a bar.

    Raises:
        ConfigError: the scaffold cannot be read or has no attachment point, a filter or a
            property is faulty, or the scaffold is too long for the model.
        MoleculeError: the scaffold has a symbol that the model lacks.
        ModelError: the model has no learned prior.
    """
    start = time.perf_counter()
    config = config or CompleteConfig()
    decoding = model.card.language_model_decoding(config.decoding)
    choices = model.card.suitable_choices(config.strict, config.radicals, decoding)
    config = config.with_changes(choices)
    parsed = Scaffold.parse(scaffold)
    if not model.network.has_prior:
        raise ModelError("this model has no learned prior, so it cannot complete molecules")
    molecule_filter = _filter_of(config)
    molecule_filter.check()
    task = ScaffoldTask(model, parsed, config, np.random.default_rng(config.seed))
    collection = _Collection(model, config, molecule_filter)
    collection.fill(task.source(), progress=progress)
    return Completion(
        scaffold=parsed.smiles,
        config=config,
        molecules=collection.by_likelihood(),
        drawn=collection.drawn,
        refused=dict(collection.refused),
        seconds=time.perf_counter() - start,
    )


def check_scaffold(scaffold: str, config: CompleteConfig) -> None:
    """Check a scaffold and the filters, which takes no model.

    Raises:
        ConfigError: as for `complete`.
    """
    Scaffold.parse(scaffold)
    _filter_of(config).check()


class _Collection:
    """Distinct accepted molecules, and counts of refused samples."""

    def __init__(
        self, model: MoleculeVAE, config: CompleteConfig, molecule_filter: MoleculeFilter
    ) -> None:
        self.drawn = 0
        self.refused: Counter[str] = Counter()
        self._model = model
        self._config = config
        self._filter = molecule_filter
        self._accepted: dict[str, tuple[ScaffoldDraw, JudgedSelfies]] = {}

    def fill(self, source: ScaffoldSource, *, progress: bool) -> None:
        """Draw until there are as many molecules as asked for, or `most_draws` samples of each."""
        n = self._config.n
        largest = min(_BATCH, max(16, 2 * n))
        with tqdm(total=n, unit=" molecules", disable=not progress) as bar:
            for size in batch_sizes(int(n * self._config.most_draws), largest, largest):
                bar.update(self._add_draws(source.draw(size), size))
                if len(self._accepted) == n:
                    return

    def _add_draws(self, draws: Sequence[ScaffoldDraw], n: int) -> int:
        """Take new molecules out of `n` samples, of which `draws` keep the scaffold."""
        before = len(self._accepted)
        self.drawn += n
        if n > len(draws):
            self.refused[CHANGED_SCAFFOLD] += n - len(draws)
        for draw in draws:
            if len(self._accepted) == self._config.n:
                break
            self._add(draw)
        return len(self._accepted) - before

    def by_likelihood(self) -> list[CompletedMolecule]:
        """The molecules, the likeliest first."""
        pairs = list(self._accepted.values())
        nll = self._model.nll([judged.canonical or () for _, judged in pairs]).tolist()
        molecules = [
            CompletedMolecule(judged.smiles or "", draw.parts, round(-nats, 4), judged.values)
            for (draw, judged), nats in zip(pairs, nll, strict=True)
        ]
        return sorted(molecules, key=lambda molecule: -molecule.log_likelihood)

    def _add(self, draw: ScaffoldDraw) -> None:
        if draw.largest > self._config.max_atoms:
            self.refused[_TOO_LARGE] += 1
            return
        (judged,) = judge_selfies([draw.selfies], self._filter)
        reason: str | None = judged.refusal
        if reason is None and judged.smiles in self._accepted:
            reason = Refusal.DUPLICATE
        if reason is None and not self._model.vocabulary.knows(judged.canonical or ()):
            reason = Refusal.UNKNOWN_SYMBOL
        if reason is not None:
            self.refused[str(reason)] += 1
        elif judged.smiles is not None:
            self._accepted[judged.smiles] = draw, judged


def _filter_of(config: CompleteConfig) -> MoleculeFilter:
    return MoleculeFilter(
        config.properties,
        config.where,
        config.keep,
        config.avoid,
        strict=bool(config.strict),
        allow_radicals=bool(config.radicals),
    )

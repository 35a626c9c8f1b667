"""Samples of the language model that keep a scaffold: decorations, or links of two fragments."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Protocol, runtime_checkable

import numpy as np

from molvae.chem.attachment import (
    Prefix,
    Scaffold,
    Structure,
    Tail,
    extend,
    heavy_atoms_in,
    spell_prefixes,
    spell_tail,
)
from molvae.chem.notation import Selfies
from molvae.chem.refusal import Refusal
from molvae.errors import ConfigError, MoleculeError
from molvae.molecule_vae import MoleculeVAE
from molvae.scaffold_completion_config import CompleteConfig

CHANGED_SCAFFOLD = "changed scaffold"
"""Reason for which a sample is refused that does not keep the scaffold."""

_SPELLINGS, _LIKELY_SPELLINGS = 16, 4
"""Spellings of a scaffold that are compared, and the likeliest of them, which are continued."""
_SPELLINGS_LATER = 4
"""Spellings that are compared for each sample at its second and later attachment points."""
_SYMBOLS_PER_ATOM = 3
"""Symbols that a linker may have for each of its atoms, branches and rings included."""


@dataclass(frozen=True, slots=True)
class ScaffoldDraw:
    """A sample that keeps the scaffold."""

    selfies: Selfies
    parts: dict[str, str]
    """SMILES of the substituents, or of the linker, by name."""

    @property
    def largest(self) -> int:
        """Heavy atoms of the largest substituent or linker."""
        return max(map(heavy_atoms_in, self.parts.values()))


@runtime_checkable
class ScaffoldSource(Protocol):
    """Samples that keep a scaffold."""

    def draw(self, n: int) -> list[ScaffoldDraw]:
        """Samples that keep the scaffold, out of `n`."""
        ...


@dataclass(frozen=True)
class ScaffoldTask:
    """A scaffold, and the model that continues its SELFIES."""

    model: MoleculeVAE
    scaffold: Scaffold
    config: CompleteConfig
    generator: np.random.Generator

    def source(self) -> ScaffoldSource:
        """Samples of the scaffold; of linkers if it consists of two fragments."""
        return _Links(self) if self.scaffold.is_link else _Decorations(self)

    def likely_prefixes(self, structure: Structure, label: int) -> list[Prefix]:
        """The spellings that end at an attachment point which are likeliest under the prior."""
        prefixes = spell_prefixes(structure, label, _SPELLINGS, self.generator)
        if not prefixes:
            raise MoleculeError(Refusal.NOT_ENCODABLE, "no SELFIES end at an attachment point")
        vocabulary, limit = self.model.vocabulary, self.config.decoding.max_symbols
        known = [prefix for prefix in prefixes if vocabulary.knows(prefix.selfies)]
        # Without any, this names the unknown symbol.
        nll = self.model.nll([prefix.selfies for prefix in known or prefixes])
        likely = [known[index] for index in np.argsort(nll, kind="stable")[:_LIKELY_SPELLINGS]]
        longest = max(len(vocabulary.encode(prefix.selfies)) for prefix in likely)
        if longest >= limit:
            raise ConfigError(
                f"the scaffold takes {longest} tokens of {limit} (`max_symbols`); "
                "give a smaller scaffold"
            )
        return likely

    def continuations(self, prefixes: Sequence[Prefix]) -> list[Selfies]:
        """The symbols that the language model adds to each prefix."""
        rows = [prefix.selfies for prefix in prefixes]
        decoding = self.config.decoding
        continued = self.model.continue_selfies(rows, self.generator, decoding)
        return [longer[len(row) :] for row, longer in zip(rows, continued, strict=True)]

    def read(self, selfies: Selfies, structure: Structure) -> ScaffoldDraw | None:
        """The sample; None if it does not keep the scaffold."""
        parts = self.scaffold.parts_of(structure)
        return None if parts is None else ScaffoldDraw(selfies, parts)


class _Decorations:
    """Samples of a scaffold with a substituent at each attachment point."""

    def __init__(self, task: ScaffoldTask) -> None:
        self._task = task
        scaffold = task.scaffold
        self._prefixes = cycle(task.likely_prefixes(scaffold.fragments[0], scaffold.labels[0]))

    def draw(self, n: int) -> list[ScaffoldDraw]:
        """Samples that keep the scaffold, out of `n`."""
        prefixes = list(islice(self._prefixes, n))
        extended = self._extend(prefixes)
        for label in self._task.scaffold.labels[1:]:
            prefixes = self._likeliest(label, [structure for _, structure in extended])
            extended = self._extend(prefixes)
        return [draw for pair in extended if (draw := self._task.read(*pair)) is not None]

    def _likeliest(self, label: int, structures: Sequence[Structure]) -> list[Prefix]:
        """The likeliest of a few spellings of each structure that end at an attachment point."""
        model, generator = self._task.model, self._task.generator
        groups = [
            [
                prefix
                for prefix in spell_prefixes(structure, label, _SPELLINGS_LATER, generator)
                if model.vocabulary.knows(prefix.selfies)
            ]
            for structure in structures
        ]
        nll = iter(model.nll([prefix.selfies for group in groups for prefix in group]))
        scores = [[next(nll) for _ in group] for group in groups]
        return [
            group[int(np.argmin(row))] for group, row in zip(groups, scores, strict=True) if group
        ]

    def _extend(self, prefixes: Sequence[Prefix]) -> list[tuple[Selfies, Structure]]:
        extended = map(extend, prefixes, self._task.continuations(prefixes))
        return [pair for pair in extended if pair is not None]


class _Links:
    """Samples of two fragments with a linker between them."""

    def __init__(self, task: ScaffoldTask) -> None:
        self._task = task
        scaffold = task.scaffold
        ends = list(zip(scaffold.fragments, scaffold.labels, strict=True))
        pairs: list[tuple[Prefix, Tail]] = []
        for (fragment, label), (target, target_label) in (ends, ends[::-1]):
            tail = spell_tail(target, target_label)
            if tail is not None and task.model.vocabulary.knows(tail.selfies):
                pairs += [(prefix, tail) for prefix in task.likely_prefixes(fragment, label)]
        if not pairs:
            raise MoleculeError(Refusal.NOT_ENCODABLE, scaffold.smiles)
        self._pairs = cycle(pairs)

    def draw(self, n: int) -> list[ScaffoldDraw]:
        """Samples that keep the fragments, out of `n`; at most one per continuation."""
        pairs = list(islice(self._pairs, n))
        prefixes = [prefix for prefix, _ in pairs]
        rows = self._task.continuations(prefixes)
        choices = [
            self._choices(prefix, row, tail)
            for (prefix, tail), row in zip(pairs, rows, strict=True)
        ]
        nll = iter(
            self._task.model.nll([draw.selfies for draws in choices for draw in draws]).tolist()
        )
        likeliest = []
        for draws in choices:
            # Per symbol, since a sum over symbols would always favor the shortest linker.
            scores = [next(nll) / (len(draw.selfies) + 1) for draw in draws]
            if draws:
                likeliest.append(draws[int(np.argmin(scores))])
        return likeliest

    def _choices(self, prefix: Prefix, row: Selfies, tail: Tail) -> list[ScaffoldDraw]:
        """The molecules with linkers of the first symbols of a continuation."""
        draws = []
        max_atoms = self._task.config.max_atoms
        for length in range(1, min(len(row), _SYMBOLS_PER_ATOM * max_atoms) + 1):
            extended = extend(prefix, row[:length], tail)
            if extended is None or not self._task.model.vocabulary.knows(extended[0]):
                continue
            draw = self._task.read(*extended)
            if draw is not None and draw.largest <= max_atoms:
                draws.append(draw)
        return draws

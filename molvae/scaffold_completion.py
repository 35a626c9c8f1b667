"""Completion of scaffolds and linking of fragments by the language model of the learned prior."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

import numpy as np
from tqdm import tqdm

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
from molvae.chem.screening import JudgedSelfies, MoleculeFilter, judge_selfies
from molvae.errors import ConfigError, ModelError, MoleculeError
from molvae.model.decoding_config import DecodingConfig
from molvae.molecule_vae import MoleculeVAE
from molvae.sampling import batch_sizes
from molvae.scaffold_completion_config import CompleteConfig

_BATCH = 256
"""Largest number of samples that are drawn together."""
_SPELLINGS, _LIKELY_SPELLINGS = 16, 4
"""Spellings of a scaffold that are compared, and the likeliest of them, which are continued."""
_SPELLINGS_LATER = 4
"""Spellings that are compared for each sample at its second and later attachment points."""
_SYMBOLS_PER_ATOM = 3
"""Symbols that a linker may have for each of its atoms, branches and rings included."""

_CHANGED = "changed scaffold"
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
    choices = model.card.suitable_choices(config.strict, config.radicals, config.decoding)
    config = config.with_changes(choices)
    parsed = Scaffold.parse(scaffold)
    if not model.network.has_prior:
        raise ModelError("this model has no learned prior, so it cannot complete molecules")
    molecule_filter = _filter_of(config)
    molecule_filter.check()
    generator = np.random.default_rng(config.seed)
    source = (_Links if parsed.is_link else _Decorations)(model, parsed, config, generator)
    collection = _Collection(model, config, molecule_filter)
    with tqdm(total=config.n, unit=" molecules", disable=not progress) as bar:
        largest = min(_BATCH, max(16, 2 * config.n))
        for size in batch_sizes(int(config.n * config.most_draws), largest, largest):
            bar.update(collection.add(source.draw(size), size))
            if collection.is_complete:
                break
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


@dataclass(frozen=True, slots=True)
class _Draw:
    """A sample that keeps the scaffold."""

    selfies: Selfies
    parts: dict[str, str]


class _Decorations:
    """Samples of a scaffold with a substituent at each attachment point."""

    def __init__(
        self,
        model: MoleculeVAE,
        scaffold: Scaffold,
        config: CompleteConfig,
        generator: np.random.Generator,
    ) -> None:
        self._model = model
        self._scaffold = scaffold
        self._decoding = config.decoding
        self._generator = generator
        first = scaffold.labels[0]
        prefixes = _likely_prefixes(model, scaffold.fragments[0], first, config, generator)
        self._prefixes = cycle(prefixes)

    def draw(self, n: int) -> list[_Draw]:
        """Samples that keep the scaffold, out of `n`."""
        prefixes = list(islice(self._prefixes, n))
        extended = self._extend(prefixes)
        for label in self._scaffold.labels[1:]:
            prefixes = self._likeliest(label, [structure for _, structure in extended])
            extended = self._extend(prefixes)
        return [draw for pair in extended if (draw := _draw(self._scaffold, *pair)) is not None]

    def _likeliest(self, label: int, structures: Sequence[Structure]) -> list[Prefix]:
        """The likeliest of a few spellings of each structure that end at an attachment point."""
        groups = [
            [
                prefix
                for prefix in spell_prefixes(structure, label, _SPELLINGS_LATER, self._generator)
                if self._model.vocabulary.knows(prefix.selfies)
            ]
            for structure in structures
        ]
        nll = iter(self._model.nll([prefix.selfies for group in groups for prefix in group]))
        scores = [[next(nll) for _ in group] for group in groups]
        return [
            group[int(np.argmin(row))] for group, row in zip(groups, scores, strict=True) if group
        ]

    def _extend(self, prefixes: Sequence[Prefix]) -> list[tuple[Selfies, Structure]]:
        rows = _continue(self._model, prefixes, self._generator, self._decoding)
        extended = map(extend, prefixes, rows)
        return [pair for pair in extended if pair is not None]


class _Links:
    """Samples of two fragments with a linker between them."""

    def __init__(
        self,
        model: MoleculeVAE,
        scaffold: Scaffold,
        config: CompleteConfig,
        generator: np.random.Generator,
    ) -> None:
        self._model = model
        self._scaffold = scaffold
        self._config = config
        self._generator = generator
        ends = list(zip(scaffold.fragments, scaffold.labels, strict=True))
        pairs: list[tuple[Prefix, Tail]] = []
        for (fragment, label), (target, target_label) in (ends, ends[::-1]):
            tail = spell_tail(target, target_label)
            if tail is not None and model.vocabulary.knows(tail.selfies):
                prefixes = _likely_prefixes(model, fragment, label, config, generator)
                pairs += [(prefix, tail) for prefix in prefixes]
        if not pairs:
            raise MoleculeError(Refusal.NOT_ENCODABLE, scaffold.smiles)
        self._pairs = cycle(pairs)

    def draw(self, n: int) -> list[_Draw]:
        """Samples that keep the fragments, out of `n`; at most one per continuation."""
        pairs = list(islice(self._pairs, n))
        prefixes = [prefix for prefix, _ in pairs]
        rows = _continue(self._model, prefixes, self._generator, self._config.decoding)
        choices = [
            self._choices(prefix, row, tail)
            for (prefix, tail), row in zip(pairs, rows, strict=True)
        ]
        nll = iter(self._model.nll([draw.selfies for draws in choices for draw in draws]).tolist())
        likeliest = []
        for draws in choices:
            # Per symbol, since a sum over symbols would always favor the shortest linker.
            scores = [next(nll) / (len(draw.selfies) + 1) for draw in draws]
            if draws:
                likeliest.append(draws[int(np.argmin(scores))])
        return likeliest

    def _choices(self, prefix: Prefix, row: Selfies, tail: Tail) -> list[_Draw]:
        """The molecules with linkers of the first symbols of a continuation."""
        draws = []
        for length in range(1, min(len(row), _SYMBOLS_PER_ATOM * self._config.max_atoms) + 1):
            extended = extend(prefix, row[:length], tail)
            if extended is None or not self._model.vocabulary.knows(extended[0]):
                continue
            draw = _draw(self._scaffold, *extended)
            if draw is not None and _largest(draw) <= self._config.max_atoms:
                draws.append(draw)
        return draws


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
        self._accepted: dict[str, tuple[_Draw, JudgedSelfies]] = {}

    @property
    def is_complete(self) -> bool:
        return len(self._accepted) == self._config.n

    def add(self, draws: Sequence[_Draw], n: int) -> int:
        """Take new molecules out of `n` samples, of which `draws` keep the scaffold."""
        before = len(self._accepted)
        self.drawn += n
        if n > len(draws):
            self.refused[_CHANGED] += n - len(draws)
        for draw in draws:
            if self.is_complete:
                break
            self._add(draw)
        return len(self._accepted) - before

    def by_likelihood(self) -> list[CompletedMolecule]:
        """The molecules, the likeliest first."""
        pairs = list(self._accepted.values())
        nll = self._model.nll([judged.canonical or () for _, judged in pairs]).tolist()
        molecules = [
            CompletedMolecule(judged.smiles or "", draw.parts, -nats, judged.values)
            for (draw, judged), nats in zip(pairs, nll, strict=True)
        ]
        return sorted(molecules, key=lambda molecule: -molecule.log_likelihood)

    def _add(self, draw: _Draw) -> None:
        if _largest(draw) > self._config.max_atoms:
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


def _likely_prefixes(
    model: MoleculeVAE,
    structure: Structure,
    label: int,
    config: CompleteConfig,
    generator: np.random.Generator,
) -> list[Prefix]:
    """The spellings that end at an attachment point which are likeliest under the prior."""
    prefixes = spell_prefixes(structure, label, _SPELLINGS, generator)
    if not prefixes:
        raise MoleculeError(Refusal.NOT_ENCODABLE, "no SELFIES end at an attachment point")
    known = [prefix for prefix in prefixes if model.vocabulary.knows(prefix.selfies)]
    # Without any, this names the unknown symbol.
    nll = model.nll([prefix.selfies for prefix in known or prefixes])
    likely = [known[index] for index in np.argsort(nll, kind="stable")[:_LIKELY_SPELLINGS]]
    longest = max(len(model.vocabulary.encode(prefix.selfies)) for prefix in likely)
    if longest >= config.decoding.max_symbols:
        raise ConfigError(
            f"the scaffold takes {longest} tokens of {config.decoding.max_symbols} "
            "(`max_symbols`); give a smaller scaffold"
        )
    return likely


def _continue(
    model: MoleculeVAE,
    prefixes: Sequence[Prefix],
    generator: np.random.Generator,
    decoding: DecodingConfig,
) -> list[Selfies]:
    """The symbols that the language model adds to each prefix."""
    rows = [prefix.selfies for prefix in prefixes]
    continued = model.continue_selfies(rows, generator, decoding)
    return [longer[len(row) :] for row, longer in zip(rows, continued, strict=True)]


def _draw(scaffold: Scaffold, selfies: Selfies, structure: Structure) -> _Draw | None:
    parts = scaffold.parts_of(structure)
    return None if parts is None else _Draw(selfies, parts)


def _largest(draw: _Draw) -> int:
    return max(map(heavy_atoms_in, draw.parts.values()))


def _filter_of(config: CompleteConfig) -> MoleculeFilter:
    return MoleculeFilter(
        config.properties,
        config.where,
        config.keep,
        config.avoid,
        strict=bool(config.strict),
        allow_radicals=bool(config.radicals),
    )

"""Sources: where the combined search gets candidates from, in the latent space and beside it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import numpy as np
from jaxtyping import Float32

from molvae.chem.drafts import (
    Draft,
    Drafting,
    draft_children,
    draft_smiles,
    draft_spellings,
    drafted,
)
from molvae.chem.edits import edit_spelling, splice
from molvae.chem.molecule import Molecule
from molvae.chem.notation import Spelling, spell
from molvae.chem.standardize import StandardizeConfig
from molvae.errors import MoleculeError
from molvae.model.decoding import DecodingConfig
from molvae.molecule_vae import MoleculeVAE
from molvae.optimize.retraining import Coded
from molvae.parallel import ordered_map

_CHUNK = 64
"""Candidates that a worker is handed at a time."""
_TEMPERATURES = (0.0, 0.5, 1.0)
"""Of decoding; one is drawn each time."""
_MUTATED = 0.3
"""Share of the graph's children that have one parent."""
_EDITED = 0.5
"""Share of the edits that change one spelling, where the others join two."""
_REMEMBERED = 50_000

Points = Float32[np.ndarray, "molecule latent"]


class Source(StrEnum):
    """Where a candidate comes from."""

    NEIGHBOURS = "neighbours"
    """Points near the codes of good molecules, decoded."""
    CROSSOVERS = "crossovers"
    """Points between the codes of two good molecules, decoded."""
    REWRITES = "rewrites"
    """The codes of good molecules, decoded by drawing symbols."""
    PRIOR = "prior"
    """Fresh draws of the model's prior, which retraining moves along."""
    POOL = "pool"
    """Molecules of a file."""
    GRAPH = "graph"
    """Good molecules cut and joined, or changed by an atom or a bond."""
    EDITS = "edits"
    """The symbols of good molecules cut and joined, or changed by a few."""


@dataclass(frozen=True, slots=True)
class Origin:
    """How a candidate was made."""

    source: Source
    parent: str | None = None
    """SMILES of the molecule whose neighbourhood it was looked for in."""
    point: Float32[np.ndarray, " latent"] | None = None
    """That it was decoded from."""


@dataclass(frozen=True, slots=True)
class Idea:
    """A candidate: a clean molecule and how it was made."""

    draft: Draft
    origin: Origin


@dataclass(frozen=True)
class Parent:
    """A molecule to look for others near."""

    smiles: str
    scale: float
    """How far from its code, in deviations of its posterior."""


Breed = Callable[[int], Sequence[Parent]]
"""Draws so many parents, with replacement, the better the likelier."""


class Codes:
    """What the encoder makes of molecules, remembered; it is not retrained."""

    def __init__(self, model: MoleculeVAE) -> None:
        self._model = model
        self._found: dict[str, Coded | None] = {}

    def of(self, smiles: Sequence[str]) -> list[Coded | None]:
        """Each molecule's spelling and posterior; None where the model has no symbols for it."""
        if len(self._found) > _REMEMBERED:
            self._found.clear()
        new = [one for one in dict.fromkeys(smiles) if one not in self._found]
        spellings = {one: self._spelling(one) for one in new}
        readable = [one for one in new if spellings[one]]
        self._found.update(dict.fromkeys(new))
        if readable:
            means, deviations = self._model.posterior([spellings[one] or () for one in readable])
            for one, mean, deviation in zip(readable, means, deviations, strict=True):
                self._found[one] = Coded(spellings[one] or (), mean, deviation)
        return [self._found[one] for one in smiles]

    def _spelling(self, smiles: str) -> Spelling | None:
        try:
            spelling = spell(Molecule.parse(smiles))
        except MoleculeError:
            return None
        known = all(symbol in self._model.vocabulary for symbol in spelling)
        return spelling if known else None


class Sources:
    """Makes candidates of every kind; the network writes while other processes read."""

    def __init__(
        self,
        model: MoleculeVAE,
        codes: Codes,
        cleaning: StandardizeConfig,
        pool: Sequence[str],
        workers: int,
    ) -> None:
        self._model = model
        self._codes = codes
        self._cleaning = cleaning
        self._pool = pool
        self._drafts: list[Draft] | None = None
        self._workers = workers
        # What is longer spells a larger molecule than is wanted, or loops.
        self._most_symbols = 2 * cleaning.max_heavy_atoms
        self._makers: Mapping[Source, Callable[[int, Breed, np.random.Generator], _Made]] = {
            Source.GRAPH: self._children,
            Source.EDITS: self._edits,
            Source.NEIGHBOURS: self._neighbours,
            Source.CROSSOVERS: self._crossovers,
            Source.REWRITES: self._rewrites,
            Source.PRIOR: self._from_prior,
        }

    def ideas(
        self, wanted: Mapping[Source, int], breed: Breed, generator: np.random.Generator
    ) -> Iterator[Idea]:
        """At most as many candidates of each source as are wanted; some come to nothing."""
        origins: list[Sequence[Origin]] = []

        def questions() -> Iterator[Drafting]:
            # In the order of `_makers`: what needs no network is worked on while it writes.
            for source, make in self._makers.items():
                if wanted.get(source):
                    for question, made in make(wanted[source], breed, generator):
                        origins.append(made)
                        yield question

        for place, drafts in enumerate(ordered_map(drafted, questions(), self._workers)):
            for draft, origin in zip(drafts, origins[place], strict=True):
                if draft is not None:
                    yield Idea(draft, origin)

    def pooled(self, n: int, generator: np.random.Generator) -> list[Idea]:
        """`n` molecules of the pool, or all; they are read when they are first asked for."""
        if self._drafts is None:
            parts = (self._pool[at : at + _CHUNK] for at in range(0, len(self._pool), _CHUNK))
            work = (partial(draft_smiles, part, self._cleaning) for part in parts)
            answers = ordered_map(drafted, work, self._workers)
            self._drafts = [draft for part in answers for draft in part if draft]
        chosen = generator.permutation(len(self._drafts))[:n]
        return [Idea(self._drafts[place], Origin(Source.POOL)) for place in chosen]

    def _children(self, n: int, breed: Breed, generator: np.random.Generator) -> "_Made":
        first, second = breed(n), breed(n)
        alone = generator.random(n) < _MUTATED
        pairs = [
            (one.smiles, one.smiles if is_alone else other.smiles)
            for one, other, is_alone in zip(first, second, alone, strict=True)
        ]
        for begin in range(0, n, _CHUNK):
            part = pairs[begin : begin + _CHUNK]
            seed = int(generator.integers(2**63))
            origins = [Origin(Source.GRAPH, one) for one, _ in part]
            yield partial(draft_children, part, seed, self._cleaning), origins

    def _edits(self, n: int, breed: Breed, generator: np.random.Generator) -> "_Made":
        first, second = self._coded(breed(n)), self._coded(breed(n))
        symbols = self._model.vocabulary.symbols
        spellings = [
            edit_spelling(one.spelling, generator, symbols)
            if generator.random() < _EDITED
            else splice(one.spelling, other.spelling, generator)
            for (_, one), (_, other) in zip(first, second, strict=False)
        ]
        parents = [parent.smiles for parent, _ in first[: len(spellings)]]
        return self._read(spellings, [Origin(Source.EDITS, one) for one in parents])

    def _neighbours(self, n: int, breed: Breed, generator: np.random.Generator) -> "_Made":
        coded = self._coded(breed(n))
        points = [_near(parent, one, generator) for parent, one in coded]
        return self._decoded(Source.NEIGHBOURS, coded, points, generator)

    def _crossovers(self, n: int, breed: Breed, generator: np.random.Generator) -> "_Made":
        first, second = self._coded(breed(n)), self._coded(breed(n))
        points = [
            _between(parent, one, other, generator)
            for (parent, one), (_, other) in zip(first, second, strict=False)
        ]
        return self._decoded(Source.CROSSOVERS, first[: len(points)], points, generator)

    def _rewrites(self, n: int, breed: Breed, generator: np.random.Generator) -> "_Made":
        coded = self._coded(breed(n))
        points = [one.mean for _, one in coded]
        return self._decoded(Source.REWRITES, coded, points, generator, temperature=1.0)

    def _from_prior(self, n: int, breed: Breed, generator: np.random.Generator) -> "_Made":
        drawn = self._model.draw(n, generator, DecodingConfig(max_symbols=self._most_symbols))
        origins = [Origin(Source.PRIOR, None, point) for point in drawn.points]
        return self._read(drawn.spellings, origins)

    def _coded(self, parents: Sequence[Parent]) -> list[tuple[Parent, Coded]]:
        """Those that the model can encode."""
        found = self._codes.of([parent.smiles for parent in parents])
        return [(parent, one) for parent, one in zip(parents, found, strict=True) if one]

    def _decoded(
        self,
        source: Source,
        coded: Sequence[tuple[Parent, Coded]],
        points: Sequence[np.ndarray],
        generator: np.random.Generator,
        temperature: float | None = None,
    ) -> "_Made":
        if not points:
            return iter(())
        if temperature is None:
            temperature = float(generator.choice(_TEMPERATURES))
        seed = int(generator.integers(2**63))
        config = DecodingConfig(temperature=temperature, max_symbols=self._most_symbols)
        spellings = self._model.decode_symbols(np.stack(points), config, seed)
        origins = [
            Origin(source, parent.smiles, point)
            for (parent, _), point in zip(coded, points, strict=True)
        ]
        return self._read(list(spellings), origins)

    def _read(self, spellings: Sequence[Spelling], origins: Sequence[Origin]) -> "_Made":
        for begin in range(0, len(spellings), _CHUNK):
            part = slice(begin, begin + _CHUNK)
            yield partial(draft_spellings, spellings[part], self._cleaning), origins[part]


_Made = Iterator[tuple[Drafting, Sequence[Origin]]]


def _near(parent: Parent, one: Coded, generator: np.random.Generator) -> np.ndarray:
    """A draw of the posterior, wider or narrower."""
    noise = generator.standard_normal(one.mean.shape, np.float32)
    point: np.ndarray = one.mean + np.float32(parent.scale) * one.deviation * noise
    return point


def _between(
    parent: Parent, one: Coded, other: Coded, generator: np.random.Generator
) -> np.ndarray:
    """Coordinates of the one, some replaced by the other's, or both mixed; and a little noise."""
    if generator.random() < 0.5:
        share = generator.choice([0.1, 0.25, 0.5])
        swapped = generator.random(len(one.mean)) < share
        mixed = np.where(swapped, other.mean, one.mean)
    else:
        share = np.float32(generator.uniform(0.1, 0.6))
        mixed = (1 - share) * one.mean + share * other.mean
    noise = generator.standard_normal(one.mean.shape, np.float32)
    point: np.ndarray = mixed + np.float32(0.3 * parent.scale) * one.deviation * noise
    return point.astype(np.float32)

"""Sources: where the combined search gets candidates from, in the latent space and beside it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from itertools import chain

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
from molvae.chem.notation import Selfies, to_selfies_batch
from molvae.chem.operators.symbol_edits import edit_symbols, splice
from molvae.chem.standardize_config import StandardizeConfig
from molvae.model.decoding_config import DecodingConfig
from molvae.model.threads import side_by_side
from molvae.molecule_vae import MoleculeVAE
from molvae.optimize.combined.retraining import Coded
from molvae.parallel import ordered_map

_CHUNK = 64
"""Candidates that a worker is handed at a time."""
_SPELLED = 16
"""Molecules that a worker is handed to be spelled: someone waits for them."""
_TEMPERATURES = (0.0, 0.5, 1.0)
"""Of decoding; one is drawn each time."""
_MUTATED = 0.3
"""Share of the graph's children that have one parent."""
_EDITED = 0.5
"""Share of the edits that change one spelling, where the others join two."""
_REMEMBERED = 50_000

Latents = Float32[np.ndarray, "molecule latent"]


class Source(StrEnum):
    """Where a candidate comes from."""

    NEIGHBORS = "neighbors"
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
    """SMILES of the molecule whose neighborhood it was looked for in."""
    z: Float32[np.ndarray, " latent"] | None = None
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
    """What the encoder makes of molecules, remembered until it is to be forgotten.

    The last digits of a code depend on the batch that it was worked out in. A search therefore
    forgets at the end of a round: one that is resumed there works out the same batches.
    """

    def __init__(self, model: MoleculeVAE, workers: int = 1) -> None:
        self._model = model
        self._workers = workers
        self._found: dict[str, Coded | None] = {}
        self._clean_text: dict[str, Selfies | None] = {}

    def of(self, smiles: Sequence[str]) -> list[Coded | None]:
        """Each molecule's spelling and posterior; None where the model has no symbols for it."""
        new = [one for one in dict.fromkeys(smiles) if one not in self._found]
        selfies_rows = dict(zip(new, self.selfies_rows(new), strict=True))
        readable = {one: selfies for one, selfies in selfies_rows.items() if selfies}
        self._found.update(dict.fromkeys(new))
        if readable:
            posteriors = zip(*self._model.posterior([*readable.values()]), strict=True)
            for (one, selfies), posterior in zip(readable.items(), posteriors, strict=True):
                self._found[one] = Coded(selfies, *posterior)
        return [self._found[one] for one in smiles]

    def selfies_rows(self, smiles: Sequence[str]) -> list[Selfies | None]:
        """Each molecule's symbols; None where the model lacks one of them."""
        if len(self._clean_text) > _REMEMBERED:
            self._clean_text.clear()
        new = [one for one in dict.fromkeys(smiles) if one not in self._clean_text]
        parts = [new[at : at + _SPELLED] for at in range(0, len(new), _SPELLED)]
        workers = self._workers if len(parts) > 1 else 1
        answers = ordered_map(to_selfies_batch, enumerate(parts), workers)
        spelled = chain.from_iterable(selfies_rows for _, selfies_rows in answers)
        self._clean_text.update(zip(new, map(self._known, spelled), strict=True))
        return [self._clean_text[one] for one in smiles]

    def forget(self) -> None:
        """Work out all posteriors anew from here on."""
        self._found.clear()

    def _known(self, selfies: Selfies | None) -> Selfies | None:
        known = selfies and all(symbol in self._model.vocabulary for symbol in selfies)
        return selfies if known else None


class Sources:
    """Makes candidates of every kind; the network writes while other processes read."""

    def __init__(
        self,
        writer: MoleculeVAE,
        codes: Codes,
        cleaning: StandardizeConfig,
        pool: Sequence[str],
        workers: int,
    ) -> None:
        self._writer = writer
        self._codes = codes
        self._cleaning = cleaning
        self._pool = pool
        self._drafts: list[Draft] | None = None
        self._workers = workers
        # What is longer spells a larger molecule than is wanted, or loops.
        self._most_symbols = 2 * cleaning.max_heavy_atoms

    def ideas(
        self, wanted: Mapping[Source, int], breed: Breed, generator: np.random.Generator
    ) -> Iterator[Idea]:
        """At most as many candidates of each source as are wanted; some come to nothing."""
        items = ((made, work) for work, made in self._asked(wanted, breed, generator))
        for origins, drafts in ordered_map(drafted, items, self._workers):
            for draft, origin in zip(drafts, origins, strict=True):
                if draft is not None:
                    yield Idea(draft, origin)

    def pooled(self, n: int, generator: np.random.Generator) -> list[Idea]:
        """`n` molecules of the pool, or all; they are read when they are first asked for."""
        if self._drafts is None:
            parts = (self._pool[at : at + _CHUNK] for at in range(0, len(self._pool), _CHUNK))
            work = (partial(draft_smiles, part, self._cleaning) for part in parts)
            answers = ordered_map(drafted, enumerate(work), self._workers)
            self._drafts = [draft for _, drafts in answers for draft in drafts if draft]
        chosen = generator.permutation(len(self._drafts))[:n]
        return [Idea(self._drafts[place], Origin(Source.POOL)) for place in chosen]

    def _asked(
        self, wanted: Mapping[Source, int], breed: Breed, generator: np.random.Generator
    ) -> "_Made":
        children = [*self._children(wanted.get(Source.GRAPH, 0), breed, generator)]
        bred = _bred(wanted, breed)
        # The network waits for the spellings; the children keep other processes busy beside it.
        self._codes.selfies_rows([one.smiles for one in _every(bred)])
        yield from children
        parents = self._encoded(bred)
        if Source.EDITS in parents:
            first, second = parents[Source.EDITS]
            yield from self._edits(first, second, generator)
        moves = [
            one
            for source, move in _MOVES.items()
            if source in parents
            for one in move(*parents[source], generator)
        ]
        writing: list[Callable[[], _Written]] = []
        if moves:
            seed = int(generator.integers(2**63))
            writing.append(partial(self._decoded, moves, seed))
        if wanted.get(Source.PRIOR):
            writing.append(partial(self._from_prior, wanted[Source.PRIOR], generator))
        for selfies_rows, origins in side_by_side(self._writer.device, writing, self._workers):
            yield from self._read(selfies_rows, origins)

    def _encoded(self, bred: "_Bred") -> dict[Source, list[list["_CodedParent"]]]:
        """The parents with their codes, where the model has symbols for them.

        All are encoded at once: the network takes little longer for many than for few.
        """
        every = _every(bred)
        codes = dict(zip(every, self._codes.of([parent.smiles for parent in every]), strict=True))
        return {
            source: [[(one, code) for one in row if (code := codes[one])] for row in rows]
            for source, rows in bred.items()
        }

    def _children(self, n: int, breed: Breed, generator: np.random.Generator) -> "_Made":
        if not n:
            return
        first, second = breed(n), breed(n)
        if not first:
            return
        alone = generator.random(n) < _MUTATED
        pairs = [
            (one.smiles, one.smiles if is_alone else other.smiles)
            for one, other, is_alone in zip(first, second, alone, strict=True)
        ]
        for begin in range(0, len(pairs), _CHUNK):
            part = pairs[begin : begin + _CHUNK]
            seed = int(generator.integers(2**63))
            origins = [Origin(Source.GRAPH, one) for one, _ in part]
            yield partial(draft_children, part, seed, self._cleaning), origins

    def _edits(
        self,
        first: Sequence["_CodedParent"],
        second: Sequence["_CodedParent"],
        generator: np.random.Generator,
    ) -> "_Made":
        symbols = self._writer.vocabulary.symbols
        selfies_rows = [
            edit_symbols(one.selfies, generator, symbols)
            if generator.random() < _EDITED
            else splice(one.selfies, other.selfies, generator)
            for (_, one), (_, other) in zip(first, second, strict=False)
        ]
        parents = [parent.smiles for parent, _ in first[: len(selfies_rows)]]
        return self._read(selfies_rows, [Origin(Source.EDITS, one) for one in parents])

    def _from_prior(self, n: int, generator: np.random.Generator) -> "_Written":
        drawn = self._writer.draw(n, generator, DecodingConfig(max_symbols=self._most_symbols))
        return drawn.selfies_rows, [Origin(Source.PRIOR, None, z) for z in drawn.latents]

    def _decoded(self, moves: Sequence["_Move"], seed: int) -> "_Written":
        """All at once: the network takes little longer for many points than for few."""
        selfies_rows = self._writer.decode_symbols(
            np.stack([move.z for move in moves]),
            DecodingConfig(max_symbols=self._most_symbols),
            seed,
            np.array([move.temperature for move in moves], dtype=np.float32),
        )
        return [*selfies_rows], [Origin(move.source, move.parent, move.z) for move in moves]

    def _read(self, selfies_rows: Sequence[Selfies], origins: Sequence[Origin]) -> "_Made":
        for begin in range(0, len(selfies_rows), _CHUNK):
            part = slice(begin, begin + _CHUNK)
            yield partial(draft_spellings, selfies_rows[part], self._cleaning), origins[part]


_Made = Iterator[tuple[Drafting, Sequence[Origin]]]
_Written = tuple[Sequence[Selfies], Sequence[Origin]]
_Bred = Mapping[Source, Sequence[Sequence[Parent]]]
_CodedParent = tuple[Parent, Coded]


@dataclass(frozen=True, slots=True)
class _Move:
    """A point to be decoded."""

    source: Source
    parent: str
    z: Float32[np.ndarray, " latent"]
    temperature: float


def _neighbors(coded: Sequence[_CodedParent], generator: np.random.Generator) -> list[_Move]:
    warm = _temperature(generator)
    return [
        _Move(Source.NEIGHBORS, parent.smiles, _near(parent, one, generator), warm)
        for parent, one in coded
    ]


def _crossovers(
    first: Sequence[_CodedParent], second: Sequence[_CodedParent], generator: np.random.Generator
) -> list[_Move]:
    warm = _temperature(generator)
    return [
        _Move(Source.CROSSOVERS, parent.smiles, _between(parent, one, other, generator), warm)
        for (parent, one), (_, other) in zip(first, second, strict=False)
    ]


def _rewrites(coded: Sequence[_CodedParent], _: np.random.Generator) -> list[_Move]:
    return [_Move(Source.REWRITES, parent.smiles, one.mean, 1.0) for parent, one in coded]


_MOVES: Mapping[Source, Callable[..., list[_Move]]] = {
    Source.NEIGHBORS: _neighbors,
    Source.CROSSOVERS: _crossovers,
    Source.REWRITES: _rewrites,
}
_ROWS_OF_PARENTS: Mapping[Source, int] = {
    Source.EDITS: 2,
    Source.NEIGHBORS: 1,
    Source.CROSSOVERS: 2,
    Source.REWRITES: 1,
}


def _bred(wanted: Mapping[Source, int], breed: Breed) -> _Bred:
    """Parents for each source that asks for their codes, one row or two."""
    return {
        source: [breed(wanted[source]) for _ in range(rows)]
        for source, rows in _ROWS_OF_PARENTS.items()
        if wanted.get(source)
    }


def _every(bred: _Bred) -> list[Parent]:
    return [parent for rows in bred.values() for row in rows for parent in row]


def _temperature(generator: np.random.Generator) -> float:
    return float(generator.choice(_TEMPERATURES))


def _near(parent: Parent, one: Coded, generator: np.random.Generator) -> np.ndarray:
    """A draw of the posterior, wider or narrower."""
    noise = generator.standard_normal(one.mean.shape, np.float32)
    z: np.ndarray = one.mean + np.float32(parent.scale) * one.deviation * noise
    return z


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
    z: np.ndarray = mixed + np.float32(0.3 * parent.scale) * one.deviation * noise
    return z.astype(np.float32)

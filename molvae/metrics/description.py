"""Per-molecule input of the metrics, computed in worker processes."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

import numpy as np
from jaxtyping import Float64, UInt8
from tqdm import tqdm

from molvae.chem.alerts import passes_moses_filters
from molvae.chem.fragments import brics_fragments, moses_scaffold
from molvae.chem.molecule import Molecule
from molvae.chem.properties import property_values
from molvae.chem.refusal import none_if_refused
from molvae.chem.similarity import morgan_bits
from molvae.dataset.changed import ChangeCount
from molvae.parallel import ordered_map

PROPERTIES = ("logp", "sa", "qed", "weight")
"""Properties whose distributions MOSES compares."""

_CHUNK = 500

PackedBits = UInt8[np.ndarray, "molecule byte"]
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class MoleculeSet:
    """The valid molecules of a set, in order."""

    smiles: list[str]
    """Canonical SMILES."""
    bits: PackedBits
    """Morgan fingerprints of radius 2 and 1024 bits, eight to a byte."""
    changed: ChangeCount = field(default_factory=ChangeCount, compare=False)
    """Changes that parsing made to the molecules."""


@dataclass(frozen=True, slots=True)
class ReadChunk:
    """Texts of a chunk, after parsing."""

    smiles: list[str | None]
    """Canonical SMILES of each text; None if it is no molecule."""
    changed: ChangeCount
    """Changes that parsing made to the molecules."""


@dataclass(frozen=True, slots=True)
class Description:
    """The valid molecules of a set, in order, with properties, fragments and scaffolds."""

    molecules: MoleculeSet
    values: Mapping[str, Float64[np.ndarray, " molecule"]]
    """Values of each property; NaN where it cannot be computed."""
    fragments: Counter[str]
    """Number of occurrences of each BRICS fragment."""
    scaffolds: Counter[str]
    """Number of occurrences of each scaffold with at least two rings."""

    @classmethod
    def concatenate(cls, sets: Sequence["Description"]) -> "Description":
        """The union of at least one set, in order and with repeats."""
        return cls(
            concatenate_sets([description.molecules for description in sets]),
            {
                name: np.concatenate([description.values[name] for description in sets])
                for name in PROPERTIES
            },
            sum((description.fragments for description in sets), Counter[str]()),
            sum((description.scaffolds for description in sets), Counter[str]()),
        )


@dataclass(frozen=True, slots=True)
class Work:
    """How SMILES are processed: with how many workers, and with or without a bar."""

    workers: int
    progress: bool

    def map_chunks(
        self, function: Callable[[list[str]], Answer], texts: Sequence[str], title: str
    ) -> Iterator[Answer]:
        """Apply a function to chunks of the texts, in order, under a bar with that title."""
        chunks = (list(texts[at : at + _CHUNK]) for at in range(0, len(texts), _CHUNK))
        # A few texts are done before another process would have started.
        workers = self.workers if len(texts) > 2 * _CHUNK else 1
        with tqdm(total=len(texts), desc=title, unit="mol", disable=not self.progress) as bar:
            for _, answer in ordered_map(function, enumerate(chunks), workers):
                yield answer
                bar.update(min(_CHUNK, len(texts) - bar.n))


def describe(texts: Sequence[str], work: Work, title: str) -> Description:
    """Description of the valid molecules among the SMILES."""
    # Twenty chunks at a time: adding each to the large counts would take longer.
    answers = work.map_chunks(describe_chunk, texts, title)
    sets: list[Description] = []
    while batch := list(islice(answers, 20)):
        sets.append(Description.concatenate(batch))
    return Description.concatenate(sets or [describe_chunk([])])


def describe_chunk(texts: list[str]) -> Description:
    """Description of the valid molecules of a chunk."""
    changed = ChangeCount()
    molecules = readable(texts, changed)
    values = [property_values(molecule, PROPERTIES) for molecule in molecules]
    scaffolds = map(moses_scaffold, molecules)
    return Description(
        molecule_set(molecules, changed),
        {name: np.array([row[name] for row in values], dtype=np.float64) for name in PROPERTIES},
        Counter(piece for molecule in molecules for piece in brics_fragments(molecule)),
        Counter(scaffold for scaffold in scaffolds if scaffold is not None),
    )


def count_passing(texts: list[str]) -> int:
    """Number of valid molecules of a chunk that pass the filters of MOSES."""
    return sum(map(passes_moses_filters, readable(texts, ChangeCount())))


def read_chunk(texts: list[str]) -> ReadChunk:
    """Canonical SMILES of each text, and the changes that parsing made."""
    changed = ChangeCount()
    molecules = [_read(text, changed) for text in texts]
    smiles = [None if molecule is None else molecule.smiles for molecule in molecules]
    return ReadChunk(smiles, changed)


def fingerprint_chunk(texts: list[str]) -> MoleculeSet:
    """SMILES and fingerprints of the valid molecules of a chunk."""
    changed = ChangeCount()
    return molecule_set(readable(texts, changed), changed)


def molecule_set(molecules: Sequence[Molecule], changed: ChangeCount | None = None) -> MoleculeSet:
    """SMILES and fingerprints of molecules."""
    bits = np.packbits(morgan_bits(molecules), axis=1)
    return MoleculeSet([molecule.smiles for molecule in molecules], bits, changed or ChangeCount())


def concatenate_sets(sets: Sequence[MoleculeSet]) -> MoleculeSet:
    """The union of at least one set, in order and with repeats."""
    smiles = [smiles for molecules in sets for smiles in molecules.smiles]
    changed = ChangeCount()
    for molecules in sets:
        changed.merge(molecules.changed)
    return MoleculeSet(smiles, np.concatenate([molecules.bits for molecules in sets]), changed)


def readable(texts: Sequence[str], changed: ChangeCount) -> list[Molecule]:
    """The valid molecules among the texts, in order; changes to them are added to `changed`."""
    return [molecule for text in texts if (molecule := _read(text, changed)) is not None]


def _read(text: str, changed: ChangeCount) -> Molecule | None:
    molecule = none_if_refused(Molecule.parse, text)
    if molecule is not None:
        changed.add(molecule.changes, "", text, molecule.smiles)
    return molecule

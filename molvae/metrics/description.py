"""What the metrics ask of each molecule of a set, worked out in worker processes."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import numpy as np
from jaxtyping import Float64, UInt8
from tqdm import tqdm

from molvae.chem.alerts import passes_moses_filters
from molvae.chem.fragments import brics_fragments, moses_scaffold
from molvae.chem.molecule import Molecule
from molvae.chem.properties import property_values
from molvae.chem.similarity import morgan_bits
from molvae.errors import MoleculeError
from molvae.parallel import ordered_map

PROPERTIES = ("logp", "sa", "qed", "weight")
"""Those of which MOSES compares the distributions."""

_CHUNK = 500

PackedBits = UInt8[np.ndarray, "molecule byte"]
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Fingerprinted:
    """The valid molecules of a set, in order."""

    smiles: list[str]
    """Canonical."""
    bits: PackedBits
    """Morgan fingerprints of radius 2 and 1024 bits, eight to a byte."""


@dataclass(frozen=True, slots=True)
class Description:
    """The valid molecules of a set, in order, and what they are made of."""

    molecules: Fingerprinted
    values: Mapping[str, Float64[np.ndarray, " molecule"]]
    """Per property; NaN where it cannot be computed."""
    fragments: Counter[str]
    """Pieces between BRICS bonds, each as often as it occurs."""
    scaffolds: Counter[str]
    """Of the molecules with two rings or more in theirs."""

    @classmethod
    def joined(cls, parts: Sequence["Description"]) -> "Description":
        """One set of several, which are at least one."""
        return cls(
            joined_molecules([part.molecules for part in parts]),
            {name: np.concatenate([part.values[name] for part in parts]) for name in PROPERTIES},
            sum((part.fragments for part in parts), Counter[str]()),
            sum((part.scaffolds for part in parts), Counter[str]()),
        )


@dataclass(frozen=True, slots=True)
class Work:
    """How texts are worked through."""

    workers: int
    progress: bool

    def each_chunk(
        self, function: Callable[[list[str]], Answer], texts: Sequence[str], title: str
    ) -> Iterator[Answer]:
        """Answers for the texts, some hundreds at a time, in order, under a bar of that title."""
        chunks = (list(texts[at : at + _CHUNK]) for at in range(0, len(texts), _CHUNK))
        # A few are done before another process would have started.
        workers = self.workers if len(texts) > 2 * _CHUNK else 1
        with tqdm(total=len(texts), desc=title, unit="mol", disable=not self.progress) as bar:
            for _, answer in ordered_map(function, enumerate(chunks), workers):
                yield answer
                bar.update(min(_CHUNK, len(texts) - bar.n))


def describe(texts: Sequence[str], work: Work, title: str) -> Description:
    """The set that the texts spell; what is no molecule is left out."""
    # Parts are joined by the dozen: adding to a large count for every chunk would take longer.
    answers = work.each_chunk(describe_chunk, texts, title)
    parts: list[Description] = []
    while batch := list(islice(answers, 20)):
        parts.append(Description.joined(batch))
    return Description.joined(parts or [describe_chunk([])])


def describe_chunk(texts: list[str]) -> Description:
    """The set that a few texts spell."""
    molecules = readable(texts)
    values = [property_values(molecule, PROPERTIES) for molecule in molecules]
    scaffolds = map(moses_scaffold, molecules)
    return Description(
        fingerprinted(molecules),
        {name: np.array([one[name] for one in values], dtype=np.float64) for name in PROPERTIES},
        Counter(piece for molecule in molecules for piece in brics_fragments(molecule)),
        Counter(scaffold for scaffold in scaffolds if scaffold is not None),
    )


def count_passing(texts: list[str]) -> int:
    """How many of a few texts are molecules that pass the filters of MOSES."""
    return sum(map(passes_moses_filters, readable(texts)))


def canonical_or_none(texts: list[str]) -> list[str | None]:
    """Per text the canonical SMILES; None for what is no molecule."""
    return [_canonical(text) for text in texts]


def fingerprint_chunk(texts: list[str]) -> Fingerprinted:
    """The molecules among a few texts."""
    return fingerprinted(readable(texts))


def fingerprinted(molecules: Sequence[Molecule]) -> Fingerprinted:
    """The same molecules, ready for comparisons."""
    bits = np.packbits(morgan_bits(molecules), axis=1)
    return Fingerprinted([molecule.smiles for molecule in molecules], bits)


def joined_molecules(parts: Sequence[Fingerprinted]) -> Fingerprinted:
    """One set of several, which are at least one."""
    smiles = [smiles for part in parts for smiles in part.smiles]
    return Fingerprinted(smiles, np.concatenate([part.bits for part in parts]))


def readable(texts: Sequence[str]) -> list[Molecule]:
    """The molecules among the texts, in order."""
    return [molecule for text in texts if (molecule := _read(text)) is not None]


def _read(text: str) -> Molecule | None:
    try:
        return Molecule.parse(text)
    except MoleculeError:
        return None


def _canonical(text: str) -> str | None:
    molecule = _read(text)
    return None if molecule is None else molecule.smiles

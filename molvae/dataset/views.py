"""Views of a molecule for the encoder and its training: another spelling, and a fingerprint."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import chain
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int32, Int64, UInt8, UInt16
from tqdm import tqdm

from molvae.chem.notation import Selfies, from_selfies_batch, random_selfies
from molvae.chem.similarity import substructure_counts
from molvae.dataset.arrays_file import read_arrays, write_arrays
from molvae.parallel import ordered_map
from molvae.vocabulary import Vocabulary

FEATURES = 512
"""Length of the folded fingerprints."""
_FILE = "views.safetensors"
_CHUNK = 500
_FEW = 2_000
"""Number of molecules that are done before other processes would have started."""


@dataclass(frozen=True)
class MoleculeViews:
    """For each molecule of a corpus a spelling of another atom order, and its substructures.

    A molecule whose other spelling has a symbol that its vocabulary lacks has its own spelling.

    Attributes:
        ids: ids of all other spellings, one after the other.
        lengths: number of ids of each.
        features: indices of the substructures of all molecules, one after the other.
        counts: how often each occurs in its molecule, 255 at most.
        n_features: number of distinct substructures of each molecule.
    """

    ids: UInt16[np.ndarray, " id"]
    lengths: Int32[np.ndarray, " molecule"]
    features: UInt16[np.ndarray, " feature"]
    counts: UInt8[np.ndarray, " feature"]
    n_features: Int32[np.ndarray, " molecule"]

    @classmethod
    def empty(cls) -> "MoleculeViews":
        """The views of no molecule."""
        return _pack([], np.zeros((0, FEATURES), dtype=np.uint8))

    @classmethod
    def read(cls, folder: Path) -> "MoleculeViews | None":
        """The views in the folder of a token store; None where there are none, or damaged ones."""
        arrays = read_arrays(folder / _FILE)
        try:
            return None if arrays is None else cls(**arrays)
        # Arrays of other names.
        except TypeError:
            return None

    def write(self, folder: Path) -> None:
        """Write the views into the folder of a token store.

        Raises:
            FileError: the folder cannot be written to.
        """
        write_arrays(folder / _FILE, _arrays(self))

    def fingerprints(
        self, indices: Int64[np.ndarray, " row"]
    ) -> Float32[np.ndarray, "row substructure"]:
        """log(1 + count) of each substructure."""
        table = np.zeros((len(indices), FEATURES), dtype=np.float32)
        for row, index in zip(table, indices, strict=True):
            end = self.feature_ends[index]
            span = slice(end - self.n_features[index], end)
            row[self.features[span]] = np.log1p(self.counts[span].astype(np.float32))
        return table

    @cached_property
    def ends(self) -> Int64[np.ndarray, " molecule"]:
        """Position in `ids` after the last symbol of each spelling."""
        return np.cumsum(self.lengths, dtype=np.int64)

    @cached_property
    def feature_ends(self) -> Int64[np.ndarray, " molecule"]:
        """Position in `features` after the last substructure of each molecule."""
        return np.cumsum(self.n_features, dtype=np.int64)


def make_views(
    selfies: Callable[[int], Selfies],
    n: int,
    vocabulary: Vocabulary,
    workers: int,
    *,
    progress: bool = False,
) -> MoleculeViews:
    """Another spelling and the substructures of each molecule.

    Args:
        selfies: gives the molecule of an index.
        n: number of molecules.
        vocabulary: of symbols alone; the ids are its.
        workers: processes to work with.
        progress: whether to show a bar.
    """
    chunks = (
        (own, (begin, own))
        for begin in range(0, n, _CHUNK)
        if (own := [selfies(index) for index in range(begin, min(n, begin + _CHUNK))])
    )
    drafts = [MoleculeViews.empty()]
    with tqdm(total=n, desc="other spellings", unit="mol", disable=not progress) as bar:
        for own, (spellings, counts) in ordered_map(
            _view_chunk, chunks, workers if n > _FEW else 1
        ):
            chosen = [
                spelling if vocabulary.knows(spelling) else symbols
                for spelling, symbols in zip(spellings, own, strict=True)
            ]
            drafts.append(_pack(vocabulary.encode_batch(chosen), counts))
            bar.update(len(own))
    columns = zip(*(_arrays(draft).values() for draft in drafts), strict=True)
    return MoleculeViews(*map(np.concatenate, columns))


def _pack(
    rows: Sequence[Sequence[int]], counts: UInt8[np.ndarray, "molecule feature"]
) -> MoleculeViews:
    present = counts.nonzero()
    return MoleculeViews(
        ids=np.fromiter(chain.from_iterable(rows), np.uint16),
        lengths=np.fromiter(map(len, rows), np.int32),
        features=present[1].astype(np.uint16),
        counts=counts[present],
        n_features=(counts > 0).sum(1).astype(np.int32),
    )


def _view_chunk(
    question: tuple[int, Sequence[Selfies]],
) -> tuple[list[Selfies], UInt8[np.ndarray, "molecule feature"]]:
    """Another spelling of each molecule, its own where there is none, and its folded counts."""
    begin, selfies = question
    molecules = from_selfies_batch(selfies)
    spellings = []
    for index, (symbols, molecule) in enumerate(zip(selfies, molecules, strict=True), begin):
        # The spelling depends on the index of the molecule, not on the chunks.
        generator = np.random.default_rng(index)
        spelling = random_selfies(molecule, generator, check=False) if molecule else None
        spellings.append(spelling or symbols)
    return spellings, substructure_counts(molecules, FEATURES)


def _arrays(views: MoleculeViews) -> dict[str, np.ndarray]:
    return {field.name: getattr(views, field.name) for field in fields(views)}

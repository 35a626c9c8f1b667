"""The accepted molecules of a file as ids, with the refused rows and the reasons."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float32, Int8, Int32, Int64, Integer

from molvae.chem.notation import Selfies, from_selfies, remove_stereo
from molvae.dataset.batches import Batch
from molvae.dataset.corpus_summary import summary_lines
from molvae.dataset.recoding import molecule_spans, recode, recode_on_disk
from molvae.dataset.spacing import spread_indices
from molvae.dataset.store import REFUSED_FILE, StoredArrays, StoreRecord
from molvae.dataset.views import MoleculeViews, make_views
from molvae.errors import ConfigError, DataError
from molvae.parallel import available_cores
from molvae.special_ids import END, PAD, START
from molvae.vocabulary import Vocabulary

_MERGES_LEARNED_FROM = 50_000
"""Molecules, evenly spread over a corpus, that merges of symbols are learned from."""


@dataclass(frozen=True, eq=False)
class Corpus:
    """Molecules on disk as ids of `vocabulary`, in the order of the file."""

    folder: Path
    vocabulary: Vocabulary
    record: StoreRecord
    arrays: StoredArrays
    table: Int64[np.ndarray, " stored"]
    """Id in `vocabulary` of each id in the store."""
    views: MoleculeViews | None = None
    """Other spellings, as ids of `vocabulary`, and fingerprints, see `add_views`."""
    conditions: Float32[np.ndarray, "molecule condition"] | None = None
    """Values of conditions, NaN where unknown, see `molvae.dataset.conditions`."""

    @classmethod
    def read(cls, folder: Path) -> "Corpus | None":
        """The corpus in a folder; None where there is no intact token store."""
        record = StoreRecord.read(folder)
        arrays = StoredArrays.read(folder, record) if record else None
        if record is None or arrays is None:
            return None
        vocabulary = Vocabulary.from_json(record.vocabulary)
        return cls(folder, vocabulary, record, arrays, np.arange(len(vocabulary)))

    def __len__(self) -> int:
        return self.record.molecules

    @property
    def lengths(self) -> Int32[np.ndarray, " molecule"]:
        """Ids of each molecule, END not counted."""
        return self.arrays.lengths

    @property
    def properties(self) -> Float32[np.ndarray, "molecule property"]:
        """Values from the file; NaN where a value is missing or is no number."""
        return self.arrays.properties

    @property
    def qualifiers(self) -> Int8[np.ndarray, "molecule property"]:
        """Qualifier of each value, as an index into `molvae.dataset.numbers.QUALIFIERS`."""
        return self.arrays.qualifiers

    @property
    def property_names(self) -> tuple[str, ...]:
        return self.record.property_names

    @property
    def rows(self) -> int:
        """Rows of the file, refused ones included."""
        return self.record.rows

    @property
    def refusals(self) -> Mapping[str, int]:
        """Number of refused rows, by reason."""
        return self.record.refused

    @property
    def refusals_file(self) -> Path:
        """CSV with line, reason and text of each refused row."""
        return self.folder / REFUSED_FILE

    @cached_property
    def digest(self) -> str:
        """Digest of the molecules and their properties, in this order."""
        digest = hashlib.sha256(json.dumps(self.record.vocabulary).encode())
        for array in (self.lengths, self.arrays.ids, self.properties):
            digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
        return digest.hexdigest()[:16]

    def ids(self, index: int) -> Int64[np.ndarray, " symbol"]:
        """The ids of one molecule, without END."""
        end = self._ends[index]
        ids: np.ndarray = self.table[self.arrays.ids[end - self.lengths[index] : end]]
        return ids

    def selfies(self, index: int) -> Selfies:
        """The symbols of one molecule."""
        return self.vocabulary.decode(self.ids(index).tolist())

    def view_ids(self, index: int) -> Int64[np.ndarray, " symbol"]:
        """The ids of another spelling of one molecule, without END.

        Raises:
            ConfigError: the corpus has no views.
        """
        if self.views is None:
            raise ConfigError("the corpus has no other spellings; make them by add_views()")
        end = self.views.ends[index]
        ids: np.ndarray = self.views.ids[end - self.views.lengths[index] : end]
        return ids.astype(np.int64)

    def smiles(self, index: int) -> str:
        """Canonical SMILES of one molecule."""
        return from_selfies(self.selfies(index)).smiles

    def batch(
        self,
        indices: Integer[np.ndarray, " row"],
        flatten: Bool[np.ndarray, " row"] | None = None,
        respell: Bool[np.ndarray, " row"] | None = None,
    ) -> Batch:
        """The molecules of these indices, one per row.

        Args:
            indices: which molecules.
            flatten: true for rows that lose their stereo marks.
            respell: true for rows of which the encoder reads another spelling.

        Raises:
            ConfigError: another spelling is asked for, and the corpus has no views.
        """
        batch = self._batch(indices, flatten)
        if respell is not None and respell.any():
            rows = [
                (self.view_ids if is_respelled else self.ids)(int(index)).tolist()
                for index, is_respelled in zip(indices, respell, strict=True)
            ]
            ids, lengths = self._pad_flat(rows, self._is_flat(indices, flatten))
            batch = replace(batch, view_ids=ids, view_lengths=lengths)
        if self.views is not None:
            fingerprints = self.views.fingerprints(np.asarray(indices, dtype=np.int64))
            batch = replace(batch, fingerprints=fingerprints)
        if self.conditions is not None:
            batch = replace(batch, conditions=self.conditions[indices])
        return batch

    def add_views(self, workers: int | None = None, *, progress: bool = False) -> "Corpus":
        """This corpus with another spelling and a fingerprint of each molecule.

        They are kept beside the token store, and made if they are not there.

        Args:
            workers: processes to work with; None means one per core.
            progress: whether to show a bar.

        Raises:
            FileError: the folder cannot be written to.
        """
        symbols = Vocabulary.from_json(self.record.vocabulary)
        views = MoleculeViews.read(self.folder)
        if views is None or len(views.lengths) != len(self):
            views = make_views(
                self.selfies, len(self), symbols, workers or available_cores(), progress=progress
            )
            views.write(self.folder)
        ids, lengths = recode(views.ids, views.lengths, symbols.symbols, self.vocabulary)
        return replace(self, views=replace(views, ids=ids, lengths=lengths))

    def _batch(
        self, indices: Integer[np.ndarray, " row"], flatten: Bool[np.ndarray, " row"] | None
    ) -> Batch:
        """The molecules without their other spellings."""
        is_flat = self._is_flat(indices, flatten)
        if is_flat.any():
            rows = [self.ids(int(index)).tolist() for index in indices]
            ids, lengths = self._pad_flat(rows, is_flat)
            return Batch(ids, lengths, np.asarray(self.properties[indices]))
        lengths = self.lengths[indices].astype(np.int64)
        position = np.arange(lengths.max(initial=0) + 1)
        within = position < lengths[:, None]
        ids = np.full(within.shape, PAD, dtype=np.int64)
        positions = (self._ends[indices] - lengths)[:, None] + position
        ids[within] = self.table[self.arrays.ids[positions[within]]]
        ids[np.arange(len(lengths)), lengths] = END
        return Batch(ids, lengths + 1, np.asarray(self.properties[indices]))

    def _is_flat(
        self, indices: Integer[np.ndarray, " row"], flatten: Bool[np.ndarray, " row"] | None
    ) -> Bool[np.ndarray, " row"]:
        """Rows that have stereo marks and lose them."""
        if flatten is None:
            return np.zeros(len(indices), dtype=bool)
        is_flat: np.ndarray = flatten & self._has_stereo[indices]
        return is_flat

    def _pad_flat(
        self, rows: list[list[int]], is_flat: Bool[np.ndarray, " row"]
    ) -> tuple[Int64[np.ndarray, "row position"], Int64[np.ndarray, " row"]]:
        """The rows with END and PAD, some without their stereo marks, and their lengths."""
        positions = np.flatnonzero(is_flat).tolist()
        flat = self.vocabulary.encode_batch(
            [remove_stereo(self.vocabulary.decode(rows[position])) for position in positions]
        )
        for position, row in zip(positions, flat, strict=True):
            rows[position] = row
        lengths = np.array([len(row) + 1 for row in rows], dtype=np.int64)
        ids = np.full((len(rows), int(lengths.max())), PAD, dtype=np.int64)
        for position, row in enumerate(rows):
            ids[position, : len(row) + 1] = [*row, END]
        return ids, lengths

    @cached_property
    def _has_stereo(self) -> Bool[np.ndarray, " molecule"]:
        """Whether each molecule has a symbol with a stereo mark."""
        marked = np.array(
            [False] * (END + 1)
            + [
                remove_stereo(symbols) != symbols
                for symbols in map(
                    self.vocabulary.decode, ([n] for n in range(3, len(self.vocabulary)))
                )
            ]
        )
        marks = marked[self.table]
        has_stereo = np.zeros(len(self), dtype=bool)
        for begin, bounds in molecule_spans(self._ends):
            counts = np.cumsum(marks[self.arrays.ids[bounds[0] : bounds[-1]]])
            counts = np.concatenate([[0], counts])[bounds - bounds[0]]
            has_stereo[begin : begin + len(bounds) - 1] = np.diff(counts) > 0
        return has_stereo

    def recode(self, vocabulary: Vocabulary) -> "Corpus":
        """These molecules as ids of another vocabulary.

        Raises:
            DataError: it lacks a symbol of this corpus; extend it first.
        """
        stored = Vocabulary.from_json(self.record.vocabulary).symbols
        if missing := [symbol for symbol in stored if symbol not in vocabulary]:
            raise DataError(f"the vocabulary lacks {', '.join(missing)} of the data; extend it")
        if self.vocabulary.merges:
            raw = Corpus.read(self.folder)
            if raw is None:
                raise DataError(f"the token store {str(self.folder)!r} is damaged; delete it")
            return raw.recode(vocabulary)
        if not vocabulary.merges:
            table = np.array([PAD, START, END, *vocabulary.encode(stored)], dtype=np.int64)
            return Corpus(self.folder, vocabulary, self.record, self.arrays, table)
        ids, lengths = recode_on_disk(self.folder, self.arrays, stored, vocabulary)
        arrays = replace(self.arrays, ids=ids, lengths=lengths)
        return Corpus(self.folder, vocabulary, self.record, arrays, np.arange(len(vocabulary)))

    def learn_merges(self, n: int) -> Vocabulary:
        """The vocabulary of this corpus with up to `n` merges, learned from its molecules."""
        if not n:
            return self.vocabulary
        chosen = spread_indices(len(self), _MERGES_LEARNED_FROM)
        return self.vocabulary.with_merges(n, map(self.selfies, chosen))

    def summary(self) -> str:
        """Counts of accepted and refused rows, as lines of text."""
        return "\n".join(summary_lines(self.record, self.refusals_file))

    @cached_property
    def _ends(self) -> Int64[np.ndarray, " molecule"]:
        return np.cumsum(self.lengths, dtype=np.int64)


def split(
    corpus: Corpus, held_out: int, seed: int
) -> tuple[Int64[np.ndarray, " training"], Int64[np.ndarray, " held"]]:
    """Indices to train on, and `held_out` indices drawn at random to test with; both sorted.

    Raises:
        ConfigError: nothing would be left to train on.
    """
    if not 0 <= held_out < len(corpus):
        raise ConfigError(
            f"{held_out} molecules to hold out of {len(corpus)}; "
            "at least one must be left to train on: hold out fewer"
        )
    drawn = np.random.default_rng(seed).permutation(len(corpus))
    return np.sort(drawn[held_out:]), np.sort(drawn[:held_out])

"""CleanedRows: the outcome of cleaning consecutive rows of a file, as it is kept in a shard."""

import json
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import safetensors.numpy
from jaxtyping import Bool, Float64, Int8, Int32, Int64, UInt8, UInt16

from molvae.dataset.cleaning import IDENTITY_BYTES, Cleaned
from molvae.dataset.numbers import QUALIFIERS
from molvae.dataset.store import LONGEST_TEXT
from molvae.dataset.tables import Chunk

_TEXTS = ("texts", "symbols", "changed", "refused")
"""Fields that are kept as JSON."""


@dataclass(frozen=True)
class CleanedRows:
    """Consecutive rows of a file: the accepted ones, which may be duplicates, and the others.

    Attributes:
        lines: line of each accepted row.
        identities: hash of the canonical SMILES of each accepted row.
        codes: indices into `symbols`, one accepted row after the other.
        lengths: number of symbols of each accepted row.
        values: values of the property columns; NaN where there is none.
        qualifiers: index in `QUALIFIERS` of each value.
        not_numbers: whether the cell holds something that is no number.
        texts: text of each accepted row, for the list of duplicates.
        symbols: distinct symbols that occur.
        changed: index of an accepted row, and a change that cleaning made to it.
        refused: line, reason, text and detail of each refused row, in the order of lines.
    """

    lines: Int64[np.ndarray, " accepted"]
    identities: UInt8[np.ndarray, "accepted byte"]
    codes: UInt16[np.ndarray, " code"]
    lengths: Int32[np.ndarray, " accepted"]
    values: Float64[np.ndarray, "accepted property"]
    qualifiers: Int8[np.ndarray, "accepted property"]
    not_numbers: Bool[np.ndarray, "accepted property"]
    texts: list[str]
    symbols: list[str]
    changed: list[tuple[int, str]]
    refused: list[tuple[int, str, str, str]]

    @classmethod
    def pack(cls, chunk: Chunk, cleaned: Cleaned, n_properties: int) -> "CleanedRows":
        """The rows of a chunk with the outcome of cleaning the readable ones."""
        rows = chunk.readable
        refused = [
            (row.number, str(row.problem), row.text[:LONGEST_TEXT], row.detail[:LONGEST_TEXT])
            for row in chunk.rows
            if row.problem is not None
        ]
        refused += [
            (rows[index].number, reason, rows[index].text[:LONGEST_TEXT], detail[:LONGEST_TEXT])
            for index, reason, detail in cleaned.refused
        ]
        accepted = [rows[index] for index in cleaned.accepted.tolist()]
        shape = (len(accepted), n_properties)
        not_numbers = np.zeros(shape, dtype=bool)
        for row, marks in zip(accepted, not_numbers, strict=True):
            marks[list(row.not_numbers)] = True
        codes = [[QUALIFIERS.index(mark) for mark in row.qualifiers] for row in accepted]
        return cls(
            lines=np.array([row.number for row in accepted], dtype=np.int64),
            identities=np.frombuffer(b"".join(cleaned.identities), dtype=np.uint8).reshape(
                -1, IDENTITY_BYTES
            ),
            codes=cleaned.codes,
            lengths=cleaned.lengths,
            values=np.array([row.properties for row in accepted], np.float64).reshape(shape),
            qualifiers=np.array(codes, dtype=np.int8).reshape(shape),
            not_numbers=not_numbers,
            texts=[row.text[:LONGEST_TEXT] for row in accepted],
            symbols=cleaned.symbols,
            changed=cleaned.changed,
            refused=sorted(refused),
        )

    @property
    def rows(self) -> int:
        """Number of all rows."""
        return len(self.lines) + len(self.refused)

    def to_bytes(self) -> bytes:
        """The rows as a safetensors file."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        texts = {name: values.pop(name) for name in _TEXTS}
        text = np.frombuffer(json.dumps(texts).encode(), dtype=np.uint8)
        content: bytes = safetensors.numpy.save({**values, "text": text})
        return content

    @classmethod
    def from_bytes(cls, content: bytes) -> "CleanedRows":
        """The rows that `to_bytes` wrote."""
        arrays = safetensors.numpy.load(content)
        texts = json.loads(arrays.pop("text").tobytes())
        texts["changed"] = [(index, change) for index, change in texts["changed"]]
        texts["refused"] = [tuple(row) for row in texts["refused"]]
        # Any: arrays and lists of several types.
        values: dict[str, Any] = {**arrays, **texts}
        return cls(**values)

"""Comparison of molecules with others: histograms of properties, nearest molecules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from pathlib import Path

import numpy as np

from molvae.chem.molecule import Molecule
from molvae.chem.properties import PROPERTIES, property_values
from molvae.dataset.chunks import ChunkWork, map_chunks
from molvae.dataset.spacing import spread_indices
from molvae.dataset.tables import Table
from molvae.errors import DataError
from molvae.metrics.description import MoleculeSet, fingerprint_chunk, molecule_set
from molvae.metrics.similarity import tanimoto_matrix
from molvae.parallel import available_cores
from molvae.report.charts import histograms
from molvae.report.page import Picture

_SHOWN = ("logp", "qed", "sa", "weight", "tpsa", "rotatable_bonds")
_MAX_COUNTED = 2_000
"""Molecules of a set whose properties are counted, spread evenly over it."""


@dataclass(frozen=True)
class Neighbors:
    """The molecule of a file that is most similar to each of some molecules."""

    molecules: tuple[Molecule, ...]
    similarities: tuple[float, ...]
    """Tanimoto similarities of Morgan fingerprints, radius 2 and 1024 bits, as in MOSES."""
    size: int
    """Number of molecules in the file."""


@dataclass(frozen=True)
class Reference:
    """A file of molecules to compare with."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    def sample(self, limit: int = _MAX_COUNTED) -> list[Molecule]:
        """At most `limit` molecules of the file, spread evenly over it.

        Raises:
            DataError: the file cannot be read, or has no molecule.
        """
        smiles = [text for chunk in self._chunks for text in chunk.smiles]
        return [Molecule.parse(smiles[row]) for row in spread_indices(len(smiles), limit)]

    def nearest(self, molecules: Sequence[Molecule]) -> Neighbors:
        """The most similar molecule of the file to each molecule, the first of equal ones.

        Raises:
            DataError: the file cannot be read, or has no molecule.
        """
        queries = _unpack(molecule_set(molecules))
        best = np.full(len(molecules), -1.0)
        nearest = [""] * len(molecules)
        for chunk in self._chunks:
            similarities = tanimoto_matrix(queries, _unpack(chunk))
            columns = similarities.argmax(1)
            highest = similarities[np.arange(len(queries)), columns]
            for row in np.flatnonzero(highest > best).tolist():
                best[row], nearest[row] = highest[row], chunk.smiles[columns[row]]
        size = sum(len(chunk.smiles) for chunk in self._chunks)
        return Neighbors(tuple(map(Molecule.parse, nearest)), tuple(best.tolist()), size)

    @cached_property
    def _chunks(self) -> list[MoleculeSet]:
        table = Table.open(self.path)
        work = ChunkWork(fingerprint_chunk, list[str])
        answers = map_chunks(table, work, available_cores(), progress=False)
        chunks = [answer for _, answer in answers if answer.smiles]
        if not chunks:
            raise DataError(
                f"{str(self.path)!r}: none of its rows has a molecule; choose another `reference`"
            )
        return chunks


def property_histograms(groups: Mapping[str, Sequence[Molecule]]) -> tuple[Picture, ...]:
    """Histograms of common properties, with a curve per group of molecules."""
    rows = {}
    for label, molecules in groups.items():
        chosen = spread_indices(len(molecules), _MAX_COUNTED)
        rows[label] = [property_values(molecules[row], _SHOWN) for row in chosen]
    pictures = []
    for name in _SHOWN:
        values = {
            label: [row[name] for row in group if isfinite(row[name])]
            for label, group in rows.items()
        }
        values = {label: numbers for label, numbers in values.items() if numbers}
        if values:
            unit = f" ({PROPERTIES[name].unit})" if PROPERTIES[name].unit else ""
            # The medians are what a screen reader tells of the histogram.
            medians = [f"{label} {np.median(numbers):.3g}" for label, numbers in values.items()]
            about = f"Median {name}: {', '.join(medians)}."
            pictures.append(Picture(histograms(values, f"{name}{unit}"), about))
    return tuple(pictures)


def _unpack(molecules: MoleculeSet) -> np.ndarray:
    return np.unpackbits(molecules.bits, axis=1).astype(np.float32)

"""How alike molecules are: fingerprints of counts, Tanimoto similarity, Morgan bits, scaffolds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Float64, UInt8
from rdkit.Chem import rdFingerprintGenerator
from rdkit.Chem.Scaffolds.MurckoScaffold import MurckoScaffoldSmiles
from rdkit.DataStructs import BulkTanimotoSimilarity, TanimotoSimilarity, ULongSparseIntVect

from molvae.chem.molecule import Molecule
from molvae.chem.notation import Selfies, from_selfies_batch
from molvae.chem.pharmacophores import SIZE, pharmacophores

SUBSTRUCTURES = 2_048
"""Numbers that `substructure_counts` gives of a molecule."""
_LONGEST_ATOM_PAIR = 10
"""Bonds between the atoms of a pair, as in GuacaMol (Brown et al. 2019)."""


class FingerprintKind(StrEnum):
    """What a fingerprint counts in a molecule; none of them is folded or sees stereochemistry."""

    ECFP4 = "ecfp4"
    """Circular environments of up to two bonds (Rogers & Hahn 2010)."""
    ECFP6 = "ecfp6"
    """The same, up to three bonds."""
    FCFP4 = "fcfp4"
    """Environments of two bonds, atoms told apart by their pharmacophoric role only."""
    FCFP6 = "fcfp6"
    """The same, three bonds."""
    ATOM_PAIRS = "atom_pairs"
    """Pairs of atoms one to ten bonds apart (Carhart et al. 1985)."""
    PHARMACOPHORES = "pharmacophores"
    """Pharmacophores of two and three points, each once (Gobbi & Poppinger 1998)."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """How often each feature stands in a molecule."""

    kind: FingerprintKind
    # Any: RDKit has a class of sparse vectors for each width of integer.
    vector: Any = field(repr=False)

    @property
    def counts(self) -> Mapping[int, int]:
        """Count of each feature that occurs, by the feature's number."""
        found: dict[int, int] = self.vector.GetNonzeroElements()
        return found


def fingerprint(molecule: Molecule, kind: FingerprintKind) -> Fingerprint:
    """The counts of all features of a kind."""
    if kind is FingerprintKind.PHARMACOPHORES:
        vector = ULongSparseIntVect(SIZE)
        vector.UpdateFromSequence(pharmacophores(molecule).tolist())
        return Fingerprint(kind, vector)
    return Fingerprint(kind, _generator(kind).GetSparseCountFingerprint(molecule.mol))


def tanimoto(a: Fingerprint, b: Fingerprint) -> float:
    """Smaller counts over larger counts, each summed, in [0, 1]; 0.0 when both are empty."""
    return float(TanimotoSimilarity(a.vector, b.vector))


def tanimoto_to(
    reference: Fingerprint, others: Sequence[Fingerprint]
) -> Float64[np.ndarray, " molecule"]:
    """Similarity of each fingerprint to the reference, which is of the same kind."""
    found = BulkTanimotoSimilarity(reference.vector, [other.vector for other in others])
    return np.array(found, dtype=np.float64)


def morgan_bits(
    molecules: Sequence[Molecule], radius: int = 2, bits: int = 1024
) -> UInt8[np.ndarray, "molecule bit"]:
    """Circular environments folded to so many bits, 1 where one occurs; as MOSES' metrics use."""
    generator = _morgan_generator(radius, bits)
    table = np.zeros((len(molecules), bits), dtype=np.uint8)
    for row, molecule in zip(table, molecules, strict=True):
        row[:] = generator.GetFingerprintAsNumPy(molecule.mol)
    return table


def substructure_counts(
    molecules: Sequence[Molecule | None],
) -> UInt8[np.ndarray, "molecule substructure"]:
    """How often each circular environment of up to two bonds occurs, folded; 0 without molecule."""
    generator = _morgan_generator(2, SUBSTRUCTURES)
    table = np.zeros((len(molecules), SUBSTRUCTURES), dtype=np.uint8)
    for row, molecule in zip(table, molecules, strict=True):
        if molecule is not None:
            row[:] = generator.GetCountFingerprintAsNumPy(molecule.mol).clip(max=255)
    return table


def selfies_substructures(
    selfies_rows: Sequence[Selfies],
) -> UInt8[np.ndarray, "molecule substructure"]:
    """The `substructure_counts` of what symbols spell."""
    return substructure_counts(from_selfies_batch(selfies_rows))


def fold(
    fingerprints: Sequence[Fingerprint], bits: int, *, counted: bool = False
) -> Float64[np.ndarray, "molecule bit"]:
    """Features by their number modulo `bits`: 1 where one occurs or, counted, how often."""
    table = np.zeros((len(fingerprints), bits), dtype=np.float64)
    for row, one in zip(table, fingerprints, strict=True):
        for feature, count in one.counts.items():
            row[feature % bits] += count
    return table if counted else np.minimum(table, 1.0)


def scaffold(molecule: Molecule) -> str:
    """SMILES of the rings and what links them, stereo-free (Bemis & Murcko 1996); "" for none."""
    return str(MurckoScaffoldSmiles(mol=molecule.mol))  # type: ignore[no-untyped-call]


# Any: RDKit's generators are one class per type of their output.
@cache
def _generator(kind: FingerprintKind) -> Any:
    if kind is FingerprintKind.ATOM_PAIRS:
        return rdFingerprintGenerator.GetAtomPairGenerator(
            minDistance=1, maxDistance=_LONGEST_ATOM_PAIR
        )
    radius = 2 if kind in (FingerprintKind.ECFP4, FingerprintKind.FCFP4) else 3
    if kind in (FingerprintKind.ECFP4, FingerprintKind.ECFP6):
        return rdFingerprintGenerator.GetMorganGenerator(radius=radius)
    roles = rdFingerprintGenerator.GetMorganFeatureAtomInvGen()
    return rdFingerprintGenerator.GetMorganGenerator(radius=radius, atomInvariantsGenerator=roles)


@cache
def _morgan_generator(radius: int, bits: int) -> Any:
    return rdFingerprintGenerator.GetMorganGenerator(radius=radius, fpSize=bits)

"""Similarity of molecules: count fingerprints, Tanimoto similarity, Morgan bits, scaffolds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Float64, UInt8
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator
from rdkit.Chem.Scaffolds.MurckoScaffold import GetScaffoldForMol, MurckoScaffoldSmiles
from rdkit.DataStructs import BulkTanimotoSimilarity, TanimotoSimilarity, ULongSparseIntVect

from molvae.chem.molecule import Molecule, Pattern
from molvae.chem.notation import Selfies, from_selfies_batch
from molvae.chem.pharmacophores import SIZE, pharmacophores

SUBSTRUCTURES = 2_048
"""Length of the vectors of `substructure_counts`."""
_LONGEST_ATOM_PAIR = 10
"""Maximum distance of a pair in bonds, as in GuacaMol (Brown et al. 2019)."""


class FingerprintKind(StrEnum):
    """Kind of fingerprint; all are unfolded and ignore stereochemistry."""

    ECFP4 = "ecfp4"
    """Circular environments of up to two bonds (Rogers & Hahn 2010)."""
    ECFP6 = "ecfp6"
    """Circular environments of up to three bonds."""
    FCFP4 = "fcfp4"
    """Circular environments of up to two bonds, atoms typed by pharmacophoric role only."""
    FCFP6 = "fcfp6"
    """Circular environments of up to three bonds, atoms typed by pharmacophoric role only."""
    ATOM_PAIRS = "atom_pairs"
    """Pairs of atoms one to ten bonds apart (Carhart et al. 1985)."""
    PHARMACOPHORES = "pharmacophores"
    """Pharmacophores of two and three points, without counts (Gobbi & Poppinger 1998)."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Count of each feature in a molecule."""

    kind: FingerprintKind
    # Any: RDKit has a class of sparse vectors for each width of integer.
    vector: Any = field(repr=False)

    @property
    def counts(self) -> Mapping[int, int]:
        """Count of each feature that occurs, by feature number."""
        counts: dict[int, int] = self.vector.GetNonzeroElements()
        return counts


def fingerprint(molecule: Molecule, kind: FingerprintKind) -> Fingerprint:
    """Fingerprint of a molecule."""
    if kind is FingerprintKind.PHARMACOPHORES:
        vector = ULongSparseIntVect(SIZE)
        vector.UpdateFromSequence(pharmacophores(molecule).tolist())
        return Fingerprint(kind, vector)
    return Fingerprint(kind, _generator(kind).GetSparseCountFingerprint(molecule.mol))


def tanimoto(a: Fingerprint, b: Fingerprint) -> float:
    """Sum of minimum counts over sum of maximum counts, in [0, 1]; 0.0 if both are empty."""
    return float(TanimotoSimilarity(a.vector, b.vector))


def ecfp4_similarity(first: Molecule, second: Molecule) -> float:
    """Tanimoto similarity of the counted ECFP4 fingerprints of two molecules."""
    return tanimoto(*(fingerprint(row, FingerprintKind.ECFP4) for row in (first, second)))


def tanimoto_to(
    reference: Fingerprint, fingerprints: Sequence[Fingerprint]
) -> Float64[np.ndarray, " molecule"]:
    """Tanimoto similarity of each fingerprint to the reference, all of the same kind."""
    vectors = [fingerprint.vector for fingerprint in fingerprints]
    return np.array(BulkTanimotoSimilarity(reference.vector, vectors), dtype=np.float64)


def morgan_bits(
    molecules: Sequence[Molecule], radius: int = 2, bits: int = 1024
) -> UInt8[np.ndarray, "molecule bit"]:
    """Morgan fingerprints folded to `bits` bits, as in the metrics of MOSES."""
    generator = _morgan_generator(radius, bits)
    table = np.zeros((len(molecules), bits), dtype=np.uint8)
    for row, molecule in zip(table, molecules, strict=True):
        row[:] = generator.GetFingerprintAsNumPy(molecule.mol)
    return table


def substructure_counts(
    molecules: Sequence[Molecule | None], size: int = SUBSTRUCTURES
) -> UInt8[np.ndarray, "molecule substructure"]:
    """Counts of circular environments of up to two bonds, folded to `size`; zeros for None."""
    generator = _morgan_generator(2, size)
    table = np.zeros((len(molecules), size), dtype=np.uint8)
    for row, molecule in zip(table, molecules, strict=True):
        if molecule is not None:
            row[:] = generator.GetCountFingerprintAsNumPy(molecule.mol).clip(max=255)
    return table


def selfies_substructures(
    selfies_rows: Sequence[Selfies],
) -> UInt8[np.ndarray, "molecule substructure"]:
    """`substructure_counts` of the molecules that SELFIES decode to."""
    return substructure_counts(from_selfies_batch(selfies_rows))


def fold(
    fingerprints: Sequence[Fingerprint], bits: int, *, counted: bool = False
) -> Float64[np.ndarray, "molecule bit"]:
    """Fingerprints folded by feature number modulo `bits`: presence or, if `counted`, counts."""
    table = np.zeros((len(fingerprints), bits), dtype=np.float64)
    for row, fingerprint in zip(table, fingerprints, strict=True):
        for feature, count in fingerprint.counts.items():
            row[feature % bits] += count
    return table if counted else np.minimum(table, 1.0)


def scaffold(molecule: Molecule) -> str:
    """SMILES of the Bemis-Murcko scaffold without stereo; "" for a molecule without rings."""
    return str(MurckoScaffoldSmiles(mol=molecule.mol))  # type: ignore[no-untyped-call]


def scaffold_pattern(molecule: Molecule) -> Pattern | None:
    """Pattern of the Bemis-Murcko scaffold without stereo; None for a molecule without rings.

    Its atoms may have any number of hydrogens, as the scaffold itself has some in the place of
    substituents: `scaffold` gives an N-methylindole as c1ccc2[nH]ccc2c1.
    """
    core = GetScaffoldForMol(molecule.mol)  # type: ignore[no-untyped-call]
    if not core.GetNumAtoms():
        return None
    Chem.RemoveStereochemistry(core)
    for atom in core.GetAtoms():
        atom.SetNumExplicitHs(0)
        atom.SetNoImplicit(False)
    return Pattern.parse(Chem.MolToSmarts(core))


# Any: RDKit has a class of generators for each type of output.
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

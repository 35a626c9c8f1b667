"""Fingerprints against counting by hand and against RDKit's older functions."""

import csv
from pathlib import Path

import numpy as np
import pytest
from rdkit import rdBase
from rdkit.Chem import AllChem, rdMolDescriptors
from rdkit.Chem.Pharm2D import Generate, Gobbi_Pharm2D
from rdkit.DataStructs import BulkTanimotoSimilarity

from molvae.chem.molecule import Molecule
from molvae.chem.similarity import (
    FingerprintKind,
    fingerprint,
    fold,
    morgan_bits,
    scaffold,
    scaffold_pattern,
    substructure_counts,
    tanimoto,
    tanimoto_to,
)

SAMPLE = Path(__file__).parents[2] / "data" / "moses_sample.csv"
UNUSUAL = ["C", "[Na+].CC(=O)[O-]", "C[NH+](C)CC#N", "F/C=C/C1CC1", "CC(=O)NCCCN" * 8]

OLDER = {
    FingerprintKind.ECFP4: lambda mol: AllChem.GetMorganFingerprint(mol, 2),
    FingerprintKind.ECFP6: lambda mol: AllChem.GetMorganFingerprint(mol, 3),
    FingerprintKind.FCFP4: lambda mol: AllChem.GetMorganFingerprint(mol, 2, useFeatures=True),
    FingerprintKind.FCFP6: lambda mol: AllChem.GetMorganFingerprint(mol, 3, useFeatures=True),
    FingerprintKind.ATOM_PAIRS: lambda mol: rdMolDescriptors.GetAtomPairFingerprint(
        mol, maxLength=10
    ),
    FingerprintKind.PHARMACOPHORES: lambda mol: Generate.Gen2DFingerprint(
        mol, Gobbi_Pharm2D.factory
    ),
}
"""What GuacaMol 0.5.5 calls for each kind."""


@pytest.fixture(scope="module")
def molecules():
    with SAMPLE.open(encoding="utf-8") as stream:
        rows = [row["smiles"] for row in csv.DictReader(stream)][:40]
    return [Molecule.parse(smiles) for smiles in [*rows, *UNUSUAL]]


def prints(kind, *texts):
    return [fingerprint(Molecule.parse(text), kind) for text in texts]


@pytest.mark.parametrize("kind", list(FingerprintKind))
def test_similarities_are_those_of_the_functions_that_guacamol_calls(kind, molecules):
    ours = [fingerprint(molecule, kind) for molecule in molecules]
    with rdBase.BlockLogs():
        theirs = [OLDER[kind](molecule.mol) for molecule in molecules]
    for mine, other in zip(ours, theirs, strict=True):
        expected = BulkTanimotoSimilarity(other, theirs)
        np.testing.assert_allclose(tanimoto_to(mine, ours), expected, rtol=0, atol=1e-15)


@pytest.mark.parametrize(
    ("kind", "a", "b", "expected"),
    [
        # Propane: two pairs end-middle, one end-end. Butane: two end-middle at one bond, two at
        # two, middle-middle and end-end. Two pairs are common: 2 / (3 + 6 - 2).
        (FingerprintKind.ATOM_PAIRS, "CCC", "CCCC", 2 / 7),
        # Ethane: two methyls, one larger environment. Propane: two methyls, a methylene, three
        # larger environments, none of them ethane's.
        (FingerprintKind.ECFP4, "CC", "CCC", 2 / 7),
        (FingerprintKind.ECFP4, "CCO", "OCC", 1),
        (FingerprintKind.ECFP4, "C", "O", 0),
        (FingerprintKind.ATOM_PAIRS, "C", "C", 0),
    ],
)
def test_similarity_counted_by_hand(kind, a, b, expected):
    assert tanimoto(*prints(kind, a, b)) == pytest.approx(expected)


# Bits instead of counts call any two long chains the same.
def test_counts_tell_chains_apart():
    assert tanimoto(*prints(FingerprintKind.ECFP4, "C" * 10, "C" * 20)) < 0.6


def test_features_see_roles_where_circles_see_elements():
    chlorine, bromine = "Clc1ccccc1", "Brc1ccccc1"
    assert tanimoto(*prints(FingerprintKind.FCFP4, chlorine, bromine)) == 1
    assert tanimoto(*prints(FingerprintKind.ECFP4, chlorine, bromine)) < 1


@pytest.mark.parametrize("kind", list(FingerprintKind))
def test_stereochemistry_is_not_seen(kind):
    assert tanimoto(*prints(kind, "C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O")) == 1


def test_nothing_is_similar_to_no_molecules():
    (one,) = prints(FingerprintKind.ECFP4, "CCO")
    assert tanimoto_to(one, []).shape == (0,)


def test_counts_of_propane():
    (propane,) = prints(FingerprintKind.ATOM_PAIRS, "CCC")
    assert sorted(propane.counts.values()) == [1, 2]


@pytest.mark.parametrize(("radius", "bits"), [(2, 1024), (3, 2048)])
def test_morgan_bits_are_those_that_moses_takes(molecules, radius, bits):
    with rdBase.BlockLogs():
        expected = [
            list(AllChem.GetMorganFingerprintAsBitVect(molecule.mol, radius, nBits=bits))
            for molecule in molecules
        ]
    np.testing.assert_array_equal(morgan_bits(molecules, radius, bits), expected)


def test_morgan_bits_of_no_molecules():
    assert morgan_bits([]).shape == (0, 1024)


# The features of TDC's models of GSK3B and JNK3.
def test_folded_circles_are_the_bits_of_rdkit(molecules):
    circles = [fingerprint(molecule, FingerprintKind.ECFP4) for molecule in molecules]
    np.testing.assert_array_equal(fold(circles, 2048), morgan_bits(molecules, 2, 2048))


# TDC's `fingerprints_from_mol`, which its model of DRD2 takes.
def test_folded_counts_add_up(molecules):
    for molecule in molecules:
        expected = np.zeros(2048)
        with rdBase.BlockLogs():
            found = AllChem.GetMorganFingerprint(molecule.mol, 3, useFeatures=True)
        for feature, count in found.GetNonzeroElements().items():
            expected[feature % 2048] += count
        ours = [fingerprint(molecule, FingerprintKind.FCFP6)]
        np.testing.assert_array_equal(fold(ours, 2048, counted=True)[0], expected)


@pytest.mark.parametrize(
    ("smiles", "expected"),
    [
        ("CCO", ""),
        ("Cc1ccccc1", "c1ccccc1"),
        ("CC(=O)c1ccc(CCC2CC2)cc1", "c1ccc(CCC2CC2)cc1"),
        ("O=C1CCCCC1C", "O=C1CCCCC1"),
        ("C[C@H]1CC[C@@H](C)CC1", "C1CCCCC1"),
    ],
)
def test_a_scaffold_is_the_rings_and_what_links_them(smiles, expected):
    assert scaffold(Molecule.parse(smiles)) == expected


def test_the_pattern_of_a_scaffold_matches_with_any_hydrogens_and_no_stereo():
    molecule = Molecule.parse("Cn1cc([C@H](C)C[n+]2ccccc2)c2ccccc21")
    pattern = scaffold_pattern(molecule)
    assert molecule.contains(pattern)
    assert Molecule.parse("C[n+]1ccccc1CCc1c[nH]c2ccccc12").contains(pattern) is False
    assert Molecule.parse("O=C(C[n+]1ccccc1)c1c[nH]c2ccccc12").contains(pattern)
    assert scaffold_pattern(Molecule.parse("CCO")) is None


def test_substructures_are_the_folded_counts_of_circular_environments():
    molecules = [Molecule.parse(smiles) for smiles in ("CC(=O)Nc1ccc(O)cc1", "C" * 30, "CCO")]
    counts = substructure_counts([*molecules, None])
    expected = fold(
        [fingerprint(one, FingerprintKind.ECFP4) for one in molecules], 2_048, counted=True
    )
    np.testing.assert_array_equal(counts[:3], expected)
    assert counts.max() > 20
    assert not counts[3].any()


def test_more_of_a_substructure_than_a_byte_holds_is_255():
    assert substructure_counts([Molecule.parse("C" * 400)]).max() == 255

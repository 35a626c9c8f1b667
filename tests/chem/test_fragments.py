"""Pieces and scaffolds as MOSES counts them."""

import csv
from itertools import islice
from pathlib import Path

import pytest
from rdkit import Chem
from rdkit.Chem import BRICS

from molvae.chem.fragments import brics_fragments, moses_scaffold
from molvae.chem.molecule import Molecule

SAMPLE = Path(__file__).parents[2] / "data" / "moses_sample.csv"


def test_the_pieces_are_those_of_rdkits_other_implementation():
    with SAMPLE.open(encoding="utf-8") as stream:
        rows = [row["smiles"] for row in islice(csv.DictReader(stream), 100)]
    for smiles in rows:
        molecule = Molecule.parse(smiles)
        other = Chem.MolToSmiles(BRICS.BreakBRICSBonds(molecule.mol))
        assert sorted(brics_fragments(molecule)) == sorted(other.split("."))


def test_an_amide_falls_into_acid_and_amine():
    assert sorted(brics_fragments(Molecule.parse("CC(=O)NC"))) == ["[1*]C(C)=O", "[5*]NC"]


def test_a_molecule_without_breakable_bonds_is_its_only_piece():
    assert brics_fragments(Molecule.parse("c1ccccc1")) == ("c1ccccc1",)


@pytest.mark.parametrize(
    ("smiles", "expected"),
    [
        ("Cc1ccc(CC2CCN(C)CC2)cc1F", "c1ccc(CC2CCNCC2)cc1"),
        ("O=C(Nc1ccccc1)c1ccccc1Cl", "O=C(Nc1ccccc1)c1ccccc1"),
        ("OC1CC2CCC1C2", "C1CC2CCC1C2"),
        ("Cc1ccccc1", None),
        ("CCO", None),
    ],
)
def test_the_scaffold_is_rings_and_linkers_of_two_rings_or_more(smiles, expected):
    found = moses_scaffold(Molecule.parse(smiles))
    assert found == (None if expected is None else Chem.CanonSmiles(expected))


def test_the_scaffold_keeps_stereochemistry():
    left, right = (
        moses_scaffold(Molecule.parse(f"[C{mark}H](N1CCCCC1)(c1ccccc1)C1CC1"))
        for mark in ("@", "@@")
    )
    assert left != right

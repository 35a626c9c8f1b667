"""Pharmacophores against RDKit's own function and against counting by hand."""

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit.Chem.Pharm2D import Generate, Gobbi_Pharm2D

from molvae.chem.molecule import Molecule
from molvae.chem.notation import from_selfies, robust_alphabet
from molvae.chem.pharmacophores import SIZE, pharmacophores

SAMPLE = Path(__file__).parents[2] / "data" / "moses_sample.csv"
TWO_AMIDES_AND_MORE = "CC(=O)NCCCN" * 12
"""More than 64 points, beyond which the triples are not listed at once."""


def rdkit_bits(molecule):
    return set(Generate.Gen2DFingerprint(molecule.mol, Gobbi_Pharm2D.factory).GetOnBits())


def check_alike(pairs):
    """Two numberings of the same things: one number stands for one bit, and for no other."""
    forth, back = {}, {}
    for ours, theirs in pairs:
        assert len(ours) == len(theirs)
        # What only one of two molecules shows has to be the same under both numberings.
        for number in ours:
            forth[number] = forth.get(number, theirs) & theirs
        for bit in theirs:
            back[bit] = back.get(bit, ours) & ours
    assert all(forth.values())
    assert all(back.values())


def test_pharmacophores_are_the_bits_of_rdkit_renumbered():
    with SAMPLE.open(encoding="utf-8") as stream:
        texts = [row["smiles"] for row in csv.DictReader(stream)][:120]
    molecules = [Molecule.parse(text) for text in texts]
    check_alike([(set(pharmacophores(one).tolist()), rdkit_bits(one)) for one in molecules])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(robust_alphabet()), min_size=8, max_size=40))
def test_any_molecule_has_as_many_as_rdkit_finds(symbols):
    molecule = from_selfies(["[C]", "[N]", "[C]", *symbols])
    found = pharmacophores(molecule)
    assert len(found) == len(rdkit_bits(molecule))
    assert all(0 <= number < SIZE for number in found)


def test_a_molecule_of_many_points_is_no_exception():
    molecule = Molecule.parse(TWO_AMIDES_AND_MORE)
    assert len(pharmacophores(molecule)) == len(rdkit_bits(molecule))


@pytest.mark.parametrize(
    ("smiles", "expected"),
    [
        ("C", 0),
        # A donor that is an acceptor and basic too, alone.
        ("CN", 0),
        # Two alcohols, each donor and acceptor, three bonds apart: donor-donor, donor-acceptor
        # and acceptor-acceptor; three points would need a third atom.
        ("OCCO", 3),
    ],
)
def test_pharmacophores_counted_by_hand(smiles, expected):
    assert len(pharmacophores(Molecule.parse(smiles))) == expected

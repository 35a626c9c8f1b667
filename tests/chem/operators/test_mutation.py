"""Each kind of edit makes what one makes by hand, and every child is sound."""

import csv
from collections import Counter
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem
from rdkit.Chem import Descriptors

from molvae.chem.molecule import Molecule, Pattern
from molvae.chem.operators.mutation import (
    EDIT_WEIGHTS,
    ELEMENT_WEIGHTS,
    GROUP_WEIGHTS,
    RING_SIZE_WEIGHTS,
    Edit,
    mutate,
)

SAMPLE = Path(__file__).parents[3] / "data" / "moses_sample.csv"
with SAMPLE.open(encoding="utf-8") as stream:
    REAL = [Molecule.parse(row["smiles"]) for row in islice(csv.DictReader(stream), 100)]

MOLECULES = st.sampled_from(REAL)
SEEDS = st.integers(0, 2**32 - 1)


def child(molecule, seed, **options):
    return mutate(molecule, np.random.default_rng(seed), **options)


def children(smiles, *edits, seeds=150):
    """SMILES of all children that some seeds give."""
    parent = Molecule.parse(smiles)
    return {found.smiles for seed in range(seeds) if (found := child(parent, seed, edits=edits))}


def never_made(expected, smiles, *edits, seeds=4000):
    """Those of the expected children that no seed gives; it ends with the last one found."""
    parent, missing = Molecule.parse(smiles), canonical(expected)
    for seed in range(seeds):
        if not missing:
            break
        found = child(parent, seed, edits=edits)
        missing.discard(found and found.smiles)
    return missing


def canonical(smiles):
    return {Chem.CanonSmiles(one) for one in smiles}


@settings(deadline=None)
@given(MOLECULES, SEEDS, st.sampled_from([tuple(Edit), *((edit,) for edit in Edit)]))
def test_a_child_is_sound_and_not_its_parent(molecule, seed, edits):
    found = child(molecule, seed, edits=edits, max_heavy_atoms=25)
    if found is None:
        return
    again = Molecule.parse(found.smiles)
    assert again == found != molecule
    assert again.mol.ToBinary() == found.mol.ToBinary()
    assert found.heavy_atoms <= 25
    assert not {".", "@", "/", "\\"} & set(found.smiles)
    assert Descriptors.NumRadicalElectrons(found.mol) == 0
    assert not Chem.DetectChemistryProblems(found.mol)
    assert all(3 <= len(ring) <= 8 for ring in found.mol.GetRingInfo().AtomRings())


@settings(deadline=None)
@given(MOLECULES, SEEDS)
def test_one_seed_gives_one_child(molecule, seed):
    assert child(molecule, seed) == child(molecule, seed)


def test_nearly_every_real_molecule_has_a_child():
    generator = np.random.default_rng(0)
    chosen = generator.integers(len(REAL), size=500).tolist()
    found = [mutate(REAL[place], generator) for place in chosen]
    assert found.count(None) <= 2
    assert len({one.smiles for one in found if one}) > 420


# All that an edit can make of a small molecule.
@pytest.mark.parametrize(
    ("edit", "smiles", "expected"),
    [
        (Edit.DELETE_ATOM, "CCO", {"CC", "CO"}),
        (Edit.DELETE_ATOM, "C", set()),
        (Edit.DELETE_ATOM, "CC(=O)C", {"CC=O", "CCC"}),
        (Edit.DELETE_ATOM, "OCO", {"CO"}),
        (Edit.DELETE_ATOM, "C1CCCCC1", {"C1CCCC1"}),
        (Edit.DELETE_ATOM, "C1CC1", set()),
        (Edit.DELETE_ATOM, "c1ccccc1", set()),
        (Edit.DELETE_ATOM, "Cc1ccccc1", {"c1ccccc1"}),
        (Edit.DELETE_ATOM, "C[N+](=O)[O-]", set()),
        (Edit.DELETE_ATOM, "CC[N+](=O)[O-]", {"C[N+](=O)[O-]"}),
        (Edit.CHANGE_BOND, "CC", {"C=C"}),
        (Edit.CHANGE_BOND, "C=C", {"CC", "C#C"}),
        (Edit.CHANGE_BOND, "CC#N", {"CC=N"}),
        (Edit.CHANGE_BOND, "NO", set()),
        (Edit.CHANGE_BOND, "NN", {"N=N"}),
        (Edit.CHANGE_BOND, "C1CCC1", {"C1=CCC1"}),
        (Edit.CHANGE_BOND, "C1CC1", set()),
        (Edit.CHANGE_BOND, "c1ccccc1", set()),
        (Edit.CHANGE_BOND, "C1=CCCC=C1", {"c1ccccc1", "C1=CCCCC1"}),
        (Edit.CHANGE_BOND, "C[N+](=O)[O-]", set()),
        (Edit.OPEN_RING, "CC1CC1", {"CCCC", "CC(C)C"}),
        (Edit.OPEN_RING, "C1CCOC1", {"CCCCO", "CCCOC", "CCOCC"}),
        (Edit.OPEN_RING, "c1ccc2c(c1)CC2", {"CCc1ccccc1", "Cc1ccccc1C"}),
        (Edit.OPEN_RING, "c1ccccc1", set()),
        # The bond between the rings would leave a ring of ten.
        (Edit.OPEN_RING, "C1CCC2CCCCC2C1", {
            "CCCCC1CCCCC1", "CCCC1CCCCC1C", "CCC1CCCCC1CC",
        }),
        (Edit.CLOSE_RING, "CCC", {"C1CC1"}),
        (Edit.CLOSE_RING, "CCCC", {"C1CCC1", "CC1CC1"}),
        (Edit.CLOSE_RING, "COC", {"C1CO1"}),
        (Edit.CLOSE_RING, "OCO", set()),
        # Bonds across a ring would make cages of the smallest rings.
        (Edit.CLOSE_RING, "C1CCCCC1", set()),
        (Edit.MOVE_SUBSTITUENT, "Cc1ccccc1C", {"Cc1cccc(C)c1", "Cc1ccc(C)cc1"}),
        (Edit.MOVE_SUBSTITUENT, "Cc1ccccc1", set()),
        (Edit.MOVE_SUBSTITUENT, "CCO", set()),
        (Edit.MOVE_SUBSTITUENT, "OC1CCNC1", {"OC1CCCN1", "ON1CCCC1"}),
        (Edit.MOVE_SUBSTITUENT, "CN1CCC1", {"CC1CCN1", "CC1CNC1"}),
    ],
)  # fmt: skip
def test_all_children_of_a_small_molecule(edit, smiles, expected):
    # To find nothing takes the longest.
    assert children(smiles, edit, seeds=150 if expected else 30) == canonical(expected)


# Some of the many that an edit can make.
@pytest.mark.parametrize(
    ("edit", "smiles", "expected"),
    [
        (Edit.APPEND_ATOM, "C", {"CC", "CN", "CO", "CF", "CCl", "C=C", "C=O", "C#N", "CBr"}),
        (Edit.APPEND_ATOM, "c1ccncc1", {"Cc1ccncc1", "Fc1cccnc1", "Nc1ccccn1"}),
        (Edit.APPEND_ATOM, "c1cc[nH]c1", {"Cn1cccc1", "Cc1ccc[nH]1"}),
        # Written in brackets, its hydrogens are explicit.
        (Edit.APPEND_ATOM, "C[SiH3]", {"C[SiH2]C"}),
        (Edit.INSERT_ATOM, "CC", {"CCC", "CNC", "COC", "CSC"}),
        (Edit.INSERT_ATOM, "C1CCCC1", {"C1CCNCC1", "C1CCOCC1", "C1CCCCC1"}),
        (Edit.INSERT_ATOM, "Cc1ccccc1", {"CCc1ccccc1", "COc1ccccc1", "CNc1ccccc1"}),
        (Edit.CHANGE_ELEMENT, "c1ccccc1", {"c1ccncc1"}),
        (Edit.CHANGE_ELEMENT, "c1ccoc1", {"c1ccsc1", "c1cc[nH]c1", "c1cocn1", "c1ccon1"}),
        (Edit.CHANGE_ELEMENT, "CS(C)=O", {"CC(C)=O", "CS(N)=O"}),
        (Edit.CLOSE_RING, "CCCCCC", {"C1CCCCC1", "CC1CCCC1"}),
        (Edit.APPEND_GROUP, "c1ccccc1", {
            "c1ccc(-c2ccccc2)cc1", "N#Cc1ccccc1", "OC(=O)c1ccccc1", "FC(F)(F)c1ccccc1",
            "CN(C)c1ccccc1", "c1ccc(N2CCOCC2)cc1", "CS(=O)(=O)c1ccccc1",
        }),
    ],
)  # fmt: skip
def test_children_that_one_expects(edit, smiles, expected):
    assert not never_made(expected, smiles, edit)


def test_two_rings_are_joined_into_a_third():
    carbazole = "c1ccc2c(c1)[nH]c1ccccc12"
    assert not never_made({carbazole}, "c1ccc(Nc2ccccc2)cc1", Edit.CLOSE_RING)


def test_every_kind_of_edit_is_among_those_drawn():
    by_hand = {
        Edit.APPEND_ATOM: "CCCCC1COCC1=O",
        Edit.INSERT_ATOM: "CCCCC1CCCOC1",
        Edit.DELETE_ATOM: "CCCC1CCOC1",
        Edit.CHANGE_ELEMENT: "CCCCC1CCNC1",
        Edit.CHANGE_BOND: "CCC=CC1CCOC1",
        Edit.CLOSE_RING: "C1CCC2(C1)CCOC2",
        Edit.OPEN_RING: "CCCCC(C)COC",
        Edit.APPEND_GROUP: "CCCCC1CCOC1C#N",
        Edit.MOVE_SUBSTITUENT: "CCCCC1CCCO1",
    }
    assert by_hand.keys() == set(Edit)
    assert not never_made(by_hand.values(), "CCCCC1CCOC1", *Edit)


def test_an_edit_that_is_left_out_is_not_made():
    kept = [edit for edit in Edit if edit not in (Edit.APPEND_ATOM, Edit.APPEND_GROUP)]
    sizes = {Molecule.parse(found).heavy_atoms for found in children("c1ccccc1", *kept)}
    # Nothing can be inserted into benzene or cut out of it.
    assert sizes == {6}


def test_charges_and_what_needs_them_stay():
    nitro = Pattern.parse("[N+](=O)[O-]")
    parent = Molecule.parse("O=[N+]([O-])c1ccc(C[NH3+])cc1")
    for seed in range(300):
        found = child(parent, seed)
        assert found is not None
        assert found.contains(nitro)
        assert Chem.GetFormalCharge(found.mol) == 1


def test_marks_of_stereochemistry_are_ignored():
    twins = Molecule.parse("C[C@H](F)/C=C/Cl"), Molecule.parse("C[C@@H](F)/C=C\\Cl")
    assert all(child(twins[0], seed) == child(twins[1], seed) for seed in range(50))


def test_edits_are_drawn_as_often_as_their_weights_say():
    # On a molecule that takes every edit, the number of heavy atoms tells kinds apart.
    parent = Molecule.parse("CCCCCCCCCCCCCCCCCC")
    edits = (Edit.DELETE_ATOM, Edit.APPEND_ATOM)
    sizes = Counter(
        found.heavy_atoms for seed in range(1000) if (found := child(parent, seed, edits=edits))
    )
    share = EDIT_WEIGHTS[edits[0]] / sum(EDIT_WEIGHTS[edit] for edit in edits)
    assert sizes.keys() == {17, 19}
    assert abs(sizes[17] / 1000 - share) < 4 * (share * (1 - share) / 1000) ** 0.5


def test_rings_of_five_and_six_are_closed_most():
    parent = Molecule.parse("C" * 16)
    sizes = Counter(
        len(one.mol.GetRingInfo().AtomRings()[0])
        for seed in range(300)
        if (one := child(parent, seed, edits=(Edit.CLOSE_RING,)))
    )
    # 0.81 by the weights, and a third if they had no say.
    assert (sizes[5] + sizes[6]) / sizes.total() > 0.7


def test_an_atom_is_not_changed_into_one_that_cannot_have_its_bonds():
    quaternary = Pattern.parse("[#6](*)(*)(*)*")
    for found in children("CC(C)(C)C", Edit.CHANGE_ELEMENT):
        assert Molecule.parse(found).contains(quaternary)


def test_no_group_is_bound_where_chemists_would_not():
    assert not canonical({"NF", "NCl"}) & children("N", Edit.APPEND_GROUP)


def test_the_weights_are_shares():
    for weights in (EDIT_WEIGHTS, ELEMENT_WEIGHTS, RING_SIZE_WEIGHTS):
        assert sum(weights.values()) == pytest.approx(1)
    assert set(EDIT_WEIGHTS) == set(Edit)
    assert set(RING_SIZE_WEIGHTS) == set(range(3, 9))


@pytest.mark.parametrize("smiles", GROUP_WEIGHTS)
def test_each_group_is_bound_by_its_first_atom(smiles):
    assert not never_made({f"C{smiles}"}, "C", Edit.APPEND_GROUP)

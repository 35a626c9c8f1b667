"""Every spelling reads back as the molecule it was made of, and any symbols read as something."""

import csv
from contextlib import suppress
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import selfies as sf
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem

from molvae.chem.molecule import Molecule
from molvae.chem.notation import (
    CONSTRAINTS,
    Repair,
    from_selfies,
    from_selfies_batch,
    random_selfies,
    remove_stereo,
    repair,
    robust_alphabet,
    to_selfies,
    to_selfies_batch,
)
from molvae.chem.refusal import Refusal
from molvae.errors import MoleculeError

SAMPLE = Path(__file__).parents[2] / "data" / "moses_sample.csv"

# Each is the smallest of a kind that has given trouble somewhere.
TRYING = [
    "C",
    "C[N+](=O)[O-]",
    "CN=[N+]=[N-]",
    "C[N+](C)(C)CC(=O)[O-]",
    "[O-][n+]1ccccc1",
    "Cn1cc[n+](C)c1",
    "c1cc[nH]c1",
    "O=c1cc[nH]cc1",
    "c1ccc2[nH]c3ccccc3c2c1",
    "c1cc[se]c1",
    "C[s+]1cccc1",
    "[c-]1ccccc1",
    "c1cc[o+]cc1",
    "c1nn[n-]n1",
    "CS(C)(=O)=O",
    "C[S@](=O)c1ccccc1",
    "C[P@@](=O)(O)c1ccccc1",
    "FS(F)(F)(F)(F)C",
    "C[P+](C)(C)C",
    "CO[Cl+3]([O-])([O-])[O-]",
    "c1ccc([I+]c2ccccc2)cc1",
    "F[B-](F)(F)c1ccccc1",
    "C[Si](C)(C)C",
    "C[N+]#[C-]",
    "F/C=C/F",
    "F/C=C\\F",
    "C1=C/CCCCCCCC/1",
    "C/C=C\\C=C\\C",
    "C[C@H]1CC[C@@H](C)CC1",
    "OC[C@@H]1O[C@H](O)[C@@H](O)[C@H](O)[C@H]1O",
    "C12C3C4C1C5C2C3C45",
    "[13CH3]C",
    "[2H]C([2H])([2H])O",
    "C[CH2]",
    "CCN.CCO",
    "O=C(O)C[C@H](N)C(=O)N[C@@H](Cc1ccccc1)C(=O)OC",
    "CN1CC[C@]23c4c5ccc(O)c4O[C@H]2[C@@H](O)C=C[C@H]3[C@H]1C5",
    "C[C@]12CC[C@H]3[C@@H](CCc4cc(O)ccc43)[C@@H]1CC[C@@H]2O",
]


@pytest.mark.parametrize("smiles", TRYING)
def test_a_molecule_survives_being_spelled(smiles):
    molecule = Molecule.parse(smiles)
    assert from_selfies(to_selfies(molecule)) == molecule


def test_each_molecule_is_spelled_or_none():
    assert to_selfies_batch(["CO", "not one", "OC"]) == [("[C]", "[O]"), None, ("[C]", "[O]")]


@pytest.mark.parametrize("smiles", TRYING)
def test_the_spelling_depends_on_the_molecule_not_on_its_text(smiles):
    molecule = Molecule.parse(smiles)
    for seed in range(3):
        other = Chem.MolToRandomSmilesVect(molecule.mol, 1, randomSeed=seed + 1)[0]
        assert to_selfies(Molecule.parse(other)) == to_selfies(molecule)


def test_benzene_is_spelled_as_in_the_selfies_paper():
    # Krenn et al. 2020, in the symbols of version 2.
    assert (
        "".join(to_selfies(Molecule.parse("c1ccccc1"))) == "[C][=C][C][=C][C][=C][Ring1][=Branch1]"
    )


@pytest.mark.parametrize("smiles", ["CI(=O)=O", "CI(Cl)Cl", "C*", "C~C", "C$C", "CC(C):F"])
def test_what_selfies_would_change_is_refused(smiles):
    with pytest.raises(MoleculeError) as refused:
        to_selfies(Molecule.parse(smiles))
    assert refused.value.reason == Refusal.NOT_ENCODABLE


@given(st.lists(st.sampled_from(robust_alphabet()), max_size=60))
def test_any_robust_symbols_with_an_atom_are_a_molecule(symbols):
    # The carbon in front is the atom; RDKit accepts whatever else the table lets through.
    molecule = from_selfies(["[C]", *symbols])
    assert from_selfies(to_selfies(molecule)) == molecule


@given(
    st.lists(
        st.sampled_from((*robust_alphabet(), ".", "[nop]", "[C@H1]", "[/C]", "[-/Ring1]", "[XX]"))
    )
)
def test_any_symbols_are_a_molecule_or_a_molecule_error(symbols):
    with suppress(MoleculeError):
        assert from_selfies(symbols).smiles


@pytest.mark.parametrize(
    "symbols", [[], ["[nop]"], ["[Branch1]"], ["[XX]"], ["[CH9]"], ["["], ["C"]]
)
def test_symbols_without_an_atom_are_no_molecule(symbols):
    with pytest.raises(MoleculeError, match="invalid SMILES"):
        from_selfies(symbols)


def test_endless_branches_are_no_molecule():
    with pytest.raises(MoleculeError, match="invalid SMILES"):
        from_selfies(["[C]", "[Branch1]", "[#Branch2]"] * 2000)


def test_the_table_holds_whatever_others_tell_selfies():
    sulfone = Molecule.parse("CS(C)(=O)=O")
    selfies, alphabet = to_selfies(sulfone), robust_alphabet()
    try:
        for preset in ("octet_rule", "hypervalent", "default"):
            sf.set_semantic_constraints(preset)
            assert from_selfies(selfies) == sulfone
            sf.set_semantic_constraints(preset)
            assert to_selfies(sulfone) == selfies
            sf.set_semantic_constraints(preset)
            assert robust_alphabet() == alphabet
    finally:
        sf.set_semantic_constraints()


def test_the_table_is_that_of_selfies_and_two_elements():
    default = sf.get_preset_constraints("default")
    assert dict(CONSTRAINTS) == {**default, "Si": 4, "Se": 6}


@pytest.mark.parametrize(("atom", "bonds"), [(a, n) for a, n in CONSTRAINTS.items() if a != "?"])
def test_rdkit_accepts_each_atom_of_the_table_with_all_its_bonds(atom, bonds):
    smiles = f"[{atom.replace('+1', '+').replace('-1', '-')}]" + "(F)" * bonds
    assert Chem.MolFromSmiles(smiles) is not None


def test_the_alphabet_is_sorted_and_holds_the_common_symbols():
    alphabet = robust_alphabet()
    assert list(alphabet) == sorted(set(alphabet))
    assert {"[C]", "[=C]", "[#N]", "[Ring1]", "[=Branch2]", "[Si]"} <= set(alphabet)


def real_spellings(count):
    with SAMPLE.open(encoding="utf-8") as stream:
        rows = list(islice(csv.DictReader(stream), count))
    return [to_selfies(Molecule.parse(row["smiles"])) for row in rows]


REAL = real_spellings(300)
ALPHABET = sorted({symbol for selfies in REAL for symbol in selfies})
# Far beyond what any string of the tests can use.
WITHOUT_VALENCES = dict.fromkeys(CONSTRAINTS, 500)


def symbols_of(text):
    return tuple(sf.split_selfies(text))


def decoded(symbols, constraints):
    try:
        sf.set_semantic_constraints(dict(constraints))
        return sf.decoder("".join(symbols))
    finally:
        sf.set_semantic_constraints()


@pytest.mark.parametrize("smiles", TRYING)
def test_no_spelling_is_repaired(smiles):
    molecule = Molecule.parse(smiles)
    assert repair(to_selfies(molecule)) is None
    # Other spellings of it are as good.
    for seed in range(3):
        other = Chem.MolToRandomSmilesVect(molecule.mol, 1, randomSeed=seed + 1)[0]
        with suppress(sf.EncoderError):
            assert repair(symbols_of(sf.encoder(other, strict=False))) is None


def test_no_spelling_of_a_real_molecule_is_repaired():
    assert {repair(selfies) for selfies in REAL} == {None}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # What is written is what comes.
        ("[C]", None),
        ("[C][=C][nop][C]", None),
        ("[C][Branch1][C][F][O]", None),
        ("[C][=Branch1][C][=O][O]", None),
        # A branch may be allowed more than its first bond needs.
        ("[C][=C][=Branch1][C][C][C]", None),
        ("[C][C][C][Ring1][Ring1]", None),
        ("[C].[C]", None),
        ("[C][C][epsilon]", None),
        ("[epsilon][C]", None),
        ("[CH4]", None),
        # Fluorine has one bond, and it is used.
        ("[C][F][C]", Repair.UNUSED_SYMBOLS),
        ("[C][Branch1][Ring1][F][C][C]", Repair.UNUSED_SYMBOLS),
        ("[C][CH4]", Repair.UNUSED_SYMBOLS),
        ("[C][C][epsilon][C]", Repair.UNUSED_SYMBOLS),
        ("[C][#O]", Repair.LOWERED_BOND),
        ("[C][=F]", Repair.LOWERED_BOND),
        ("[F][=C]", Repair.LOWERED_BOND),
        ("[=C][C]", Repair.LOWERED_BOND),
        ("[C][Branch1][C][=O][C]", Repair.LOWERED_BOND),
        ("[C][C][#C][=Ring1][Ring1]", Repair.LOWERED_BOND),
        ("[C][Branch1][C][F][Branch1][C][F][C][C][=Ring1][Branch1]", Repair.LOWERED_BOND),
        ("[F][Branch1][C][C]", Repair.DROPPED_BRANCH),
        ("[C][=O][Branch1][C][C]", Repair.UNUSED_SYMBOLS),
        ("[O][C][Branch1][=Branch1]", Repair.BRANCH_LENGTH),
        ("[Branch1][C][C]", Repair.DROPPED_BRANCH),
        ("[C][Branch1][C][epsilon][C]", Repair.DROPPED_BRANCH),
        ("[C][Branch1][Ring2][C][C]", Repair.BRANCH_LENGTH),
        ("[C][Branch1][Ring1][C][Branch1][C][C][C]", Repair.BRANCH_LENGTH),
        ("[C][C][C][Branch1][C][Ring1][C][C]", Repair.BRANCH_LENGTH),
        ("[C][C][C][Branch1][Ring1][C][Ring1][C][C]", Repair.BRANCH_LENGTH),
        ("[C][C][C][Ring1]", Repair.INDEX),
        ("[C][C][C][Ring2][C]", Repair.INDEX),
        ("[C][C][C][Ring1][F]", Repair.INDEX),
        ("[C][Branch1]", Repair.INDEX),
        ("[Ring1][C][C]", Repair.DROPPED_RING),
        ("[F][C][C][C][Ring1][Ring2]", Repair.DROPPED_RING),
        ("[C][C][C][Ring1][=Branch1]", Repair.MOVED_RING),
        ("[C][Ring1][C]", Repair.MOVED_RING),
        ("[C][C][Ring1][C]", Repair.MERGED_RING),
        ("[C][C][C][Ring1][Ring1][Ring1][Ring1]", Repair.MERGED_RING),
    ],
)
def test_each_kind_of_repair_is_told(text, expected):
    assert repair(symbols_of(text)) == expected


@given(st.data())
def test_symbols_after_the_last_free_valence_are_told(data):
    selfies = data.draw(st.sampled_from(REAL))
    more = data.draw(st.lists(st.sampled_from(ALPHABET), min_size=1, max_size=9))
    # A carbon at the end always has a free valence for the fluorine, which has none for more.
    smiles = from_selfies(selfies).smiles
    chain = symbols_of(sf.encoder(f"FC(F)(C{'C' * len(smiles)}F)"))
    assert repair(chain) is None
    assert repair((*chain, *more)) == Repair.UNUSED_SYMBOLS


@given(st.data())
def test_without_repair_the_valences_have_no_say(data):
    # The second formula: decoded by selfies itself with and without limits on bonds.
    symbols = list(data.draw(st.sampled_from(REAL)))
    for _ in range(data.draw(st.integers(0, 2))):
        symbols[data.draw(st.integers(0, len(symbols) - 1))] = data.draw(st.sampled_from(ALPHABET))
    if repair(symbols) is None:
        assert decoded(symbols, CONSTRAINTS) == decoded(symbols, WITHOUT_VALENCES)


@given(st.sampled_from(REAL), st.integers(1, 60))
def test_a_cut_spelling_is_repaired_or_means_what_is_left(selfies, length):
    left = selfies[:length]
    if repair(left) is None:
        assert decoded(left, CONSTRAINTS) == decoded(left, WITHOUT_VALENCES)


@pytest.mark.parametrize("symbols", [[], ["[nop]"], ["[epsilon]"], ["[XX]"], ["[CH9]"], ["C"]])
def test_what_spells_no_atom_cannot_be_judged(symbols):
    with pytest.raises(MoleculeError, match="invalid SMILES"):
        repair(symbols)


def test_the_judgement_holds_whatever_others_tell_selfies():
    sulfone = to_selfies(Molecule.parse("CS(C)(=O)=O"))
    try:
        sf.set_semantic_constraints("octet_rule")
        assert repair(sulfone) is None
    finally:
        sf.set_semantic_constraints()


def test_spellings_are_read_in_order_and_what_comes_twice_is_one_molecule():
    empty_context, ethanol, ether = ("[Branch1]",), ("[C]", "[C]", "[O]"), ("[C]", "[O]", "[C]")
    found = from_selfies_batch(iter([ethanol, empty_context, ether, ethanol, empty_context]))
    smiles = [one.smiles if one else None for one in found]
    assert smiles == ["CCO", None, "COC", "CCO", None]
    assert found[0] is found[3]


def test_a_random_selfies_spells_the_same_molecule_in_another_way():
    generator = np.random.default_rng(0)
    molecule = Molecule.parse("C[C@H](O)c1ccc(Cl)cc1")
    rows = {random_selfies(molecule, generator) for _ in range(10)}
    assert len(rows) > 5
    assert all(from_selfies(selfies) == molecule for selfies in rows if selfies)


FLAT = [
    ("C[C@H](N)C(=O)O", "CC(N)C(=O)O"),
    ("C/C=C/C", "CC=CC"),
    ("C/C=C1\\CCC[C@@H]1F", "CC=C1CCCC1F"),
    ("C[C@@H]([NH3+])C(=O)[O-]", "CC([NH3+])C(=O)[O-]"),
    ("C[N@+]1(CC)CCC[C@H]1C", "CC[N+]1(C)CCCC1C"),
    ("C[Si@H](F)c1ccccc1", "C[SiH](F)c1ccccc1"),
    ("C[S@](=O)c1ccccc1", "CS(=O)c1ccccc1"),
    ("[13C@H](C)(N)C(=O)O", "C[13CH](N)C(=O)O"),
    ("F/C=C/[C@H]1C[C@@H]1Cl", "FC=CC1CC1Cl"),
]


@pytest.mark.parametrize(("smiles", "flat"), FLAT)
def test_selfies_without_stereo_marks_are_the_flat_molecule(smiles, flat):
    selfies = remove_stereo(to_selfies(Molecule.parse(smiles)))
    assert from_selfies(selfies) == Molecule.parse(flat)


def test_molecules_without_stereo_marks_stay_as_they_are():
    selfies = to_selfies(Molecule.parse("CC(=O)Nc1ccc(O)cc1"))
    assert remove_stereo(selfies) == selfies

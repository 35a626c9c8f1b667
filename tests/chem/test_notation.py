"""Every spelling reads back as the molecule it was made of, and any symbols read as something."""

from contextlib import suppress

import pytest
import selfies
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem

from molvae.chem.molecule import Molecule
from molvae.chem.notation import CONSTRAINTS, read_spelling, robust_alphabet, spell
from molvae.chem.refusal import Refusal
from molvae.errors import MoleculeError

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
    assert read_spelling(spell(molecule)) == molecule


@pytest.mark.parametrize("smiles", TRYING)
def test_the_spelling_depends_on_the_molecule_not_on_its_text(smiles):
    molecule = Molecule.parse(smiles)
    for seed in range(3):
        other = Chem.MolToRandomSmilesVect(molecule.mol, 1, randomSeed=seed + 1)[0]
        assert spell(Molecule.parse(other)) == spell(molecule)


def test_benzene_is_spelled_as_in_the_selfies_paper():
    # Krenn et al. 2020, in the symbols of version 2.
    assert "".join(spell(Molecule.parse("c1ccccc1"))) == "[C][=C][C][=C][C][=C][Ring1][=Branch1]"


@pytest.mark.parametrize("smiles", ["CI(=O)=O", "CI(Cl)Cl", "C*", "C~C", "C$C", "CC(C):F"])
def test_what_selfies_would_change_is_refused(smiles):
    with pytest.raises(MoleculeError) as refused:
        spell(Molecule.parse(smiles))
    assert refused.value.reason == Refusal.NOT_KEPT_BY_SELFIES


@given(st.lists(st.sampled_from(robust_alphabet()), max_size=60))
def test_any_robust_symbols_with_an_atom_are_a_molecule(symbols):
    # The carbon in front is the atom; RDKit accepts whatever else the table lets through.
    molecule = read_spelling(["[C]", *symbols])
    assert read_spelling(spell(molecule)) == molecule


@given(
    st.lists(
        st.sampled_from((*robust_alphabet(), ".", "[nop]", "[C@H1]", "[/C]", "[-/Ring1]", "[XX]"))
    )
)
def test_any_symbols_are_a_molecule_or_a_molecule_error(symbols):
    with suppress(MoleculeError):
        assert read_spelling(symbols).smiles


@pytest.mark.parametrize(
    "symbols", [[], ["[nop]"], ["[Branch1]"], ["[XX]"], ["[CH9]"], ["["], ["C"]]
)
def test_symbols_without_an_atom_are_no_molecule(symbols):
    with pytest.raises(MoleculeError, match="not a molecule"):
        read_spelling(symbols)


def test_endless_branches_are_no_molecule():
    with pytest.raises(MoleculeError, match="not a molecule"):
        read_spelling(["[C]", "[Branch1]", "[#Branch2]"] * 2000)


def test_the_table_holds_whatever_others_tell_selfies():
    sulfone = Molecule.parse("CS(C)(=O)=O")
    spelling, alphabet = spell(sulfone), robust_alphabet()
    try:
        for preset in ("octet_rule", "hypervalent", "default"):
            selfies.set_semantic_constraints(preset)
            assert read_spelling(spelling) == sulfone
            selfies.set_semantic_constraints(preset)
            assert spell(sulfone) == spelling
            selfies.set_semantic_constraints(preset)
            assert robust_alphabet() == alphabet
    finally:
        selfies.set_semantic_constraints()


def test_the_table_is_that_of_selfies_and_two_elements():
    default = selfies.get_preset_constraints("default")
    assert dict(CONSTRAINTS) == {**default, "Si": 4, "Se": 6}


@pytest.mark.parametrize(("atom", "bonds"), [(a, n) for a, n in CONSTRAINTS.items() if a != "?"])
def test_rdkit_accepts_each_atom_of_the_table_with_all_its_bonds(atom, bonds):
    smiles = f"[{atom.replace('+1', '+').replace('-1', '-')}]" + "(F)" * bonds
    assert Chem.MolFromSmiles(smiles) is not None


def test_the_alphabet_is_sorted_and_holds_the_common_symbols():
    alphabet = robust_alphabet()
    assert list(alphabet) == sorted(set(alphabet))
    assert {"[C]", "[=C]", "[#N]", "[Ring1]", "[=Branch2]", "[Si]"} <= set(alphabet)

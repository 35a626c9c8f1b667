import numpy as np
import pytest
from rdkit import Chem

from molvae.chem.smiles_order import end_with

MOLECULES = [
    "CC(C)(O)N",
    "C[C@H](O)N",
    "C[C@](F)(O)N",
    "C[C@@](F)(Cl)[C@H](Br)I",
    "F/C=C/C(O)C",
    r"C/C(Cl)=C(/F)CO",
    "Cc1ccc2c(c1)OCO2",
    "CN1C=NC2=C1C(=O)N(C(=O)N2C)C",
    "C[C@]12CC[C@H]3[C@@H](CC=C4C[C@@H](O)CC[C@]34C)[C@@H]1CC[C@@H]2C",
    "C1CC2(C1)CC(C)C2",
    "[13CH3]S(=O)(=O)c1cccc(Br)c1",
    "C[N+](C)(C)CC([O-])=O",
]


@pytest.mark.parametrize("smiles", MOLECULES)
def test_every_atom_at_the_end_of_a_chain_can_come_last(smiles):
    generator = np.random.default_rng(0)
    mol = Chem.MolFromSmiles(smiles)
    for _ in range(20):
        shuffled = Chem.RenumberAtoms(mol, generator.permutation(mol.GetNumAtoms()).tolist())
        text = Chem.MolToSmiles(shuffled, canonical=False)
        read = Chem.MolFromSmiles(text)
        for atom in read.GetAtoms():
            if atom.GetDegree() > 1 or atom.GetIdx() == 0:
                continue
            rewritten, order = end_with(text, atom.GetIdx())
            again = Chem.MolFromSmiles(rewritten)
            assert Chem.CanonSmiles(rewritten) == Chem.CanonSmiles(smiles), text
            assert order[-1] == atom.GetIdx()
            assert [a.GetSymbol() for a in again.GetAtoms()] == [
                read.GetAtomWithIdx(index).GetSymbol() for index in order
            ]


def test_an_atom_within_a_chain_cannot_come_last():
    assert end_with("CCO", 1) is None


def test_a_dative_bond_is_not_dropped():
    assert end_with("CN(C)->[Zn]", 2) is None


def test_ring_numbers_that_were_used_twice_become_distinct():
    smiles, _ = end_with("C1CC1C(N)C1CC1", 4)
    assert Chem.CanonSmiles(smiles) == Chem.CanonSmiles("NC(C1CC1)C1CC1")
    assert smiles.endswith("N")

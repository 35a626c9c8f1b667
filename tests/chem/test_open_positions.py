import numpy as np
import pytest
from rdkit import Chem

from molvae.chem.attachment import Scaffold
from molvae.chem.open_positions import has_attachment_points, open_at_random, open_positions
from molvae.errors import ConfigError


@pytest.mark.parametrize(
    ("smiles", "expected"),
    [
        ("c1ccc[nH]1", [0, 1, 2, 3, 4]),
        ("CO", [0, 0, 0, 1]),
        ("C[NH3+]", [0, 0, 0]),
        ("C[C@H](O)F", [0, 0, 0, 2]),
        ("F/C=C/F", []),
        ("FC(F)(F)F", []),
    ],
)
def test_hydrogens_of_charged_and_stereogenic_atoms_stay(smiles, expected):
    assert open_positions(smiles) == expected


@pytest.mark.parametrize("smiles", ["c1ccc[nH]1", "CO", "C[C@H](O)N", "O=C1NCCc2ccccc21"])
@pytest.mark.parametrize("n", [1, 3])
def test_attachment_points_replace_hydrogens(smiles, n):
    generator = np.random.default_rng(0)
    for _ in range(20):
        text = open_at_random(smiles, n, generator)
        assert has_attachment_points(text)
        assert len(Scaffold.parse(text).labels) == n
        mol = Chem.MolFromSmiles(text)
        for atom in mol.GetAtoms():
            if atom.GetAtomicNum() == 0:
                atom.SetAtomicNum(1)
                atom.SetAtomMapNum(0)
        assert Chem.CanonSmiles(Chem.MolToSmiles(Chem.RemoveHs(mol))) == Chem.CanonSmiles(smiles)


def test_equivalent_choices_have_one_smiles():
    generator = np.random.default_rng(0)
    assert len({open_at_random("c1ccccc1", 1, generator) for _ in range(20)}) == 1
    assert len({open_at_random("c1ccccc1", 2, generator) for _ in range(50)}) == 3


@pytest.mark.parametrize("smiles", ["C1CC", "", "FC(F)(F)F"])
def test_a_structure_to_which_nothing_can_be_added_is_refused(smiles):
    with pytest.raises(ConfigError, match="scaffold"):
        open_at_random(smiles, 1, np.random.default_rng(0))

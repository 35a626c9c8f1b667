"""One charge form of each substance; protons move and nothing else."""

import pytest

from molvae.chem.standardize import Change, standardize
from molvae.chem.standardize_config import StandardizeConfig

DEFAULT = StandardizeConfig()


@pytest.mark.parametrize(
    ("text", "smiles"),
    [
        ("C[S+](C)[O-]", "CS(C)=O"),
        ("C[S@+]([O-])CC", "CC[S@](C)=O"),
        ("C[S@@+]([O-])CC", "CC[S@@](C)=O"),
        ("C[S+2](C)([O-])[O-]", "CS(C)(=O)=O"),
        ("C[S+](C)(=O)[O-]", "CS(C)(=O)=O"),
        ("C[S+](C)[N-]C", "CN=S(C)C"),
        ("C[Se+](C)[O-]", "C[Se](C)=O"),
        ("C[Se+2](C)([O-])[O-]", "C[Se](C)(=O)=O"),
        ("[CH2-][P+](C)(C)C", "C=P(C)(C)C"),
        ("[CH2-][S+](C)C", "C=S(C)C"),
        ("[CH2-][S+](C)(C)=O", "C=S(C)(C)=O"),
        ("C[N+]#C[S-]", "CN=C=S"),
        ("C[N+]#C[O-]", "CN=C=O"),
        ("C[P+](C)(C)[O-]", "CP(C)(C)=O"),
        ("C[P+](C)(C)[S-]", "CP(C)(C)=S"),
        ("CN(=O)=O", "C[N+](=O)[O-]"),
        ("c1ccn(=O)cc1", "[O-][n+]1ccccc1"),
        ("CN(C)(C)=O", "C[N+](C)(C)[O-]"),
        ("CN=N#N", "CN=[N+]=[N-]"),
        ("C[N-][N+]#N", "CN=[N+]=[N-]"),
        ("CC=N#N", "CC=[N+]=[N-]"),
        ("C[CH-][N+]#N", "CC=[N+]=[N-]"),
        ("C[N+](C)=C[N-]C", "CN=CN(C)C"),
        ("C[NH+]=C([O-])C", "CNC(C)=O"),
        ("CC(=[NH2+])[O-]", "CC(N)=O"),
        ("C[n+]1ccccc1[O-]", "Cn1ccccc1=O"),
    ],
)
def test_charge_forms_of_a_substance_become_one(text, smiles):
    molecule = standardize(text, DEFAULT)
    assert molecule.smiles == smiles
    assert molecule.changes == (Change.CHARGE_FORM,)
    assert standardize(smiles, DEFAULT).changes == ()


@pytest.mark.parametrize(
    ("text", "smiles"),
    [
        ("CC[NH3+]", "CCN"),
        ("[NH3+]CC(=O)[O-]", "NCC(=O)O"),
        ("c1cc[nH+]cc1", "c1ccncc1"),
        ("C=[NH2+]", "C=N"),
        ("C=[OH+]", "C=O"),
        ("C[SH+]C", "CSC"),
        ("C[PH3+]", "CP"),
        ("[O-]c1ccccc1", "Oc1ccccc1"),
        ("C[S-]", "CS"),
        ("C[N-]S(C)(=O)=O", "CNS(C)(=O)=O"),
        ("c1cc[n-]c1", "c1cc[nH]c1"),
        ("CB(O)[O-]", "CB(O)O"),
        ("C#[C-]", "C#C"),
        ("C[NH+](C)CC[N+](C)(C)C", "CN(C)CC[N+](C)(C)C"),
    ],
)
def test_protons_carry_charges_away(text, smiles):
    molecule = standardize(text, DEFAULT)
    assert molecule.smiles == smiles
    assert molecule.changes == (Change.CHARGES,)


@pytest.mark.parametrize(
    "smiles",
    [
        # A hydride, an electron pair or a whole group would have to go, not a proton.
        "[BH3-]C#N",
        "[BH3-]C",
        "C[BH2-]C",
        "C[B-](C)(C)C",
        "C[B-](F)(F)F",
        "O[B-](O)(O)c1ccccc1",
        "C[N+](C)(C)C",
        "C[n+]1ccccc1",
        "C[P+](C)(C)C",
        "C[S+](C)C",
        "C[O+](C)C",
        "C[I+]C",
        "C[CH+]C",
        "c1ccc[cH+]cc1",
        "c1cc[o+]cc1",
        "C[N+](C)(C)CC(=O)[O-]",
        "[C-]#[N+]C",
        "CC#[N+][O-]",
        "C[N+](=O)[O-]",
        # SELFIES cannot express I=O.
        "[O-][I+]c1ccccc1",
        "[O-][I+2]([O-])c1ccccc1",
        # With a hydrogen more the ring would not be aromatic.
        "c1cc[cH-]c1",
    ],
)
def test_charges_that_no_proton_can_take_away_stay(smiles):
    molecule = standardize(smiles, DEFAULT)
    assert molecule.smiles == smiles
    assert molecule.changes == ()


def test_a_borohydride_keeps_its_hydrides_without_its_sodium():
    molecule = standardize("[BH3-]C#N.[Na+]", DEFAULT)
    assert molecule.smiles == "[BH3-]C#N"
    assert molecule.changes == (Change.FRAGMENTS,)

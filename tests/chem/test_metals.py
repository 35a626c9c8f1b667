"""Salts lose their metal; organometallic compounds are refused for what they are."""

import pytest

from molvae.chem.standardize import Change, Refusal, standardize
from molvae.chem.standardize_config import StandardizeConfig
from molvae.errors import MoleculeError

DEFAULT = StandardizeConfig()


@pytest.mark.parametrize(
    ("text", "smiles"),
    [
        ("CC(=O)O[Na]", "CC(=O)O"),
        ("CC(=O)O[K]", "CC(=O)O"),
        ("CC(=O)O[Ca]OC(C)=O", "CC(=O)O"),
        ("CC(=O)O[Zn]OC(C)=O", "CC(=O)O"),
        ("CCO[Al](OCC)OCC", "CCO"),
        ("CCS[Na]", "CCS"),
        ("[Na]n1cccc1", "c1cc[nH]c1"),
        ("CC(=O)N([K])C", "CNC(C)=O"),
        ("C[C@H](N)C(=O)O[Li]", "C[C@H](N)C(=O)O"),
    ],
)
def test_a_covalent_salt_is_split_and_counted(text, smiles):
    molecule = standardize(text, DEFAULT)
    assert molecule.smiles == smiles
    assert molecule.changes == (Change.METALS, Change.FRAGMENTS, Change.CHARGES)


@pytest.mark.parametrize(
    ("text", "smiles"),
    [
        ("CC(=O)[O-].[Na+]", "CC(=O)O"),
        ("CC(=O)O.[Na]", "CC(=O)O"),
        ("[Fe+2].[O-]C(=O)C=CC([O-])=O", "O=C(O)C=CC(=O)O"),
        ("[Zn+2].CC([O-])=O.CC([O-])=O", "CC(=O)O"),
        ("CC(=O)[CH-]C(C)=O.[Na+]", "CC(=O)CC(C)=O"),
        ("[K+].[C-]#N", "C#N"),
        ("[Na+].[n-]1cnnn1", "c1nnn[nH]1"),
    ],
)
def test_a_salt_of_ions_leaves_its_acid(text, smiles):
    assert standardize(text, DEFAULT).smiles == smiles


@pytest.mark.parametrize(
    ("text", "metal"),
    [
        ("[Fe+2].c1cc[cH-]c1.c1cc[cH-]c1", "Fe"),
        ("[Fe+2].[CH-]1C=CC=C1.[CH-]1C=CC=C1", "Fe"),
        ("[Fe].[CH]1[CH][CH][CH][CH]1.[CH]1[CH][CH][CH][CH]1", "Fe"),
        ("[Co+2].c1cc[cH-]c1.c1cc[cH-]c1", "Co"),
        ("[Cr].c1ccccc1.c1ccccc1", "Cr"),
        ("[Li+].CCC[CH2-]", "Li"),
        ("[Mg+2].[Br-].[CH2-]C", "Mg"),
        ("N.N.O=C1O[Pt]OC(=O)C12CCC2", "Pt"),
        ("C1CC(C1)(C(=O)O)C(=O)O.[NH2-].[NH2-].[Pt+2]", "Pt"),
        ("[Gd+3].OC(=O)CN(CC([O-])=O)CC([O-])=O", "Gd"),
        ("[Fe+2].[N-]1C=CC=C1", "Fe"),
        ("[Fe+3].[C-]#N.[C-]#N.[C-]#N", "Fe"),
    ],
)
def test_an_organometallic_compound_is_refused_with_its_metal(text, metal):
    with pytest.raises(MoleculeError) as refused:
        standardize(text, DEFAULT)
    assert refused.value.reason == Refusal.ORGANOMETALLIC
    assert refused.value.detail == metal


@pytest.mark.parametrize(
    "text",
    ["C[Mg]Br", "C[Li]", "C[Zn]C", "CC[Sn](C)(C)C", "C[Hg]Cl", "CC1=CC(=O)O[Zn]O1", "CN->[Cu]"],
)
def test_a_metal_bound_for_good_is_a_disallowed_element(text):
    with pytest.raises(MoleculeError) as refused:
        standardize(text, DEFAULT)
    assert refused.value.reason == Refusal.ELEMENT_NOT_ALLOWED


def test_a_salt_stays_whole_where_all_fragments_are_kept():
    with pytest.raises(MoleculeError, match="Na"):
        standardize("CC(=O)O[Na]", StandardizeConfig(largest_fragment=False))

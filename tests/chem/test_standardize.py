"""Any SMILES becomes one clean molecule or one reason why not."""

import time
from contextlib import suppress
from pathlib import Path

import pytest

from molvae.chem.molecule import Molecule
from molvae.chem.notation import from_selfies, to_selfies
from molvae.chem.standardize import Refusal, standardize, standardize_molecule
from molvae.chem.standardize_config import StandardizeConfig
from molvae.errors import ConfigError, MoleculeError

DEFAULT = StandardizeConfig()
SAMPLE = Path(__file__).parents[2] / "data" / "moses_sample.csv"
# What is refused for an atom or a bond, or read with care, in all ways that SMILES has for it.
PECULIAR = (
    "*C", "C*", "C[*]", "[13CH4]", "[2H]O", "C[CH2]", "[CH3]", "C~C", "C$C", "CN->B", "B<-NC",
    "CC:N", "c:1:c:c:c:c:c1", "[Si](C)(C)C", "C[Se]C", "C[As](C)C", "P(C)(C)C", "CB(O)O", "[H]C",
    "[H][H]", "C1=CC=CN1", "cccc", "c1cccc1", "o1cccc1", "C%12CCCC%12", "O=[N]C",
    "C#N name with [odd] $igns",
)  # fmt: skip


def clean(text, **settings):
    return standardize(text, StandardizeConfig(**settings)).smiles


def refusal(text, **settings):
    with pytest.raises(MoleculeError) as refused:
        standardize(text, StandardizeConfig(**settings))
    return refused.value.reason


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CC(=O)[O-].[Na+]", "CC(=O)O"),
        ("Cl.CCN", "CCN"),
        ("CC(=O)O.CC(=O)O", "CC(=O)O"),
        ("C[N+](C)(C)C.[Cl-]", "C[N+](C)(C)C"),
        ("O.O.c1ccccc1", "c1ccccc1"),
        ("CCN.OS(=O)(=O)OS(=O)(=O)O", "CCN"),
        # The ring closure crosses the dot: this is one molecule, ethane.
        ("C1.C1", "CC"),
    ],
)
def test_of_a_salt_the_largest_organic_fragment_remains(text, expected):
    assert clean(text) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [("CCO.CCN", "CCN.CCO"), ("CCCO.CC(C)O", "CC(C)O.CCCO"), ("CCS.CCO", "CCO.CCS")],
)
def test_fragments_of_one_size_give_the_same_molecule_in_any_order(one, other):
    assert clean(one) == clean(other)


def test_among_fragments_of_one_size_the_heaviest_is_kept():
    assert clean("CCO.CCS") == "CCS"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[NH3+]CC(=O)[O-]", "NCC(=O)O"),
        ("CC[NH+](C)C", "CCN(C)C"),
        ("C[n+]1ccccc1", "C[n+]1ccccc1"),
        ("C[N+](C)(C)CC(=O)[O-]", "C[N+](C)(C)CC(=O)[O-]"),
        ("C[N+](=O)[O-]", "C[N+](=O)[O-]"),
        ("CN(=O)=O", "C[N+](=O)[O-]"),
        ("CN=N#N", "CN=[N+]=[N-]"),
        ("[O-][n+]1ccccc1", "[O-][n+]1ccccc1"),
        ("c1c[nH]c[nH+]1", "c1c[nH]cn1"),
        ("C[N-]S(C)(=O)=O", "CNS(C)(=O)=O"),
    ],
)
def test_charges_vanish_where_protons_can_carry_them_away(text, expected):
    assert clean(text) == expected


# RDKit keeps the mark of a stereocentre that the lost charge had made.
def test_a_stereocentre_that_was_one_by_its_charge_only_is_none():
    assert clean("C[C@H](C(=O)O)C(=O)[O-]") == "CC(C(=O)O)C(=O)O"


def test_charges_stay_when_told_so():
    assert clean("[NH3+]CC(=O)[O-]", neutralize=False) == "[NH3+]CC(=O)[O-]"


def test_stereochemistry_stays_unless_told_otherwise():
    assert clean("F/C=C/[C@H](C)O") == "C[C@H](O)/C=C/F"
    assert clean("F/C=C/[C@H](C)O", keep_stereo=False) == "CC(O)C=CF"


def test_a_mixture_stays_whole_when_told_so():
    assert clean("CCO.CCN", largest_fragment=False) == "CCN.CCO"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Refusal.NO_SMILES),
        ("C" * 6000, Refusal.TOO_LONG),
        ("c1cccc1", Refusal.INVALID),
        ("\x00\x7f\x01PNG", Refusal.INVALID),
        ("O", Refusal.INORGANIC),
        ("[Na+].[Cl-]", Refusal.INORGANIC),
        ("CC[Hg]CC", Refusal.ELEMENT_NOT_ALLOWED),
        ("C*", Refusal.ELEMENT_NOT_ALLOWED),
        ("CN->[Cu]", Refusal.ELEMENT_NOT_ALLOWED),
        ("C~C", Refusal.BOND_NOT_ALLOWED),
        ("C$C", Refusal.BOND_NOT_ALLOWED),
        ("CN->B", Refusal.BOND_NOT_ALLOWED),
        ("CC(C):N", Refusal.BOND_NOT_ALLOWED),
        ("[13CH4]", Refusal.ISOTOPE),
        ("[2H]C([2H])([2H])O", Refusal.ISOTOPE),
        ("C[CH2]", Refusal.RADICAL),
        ("CC1(C)CCCC(C)(C)N1[O]", Refusal.RADICAL),
        ("C" * 101, Refusal.TOO_MANY_HEAVY_ATOMS),
        ("CCO" * 1600, Refusal.TOO_MANY_HEAVY_ATOMS),
    ],
)
def test_each_refusal_has_its_reason(text, reason):
    assert refusal(text) == reason


def test_the_limits_are_the_settings():
    assert clean("C" * 100) == "C" * 100
    assert refusal("CCCC", max_heavy_atoms=3) == Refusal.TOO_MANY_HEAVY_ATOMS
    assert refusal("CC", min_heavy_atoms=3) == Refusal.TOO_FEW_HEAVY_ATOMS
    assert refusal("CCO", elements=("C", "N")) == Refusal.ELEMENT_NOT_ALLOWED
    assert clean("CCO", elements=("C", "O")) == "CCO"
    assert clean("C[CH2]", allow_radicals=True) == "[CH2]C"


@pytest.mark.parametrize(
    "text", ["[13CH4]", "[2H]C([2H])([2H])O", "[3H]OC", "[1H]C", "[2H]c1ccccc1", "C[18F]"]
)
def test_isotopes_of_all_elements_are_kept_where_they_are_allowed(text):
    molecule = standardize(text, StandardizeConfig(allow_isotopes=True))
    assert molecule == Molecule.parse(text)
    assert from_selfies(to_selfies(molecule)) == molecule
    assert refusal(text) == Refusal.ISOTOPE


def test_the_detail_names_the_foreign_elements():
    with pytest.raises(MoleculeError, match="As, Hg"):
        standardize("C[As](C)C[Hg]C", DEFAULT)


def test_limits_are_those_of_the_fragment_that_remains():
    assert clean("CCO." + ".".join(["[Na+].[Cl-]"] * 100)) == "CCO"


@pytest.mark.parametrize(
    "text",
    [
        "CCO" * 1600,
        "C." * 2000 + "C",
        "CCO" * 1600 + ".Cl",
        "C" * 10 + ".CCCCCCCCCO" * 400,
        "c1ccccc1" * 600,
        "C(" * 1500 + "C" + ")" * 1500,
    ],
)
def test_a_polymer_takes_no_longer_than_three_blinks(text):
    start = time.perf_counter()
    with suppress(MoleculeError):
        standardize(text, DEFAULT)
    assert time.perf_counter() - start < 3


def test_a_clean_molecule_stays_as_it_is():
    for text in ("C[N+](C)(C)CC(=O)[O-]", "OC[C@@H]1O[C@H](O)[C@@H](O)[C@H](O)[C@H]1O", "F/C=C/F"):
        once = standardize(text, DEFAULT)
        assert standardize(once.smiles, DEFAULT) == once == Molecule.parse(text)


def test_a_molecule_whose_charges_stay_is_not_made_anew():
    molecule = Molecule.parse("Cc1ccc([N+](=O)[O-])cc1")
    assert standardize_molecule(molecule, DEFAULT) is molecule
    assert standardize_molecule(Molecule.parse("CC[NH3+]"), DEFAULT).smiles == "CCN"


def test_what_the_text_cannot_hold_need_not_be_looked_for(monkeypatch):
    lines = SAMPLE.read_text(encoding="utf-8").splitlines()[1:1500:3]
    texts = [*(line.split(",")[0] for line in lines), *PECULIAR]

    def answers():
        found = []
        for text in texts:
            try:
                found.append(standardize(text, DEFAULT).smiles)
            except MoleculeError as error:
                found.append(str(error))
        return found

    by_text = answers()
    monkeypatch.setattr("molvae.chem.standardize._PLAIN_ELEMENTS", frozenset({"Xx"}))
    assert answers() == by_text


def test_an_unknown_element_is_named():
    with pytest.raises(ConfigError, match="Xx"):
        StandardizeConfig.parse({"elements": ["C", "Xx"]})
    with pytest.raises(ConfigError, match="did you mean 'neutralize'"):
        StandardizeConfig.parse({"neutralise": True})


def test_elements_are_taken_as_they_are_shown():
    expected = StandardizeConfig(elements=("C", "N", "O"))
    for typed in ("C,N,O",), ["C, N", "O"], ("C", "N", "O"):
        assert StandardizeConfig.parse({"elements": typed}) == expected

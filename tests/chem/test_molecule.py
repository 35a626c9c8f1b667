"""What counts as one molecule, and what is refused."""

from contextlib import suppress

import cloudpickle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from molvae.chem.formula import occurrences
from molvae.chem.molecule import Molecule, Pattern
from molvae.chem.reading import MAX_CHARACTERS
from molvae.chem.refusal import Refusal
from molvae.errors import ConfigError, MoleculeError


def test_two_spellings_of_ethanol_are_one_molecule():
    assert Molecule.parse("OCC") == Molecule.parse("CCO")
    assert len({Molecule.parse("OCC"), Molecule.parse("CCO"), Molecule.parse("C(O)C")}) == 1


def test_mirror_images_are_two_molecules():
    assert Molecule.parse("C[C@H](N)C(=O)O") != Molecule.parse("C[C@@H](N)C(=O)O")


def test_a_molecule_shows_its_smiles_and_counts_its_heavy_atoms():
    water = Molecule.parse("[H]O[H]")
    assert water.smiles == "O"
    assert water.heavy_atoms == 1
    assert repr(water) == "Molecule(smiles='O')"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Refusal.NO_SMILES),
        (" \t\n", Refusal.NO_SMILES),
        ("C" * (MAX_CHARACTERS + 1), Refusal.TOO_LONG),
        ("caf\u00e9", Refusal.INVALID),
        ("\udcff\x00", Refusal.INVALID),
        ("C(C", Refusal.INVALID),
        ("C1CC", Refusal.INVALID),
        ("CC>>CC", Refusal.INVALID),
        ("C(C)(C)(C)(C)C", Refusal.INVALID),
        ("c1cccc1", Refusal.INVALID),
    ],
)
def test_what_is_no_molecule_is_refused_with_its_reason(text, reason):
    with pytest.raises(MoleculeError) as refused:
        Molecule.parse(text)
    assert refused.value.reason == reason


def test_the_detail_says_what_rdkit_has_against_it():
    with pytest.raises(MoleculeError, match=r"C, 5, is greater than permitted"):
        Molecule.parse("C(C)(C)(C)(C)C")
    with pytest.raises(MoleculeError, match="kekulize"):
        Molecule.parse("c1cccc1")


# RDKit 2026.9 raises a RuntimeError when asked what is wrong with so many hydrogens.
def test_hundreds_of_hydrogens_are_refused_like_any_nonsense():
    with pytest.raises(MoleculeError, match="invalid SMILES"):
        Molecule.parse("CC(C)[NH642+][S-]CCS[C@@H](C)C[n+]CO")


def test_refusals_write_nothing_to_the_terminal(capfd):
    for text in ("C(C", "c1cccc1", "C(C)(C)(C)(C)C"):
        with pytest.raises(MoleculeError):
            Molecule.parse(text)
    with pytest.raises(ConfigError):
        Pattern.parse("[")
    assert capfd.readouterr() == ("", "")


@given(st.text(alphabet="CNOPSFclno[]()=#@+-/\\.123%*H \x00\xff", max_size=30))
def test_any_text_is_a_molecule_or_a_molecule_error(text):
    with suppress(MoleculeError):
        assert Molecule.parse(text).smiles.isascii()


def test_a_molecule_survives_pickling_as_processes_do():
    molecule = Molecule.parse("C[C@H](N)C(=O)O")
    again = cloudpickle.loads(cloudpickle.dumps(molecule))
    assert again == molecule
    assert again.heavy_atoms == 6


def test_a_pattern_is_found_or_not():
    phenyl = Pattern.parse("c1ccccc1")
    assert Molecule.parse("Cc1ccccc1").contains(phenyl)
    assert not Molecule.parse("CC1CCCCC1").contains(phenyl)


def test_a_pattern_minds_stereochemistry():
    assert Molecule.parse("C[C@H](N)C(=O)O").contains(Pattern.parse("C[C@H](N)C(=O)O"))
    assert not Molecule.parse("C[C@@H](N)C(=O)O").contains(Pattern.parse("C[C@H](N)C(=O)O"))


@pytest.mark.parametrize("smarts", ["", "[", "c1ccc", "\u00e9"])
def test_a_faulty_pattern_is_a_config_error_that_quotes_it(smarts):
    with pytest.raises(ConfigError) as error:
        Pattern.parse(smarts)
    assert repr(smarts) in str(error.value)


@pytest.mark.parametrize(
    ("smarts", "smiles", "matches"),
    [
        ("[H]N", "CCN", 1),
        ("[H]N", "CN(C)C", 0),
        ("[H]N", "[2H]N(C)C", 1),
        ("[#7,#8][H]", "Oc1ccccc1", 1),
        ("[#7,#8][H]", "COC", 0),
        ("[H][N,O]", "CNC", 1),
        ("[#1]N[#1]", "CN", 1),
        ("[#1]N[#1]", "CNC", 0),
        ("[$(N[H])]C", "CN", 1),
        ("[$(N[H])]C", "CN(C)C", 0),
        ("[H]n", "c1cc[nH]c1", 1),
        ("[H]n", "Cn1cccc1", 0),
        ("[H]O-C=O", "CC(=O)O", 1),
        ("[H]O-C=O", "COC(C)=O", 0),
        ("[N;!H0]", "CNC", 1),
        ("[N;!H0]", "CN(C)C", 0),
        ("[NH2]C", "CN", 1),
        ("[2H]C", "[2H]CC", 1),
        ("[2H]C", "CC", 0),
        ("[#1,#6]N", "CN", 3),
        ("[!#1]N", "CN", 1),
        ("[H][C@](F)(Cl)Br", "[H][C@](F)(Cl)Br", 1),
        ("[H][C@](F)(Cl)Br", "[H][C@@](F)(Cl)Br", 0),
        ("[C@]([H])(F)(Cl)Br", "[C@]([H])(F)(Cl)Br", 1),
        ("[C@]([H])(F)(Cl)Br", "[C@@]([H])(F)(Cl)Br", 0),
        ("[H]/C(C)=C/Cl", "C/C=C/Cl", 0),
        ("[H]/C(C)=C/Cl", "C/C=C\\Cl", 1),
        ("[H]/C(C)=C\\Cl", "C/C=C/Cl", 1),
        ("[H]=O", "CO", 0),
        ("[H]:c", "c1ccccc1", 0),
        ("[H]~O", "CO", 1),
        ("[0H]", "CO", 4),
        ("[H:1][O:2]", "CO", 1),
        (" [OH] ", "CO", 1),
    ],
)
def test_hydrogens_of_a_pattern_mean_what_they_do_on_paper(smarts, smiles, matches):
    molecule, pattern = Molecule.parse(smiles), Pattern.parse(smarts)
    assert occurrences(molecule, pattern) == matches
    assert molecule.contains(pattern) == bool(matches)


@pytest.mark.parametrize(
    ("smarts", "problem"),
    [
        ("CCO ethanol", "single pattern"),
        ("[NH2]\t[OH]", "single pattern"),
        ("C\nN", "single pattern"),
        ("C |$a$|", "single pattern"),
        ("C\u00a0N", "single pattern"),
        ("C\u2013N", "EN DASH"),
        ("\u201cCN\u201d", "LEFT DOUBLE QUOTATION MARK"),
        ("[O\u2212]", "MINUS SIGN"),
        ("\ufeffCN", "ZERO WIDTH"),
        ("[\u0421]", "CYRILLIC"),
        ("C>>N", "reaction"),
        ("CC>[Pd]>N", "reaction"),
        ("(C).(N)", "grouping"),
        ("C.(N)", "grouping"),
        ("[#119]", "not a SMARTS"),
        ("C\0N", "not a SMARTS"),
        ("C" * 6_000, "6000 characters"),
    ],
)
def test_what_rdkit_would_drop_or_not_explain_is_refused_with_its_reason(smarts, problem):
    with pytest.raises(ConfigError, match=problem) as error:
        Pattern.parse(smarts)
    assert len(str(error.value)) < 250


@pytest.mark.parametrize("smarts", ["[#1,#6][N;D2]", "[#1,C]c[h1]"])
def test_hydrogen_atoms_beside_counts_that_leave_them_out_are_refused(smarts):
    with pytest.raises(ConfigError, match="hydrogen"):
        Pattern.parse(smarts)

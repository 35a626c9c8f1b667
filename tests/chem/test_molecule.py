"""What counts as one molecule, and what is refused."""

from contextlib import suppress

import cloudpickle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from molvae.chem.molecule import MAX_CHARACTERS, Molecule, Pattern
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


@pytest.mark.parametrize("text", ["CCO ethanol", " CCO\tname 2", "CCO |c:1,3|", "CCO\n"])
def test_what_follows_the_smiles_is_ignored(text):
    assert Molecule.parse(text).smiles == "CCO"


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

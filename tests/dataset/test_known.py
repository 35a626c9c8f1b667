from itertools import cycle, islice

import pytest

from molvae.chem.standardize_config import StandardizeConfig
from molvae.dataset.known import canonical_forms, known_smiles
from molvae.errors import DataError


def test_other_spellings_of_a_molecule_are_known_and_bad_rows_are_passed_over(tmp_path):
    path = tmp_path / "known.csv"
    path.write_text("id,smiles\n1,OCC\n2,not-one\n3,C1=CC=CC=C1\n")
    assert known_smiles(path) == {"CCO", "c1ccccc1"}


def test_salts_and_charges_are_known_as_they_stand_and_as_training_cleans_them():
    # Sodium acetate: training sees acetic acid.
    assert set(canonical_forms(["CC(=O)[O-].[Na+]"])) == {"CC(=O)[O-].[Na+]", "CC(=O)O"}
    # Refused by cleaning for its element, and yet a molecule of the file.
    assert canonical_forms(["C[Hg+]"]) == ["[CH3][Hg+]"]


def test_molecules_are_known_as_the_model_in_question_writes_them():
    flat = StandardizeConfig(keep_stereo=False)
    assert set(canonical_forms(["C[C@H](N)C(=O)O"], flat)) == {"C[C@H](N)C(=O)O", "CC(N)C(=O)O"}
    charged = StandardizeConfig(neutralize=False)
    assert "CC(=O)[O-]" in canonical_forms(["CC(=O)[O-].[Na+]"], charged)


def test_two_processes_find_what_one_finds(tmp_path):
    path = tmp_path / "many.smi"
    path.write_text("\n".join(islice(cycle(f"C{'C' * n}O" for n in range(50)), 3000)) + "\n")
    assert known_smiles(path, workers=2) == known_smiles(path, workers=1)
    assert len(known_smiles(path, workers=2)) == 50


def test_a_missing_column_is_told(tmp_path):
    path = tmp_path / "known.csv"
    path.write_text("smiles\nCC\n")
    with pytest.raises(DataError, match="no column 'mol'"):
        known_smiles(path, "mol")

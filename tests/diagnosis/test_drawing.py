import pytest
from rdkit import Chem

from molvae.chem.standardize_config import StandardizeConfig
from molvae.dataset.cleaning import CleaningRules
from molvae.diagnosis.drawing import draw_molecules
from molvae.errors import DataError
from molvae.vocabulary import Vocabulary

ROBUST = Vocabulary.from_symbols(())


@pytest.fixture
def mixed(tmp_path):
    """Five molecules, one of them twice, one with a symbol out of the vocabulary, one not."""
    path = tmp_path / "mixed.csv"
    path.write_text("smiles\nCCO\nOCC\nnot-one\nc1ccccc1\nCC[13CH3]\nCCN\nCCF\n")
    return path


def drawn(path, n, seed=0, **how):
    return draw_molecules(path, n, ROBUST, seed, **how)


def test_all_there_is_comes_when_more_is_asked_for(mixed):
    found = drawn(mixed, 100, rules=CleaningRules(StandardizeConfig(allow_isotopes=True), 200))
    assert sorted(found.smiles) == ["CCF", "CCN", "CCO", "c1ccccc1"]
    assert found.rows == 7
    assert found.reasons == {"duplicate": 1, "invalid SMILES": 1, "unknown symbol": 1}
    assert {row.line: row.text for row in found.refused}[6] == "CC[13CH3]"


def test_spellings_are_those_of_the_smiles(mixed):
    found = drawn(mixed, 3)
    assert len(found.smiles) == len(found.selfies_rows) == 3
    assert all(Chem.MolFromSmiles(smiles) for smiles in found.smiles)
    assert dict(zip(found.smiles, found.selfies_rows, strict=True)).get("CCN") in (
        None,
        ("[C]", "[C]", "[N]"),
    )


def test_molecules_of_more_symbols_than_the_rules_allow_are_refused(tmp_path):
    path = tmp_path / "long.smi"
    path.write_text("".join(f"{'C' * n}O\n" for n in (2, 3, 9)))
    for most, refused in (9, {"overlong SELFIES": 1}), (10, {}):
        assert drawn(path, 3, rules=CleaningRules(StandardizeConfig(), most)).reasons == refused


def test_the_seed_decides_which(few_molecules):
    sets = [drawn(few_molecules, 20, seed).smiles for seed in (1, 1, 2)]
    assert sets[0] == sets[1] != sets[2]
    assert len(set(sets[0])) == 20


def test_rows_beyond_the_number_wanted_are_not_judged(tmp_path):
    path = tmp_path / "half.smi"
    path.write_text("".join(f"{'C' * n}O\nno-molecule\n" for n in range(1, 51)))
    found = drawn(path, 3)
    assert len(found.smiles) == 3
    assert len(found.refused) < 25


def test_a_file_with_many_repeats_is_read_until_there_are_enough(tmp_path):
    path = tmp_path / "repeats.smi"
    path.write_text("CCO\n" * 9_000 + "".join(f"{'C' * n}N\n" for n in range(1, 41)))
    found = drawn(path, 30)
    assert len(found.smiles) == len(set(found.smiles)) == 30


def test_a_large_file_is_drawn_from_to_its_end(tmp_path):
    path = tmp_path / "alkanes.smi"
    path.write_text("".join(f"{'C' * (1 + n % 40)}\n" for n in range(2_990)) + "CCO\n" * 10)
    found = draw_molecules(path, 100, ROBUST)
    assert found.rows == 3_000
    assert len(found.smiles) == 41 - 1 + ("CCO" in found.smiles)
    lines = [row.line for row in found.refused]
    assert min(lines) < 300
    assert max(lines) > 2_700


def test_a_file_without_two_molecules_is_refused_with_an_example(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text("smiles\nCCO\nnope\n")
    with pytest.raises(DataError, match=r"1 molecule .* in 2 rows; line 3: invalid SMILES"):
        drawn(path, 10)

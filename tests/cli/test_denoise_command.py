import csv
import json

import pytest

PHENOL = "[O][C][=C][C][=C][C][=C][Ring1][=Branch1]"


def test_a_file_of_selfies_is_restored(molvae, tmp_path):
    source, out = tmp_path / "damaged.txt", tmp_path / "restored.csv"
    source.write_text(f"{PHENOL}\n\n[C][C]\n")
    words = ("denoise", source, "--out", out, "--model", "zinc250k", "--beam", 4, "--json")
    done = molvae(*words, "--error-rate", 1e-30)
    assert done.status == 0, done.err
    assert json.loads(done.out) == {"out": str(out), "molecules": 2, "changed": 0}
    with out.open() as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["smiles", "damaged", "selfies", "changed"]
    assert [row["smiles"] for row in rows] == ["Oc1ccccc1", "CC"]
    assert rows[0]["damaged"] == rows[0]["selfies"] == PHENOL


def test_a_line_that_is_no_selfies_is_refused(molvae, tmp_path):
    source = tmp_path / "damaged.txt"
    source.write_text("[C][C]\nCCO\n")
    done = molvae("denoise", source, "--out", tmp_path / "x.csv", "--model", "zinc250k")
    assert "line 2" in done.complaint


@pytest.mark.parametrize("words", [("--error-rate", 5), ("--beam", 0)])
def test_a_setting_out_of_range_is_named_by_its_flag(molvae, tmp_path, words):
    done = molvae("denoise", tmp_path / "x.txt", "--out", tmp_path / "x.csv", *words)
    assert words[0] in done.complaint

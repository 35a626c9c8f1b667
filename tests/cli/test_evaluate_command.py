import csv
import json

import pytest

QUICK = ["--no-fcd", "--neighbors", 20, "--workers", 1]


@pytest.fixture(scope="module")
def files(folder, data):
    """Samples with symbols, and two files of real molecules."""
    with data.open(encoding="utf-8") as stream:
        rows = [row["smiles"] for row in csv.DictReader(stream)]
    written = {
        "samples": ["smiles,symbols", "CO,[C][O]", "CO,[C][#O]", "bad,[C]", f"{rows[0]},[C]"],
        "test": ["smiles", *rows[100:120]],
        "scaffolds": ["smiles", *rows[120:140]],
        "train": ["smiles", *rows[:30]],
    }
    for name, lines in written.items():
        (folder / f"evaluate_{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return {name: folder / f"evaluate_{name}.csv" for name in written}


def words(files, out):
    real = ["--reference", files["test"], "--training", files["train"]]
    return ["evaluate", files["samples"], *real, "--out", out, *QUICK]


def test_the_metrics_are_written_and_printed_as_json(molvae, files, tmp_path):
    out = tmp_path / "metrics.json"
    more = ["--reference-scaffolds", files["scaffolds"], "--control", 4]
    done = molvae(*words(files, out), *more, "--json")
    assert done.status == 0, done.err
    outcome = json.loads(done.out)
    assert outcome == json.loads(out.read_text())
    metrics = outcome["metrics"]
    assert (metrics["valid"], metrics["strict"]) == (0.75, 0.5)
    assert metrics["Novelty"] == 0.5
    assert {"SNN/Test", "Scaf/TestSF", "IntDiv2", "near_training/Test"} <= set(metrics)
    assert outcome["control"]["valid"] == 1.0
    assert outcome["counts"]["TestSF"] == 20
    assert outcome["settings"]["neighbors"] == 20
    assert outcome["files"]["training"] == str(files["train"])
    assert outcome["provenance"]["packages"]["rdkit"]
    assert "samples: filters" in done.err


def test_for_a_person_there_is_a_line_for_each_metric(molvae, files, tmp_path):
    out = tmp_path / "metrics.json"
    done = molvae(*words(files, out), "--quiet")
    assert (done.status, done.err) == (0, "")
    lines = [line.split() for line in done.out.splitlines()]
    assert ["valid", "0.7500"] in lines
    assert ["repair:", "bond", "order", "lowered", "0.2500"] in lines
    assert lines[-1] == [str(out)]
    assert "note: 3 valid samples; unique@10000 needs more" in done.out


def test_the_outcome_does_not_replace_a_file_that_was_read(molvae, files):
    before = files["train"].read_text()
    assert "is the input" in molvae(*words(files, files["train"])).complaint
    assert files["train"].read_text() == before


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("samples", "", "is empty"),
        ("samples", "smiles\n", "no samples to evaluate"),
        ("test", "smiles\nbad\n", "the reference set Test holds no molecule"),
        ("train", "smiles\nbad\n", "the training set holds no molecule"),
    ],
)
def test_a_file_without_molecules_is_one_line(molvae, files, tmp_path, name, content, complaint):
    wrong = tmp_path / "wrong.csv"
    wrong.write_text(content)
    found = molvae(*words({**files, name: wrong}, tmp_path / "out.json"), "--quiet")
    assert complaint in found.complaint
    assert [path.name for path in tmp_path.iterdir()] == ["wrong.csv"]


def test_all_files_are_wanted(molvae, files, tmp_path):
    found = molvae("evaluate", files["samples"], "--out", tmp_path / "out.json")
    assert "reference" in found.complaint

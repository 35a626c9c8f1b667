import json

import pytest
from wrong_files import WRONG_FILES, wrong_file

QUICK = ["--protocol-molecules", 1, "--starts", 2, "--directions", 1, "--pairs", 20]


@pytest.fixture(scope="module")
def dirty(folder, data):
    """Sixteen rows: 13 distinct molecules, one of them twice, and two that are none."""
    path = folder / "diagnose.csv"
    lines = data.read_text(encoding="utf-8").splitlines()
    smiles = [line.split(",")[0] for line in lines[1:14]]
    path.write_text("\n".join(["smiles", *smiles, smiles[0], "C1CC", "hello"]) + "\n")
    return path


@pytest.fixture(scope="module")
def report(shared_molvae, run, dirty, folder):
    """What the command wrote with all molecules wanted, and how it ended."""
    out = folder / "report.json"
    words = ["diagnose", run, dirty, "--out", out, *QUICK, "--molecules", 100, "--json", "--quiet"]
    return shared_molvae(*words), out


def test_the_report_is_written_and_printed(report, dirty, run):
    done, out = report
    assert done.status == 0, done.err
    found = json.loads(out.read_text())
    assert json.loads(done.out) == found
    assert (found["model"], found["data"], found["rows"]) == (str(run), str(dirty), 16)
    assert found["molecules"] == 13
    assert found["refused"] == {"duplicate": 1, "invalid SMILES": 2}
    assert found["settings"]["molecules"] == 100
    assert found["provenance"]["packages"]["torch"]
    assert found["card"]["molecules"]


def test_refused_rows_are_listed_beside_the_report(report):
    done, out = report
    place = out.with_name("report.json.refused.csv")
    assert done.err == f"3 rows refused; see {place} for the reasons\n"
    assert len(place.read_text().splitlines()) == 4


@pytest.mark.slow
def test_the_text_comes_without_a_file_and_is_decided_by_the_seed(molvae, run, data):
    words = ["diagnose", run / "model", data, *QUICK, "--molecules", 4, "--quiet", "--seed"]
    told = [molvae(*words, seed) for seed in (1, 2)]
    assert told[0].status == 0, told[0].err
    assert told[0].out.startswith("4 molecules, seed 1\n")
    assert told[0].out.splitlines()[1:] != told[1].out.splitlines()[1:]
    assert "mutual information" in told[0].out
    assert told[0].err == ""


def test_bars_are_shown_on_stderr(molvae, run, data):
    done = molvae("diagnose", run, data, *QUICK, "--molecules", 2)
    for title in ("drawing", "reconstruction", "10 x 10 protocol", "prior", "steps"):
        assert f"{title}:" in done.err


@pytest.mark.parametrize("kind", WRONG_FILES)
def test_a_file_without_molecules_is_one_line(molvae, run, tmp_path, kind):
    path = wrong_file(kind, tmp_path)
    done = molvae("diagnose", run, path, "--out", tmp_path / "report.json", "--quiet")
    assert ("no molecule" if kind == "header only" else WRONG_FILES[kind]) in done.complaint
    assert not (tmp_path / "report.json").exists()


def test_a_model_that_is_not_there_is_one_line(molvae, data, tmp_path):
    assert "no model" in molvae("diagnose", tmp_path / "nowhere", data).complaint


def test_the_input_is_not_overwritten(molvae, run, data):
    assert "is the input" in molvae("diagnose", run, data, "--out", data).complaint


def test_too_few_molecules_to_ask_for_is_one_line(molvae, run, data):
    assert "--molecules 1" in molvae("diagnose", run, data, "--molecules", 1).complaint

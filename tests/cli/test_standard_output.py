"""`--out -`: standard output for whatever can be printed, and a refusal for the rest."""

import json

import pytest


@pytest.fixture
def few(tmp_path, monkeypatch):
    """Five molecules, one of which is changed when it is read; no file `-` comes to be here."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "few.smi").write_text("CCO\nC[C@H](O)F |&1:1|\nCCN\nCCC\nCCCO\n")
    yield tmp_path / "few.smi"
    assert not (tmp_path / "-").exists()


@pytest.mark.parametrize("is_json", [False, True])
def test_metrics_are_printed(molvae, few, is_json):
    words = ["evaluate", few, "--reference", few, "--training", few, "--no-fcd", "--workers", 1]
    done = molvae(*words, "--out", "-", *(["--json"] if is_json else []), "--quiet")
    assert done.status == 0, done.err
    assert json.loads(done.out)["counts"]["samples"] == 5
    assert ("IntDiv" in done.err) == (not is_json)
    for name in ("samples", "Test", "training"):
        assert f"{name}: 1 molecule was changed" in done.err


def test_a_diagnosis_is_printed(molvae, run, data):
    quick = ["--protocol-molecules", 1, "--starts", 2, "--directions", 1, "--pairs", 5]
    words = ["diagnose", run, data, *quick, "--molecules", 5, "--device", "cpu", "--quiet"]
    done = molvae(*words, "--out", "-")
    assert done.status == 0, done.err
    assert json.loads(done.out)["molecules"] == 5
    assert "ELBO gap" in done.err


def test_a_record_of_a_benchmark_is_printed(molvae, run, data):
    words = ["benchmark", "reconstruction", data, "--model", run, "--molecules", 3]
    done = molvae(*words, "--sampled", 1, "--out", "-", "--quiet")
    assert done.status == 0, done.err
    assert json.loads(done.out)["molecules"] == 3


def test_a_report_is_printed(molvae, few):
    done = molvae("report", few, "--out", "-")
    assert done.out.startswith("<!doctype html>")


def test_an_objective_is_printed(molvae, few):
    assert molvae("objectives", "pmo/qed", "--out", "-").out == molvae("objectives", "pmo/qed").out


@pytest.mark.parametrize(
    "words",
    [
        ["train", "few.smi"],
        ["optimize", "pmo/qed"],
        ["data", "moses"],
        ["data", "zinc250k"],
        ["data", "chembl"],
        ["benchmark", "pmo"],
        ["benchmark", "constrained", "few.smi"],
        ["encode", "few.smi"],
    ],
)
def test_folders_and_arrays_are_not_printed(molvae, few, words):
    assert "name a" in molvae(*words, "--out", "-").complaint

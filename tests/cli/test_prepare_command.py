import json
from pathlib import Path

import pytest

from molvae.dataset.corpus_config import CorpusConfig
from molvae.dataset.preparation import find_corpus


def test_prepared_data_are_found_by_a_training_with_these_settings(molvae, data, tmp_path):
    header, *rows = data.read_text().splitlines(keepends=True)
    for name, some in (("a.csv", rows[:50]), ("b.csv", ["rubbish,,\n", *rows[40:90]])):
        (tmp_path / name).write_text(header + "".join(some))
    words = ["prepare", tmp_path / "?.csv", "--store", tmp_path / "store", "--quiet", "--json"]
    done = molvae(*words, "--property-columns", "logp", "--workers", 1)
    figures = json.loads(done.out)
    assert figures["rows"] == 101
    assert figures["accepted"] == 90
    assert figures["refused"] == {"duplicate": 10, "invalid SMILES": 1}
    files = (tmp_path / "a.csv", tmp_path / "b.csv")
    corpus = find_corpus(files, CorpusConfig(property_columns=("logp",)), tmp_path / "store")
    assert str(corpus.folder) == figures["folder"]
    settings = tmp_path / "train.toml"
    settings.write_text(
        f'data = ["{files[0]}", "{files[1]}"]\nstore = "{tmp_path / "store"}"\n'
        '[model]\ncondition_on = ["logp", "qed"]\n[corpus]\nproperty_columns = ["logp"]\n'
    )
    again = molvae("prepare", "--config", settings, "--quiet", "--json")
    # qed is computed, logp is a column already.
    assert json.loads(again.out) == figures


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "give files of molecules"),
        (["-"], "standard input"),
        (["missing.csv"], "no file"),
        (["*.parquet"], "no file matches"),
    ],
)
def test_data_that_cannot_be_prepared_are_refused(molvae, tmp_path, monkeypatch, words, complaint):
    monkeypatch.chdir(tmp_path)
    assert complaint in molvae("prepare", *words, "--quiet").complaint
    assert not any(Path.cwd().iterdir())


def test_a_scheduler_that_cannot_be_reached_is_named(molvae, data, tmp_path):
    pytest.importorskip("distributed")
    words = ["prepare", data, "--store", tmp_path, "--scheduler", "nowhere://head:1", "--quiet"]
    assert "no Dask scheduler answers at 'nowhere://head:1'" in molvae(*words).complaint

import csv
import json

import pytest

SCAFFOLD = "[*:1]c1ccncc1"
LAX = ("--radicals", "--no-strict", "--most-draws", 400)


def test_completions_are_printed_as_a_table_or_as_json(molvae, run):
    words = ("complete", SCAFFOLD, "--n", 3, "--properties", "weight,logp", *LAX, "--model", run)
    done = molvae(*words)
    rows = list(csv.DictReader(done.out.splitlines(), delimiter="\t"))
    assert done.status == 0, done.err
    assert list(rows[0]) == ["smiles", "r1", "log_likelihood", "weight", "logp"]
    assert "3 molecules from" in done.err
    listed = json.loads(molvae(*words, "--json", "--quiet").out)
    assert [row["smiles"] for row in listed] == [row["smiles"] for row in rows]


def test_linkers_are_written_to_a_file(molvae, run, tmp_path):
    out = tmp_path / "linked.csv"
    done = molvae(
        "complete", "[*:1]c1ccccc1.[*:2]N1CCOCC1", "--n", 2, *LAX, "--out", out, "--model", run
    )
    assert done.out == f"{out}: 2 molecules\n"
    with out.open() as stream:
        assert list(next(csv.DictReader(stream))) == ["smiles", "linker", "log_likelihood"]


def test_fewer_completions_than_asked_for_end_with_a_status_of_their_own(molvae, run):
    done = molvae(
        "complete", SCAFFOLD, "--n", 3, "--where", "weight < 1", "--most-draws", 2, "--model", run
    )
    assert done.status == 3
    assert "--most-draws" in done.err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("c1ccccc1",), "no attachment point"),
        (("[*:1]c1cc",), "expected a SMILES"),
        ((SCAFFOLD, "--where", "wieght < 3"), "wieght"),
        ((SCAFFOLD, "--n", 0), "n"),
    ],
)
def test_wrong_input_is_refused_before_the_model_is_loaded(molvae, words, complaint):
    assert complaint in molvae("complete", *words, "--model", "no-such-model").complaint


def test_help_shows_scaffolds_that_can_be_copied(molvae):
    assert "[*:1]c1ccc([*:2])cc1" in molvae("complete", "--help").out

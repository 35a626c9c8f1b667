"""Files of any format in, columns of the input and any format out."""

import csv
import io
import json
import subprocess
import sys

import pytest
import selfies
from rdkit import Chem

NAMED = "id,smiles,score,note\nM1,CCO,9,=1+1\nM2,xx,8,b\nM3,CC(=O)Nc1ccccc1,7,\n"


@pytest.fixture
def named(tmp_path):
    path = tmp_path / "named.csv"
    path.write_text(NAMED)
    return path


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_columns_of_the_input_follow_those_of_every_command(molvae, run, named, tmp_path):
    model = ("--model", run, "--quiet")
    commands = {
        "score": ("score", named, "pmo/qed"),
        "reconstruct": ("reconstruct", named, *model),
        "likelihood": ("likelihood", named, "--check", *model),
    }
    for name, words in commands.items():
        out = tmp_path / f"{name}.csv"
        assert molvae(*words, "--out", out).status == 0
        rows = rows_of(out)
        assert [row["id"] for row in rows] == ["M1", "M3"]
        assert [row["note"] for row in rows] == ["'=1+1", ""]
        assert rows[0]["score_input" if name == "score" else "score"] == "9"
    assert {row["exact"] for row in rows} <= {"0", "1"}


def test_columns_of_the_input_travel_through_latent_vectors(molvae, run, named, tmp_path):
    latents, out = tmp_path / "latents.npz", tmp_path / "decoded.csv"
    model = ("--model", run, "--quiet")
    done = molvae("encode", named, "--out", latents, "--check", *model)
    assert done.status == 0
    assert molvae("decode", latents, "--out", out, *model).status == 0
    rows = rows_of(out)
    assert {row["id"] for row in rows} <= {"M1", "M3"}
    assert list(rows[0])[:3] == ["smiles", "row", "id"]


def test_molecules_that_do_not_come_back_are_named_on_demand(molvae, run, named, tmp_path):
    words = ("encode", named, "--out", tmp_path / "latents.npz", "--model", run)
    checked, plain = molvae(*words, "--check"), molvae(*words)
    pairs = tmp_path / "pairs.csv"
    molvae("reconstruct", named, "--out", pairs, "--model", run, "--quiet")
    inexact = [row for row in rows_of(pairs) if row["exact"] == "0"]
    assert inexact, "the tiny model is too good for this test"
    assert f"line {inexact[0]['row']} ({inexact[0]['smiles']})" in checked.err
    assert "come back" not in plain.err


@pytest.mark.parametrize(("keep", "kept"), [("id", ["id"]), ("note,id", ["note", "id"]), ("", [])])
def test_only_the_columns_asked_for_are_kept(molvae, named, tmp_path, keep, kept):
    out = tmp_path / "out.csv"
    words = ("score", named, "pmo/qed", "--out", out, "--keep-columns", keep)
    assert molvae(*words).status == 0
    assert list(rows_of(out)[0])[4:] == kept


def test_a_column_to_keep_that_is_not_there_is_refused(molvae, named, tmp_path):
    words = ("score", named, "pmo/qed", "--out", tmp_path / "out.csv", "--keep-columns", "code")
    assert "'code'" in molvae(*words).complaint


@pytest.mark.parametrize("ending", ["csv", "tsv", "sdf", "parquet", "csv.gz", "sdf.xz"])
def test_every_output_can_be_an_input_again(molvae, named, tmp_path, ending):
    first, second = tmp_path / f"first.{ending}", tmp_path / "second.csv"
    assert molvae("score", named, "pmo/qed", "--out", first).status == 0
    assert molvae("score", first, "pmo/qed", "--out", second).status == 0
    rows = rows_of(second)
    assert [row["smiles"] for row in rows] == ["CCO", "CC(=O)Nc1ccccc1"]
    assert [row["id"] for row in rows] == ["M1", "M3"]
    # Numbers in text have ten digits, those in Parquet all.
    assert float(rows[0]["score"]) == pytest.approx(float(rows[0]["score_input"]), rel=1e-9)


@pytest.mark.parametrize("name", ["a.xlsx", "x.json", "a.csv.zip", "a.parquet.gz"])
def test_an_output_of_another_ending_is_refused_before_the_work(molvae, named, tmp_path, name):
    complaint = molvae("score", named, "pmo/qed", "--out", tmp_path / name).complaint
    assert ".parquet" in complaint
    assert not (tmp_path / name).exists()


def test_a_pipe_reads_standard_input_and_writes_standard_output(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "molvae", "score", "-", "pmo/qed", "--out", "-", "--json"],
        input=NAMED.encode("utf-16"),
        capture_output=True,
        check=True,
        cwd=tmp_path,
    )
    rows = list(csv.DictReader(io.StringIO(done.stdout.decode())))
    assert [row["id"] for row in rows] == ["M1", "M3"]
    notes = done.stderr.decode()
    assert json.loads(notes[notes.index("{") : notes.index("}") + 1])["molecules"] == 2
    assert "line 3" in notes
    assert list(tmp_path.iterdir()) == []


def test_an_sd_file_keeps_its_names_and_fields(molvae, tmp_path):
    path, out = tmp_path / "in.sdf", tmp_path / "out.sdf"
    with Chem.SDWriter(str(path)) as writer:
        for name, smiles in (("M1", "CCO"), ("M3", "c1ccccc1")):
            mol = Chem.MolFromSmiles(smiles)
            mol.SetProp("_Name", name)
            mol.SetProp("pIC50", "6.5")
            writer.write(mol)
    assert molvae("score", path, "pmo/qed", "--out", out).status == 0
    mols = list(Chem.SDMolSupplier(str(out)))
    assert [mol.GetProp("_Name") for mol in mols] == ["M1", "M3"]
    assert [mol.GetProp("pIC50") for mol in mols] == ["6.5", "6.5"]


def test_a_column_of_selfies_is_read_by_its_flag(molvae, tmp_path):
    path, out = tmp_path / "in.csv", tmp_path / "out.csv"
    path.write_text("id,selfies\na,[C][C][O]\nb,[C][N]\n")
    words = ("score", path, "pmo/qed", "--out", out, "--selfies-column", "selfies")
    assert molvae(*words).status == 0
    assert [row["smiles"] for row in rows_of(out)] == ["CCO", "CN"]


def test_skipped_comments_are_told(molvae, tmp_path):
    path = tmp_path / "in.csv"
    path.write_text(f"# from the ELN\n{NAMED}")
    done = molvae("score", path, "pmo/qed", "--out", tmp_path / "out.csv")
    assert "1 comment line " in done.err


@pytest.fixture
def selfies_files(data, tmp_path):
    """The molecules as SELFIES under another name, and a flag for their column."""
    path = tmp_path / "molecules.csv"
    smiles = [row["smiles"] for row in rows_of(data)][:60]
    lines = [f"{number},{selfies.encoder(text)}" for number, text in enumerate(smiles)]
    path.write_text("\n".join(["number,code", *lines]))
    return path, ("--selfies-column", "code")


def test_every_command_that_reads_molecules_takes_a_column_of_selfies(
    molvae, run, selfies_files, tmp_path
):
    path, column = selfies_files
    out, quiet = tmp_path / "out.json", ("--quiet",)
    real = ("--reference", path, "--training", path, "--real-selfies-column", "code", "--no-fcd")
    assert molvae("evaluate", path, *real, *column, "--out", out, *quiet).status == 0
    # The SELFIES are taken for those that were sampled.
    result = json.loads(out.read_text())
    assert result["metrics"]["valid"] == 1
    assert result["metrics"]["strict"] == 1
    assert molvae("diagnose", run, path, *column, "--out", out, "--molecules", "20").status == 0
    assert "rows" in json.loads(out.read_text())
    words = ("benchmark", "reconstruction", path, "--model", run, "--molecules", "20")
    assert molvae(*words, *column, "--out", out, *quiet).status == 0
    assert json.loads(out.read_text())["molecules"] == 20
    words = ("generate", "--model", run, "--n", "5", "--novel-to", path, "--out", "-", "--json")
    assert molvae(*words, *column).status == 0
    assert "--novel-to" in molvae("generate", "--out", tmp_path / "x.csv", *column).complaint


def test_a_table_on_standard_output_stands_alone(molvae, run, named, tmp_path):
    latents, model = tmp_path / "latents.npz", ("--model", run)
    assert molvae("encode", named, "--out", latents, *model).status == 0
    commands = [
        ("generate", "--n", "3", "--latents", tmp_path / "points.npz", *model),
        ("decode", latents, *model),
        ("neighbors", "CCO", "--n", "2", *model),
        ("interpolate", "CCO", "CCCN", *model),
        ("reconstruct", named, *model),
        ("likelihood", named, *model),
        ("score", named, "pmo/qed"),
    ]
    for words in commands:
        printed = molvae(*words, "--out", "-").out
        rows = list(csv.DictReader(io.StringIO(printed)))
        assert rows or words[0] == "neighbors", words
        assert all(Chem.MolFromSmiles(row["smiles"]) for row in rows), words
    words = ("generate", "--n", "3", "--out", tmp_path / "x.csv", "--latents", "-", *model)
    assert ".npz" in molvae(*words).complaint
    assert ".npz" in molvae("encode", named, "--out", "-", *model).complaint


CHANGED = "id,smiles\na,[CH3:1][OH:2]\nb,CCO\nc,C[C@H](O)F |&1:1|\nd,CCCO\n"


def test_changes_to_molecules_are_reported_in_one_line(molvae, run, tmp_path):
    path, model = tmp_path / "in.csv", ("--model", run)
    path.write_text(CHANGED)
    commands = [
        ("score", path, "pmo/qed"),
        ("encode", path, *model),
        ("likelihood", path, *model),
        ("reconstruct", path, *model),
    ]
    for words in commands:
        out = tmp_path / ("out.npz" if words[0] == "encode" else "out.csv")
        done = molvae(*words, "--out", out, "--quiet")
        (line,) = [line for line in done.err.splitlines() if "changed" in line]
        assert "2 molecules were changed" in line, words
        assert "atom map numbers removed: 1" in line
        assert "on line 2" in line
    typed = "[CH3:1][CH2:2][OH:2]"
    commands = [
        ("neighbors", typed, "--n", "2", *model),
        ("interpolate", "CCO", typed, *model),
    ]
    for words in commands:
        assert f"1 molecule was changed (atom map numbers removed: 1); '{typed}' became CCO" in (
            molvae(*words).err
        ), words

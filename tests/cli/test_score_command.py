import csv
import json
import sys

import pytest
from rdkit import Chem
from rdkit.Chem import QED

CRASHES_ON_BENZENE = "import sys\nfor line in sys.stdin: print(1 / (line.strip() != 'c1ccccc1'))"


def rows(path):
    with path.open() as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def molecules(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text("name,smiles\na,OCC\nb,C1CC\nc,c1ccccc1\nd,CCCN\n")
    return path


@pytest.fixture
def crashing(tmp_path):
    """An objective of a program that crashes on benzene."""
    path = tmp_path / "crashing.toml"
    command = json.dumps([sys.executable, "-S", "-c", CRASHES_ON_BENZENE])
    path.write_text(f"name = 'x'\n[[component]]\nkind = 'program'\ncommand = {command}\n")
    return path


def test_a_file_is_scored_by_a_named_objective(shell, molecules, tmp_path):
    out = tmp_path / "out.csv"
    done = shell("score", molecules, "pmo/qed", "--out", out)
    assert done.status == 0, done.err
    assert [row["smiles"] for row in rows(out)] == ["CCO", "c1ccccc1", "CCCN"]
    for row in rows(out):
        assert list(row) == ["smiles", "row", "score", "qed", "name"]
        assert float(row["score"]) == pytest.approx(QED.qed(Chem.MolFromSmiles(row["smiles"])))
    assert done.out.startswith(f"{out}: 3 molecules, 3 scored, best score 0.")
    refused = rows(tmp_path / "out.csv.refused.csv")
    assert [(row["line"], row["reason"]) for row in refused] == [("3", "invalid SMILES")]
    assert "1 row refused" in done.err


def test_a_file_is_scored_by_an_objective_file(molvae, molecules, tmp_path):
    objective = tmp_path / "objective.toml"
    objective.write_text(
        "name = 'x'\n[[component]]\nkind = 'similarity'\nsmiles = 'CCO'\n"
        "[[constraint]]\nkind = 'smarts'\nsmarts = 'N'\nwanted = 'absent'\n"
    )
    out = tmp_path / "out.csv"
    done = molvae("score", molecules, objective, "--out", out, "--quiet", "--json")
    first, second, third = rows(out)
    assert list(first) == [
        "smiles",
        "row",
        "score",
        "similarity",
        "similarity_desirability",
        "smarts",
        "name",
    ]
    assert (first["score"], first["similarity_desirability"]) == ("1.0", "1.0")
    assert (second["smarts"], third["smarts"], third["score"]) == ("1.0", "0.0", "")
    assert json.loads(done.out) == {
        "out": str(out),
        "molecules": 3,
        "scored": 2,
        "best": 1.0,
        "refused": 1,
        "failures": 0,
    }


def test_what_a_program_could_not_score_is_listed_beside(molvae, molecules, crashing, tmp_path):
    out = tmp_path / "out.csv"
    done = molvae("score", molecules, crashing, "--out", out, "--workers", 1, "--quiet")
    assert done.status == 0
    assert [row["score"] for row in rows(out)] == ["1.0", "", "1.0"]
    (failure,) = rows(tmp_path / "out.csv.failures.csv")
    assert (failure["smiles"], failure["component"]) == ("c1ccccc1", "program")
    assert failure["reason"].endswith("ZeroDivisionError: division by zero")
    assert "1 values missing, the first for c1ccccc1 (the program ended with status 1" in done.err


def test_other_tables_can_be_written(molvae, molecules, tmp_path):
    out = tmp_path / "out.smi"
    molvae("score", molecules, "pmo/median1", "--out", out, "--quiet")
    assert out.read_text().splitlines()[0].startswith("CCO\t")


@pytest.mark.slow
def test_workers_of_a_cluster_score_alike(molvae, molecules, tmp_path):
    distributed = pytest.importorskip("distributed")
    words = ["score", molecules, "pmo/zaleplon_mpo", "--quiet", "--out"]
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0"
    ) as cluster:
        flags = ["--scheduler", cluster.scheduler_address]
        assert molvae(*words, tmp_path / "far.csv", *flags).status == 0
    molvae(*words, tmp_path / "near.csv", "--workers", 1)
    assert (tmp_path / "far.csv").read_text() == (tmp_path / "near.csv").read_text()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["pmo/celecoxib"], "did you mean 'pmo/celecoxib_rediscovery'?"),
        (["nowhere.toml"], "no settings file 'nowhere.toml'"),
        (["pmo/jnk3"], "pmo/jnk3@MODEL.skops"),
        (["pmo/qed", "--smiles-column", "smile"], "no column 'smile'"),
        (["pmo/qed", "--workers", "0"], "--workers"),
        (["pmo/qed", "--workers", "2", "--scheduler", "tcp://x:1"], "not both"),
    ],
)
def test_a_wrong_wish_is_one_line_and_nothing_is_written(
    molvae, molecules, tmp_path, words, complaint
):
    done = molvae("score", molecules, *words, "--out", tmp_path / "out.csv", "--quiet")
    assert complaint in done.complaint
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_the_input_is_not_overwritten(molvae, molecules):
    done = molvae("score", molecules, "pmo/qed", "--out", molecules)
    assert "is the input and would be replaced" in done.complaint


def test_neither_is_the_objective(molvae, molecules, tmp_path):
    objective = tmp_path / "wanted.toml"
    objective.write_text('[[component]]\nproperty = "qed"\n')
    done = molvae("score", molecules, objective, "--out", objective)
    assert "is the input and would be replaced" in done.complaint
    assert objective.read_text().startswith("[[component]]")


def test_a_list_of_refused_rows_is_not_left_from_an_earlier_table(molvae, tmp_path):
    source, out = tmp_path / "some.csv", tmp_path / "out.csv"
    for text, exists in ("smiles\nCCO\nrubbish\n", True), ("smiles\nCCO\nCCN\n", False):
        source.write_text(text)
        assert molvae("score", source, "pmo/qed", "--out", out, "--quiet").status == 0
        assert (tmp_path / "out.csv.refused.csv").exists() is exists


def test_a_list_beside_the_output_is_not_written_over_its_source(molvae, tmp_path):
    source = tmp_path / "out.csv.refused.csv"
    source.write_text("smiles\nCCO\n")
    complaint = molvae("score", source, "pmo/qed", "--out", tmp_path / "out.csv").complaint
    assert "would be replaced" in complaint
    assert source.exists()

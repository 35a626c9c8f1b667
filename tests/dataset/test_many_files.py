"""Several files are one corpus, and its preparation continues where it stopped."""

import csv
import gzip
import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas
import pytest

from molvae.dataset.cleaning import CleaningRules, CleaningTask, clean, clean_alike
from molvae.dataset.corpus_config import CorpusConfig
from molvae.dataset.data_files import expand_patterns, named_files
from molvae.dataset.duplicates import Duplicates
from molvae.dataset.molecule_table import MoleculeTable
from molvae.dataset.preparation import find_corpus, prepare_corpus
from molvae.errors import ConfigError, DataError, WorkerError
from molvae.runs import package_version
from molvae.training.config import TrainingPlan
from molvae.training.plan import resolve_plan

ROWS = [
    ("CCO", "1"),
    ("rubbish", "2"),
    ("CCN", ""),
    ("OCC", "2"),
    ("c1ccccc1", "5"),
    ("NCC", ">7"),
    ("C(O)C", "6"),
    ("[Na+].[Cl-]", "0"),
    ("O=C(O)c1ccccc1", "x"),
    ("C1=CC=CC=C1", "4"),
]
CONFIG = CorpusConfig(property_columns=("y",))


def write_csv(path, rows):
    path.write_text("smiles,y\n" + "".join(",".join(row) + "\n" for row in rows))
    return path


@pytest.fixture
def whole(tmp_path):
    return prepare_corpus(write_csv(tmp_path / "whole.csv", ROWS), CONFIG, workers=1)


def split_over_formats(folder):
    """The rows over a CSV file, a compressed TSV file and a Parquet file."""
    pytest.importorskip("pyarrow")
    write_csv(folder / "a.csv", ROWS[:4])
    text = "y\tsmiles\n" + "".join(f"{y}\t{smiles}\n" for smiles, y in ROWS[4:7])
    (folder / "b.tsv.gz").write_bytes(gzip.compress(text.encode()))
    pandas.DataFrame(ROWS[7:], columns=["smiles", "y"]).to_parquet(folder / "c.parquet")
    return [folder / name for name in ("a.csv", "b.tsv.gz", "c.parquet")]


def check_same(corpus, expected):
    assert corpus.digest == expected.digest
    assert corpus.rows == expected.rows
    assert corpus.refusals == expected.refusals
    np.testing.assert_array_equal(corpus.properties, expected.properties)
    np.testing.assert_array_equal(corpus.qualifiers, expected.qualifiers)
    for counts in ("missing", "not_numbers", "merged", "qualified", "changed"):
        assert getattr(corpus.record, counts) == getattr(expected.record, counts)


def refused_rows(corpus):
    with corpus.refusals_file.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_several_files_of_any_format_are_the_corpus_of_all_their_rows(tmp_path, whole):
    paths = split_over_formats(tmp_path)
    corpus = prepare_corpus(paths, CONFIG, workers=1)
    check_same(corpus, whole)
    assert find_corpus(paths, CONFIG).folder == corpus.folder
    # The order of the files is that of the molecules.
    assert prepare_corpus(paths[::-1], CONFIG, workers=1).digest != whole.digest


def test_refused_rows_are_named_with_their_file(tmp_path):
    paths = split_over_formats(tmp_path)
    rows = refused_rows(prepare_corpus(paths, CONFIG, workers=1))
    assert [(Path(row["file"]).name, row["line"], row["reason"]) for row in rows] == [
        ("a.csv", "3", "invalid SMILES"),
        ("a.csv", "5", "duplicate"),
        ("b.tsv.gz", "3", "duplicate"),
        ("b.tsv.gz", "4", "duplicate"),
        ("c.parquet", "1", "inorganic molecule"),
        ("c.parquet", "3", "duplicate"),
    ]
    assert f"on line 2 of {paths[0]} it is 1" in rows[3]["detail"]


def test_a_store_of_several_files_is_made_again_when_any_of_them_changes(tmp_path):
    paths = [write_csv(tmp_path / f"{n}.csv", ROWS[n : n + 3]) for n in (0, 3)]
    first = prepare_corpus(paths, CONFIG, workers=1)
    write_csv(paths[1], ROWS[3:])
    assert find_corpus(paths, CONFIG) is None
    assert len(prepare_corpus(paths, CONFIG, workers=1)) > len(first)


def test_a_file_without_rows_among_others_is_a_note(tmp_path):
    paths = [write_csv(tmp_path / "a.csv", ROWS), write_csv(tmp_path / "b.csv", [])]
    corpus = prepare_corpus(paths, CONFIG, workers=1)
    assert "b.csv' has a header but no rows" in corpus.summary()
    with pytest.raises(DataError, match="no rows"):
        prepare_corpus(paths[1:], CONFIG, workers=1)


def test_a_column_that_one_file_lacks_is_named_with_the_file(tmp_path):
    (tmp_path / "b.csv").write_text("smiles,z\nCCO,1\n")
    paths = [write_csv(tmp_path / "a.csv", ROWS), tmp_path / "b.csv"]
    with pytest.raises(DataError, match=r"b\.csv.* has no column 'y'"):
        prepare_corpus(paths, CONFIG, workers=1)


def test_molecules_of_an_unlabelled_file_have_no_values(tmp_path):
    (tmp_path / "b.smi").write_text("CCCCO first\nCCO second\nCCCCCO third\n")
    (tmp_path / "c.csv").write_text("smiles,z\nCCCl,1\n")
    labelled = write_csv(tmp_path / "a.csv", [("CCO", "1"), ("CCN", ">2")])
    paths = [tmp_path / "b.smi", labelled, tmp_path / "c.csv"]
    config = CONFIG.with_changes({"unlabelled_files": True})
    corpus = prepare_corpus(paths, config, workers=1)
    smiles = [corpus.smiles(index) for index in range(len(corpus))]
    assert smiles == ["CCCCO", "CCO", "CCCCCO", "CCN", "CCCl"]
    expected = [[np.nan], [1.0], [np.nan], [2.0], [np.nan]]
    np.testing.assert_array_equal(corpus.properties, expected)
    assert corpus.property_names == ("y",)


def test_unlabelled_files_need_a_labelled_one_with_every_property_column(tmp_path):
    (tmp_path / "b.csv").write_text("smiles,z\nCCO,1\n")
    (tmp_path / "c.csv").write_text("smiles,x\nCCO,1\n")
    paths = [tmp_path / "b.csv", tmp_path / "c.csv"]
    config = CONFIG.with_changes({"unlabelled_files": True})
    with pytest.raises(DataError, match="y"):
        prepare_corpus(paths, config, workers=1)
    several = config.with_changes({"property_columns": ("x", "y")})
    with pytest.raises(DataError, match=r"c\.csv.* has no column 'y'"):
        prepare_corpus(paths, several, workers=1)


def test_patterns_are_expanded_in_order_and_files_with_such_names_are_files(tmp_path):
    for name in ("b.csv", "a.csv", "c[1].csv"):
        (tmp_path / name).touch()
    names = [path.name for path in expand_patterns([tmp_path / "?.csv", tmp_path / "c[1].csv"])]
    assert names == ["a.csv", "b.csv", "c[1].csv"]
    with pytest.raises(DataError, match="no file matches"):
        expand_patterns([tmp_path / "*.smi"])
    with pytest.raises(ConfigError, match="given twice"):
        expand_patterns([tmp_path / "a.csv", tmp_path / "*.csv"])


@pytest.mark.parametrize("source", [["CCO", "CC.Cl"], ["C" * 5_000], [5], "rows", ["CCO", "a.csv"]])
def test_a_list_of_texts_is_molecules_unless_all_are_files(tmp_path, monkeypatch, source):
    monkeypatch.chdir(tmp_path)
    Path("table").touch()
    if source == "rows":
        assert named_files(["table", "parts/*.csv", "x.smi.gz"]) == tuple(
            map(Path, ("table", "parts/*.csv", "x.smi.gz"))
        )
    else:
        assert named_files(source) == ()
        assert isinstance(TrainingPlan(data=source).data, MoleculeTable)


def test_a_plan_of_several_files_is_saved_and_read_back(tmp_path):
    paths = [write_csv(tmp_path / f"{n}.csv", ROWS) for n in range(2)]
    single = resolve_plan(TrainingPlan(data=tmp_path / "1*.csv"))
    assert single.data == paths[1]
    plan = resolve_plan(TrainingPlan(data=[str(tmp_path / "*.csv")]))
    assert plan.data_files == tuple(paths)
    saved = json.loads(json.dumps(plan.model_dump(mode="json")))
    assert TrainingPlan.parse(saved) == plan


# Chains with an oxygen: every molecule but the symmetric ones comes twice.
CHAINS = ["C" * (1 + n % 36) + "O" + "C" * (1 + n // 36) for n in range(1_300)]


class Counter:
    """The function that cleans, which counts the rows and may be interrupted by Ctrl-C."""

    def __init__(self, tasks=None):
        self.tasks = tasks
        self.rows = []

    def __call__(self, task):
        if len(self.rows) == self.tasks:
            raise KeyboardInterrupt
        self.rows.append(len(task.texts))
        return clean(task)


@pytest.fixture(scope="module")
def whole_chains(tmp_path_factory):
    """The corpus of all rows in one file."""
    path = tmp_path_factory.mktemp("whole") / "whole.smi"
    path.write_text("\n".join(CHAINS))
    return prepare_corpus(path, workers=1)


@pytest.fixture
def chains(tmp_path):
    """A file of 700 and one of 600 rows, which are cleaned as 500, 200, 500 and 100 rows."""
    paths = [tmp_path / "a.smi", tmp_path / "b.smi"]
    for path, rows in zip(paths, (CHAINS[:700], CHAINS[700:]), strict=True):
        path.write_text("\n".join(rows))
    return paths


def prepare_counted(monkeypatch, paths, tasks=None, shard_rows=500):
    """The rows of each task that is cleaned, and the corpus unless it is interrupted."""
    counter = Counter(tasks)
    monkeypatch.setattr("molvae.dataset.making.clean", counter)
    monkeypatch.setattr("molvae.dataset.making.SHARD_ROWS", shard_rows)
    try:
        return counter.rows, prepare_corpus(paths, workers=1)
    except KeyboardInterrupt:
        return counter.rows, None


def test_an_interrupted_preparation_continues_after_its_finished_shards(
    chains, whole_chains, monkeypatch, tmp_path
):
    assert prepare_counted(monkeypatch, chains, tasks=1) == ([500], None)
    assert prepare_counted(monkeypatch, chains, tasks=2) == ([200, 500], None)
    rows, corpus = prepare_counted(monkeypatch, chains)
    assert rows == [100]
    check_same(corpus, whole_chains)
    left = [path for path in tmp_path.rglob("*") if path.suffix in (".shards", ".shard", ".part")]
    assert left == []


def test_damaged_shards_and_shards_of_other_data_are_not_used(
    chains, whole_chains, monkeypatch, tmp_path
):
    prepare_counted(monkeypatch, chains, tasks=3)
    second = sorted(tmp_path.rglob("*.shard"))[1]
    content = bytearray(second.read_bytes())
    content[len(content) // 2] ^= 1
    second.write_bytes(content)
    rows, corpus = prepare_counted(monkeypatch, chains)
    assert rows == [200, 500, 100]
    check_same(corpus, whole_chains)
    chains[0].write_text("CCC\n")
    assert prepare_counted(monkeypatch, chains, tasks=2)[0] == [1, 500]
    chains[0].write_text("CCCC\nCCCCC\n")
    assert prepare_counted(monkeypatch, chains)[0] == [2, 500, 100]


def test_the_size_of_shards_changes_nothing(chains, whole_chains, monkeypatch):
    check_same(prepare_counted(monkeypatch, chains, shard_rows=100_000)[1], whole_chains)


def test_an_interruption_before_the_first_shard_leaves_nothing(chains, monkeypatch, tmp_path):
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert prepare_counted(monkeypatch, chains, tasks=0) == ([], None)
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == before


def test_two_preparations_of_the_same_data_clean_them_once(chains, whole_chains, monkeypatch):
    counter = Counter()
    monkeypatch.setattr("molvae.dataset.making.clean", counter)
    with ThreadPoolExecutor(2) as threads:
        futures = [threads.submit(prepare_corpus, chains, workers=1) for _ in range(2)]
        corpora = [future.result() for future in futures]
    assert counter.rows == [500, 200, 500, 100]
    for corpus in corpora:
        check_same(corpus, whole_chains)


@pytest.mark.parametrize("together", [10, 300, 10_000])
def test_duplicates_are_found_whatever_is_sorted_at_a_time(tmp_path, together):
    generator = np.random.default_rng(0)
    # Many identities share one of their halves without being equal.
    halves = generator.integers(0, 256, (25, 8), dtype=np.uint8)
    identities = np.hstack([halves[generator.integers(0, 25, 2_000)] for _ in range(2)])
    seen, expected = {}, []
    for position, identity in enumerate(identities):
        first = seen.setdefault(identity.tobytes(), position)
        if first != position:
            expected.append((position, first))
    duplicates = Duplicates(np.split(identities, [7, 7, 900]), 2_000, tmp_path, together)
    actual = []
    for begin, end in pairwise([0, 1, 1, 700, 701, 2_000]):
        positions, firsts = duplicates.between(begin, end)
        actual += zip(positions.tolist(), firsts.tolist(), strict=True)
    assert actual == expected


def test_no_molecules_have_no_duplicates(tmp_path):
    assert Duplicates([], 0, tmp_path).between(0, 0)[0].tolist() == []


@contextmanager
def cluster(**settings):
    """The address of a Dask scheduler, by default with two workers in threads of this process."""
    distributed = pytest.importorskip("distributed")
    defaults = {"n_workers": 2, "threads_per_worker": 1, "processes": False}
    with distributed.LocalCluster(
        **{**defaults, **settings}, dashboard_address=":0", silence_logs=50
    ) as opened:
        yield opened.scheduler_address


@pytest.fixture
def many_chains(tmp_path):
    """Files of 1,300 rows each, the second with the rows of the first."""
    paths = [tmp_path / "a.smi", tmp_path / "b.smi"]
    for path in paths:
        path.write_text("\n".join(CHAINS))
    return paths


def test_a_cluster_cleans_as_this_machine_does(many_chains, whole_chains):
    with cluster() as address:
        corpus = prepare_corpus(many_chains, scheduler=address)
    assert corpus.digest == whole_chains.digest
    assert corpus.refusals["duplicate"] == whole_chains.refusals["duplicate"] + len(CHAINS)


def test_workers_with_other_versions_of_the_packages_are_refused():
    task = CleaningTask(["CCO"], CleaningRules(CorpusConfig().standardize, 50))
    assert clean_alike(task, {"rdkit": package_version("rdkit")}).symbols
    with pytest.raises(ConfigError, match="same versions"):
        clean_alike(task, {"rdkit": "1900.1"})


def test_a_cluster_and_processes_of_this_machine_are_not_combined(many_chains):
    with pytest.raises(ConfigError, match="not both"):
        prepare_corpus(many_chains, workers=2, scheduler="tcp://127.0.0.1:9")


class Killer:
    """A function that cleans, and kills the first worker that calls it."""

    def __init__(self, path):
        self.path = path

    def __call__(self, task, versions):
        with suppress(FileExistsError):
            self.path.touch(exist_ok=False)
            os.kill(os.getpid(), signal.SIGKILL)
        return clean_alike(task, versions)


@pytest.mark.slow
def test_a_worker_of_a_cluster_that_is_killed_costs_nothing(
    many_chains, whole_chains, monkeypatch, tmp_path
):
    monkeypatch.setattr("molvae.dataset.making.clean_alike", Killer(tmp_path / "killed"))
    with cluster(processes=True) as address:
        corpus = prepare_corpus(many_chains, scheduler=address)
    assert (tmp_path / "killed").exists()
    assert corpus.digest == whole_chains.digest


@pytest.mark.slow
def test_a_cluster_without_workers_ends_the_preparation_which_another_continues(
    many_chains, whole_chains, monkeypatch
):
    assert prepare_counted(monkeypatch, many_chains, tasks=1)[0] == [500]
    with cluster(n_workers=0) as address, pytest.raises(WorkerError, match="no worker of"):
        prepare_corpus(many_chains, scheduler=address)
    rows, corpus = prepare_counted(monkeypatch, many_chains)
    assert rows == [500, 300, 500, 500, 300]
    assert corpus.digest == whole_chains.digest

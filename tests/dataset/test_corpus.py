import csv
import gzip
import subprocess
import sys
import tracemalloc
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from molvae.chem.molecule import Molecule
from molvae.chem.notation import from_selfies, remove_stereo
from molvae.chem.standardize_config import StandardizeConfig
from molvae.dataset.corpus import split
from molvae.dataset.corpus_config import CorpusConfig
from molvae.dataset.numbers import QUALIFIERS
from molvae.dataset.preparation import prepare_corpus
from molvae.errors import ConfigError, DataError, FileError
from molvae.special_ids import END, PAD
from molvae.vocabulary import Vocabulary

SAMPLE = Path(__file__).parents[2] / "data" / "moses_sample.csv"
TABLE = """name,smiles,logp,qed
a,CCO,-0.1,0.4
b,OCC,,0.5
c,rubbish,1,1
d,CCN,high,
e,"c1ccccc1
f,c1ccccc1,1.7,0.44
g,[Na+].[Cl-],0,0
h,C[N+](C)(C)CC(=O)[O-],1,2,3
i,O=C(O)c1ccccc1,1.4,0.6
"""


@pytest.fixture
def path(tmp_path):
    (tmp_path / "table.csv").write_text(TABLE)
    return tmp_path / "table.csv"


@pytest.fixture
def corpus(path):
    return prepare_corpus(path, CorpusConfig(property_columns=("logp", "qed")))


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """The first 2,100 rows of the sample, cleaned by two processes."""
    path = tmp_path_factory.mktemp("sample") / "sample.csv.gz"
    lines = SAMPLE.read_text().splitlines(keepends=True)[:2_101]
    path.write_bytes(gzip.compress("".join(lines).encode()))
    return prepare_corpus(path, CorpusConfig(property_columns=("logp", "qed")), workers=2)


def refused_rows(corpus):
    with corpus.refusals_file.open(newline="") as stream:
        return [(int(row["line"]), row["reason"], row["text"]) for row in csv.DictReader(stream)]


def test_accepted_molecules_come_in_the_order_of_the_file(corpus):
    assert [corpus.smiles(index) for index in range(len(corpus))] == [
        "CCO",
        "CCN",
        "c1ccccc1",
        "O=C(O)c1ccccc1",
    ]


def test_every_other_row_is_refused_with_line_reason_and_text(corpus):
    assert refused_rows(corpus) == [
        (3, "duplicate", "OCC"),
        (4, "invalid SMILES", "rubbish"),
        (6, "unbalanced quotes in the row", 'e,"c1ccccc1'),
        (8, "inorganic molecule", "[Na+].[Cl-]"),
        (9, "too many fields in the row", "h,C[N+](C)(C)CC(=O)[O-],1,2,3"),
    ]
    assert corpus.rows == len(corpus) + sum(corpus.refusals.values()) == 9
    assert corpus.refusals == Counter(reason for _, reason, _ in refused_rows(corpus))


def test_properties_stand_beside_their_molecules(corpus):
    expected = [[-0.1, 0.45], [np.nan, np.nan], [1.7, 0.44], [1.4, 0.6]]
    np.testing.assert_array_equal(corpus.properties, np.array(expected, np.float32))
    assert corpus.property_names == ("logp", "qed")


def test_further_rows_of_a_molecule_fill_in_what_it_lacks_and_contradictions_are_told(tmp_path):
    path = tmp_path / "measured.csv"
    path.write_text("smiles,y,z\nCCO,,1\nCCN,1.5,oops\nOCC,5.2,1\nNCC,9,2\nC(N)C,,3\n")
    corpus = prepare_corpus(path, CorpusConfig(property_columns=("y", "z")), workers=1)
    expected = np.array([[5.2, 1], [5.25, 2.5]], np.float32)
    np.testing.assert_array_equal(corpus.properties, expected)
    with corpus.refusals_file.open(encoding="utf-8") as stream:
        details = {row["line"]: row["detail"] for row in csv.DictReader(stream)}
    assert details == {
        "4": "",
        "5": "y is 9, on line 3 it is 1.5",
        "6": "z is 3, on line 3 it is 2",
    }
    # Nothing is missing any more, and what was no number has one now.
    assert "no value" not in corpus.summary()
    assert "not a number" not in corpus.summary()


def test_the_summary_tells_all_counts(corpus):
    assert corpus.summary().splitlines() == [
        "9 rows: 4 molecules accepted, 5 rows refused",
        "          1  duplicate",
        "          1  inorganic molecule",
        "          1  invalid SMILES",
        "          1  too many fields in the row",
        "          1  unbalanced quotes in the row",
        f"  each with its line and text in {corpus.refusals_file}",
        "  logp: not a number for 1 molecules, taken as no value",
        "  qed: no value for 1 molecules",
        "  qed: rows of 1 molecules disagree; the median is taken",
    ]


def test_the_summary_tells_what_cleaning_changed(tmp_path):
    path = tmp_path / "salts.smi"
    path.write_text("CC[O-].[Na+]\nCCO\nCC[NH3+]\nC[C@H](F)O\n")
    config = CorpusConfig(standardize=StandardizeConfig(keep_stereo=False))
    corpus = prepare_corpus(path, config)
    told = (
        "  of the accepted: 2 charges neutralized, 1 marks of stereochemistry removed, "
        "1 smaller fragments removed"
    )
    assert told in corpus.summary().splitlines()
    # The same when the store is found again.
    assert told in prepare_corpus(path, config).summary().splitlines()


def test_a_batch_holds_symbols_then_end_then_padding(corpus):
    batch = corpus.batch(np.array([3, 0]))
    assert batch.lengths.tolist() == [corpus.lengths[3] + 1, 4]
    assert batch.ids.shape == (2, batch.lengths[0])
    assert batch.ids[1].tolist() == [*corpus.ids(0), END, *[PAD] * (batch.lengths[0] - 4)]
    assert corpus.vocabulary.decode(batch.ids[0].tolist()) == corpus.selfies(3)
    np.testing.assert_array_equal(batch.properties, corpus.properties[[3, 0]])


def test_a_batch_of_no_molecules_is_empty(corpus):
    batch = corpus.batch(np.arange(0))
    assert (batch.ids.shape, batch.lengths.shape) == ((0, 1), (0,))


def test_the_canonical_smiles_of_every_accepted_molecule_survives(sample):
    with SAMPLE.open(newline="") as stream:
        rows = list(csv.DictReader(stream))[:2_100]
    assert len(sample) == 2_100
    assert [sample.smiles(index) for index in range(0, 2_100, 7)] == [
        Molecule.parse(row["smiles"]).smiles for row in rows[::7]
    ]
    logp = [float(row["logp"]) for row in rows]
    np.testing.assert_array_equal(sample.properties[:, 0], np.array(logp, np.float32))


def test_one_process_and_two_make_the_same_store(sample, tmp_path):
    alone = prepare_corpus(
        sample.folder.parents[1] / "sample.csv.gz",
        CorpusConfig(property_columns=("logp", "qed")),
        tmp_path,
        workers=1,
    )
    for name in ("ids.bin", "lengths.bin", "properties.bin", "refused.csv", "store.json"):
        assert (alone.folder / name).read_bytes() == (sample.folder / name).read_bytes()


def test_ids_do_not_depend_on_the_order_of_the_rows(tmp_path):
    (tmp_path / "a.smi").write_text("CCO\nCCBr\nc1ccsc1\n")
    (tmp_path / "b.smi").write_text("c1ccsc1\nCCBr\nCCO\n")
    first, second = (prepare_corpus(tmp_path / name) for name in ("a.smi", "b.smi"))
    assert first.vocabulary == second.vocabulary
    assert [first.ids(i).tolist() for i in range(3)] == [second.ids(i).tolist() for i in (2, 1, 0)]


def test_a_store_is_reused_until_data_or_settings_change(path):
    first = prepare_corpus(path)
    stamp = (first.folder / "store.json").stat().st_mtime_ns
    assert (prepare_corpus(path).folder / "store.json").stat().st_mtime_ns == stamp
    small = CorpusConfig(standardize=StandardizeConfig(max_heavy_atoms=3))
    assert len(prepare_corpus(path, small)) == 2
    assert prepare_corpus(path, small).folder != first.folder
    path.write_text(TABLE + "j,CCCl,,\n")
    assert len(prepare_corpus(path)) == len(first) + 1
    assert (first.folder / "store.json").stat().st_mtime_ns != stamp


def test_a_damaged_store_is_made_again(path):
    first = prepare_corpus(path)
    (first.folder / "ids.bin").write_bytes(b"")
    again = prepare_corpus(path)
    assert again.smiles(0) == "CCO"


def test_stores_may_be_kept_elsewhere(path, tmp_path):
    corpus = prepare_corpus(path, folder=tmp_path / "elsewhere")
    assert tmp_path / "elsewhere" in corpus.folder.parents
    assert not path.with_name("table.csv.tokens").exists()


def test_another_vocabulary_changes_ids_but_no_molecule(corpus):
    other = Vocabulary.from_symbols(["[Xe]", "[Br+1]"]).with_symbols(corpus.vocabulary.symbols)
    recoded = corpus.recode(other)
    assert recoded.ids(3).tolist() != corpus.ids(3).tolist()
    assert recoded.smiles(3) == corpus.smiles(3)
    assert other.decode(recoded.batch(np.array([2])).ids[0].tolist()) == corpus.selfies(2)
    back = recoded.recode(corpus.vocabulary)
    assert back.ids(3).tolist() == corpus.ids(3).tolist()


def test_merged_tokens_are_the_same_molecules(corpus):
    merged = corpus.recode(corpus.learn_merges(50))
    assert merged.vocabulary.symbols == corpus.vocabulary.symbols
    assert merged.lengths.sum() < 0.6 * corpus.lengths.sum()
    for index in range(len(corpus)):
        assert merged.selfies(index) == corpus.selfies(index)
    assert merged.batch(np.array([2])).lengths[0] == merged.lengths[2] + 1
    back = merged.recode(corpus.vocabulary)
    assert back.ids(3).tolist() == corpus.ids(3).tolist()


def test_a_vocabulary_that_lacks_symbols_is_refused(corpus):
    with pytest.raises(DataError, match=r"the vocabulary lacks .*extend it"):
        corpus.recode(Vocabulary(("[C]",)))


def test_a_split_is_disjoint_complete_and_decided_by_the_seed(sample):
    training, held = split(sample, 500, seed=1)
    assert len(held) == 500
    assert sorted([*training.tolist(), *held.tolist()]) == list(range(len(sample)))
    assert np.array_equal(split(sample, 500, seed=1)[1], held)
    assert not np.array_equal(split(sample, 500, seed=2)[1], held)


def test_holding_out_everything_is_refused(corpus):
    with pytest.raises(ConfigError, match="hold out fewer"):
        split(corpus, len(corpus), seed=0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("smiles,logp\n", "has a header but no rows"),
        ("smiles,logp\nrubbish,1\n[Na+].[Cl-],2\n", "1 invalid SMILES, 1 inorganic molecule"),
        ("smiles,logp\nCCO,low\nCCN,high\n", "column 'logp' holds no number"),
        ("smiles,qed\nCCO,1\n", "no column 'logp'"),
        ("smiles,logp\n" + "C" * 5_000 + ",1\n", "holds no acceptable molecule in 1 rows"),
    ],
)
def test_a_useless_file_is_refused_in_one_line_and_leaves_nothing(tmp_path, text, message):
    path = tmp_path / "table.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=message) as caught:
        prepare_corpus(path, CorpusConfig(property_columns=("logp",)))
    assert "\n" not in str(caught.value)
    left = [found for found in tmp_path.rglob("*") if found.is_file()]
    assert left == [path]


def test_a_folder_that_cannot_be_written_to_is_told(path):
    path.with_name("table.csv.tokens").write_text("in the way")
    with pytest.raises(FileError, match="keep it in another folder"):
        prepare_corpus(path)


def test_a_full_disk_is_told_in_one_line_and_leaves_nothing(path):
    # A limit on the size of files meets the writer as a full disk does: with an OSError.
    script = (
        "import resource, sys; from pathlib import Path\n"
        "from molvae.dataset.preparation import prepare_corpus\n"
        "from molvae.errors import FileError\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (64, resource.RLIM_INFINITY))\n"
        "try: prepare_corpus(Path(sys.argv[1]))\n"
        "except FileError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    assert "could not write the token store" in done.stdout
    assert done.stdout.count("\n") == 1
    assert [found.name for found in path.parent.rglob("*") if found.is_file()] == ["table.csv"]


def test_the_progress_bar_goes_to_stderr(path, capfd):
    prepare_corpus(path, progress=True)
    captured = capfd.readouterr()
    assert captured.out == ""
    assert "table.csv" in captured.err
    assert "9 rows" in captured.err


def test_memory_does_not_grow_with_the_file(tmp_path):
    """Rows without SMILES cost the least time; kept in memory, the many would take 4 MB."""
    peaks = []
    for count in (3_000, 13_000):
        path = tmp_path / f"{count}.csv"
        path.write_text("name,smiles\nethanol,CCO\n" + f"{'x' * 200},\n" * count)
        tracemalloc.start()
        prepare_corpus(path, workers=1)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 2_000_000


def test_a_store_with_a_flipped_bit_is_made_anew(path):
    config = CorpusConfig(property_columns=("logp", "qed"))
    folder = prepare_corpus(path, config).folder
    intact = {file: file.read_bytes() for file in folder.iterdir()}
    generator = np.random.default_rng(1)
    for file, content in intact.items():
        damaged = bytearray(content)
        damaged[int(generator.integers(len(damaged)))] ^= 1 << int(generator.integers(8))
        file.write_bytes(damaged)
        prepare_corpus(path, config, workers=1)
        assert {file: file.read_bytes() for file in folder.iterdir()} == intact


DUPLICATES = "smiles,y\nCCO,1\nOCC,2\nC(C)O,6\nCCN,5\nNCC,>7\nCCC,>4\nC(C)C,>8\nCCF,\nFCC,3\n"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("mean", [3, 5, 6, 3]),
        ("median", [2, 5, 6, 3]),
        ("first", [1, 5, 4, 3]),
        ("refuse", [np.nan, np.nan, np.nan, 3]),
    ],
)
def test_labels_of_duplicates_are_merged_by_the_stated_rule(tmp_path, rule, expected):
    path = tmp_path / "a.csv"
    path.write_text(DUPLICATES)
    config = CorpusConfig(property_columns=("y",), duplicates=rule)
    corpus = prepare_corpus(path, config, workers=1)
    np.testing.assert_array_equal(corpus.properties[:, 0], np.array(expected, np.float32))
    assert "rows of 3 molecules disagree" in corpus.summary()
    qualifiers = [QUALIFIERS[code] for code in corpus.qualifiers[:, 0]]
    assert qualifiers == ["", "", "" if rule == "refuse" else ">", ""]


@pytest.mark.parametrize(("rule", "value"), [("use", 6.28), ("refuse", np.nan)])
def test_qualified_values_are_used_or_refused_and_told(tmp_path, rule, value):
    path = tmp_path / "a.csv"
    path.write_text('smiles,y\nCCO,">6,28"\nCCN,"~1,5"\nCCC,2\n')
    config = CorpusConfig(property_columns=("y",), qualified_values=rule)
    corpus = prepare_corpus(path, config, workers=1)
    np.testing.assert_array_equal(corpus.properties[0], np.array([value], np.float32))
    assert "2 values with a qualifier (1 >, 1 ~)" in corpus.summary()
    expected = [">", "~", ""] if rule == "use" else ["", "", ""]
    assert [QUALIFIERS[code] for code in corpus.qualifiers[:, 0]] == expected


def test_rows_of_a_batch_lose_their_stereo_marks_where_asked(tmp_path):
    rows = ["C[C@H](N)C(=O)O", "CCCCO", "F/C=C/Cl", "CC[C@@H](F)Cl"]
    data = tmp_path / "marked.csv"
    data.write_text("smiles\n" + "\n".join(rows) + "\n")
    plain = prepare_corpus(data)
    corpus = plain.recode(plain.vocabulary.with_symbols(remove_stereo(plain.vocabulary.symbols)))
    batch = corpus.batch(np.arange(4), np.array([True, True, True, False]))
    read = [corpus.vocabulary.decode(row) for row in batch.ids.tolist()]
    assert [from_selfies(selfies).smiles for selfies in read] == [
        "CC(N)C(=O)O", "CCCCO", "FC=CCl", "CC[C@@H](F)Cl",
    ]  # fmt: skip
    assert batch.lengths.tolist() == [len(row) - row.count(PAD) for row in batch.ids.tolist()]
    kept = corpus.batch(np.arange(4), np.zeros(4, dtype=bool))
    assert (kept.ids == corpus.batch(np.arange(4)).ids).all()

import math
import sqlite3

import numpy as np
import pytest

from molvae.errors import RunError
from molvae.optimize.evaluation import Evaluation
from molvae.optimize.journal import Journal
from molvae.optimize.state import State

ABOUT = {"objective": {"name": "x", "component": [{"property": "qed"}]}, "model": "abc"}


def candidate(call, smiles, score=0.5, round_number=1):
    return Evaluation(smiles, score, {"qed": score}, {"qed": 0.25}, call, round_number)


def test_what_is_added_is_there_after_reopening(tmp_path):
    path = tmp_path / "journal.sqlite"
    added = [candidate(1, "CCO", 0.1), candidate(2, "C", -1e300)]
    with Journal.open(path, ABOUT) as journal:
        journal.add([(one, None) for one in added])
    with Journal.open(path, ABOUT) as journal:
        assert journal.evaluations() == added


def test_a_missing_score_stays_missing():
    with Journal.open(None, ABOUT) as journal:
        journal.add([(candidate(1, "CCO", math.nan), None)])
        (found,) = journal.evaluations()
    assert math.isnan(found.score)
    assert math.isnan(found.values["qed"])


def test_points_come_back_as_float32():
    z = np.array([0.1, -2.5])
    with Journal.open(None, ABOUT) as journal:
        journal.add([(candidate(1, "CCO"), z), (candidate(2, "C"), None)])
        latents = journal.latents()
    assert list(latents) == ["CCO"]
    np.testing.assert_array_equal(latents["CCO"], z.astype(np.float32))


def test_additions_are_whole_or_not_at_all():
    with Journal.open(None, ABOUT) as journal:
        journal.add([(candidate(1, "CCO"), None)])
        with pytest.raises(RunError, match="another process"):
            journal.add([(candidate(2, "C"), None), (candidate(3, "CCO"), None)])
        assert [one.smiles for one in journal.evaluations()] == ["CCO"]


def test_progress_is_what_was_saved_last():
    with Journal.open(None, ABOUT) as journal:
        assert journal.progress() is None
        journal.save_progress({"rounds": 1}, State({"n": 1}, {"a": np.zeros(3)}))
        journal.save_progress({"rounds": 2}, State({"n": 2}, {"a": np.ones(3)}))
        counts, state = journal.progress()
    assert counts == {"rounds": 2}
    assert state.values == {"n": 2}
    assert state.arrays["a"].tolist() == [1.0, 1.0, 1.0]


def test_arrays_that_did_not_change_are_not_written_again(tmp_path):
    path = tmp_path / "journal.sqlite"
    arrays = {"a": np.random.default_rng(0).random(100_000)}
    with Journal.open(path, ABOUT) as journal:
        journal.save_progress({"rounds": 1}, State({"n": 1}, arrays, version=3))
        before = log_of(path).stat().st_size
        for number in range(2, 7):
            journal.save_progress({"rounds": number}, State({"n": number}, {}, version=3))
        assert log_of(path).stat().st_size - before < arrays["a"].nbytes
        # A crash here leaves the last values with their arrays.
        with Journal.open(path, ABOUT) as other:
            counts, state = other.progress()
    assert counts == {"rounds": 6}
    assert state.values == {"n": 6}
    np.testing.assert_array_equal(state.arrays["a"], arrays["a"])


def log_of(path):
    """Where SQLite writes first."""
    return path.with_name(f"{path.name}-wal")


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({**ABOUT, "model": "xyz"}, "the model was another one"),
        (
            {**ABOUT, "objective": {"name": "x", "component": [{"property": "logp"}]}},
            r"objective\.component 1\.property was 'qed', now 'logp'",
        ),
        ({"objective": ABOUT["objective"]}, "the model was another one"),
    ],
)
def test_the_journal_of_another_search_is_refused_by_name(tmp_path, other, message):
    path = tmp_path / "journal.sqlite"
    Journal.open(path, ABOUT).__exit__(None, None, None)
    with pytest.raises(RunError, match=message):
        Journal.open(path, other)


def test_a_journal_whose_making_was_interrupted_is_begun(tmp_path):
    path = tmp_path / "journal.sqlite"
    path.touch()
    with Journal.open(path, ABOUT) as journal:
        assert journal.evaluations() == []


def test_a_file_that_is_no_journal_is_refused(tmp_path):
    path = tmp_path / "journal.sqlite"
    path.write_bytes(b"something else altogether" * 100)
    with pytest.raises(RunError, match=r"journal\.sqlite.*cannot be used"):
        Journal.open(path, ABOUT)


def test_a_journal_in_a_missing_folder_is_an_error_that_names_it(tmp_path):
    with pytest.raises(RunError, match="nowhere"):
        Journal.open(tmp_path / "nowhere" / "journal.sqlite", ABOUT)


def test_the_journal_can_be_read_with_plain_sqlite_while_it_is_open(tmp_path):
    path = tmp_path / "journal.sqlite"
    with Journal.open(path, ABOUT) as journal:
        journal.add([(candidate(1, "CCO"), None)])
        with sqlite3.connect(path) as reader:
            assert reader.execute("SELECT smiles, score FROM scores").fetchall() == [("CCO", 0.5)]
        reader.close()


def test_a_journal_is_read_while_it_is_written(tmp_path):
    path = tmp_path / "journal.sqlite"
    with Journal.open(path, ABOUT) as journal:
        journal.add([(candidate(1, "CCO"), None)])
        with Journal.read_only(path) as other:
            assert other.evaluations() == [candidate(1, "CCO")]


def test_only_a_journal_of_this_version_is_read(tmp_path):
    path = tmp_path / "journal.sqlite"
    with pytest.raises(RunError, match=r"journal\.sqlite"):
        Journal.read_only(path)
    assert not path.exists()
    with Journal.open(path, ABOUT):
        pass
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE about SET value = '1' WHERE key = 'format'")
    connection.close()
    with pytest.raises(RunError, match="another version"):
        Journal.read_only(path)
    with pytest.raises(RunError, match=r"another version.*or start a new run"):
        Journal.open(path, ABOUT)


def test_the_scores_of_an_earlier_version_can_be_read(tmp_path):
    path = tmp_path / "journal.sqlite"
    with Journal.open(path, ABOUT) as journal:
        journal.add([(candidate(1, "CCO"), None)])
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE about SET value = '3' WHERE key = 'format'")
        connection.execute("DROP TABLE arrays")
    connection.close()
    with Journal.read_only(path) as journal:
        assert [one.smiles for one in journal.evaluations()] == ["CCO"]
    with pytest.raises(RunError, match="another version"):
        Journal.open(path, ABOUT)


def damage(path, statement):
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE scores SET measured = 'x'",
        "UPDATE scores SET measured = '[1]'",
        "UPDATE scores SET score = 'high' WHERE call = 2",
        "UPDATE scores SET score = score + 1e-9 WHERE call = 1",
        "UPDATE scores SET smiles = 'CCN' WHERE call = 1",
        "UPDATE scores SET call = 7 WHERE call = 2",
        "DELETE FROM scores WHERE call = 1",
        "UPDATE about SET value = 'x' WHERE key = 'format'",
        "UPDATE progress SET counts = 'x'",
        "UPDATE progress SET state = x'00'",
        "UPDATE arrays SET state = x'000000'",
        "DELETE FROM arrays",
        "DELETE FROM progress",
        "DROP TABLE scores",
    ],
)
def test_damaged_content_is_refused_and_never_believed(tmp_path, statement):
    path = tmp_path / "journal.sqlite"
    with Journal.open(path, ABOUT) as journal:
        journal.add([(candidate(1, "CCO"), np.ones(3)), (candidate(2, "C"), None)])
        journal.save_progress({"rounds": 1}, State({"n": 1}, {"a": np.zeros(3)}))
    damage(path, statement)

    def read_all():
        with Journal.open(path, ABOUT) as journal:
            journal.evaluations()
            journal.progress()

    with pytest.raises(RunError, match=r"journal\.sqlite"):
        read_all()
    if "progress" in statement or "arrays" in statement:
        return
    with pytest.raises(RunError, match=r"journal\.sqlite"), Journal.read_only(path) as journal:
        journal.evaluations()


def test_flipped_bits_are_refused_or_change_nothing(tmp_path):
    path = tmp_path / "journal.sqlite"
    rows = [(candidate(call, "C" * call, 0.1 * call), np.ones(8)) for call in range(1, 40)]
    with Journal.open(path, ABOUT) as journal:
        journal.add(rows)
    content, generator = path.read_bytes(), np.random.default_rng(0)
    for _ in range(60):
        damaged = bytearray(content)
        damaged[generator.integers(len(content))] ^= 1 << generator.integers(8)
        path.write_bytes(damaged)
        try:
            with Journal.open(path, ABOUT) as journal:
                assert journal.evaluations() == [row for row, _ in rows]
        except RunError:
            pass


def test_a_journal_on_a_read_only_medium_is_read_and_left_alone(tmp_path, monkeypatch):
    path = tmp_path / "search" / "journal.sqlite"
    path.parent.mkdir()
    with Journal.open(path, ABOUT) as journal:
        journal.add([(candidate(1, "CCO"), None)])
    before = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    with Journal.read_only(path) as journal:
        assert [row.smiles for row in journal.evaluations()] == ["CCO"]
    after = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    assert before["journal.sqlite"] == after["journal.sqlite"]

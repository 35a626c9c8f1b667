import math
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from molvae.errors import FileError
from molvae.optimize.evaluation import Evaluation
from molvae.optimize.journal import Journal
from molvae.optimize.score_cache import ScoreCache

QED = {"name": "qed", "where": None, "component": [{"property": "qed"}]}
LOGP = {"name": "logp", "where": None, "component": [{"property": "logp"}]}

WRITER = """
import sys
from pathlib import Path
from molvae.optimize.evaluation import Evaluation
from molvae.optimize.score_cache import ScoreCache

path, writer = Path(sys.argv[1]), int(sys.argv[2])
with ScoreCache.open(path, {"name": "shared"}) as cache:
    print("begun", flush=True)
    for number in range(int(sys.argv[3])):
        names = {f"{number}": number, f"{writer}:{number}": writer}
        cache.add(Evaluation(name, float(score), {}, {}) for name, score in names.items())
        print(number, flush=True)
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "scores.sqlite"


def scored(smiles, score, value=1.0, desirability=0.5):
    return Evaluation(smiles, score, {"qed": value}, {"qed": desirability})


def kept(path, description, smiles):
    with ScoreCache.open(path, description) as cache:
        return cache.find(smiles)


def start_writer(path, number, adds):
    command = [sys.executable, "-c", WRITER, str(path), str(number), str(adds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_scores_are_found_by_another_that_opens_the_file(path):
    with ScoreCache.open(path, QED) as cache:
        cache.add([scored("C", 0.25), scored("CC", math.nan, math.nan, math.nan)])
    found = kept(path, QED, ["CC", "C", "CCC"])
    assert sorted(found) == ["C", "CC"]
    assert found["C"] == scored("C", 0.25)
    numbers = [found["CC"].score, found["CC"].values["qed"], found["CC"].desirabilities["qed"]]
    assert all(map(math.isnan, numbers))


def test_each_objective_has_scores_of_its_own(path):
    with ScoreCache.open(path, QED) as qed, ScoreCache.open(path, LOGP) as logp:
        qed.add([scored("C", 0.25)])
        logp.add([scored("C", -3.0)])
        assert qed.find(["C"])["C"].score == 0.25
        assert logp.find(["C"])["C"].score == -3.0
    # The order of the keys tells nothing.
    reordered = {name: QED[name] for name in ("name", "component", "where")}
    assert kept(path, reordered, ["C"])["C"].score == 0.25


def test_the_first_score_stays(path):
    with ScoreCache.open(path, QED) as cache:
        cache.add([scored("C", 0.25)])
        cache.add([scored("C", 0.75), scored("CC", 0.5)])
        assert cache.find(["C"])["C"].score == 0.25
        assert cache.find(["CC"])["CC"].score == 0.5


def test_more_molecules_than_sqlite_takes_in_one_question(path):
    names = [str(number) for number in range(40_000)]
    with ScoreCache.open(path, QED) as cache:
        cache.add(scored(name, float(name)) for name in names[::2])
        found = cache.find(names)
    assert {name: one.score for name, one in found.items()} == {
        name: float(name) for name in names[::2]
    }


def test_processes_that_begin_and_write_one_file_at_once_lose_nothing(path):
    path.parent.mkdir()
    writers = [start_writer(path, number, 100) for number in range(4)]
    for writer in writers:
        writer.communicate(timeout=60)
    assert [writer.returncode for writer in writers] == [0] * 4
    own = [f"{writer}:{number}" for writer in range(4) for number in range(100)]
    found = kept(path, {"name": "shared"}, [*own, *map(str, range(100))])
    assert len(found) == 500
    assert all(found[name].score == int(name.partition(":")[0]) for name in own)


def test_what_a_killed_process_had_added_is_there(path):
    path.parent.mkdir()
    with start_writer(path, 7, 100_000) as writer:
        said = [writer.stdout.readline().strip() for _ in range(30)]
        os.kill(writer.pid, signal.SIGKILL)
        said += [line.strip() for line in writer.stdout]
    assert writer.returncode == -signal.SIGKILL
    done = [int(word) for word in said if word.isdigit()]
    names = [name for number in done for name in (f"{number}", f"7:{number}")]
    assert len(kept(path, {"name": "shared"}, names)) == len(names) >= 58
    with ScoreCache.open(path, {"name": "shared"}) as cache:
        cache.add([Evaluation("after", 1.0, {}, {})])


def garbled(path):
    path.write_bytes(b"What is this, then?" * 400)


def cut_in_half(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def without_json(path):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE scores SET measured = 'x'")


def with_another_score(path):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE scores SET score = 1.25 WHERE smiles = 'CCC'")


def with_a_text_as_score(path):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE scores SET score = 'high'")


def with_a_list(path):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE scores SET measured = '[1]'")


DAMAGES = [
    garbled,
    cut_in_half,
    without_json,
    with_another_score,
    with_a_text_as_score,
    with_a_list,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_refused_in_one_line(path, damage):
    with ScoreCache.open(path, QED) as cache:
        cache.add(scored("C" * length, 1.0) for length in range(1, 300))
    damage(path)
    with pytest.raises(FileError, match=r"cache '.*scores\.sqlite' cannot be used: ") as refusal:
        kept(path, QED, ["C" * length for length in range(1, 300)])
    assert "\n" not in str(refusal.value)


def test_a_database_of_another_kind_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "journal.sqlite"
    Journal.open(path, {"objective": "length"}).__exit__(None, None, None)
    before = path.read_bytes()
    with pytest.raises(FileError, match="of another kind; choose another file for `cache`"):
        ScoreCache.open(path, QED)
    assert path.read_bytes() == before


def test_a_later_format_is_refused(path):
    ScoreCache.open(path, QED).__exit__(None, None, None)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(FileError, match="format 99"):
        ScoreCache.open(path, QED)

"""Real small programs that answer well, badly, late or not at all."""

import math
import os
import subprocess
import sys
import time
import tracemalloc

import numpy as np
import pytest

from molvae.chem.molecule import Molecule
from molvae.errors import ConfigError
from molvae.objectives.config import ObjectiveConfig
from molvae.objectives.configured import ConfiguredObjective
from molvae.objectives.program import ProgramMeasure
from molvae.objectives.running import Limits, run_program

LENGTHS = "import sys\nfor line in sys.stdin: print(len(line.strip()))"
CHAINS = [Molecule.parse("C" * length) for length in range(1, 13)]
SEVENTH = "C" * 7


def python(code, **settings):
    """The measure of a program that does what the code says, without waiting for `site`."""
    command = [sys.executable, "-S", "-c", code]
    return ProgramMeasure.parse({"command": command, "timeout_seconds": 20, **settings})


def each(action):
    """A program that prints lengths, but for the chain of seven, of which it does something."""
    return (
        "import os, sys, time, json\n"
        "for line in sys.stdin:\n"
        "    smiles = line.strip()\n"
        f"    if smiles == {SEVENTH!r}:\n"
        f"        {action}\n"
        "    else: print(len(smiles))"
    )


def check_only_the_seventh_is_missing(readings, reason):
    lengths = [math.nan if length == 7 else length for length in range(1, 13)]
    np.testing.assert_array_equal(readings.values, lengths)
    (problem,) = readings.problems
    assert problem.row == 6
    assert reason in problem.reason
    assert problem.is_answer == reason.startswith("gave")


def test_a_number_a_line():
    readings = python(LENGTHS)(CHAINS)
    np.testing.assert_array_equal(readings.values, range(1, 13))
    assert readings.problems == ()


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ("print('sorry')", "gave 'sorry'"),
        ("print('nan')", "gave 'nan'"),
        ("print('inf')", "gave 'inf'"),
        ("print('')", "gave ''"),
        ("print('1 2')", "gave '1 2'"),
        ("print('1_000')", "gave '1_000'"),
        ("print('0x10')", "gave '0x10'"),
        (r"print('\\u0661\\u0662')", "gave '"),
        ("raise ValueError('seven')", "ended with status 1: ValueError: seven"),
        ("sys.exit(3)", "ended with status 3"),
        ("os.kill(os.getpid(), 9)", "was killed by signal 9"),
        ("pass", "wrote 0 lines for 1 molecules"),
        ("print('1\\n2')", "wrote 2 lines for 1 molecules"),
        ("sys.stdout.write('x' * 20000)", "wrote more than 10000 bytes"),
    ],
)
def test_what_goes_wrong_costs_its_molecule_and_no_other(action, reason):
    check_only_the_seventh_is_missing(python(each(action))(CHAINS), reason)


def test_a_program_that_hangs_on_a_molecule_is_ended():
    begun = time.monotonic()
    readings = python(each("time.sleep(600)"), timeout_seconds=0.5)(CHAINS)
    check_only_the_seventh_is_missing(readings, "still running after 0.5 seconds")
    assert time.monotonic() - begun < 30


# Output that comes at once shows where a program stands: two starts find the molecule, not five.
def test_lines_that_came_point_at_the_culprit():
    code = each("time.sleep(600)").replace("print(len(smiles))", "print(len(smiles), flush=True)")
    readings = python(code, timeout_seconds=0.5, restarts=2)(CHAINS)
    check_only_the_seventh_is_missing(readings, "still running")


def test_restarts_are_bounded_and_the_rest_is_told_apart():
    readings = python("import sys; sys.exit(1)", restarts=2)(CHAINS)
    assert np.isnan(readings.values).all()
    reasons = [problem.reason for problem in readings.problems]
    assert len(reasons) == 12
    assert "not run: 3 runs had failed, the last one: the program ended with status 1" in reasons


def test_an_empty_line_at_the_end_is_no_answer():
    readings = python(f"{LENGTHS}\nprint()\nprint()")(CHAINS)
    np.testing.assert_array_equal(readings.values, range(1, 13))


def test_a_start_is_given_so_many_molecules_at_most():
    code = "import sys\nlines = sys.stdin.readlines()\nfor line in lines: print(len(lines))"
    np.testing.assert_array_equal(python(code, at_once=5)(CHAINS).values, [5] * 10 + [2] * 2)


@pytest.mark.parametrize(
    ("printed", "settings"),
    [
        ("lengths", {}),
        ("{'payload': {'score': lengths}}", {"key": "payload.score"}),
    ],
)
def test_json_of_numbers(printed, settings):
    read = "import sys, json\nlengths = [len(line.strip()) for line in sys.stdin]\n"
    code = f"{read}print(json.dumps({printed}))"
    readings = python(code, output="json", **settings)(CHAINS)
    np.testing.assert_array_equal(readings.values, range(1, 13))


@pytest.mark.parametrize(
    ("printed", "settings", "reason"),
    [
        ("[null]", {}, "gave 'None'"),
        ("[true]", {}, "gave 'True'"),
        ("[NaN]", {}, "gave 'nan'"),
        ("[[1]]", {}, "gave '[1]'"),
        ("[1, 2]", {}, "wrote 2 numbers for 1 molecules"),
        ("{", {}, "wrote no JSON: '{"),
        ("3", {}, "wrote no list: '3'"),
        ("{}", {"key": "score"}, "no 'score' in the program's JSON"),
        ("[1]", {"key": "score"}, "no 'score' in the program's JSON"),
    ],
)
def test_json_that_is_no_answer(printed, settings, reason):
    readings = python(f"print({printed!r})", output="json", **settings)(CHAINS[:1])
    assert np.isnan(readings.values).all()
    assert reason in readings.problems[0].reason


def test_json_of_a_program_that_failed_is_not_believed():
    readings = python("print('[1]', flush=True); 1 / 0", output="json")(CHAINS[:1])
    assert "ZeroDivisionError" in readings.problems[0].reason


def test_a_program_is_started_in_the_folder_of_the_objective_file(tmp_path):
    program = tmp_path / "score.sh"
    program.write_text("#!/bin/sh\nwhile read line; do cat value.txt; done\n")
    program.chmod(0o755)
    (tmp_path / "value.txt").write_text("4\n")
    (tmp_path / "objective.toml").write_text(
        "name = 'x'\n[[component]]\nkind = 'program'\ncommand = ['./score.sh']\n"
    )
    objective = ConfiguredObjective.load(tmp_path / "objective.toml")
    np.testing.assert_array_equal(objective.score(CHAINS[:2]).total, [4, 4])
    assert str(tmp_path) not in str(objective.description)
    before = objective.description
    program.write_text("#!/bin/sh\nwhile read line; do echo 5; done\n")
    assert objective.description != before


def test_programs_are_told_apart_by_where_their_answer_stands():
    one, other = python("pass", output="json", key="a"), python("pass", output="json", key="b")
    assert one.identity() != other.identity()


def test_a_program_that_is_not_there_is_told_before_the_work(tmp_path):
    for command in ("no-such-program-here", "./not-here.sh"):
        with pytest.raises(ConfigError, match="there is no program"):
            python("").model_copy(update={"command": (command,)}).within(tmp_path).check()
    python("").check()


def test_a_folder_that_is_not_there_is_told_before_the_work(tmp_path):
    (tmp_path / "file").write_text("x")
    for name in "missing", "file":
        with pytest.raises(ConfigError, match=f"there is no folder .*{name}"):
            python("", folder=name).within(tmp_path).check()


def test_failures_are_reported_with_their_molecules_and_score_nan():
    component = python(each("sys.exit(1)")).model_dump(mode="json")
    config = ObjectiveConfig.parse_tables({"name": "x", "component": [component]})
    scores = ConfiguredObjective(config).score(CHAINS)
    assert np.isnan(scores.total).tolist() == [length == 7 for length in range(1, 13)]
    (failure,) = scores.failures
    assert (failure.smiles, failure.component) == (SEVENTH, "program")
    assert "ended with status 1" in failure.reason


def test_a_program_is_asked_only_for_what_is_allowed():
    code = "import sys\nlines = sys.stdin.readlines()\nfor line in lines: print(len(lines))"
    config = ObjectiveConfig.parse_tables(
        {
            "name": "x",
            "component": [python(code).model_dump(mode="json")],
            "where": "heavy_atoms > 3",
            "constraint": [{"property": "heavy_atoms", "name": "size", "high": 8}],
        }
    )
    scores = ConfiguredObjective(config).score(CHAINS)
    expected = [5.0 if 3 < length <= 8 else math.nan for length in range(1, 13)]
    np.testing.assert_array_equal(scores.values["program"], expected)
    assert scores.failures == ()


def test_a_child_that_keeps_the_output_open_does_not_hold_up_the_rest():
    begun = time.monotonic()
    code = "import subprocess; subprocess.Popen(['sleep', '60']); print(1)"
    readings = python(code)(CHAINS[:1])
    np.testing.assert_array_equal(readings.values, [1])
    assert time.monotonic() - begun < 15


def test_children_of_a_program_are_ended_with_it(tmp_path):
    note = tmp_path / "pid"
    code = (
        "import subprocess, time\n"
        "child = subprocess.Popen(['sleep', '60'])\n"
        f"open({str(note)!r}, 'w').write(str(child.pid))\n"
        "time.sleep(60)"
    )
    ended = run_program([sys.executable, "-S", "-c", code], "", None, Limits(2.0, 1000))
    assert "still running" in ended.problem
    until = time.monotonic() + 10
    while _runs(int(note.read_text())):
        assert time.monotonic() < until


DAEMON = (
    "import os, subprocess, time\n"
    "child = subprocess.Popen(['sleep', '60'], start_new_session=True, env={{}})\n"
    "if not os.fork():\n"
    "    os.setsid()\n"
    "    grandchild = os.fork()\n"
    "    if grandchild:\n"
    "        open({note!r}, 'w').write(f'{{child.pid}} {{grandchild}}')\n"
    "        os._exit(0)\n"
    "    os.closerange(0, 3)\n"
    "    time.sleep(60)\n"
    "while not os.path.exists({note!r}): time.sleep(0.01)\n"
    "print(1)\n"
)
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="needs a subreaper")


def wait_until_all_ended(note):
    processes = [int(word) for word in note.read_text().split()]
    until = time.monotonic() + 10
    while any(map(_runs, processes)):
        assert time.monotonic() < until
        time.sleep(0.05)


# A child in a session of its own outlived the program, and the search.
@on_linux
@pytest.mark.parametrize("ending", ["", "time.sleep(60)", "os.kill(os.getpid(), 9)"])
def test_processes_in_sessions_of_their_own_end_with_the_program(tmp_path, ending):
    note = tmp_path / "pids"
    code = DAEMON.format(note=str(note)) + ending
    ended = run_program([sys.executable, "-S", "-c", code], "", None, Limits(3.0, 1000))
    assert ("killed by signal 9" in str(ended.problem)) == ("kill" in ending)
    assert (ended.problem is None) == (ending == "")
    wait_until_all_ended(note)


@on_linux
def test_all_processes_of_a_program_end_when_the_search_is_killed(tmp_path):
    note = tmp_path / "pids"
    code = DAEMON.format(note=str(note)) + "time.sleep(60)"
    search = (
        "import sys\n"
        "from molvae.objectives.running import Limits, run_program\n"
        f"run_program([sys.executable, '-S', '-c', {code!r}], '', None, Limits(60.0, 1000))"
    )
    with subprocess.Popen([sys.executable, "-c", search]) as process:
        until = time.monotonic() + 60
        while not (note.exists() and note.read_text()):
            assert time.monotonic() < until
            time.sleep(0.05)
        process.kill()
    wait_until_all_ended(note)


def test_a_program_that_closes_its_output_and_stays_is_ended():
    code = "import os, time; os.close(1); time.sleep(60)"
    ended = run_program([sys.executable, "-S", "-c", code], "", None, Limits(1.0, 1000))
    assert "still running after 1 seconds" in ended.problem


def test_a_program_that_cannot_be_started_is_a_problem_not_an_error(tmp_path):
    ended = run_program([str(tmp_path / "none")], "", None, Limits(1.0, 1000))
    assert ended.problem == "could not be started: No such file or directory"


def _runs(process):
    """Whether a process is there and has not ended; the dead may wait for somebody to ask."""
    try:
        os.kill(process, 0)
        with open(f"/proc/{process}/stat") as stream:  # noqa: PTH123
            return stream.read().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


# Everything that a program wrote on stderr was kept in a file of any size.
def test_only_the_end_of_stderr_is_kept():
    code = (
        "import sys\n"
        "for _ in range(2000): sys.stderr.write('x' * 10_000 + chr(10))\n"
        "sys.stderr.write('the reason')\n"
        "sys.exit(1)"
    )
    tracemalloc.start()
    ended = run_program([sys.executable, "-S", "-c", code], "", None, Limits(60.0, 1000))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert ended.problem == "ended with status 1: the reason"
    assert peak < 2_000_000


def test_numbers_in_all_usual_forms_are_read():
    forms = ["1", "-2.5", "+.5", "3.", "1e3", " 4 ", "2E-1"]
    readings = python(f"for text in {forms!r}: print(text)")(CHAINS[: len(forms)])
    np.testing.assert_array_equal(readings.values, [1, -2.5, 0.5, 3, 1000, 4, 0.2])

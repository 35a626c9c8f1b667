"""Python functions of a user: good, faulty and absent ones."""

import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from molvae.chem.molecule import Molecule
from molvae.errors import ConfigError
from molvae.objectives.configured import ConfiguredObjective
from molvae.objectives.function import FunctionMeasure
from molvae.objectives.measure import Problem

CHAINS = [Molecule.parse("C" * length) for length in range(1, 6)]
CODE = """
print("a module that speaks")

from decimal import Decimal

import numpy as np

def lengths(smiles):
    return [len(one) for one in smiles]

def as_array(smiles):
    return np.array([len(one) for one in smiles], dtype=np.float32)

def refuses_three(smiles):
    if "CCC" in smiles:
        raise ValueError("three is too many")
    return [len(one) for one in smiles]

def too_few(smiles):
    return [1.0]

def odd(smiles):
    return [1.0, None, float("nan"), "x", True]

def as_bytes(smiles):
    return b"1" * len(smiles)

def nothing(smiles):
    pass

def speaks(smiles):
    for one in smiles:
        print("asked for", one)
        yield len(one)

def empties(smiles):
    found = []
    while smiles:
        found.append(len(smiles.pop(0)))
    return found

def leaves(smiles):
    raise SystemExit(3)

def huge(smiles):
    return [10 ** 5000 for _ in smiles]

def exactly(smiles):
    return [Decimal(len(one)) for one in smiles]

def columns(smiles):
    return np.array([[len(one)] for one in smiles])

NOT_A_FUNCTION = 3
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("functions")
    (folder / "scorers_of_a_user.py").write_text(CODE)
    (folder / "broken_module_of_a_user.py").write_text("import nothing_of_that_name")
    return folder


@pytest.fixture(scope="module")
def read(folder):
    def measure(function):
        one = FunctionMeasure(function=f"scorers_of_a_user:{function}").within(folder)
        return one(CHAINS)

    return measure


@pytest.mark.parametrize(
    "function", ["lengths", "as_array", "empties", "exactly", "columns", "speaks"]
)
def test_a_function_gives_a_number_each(read, function):
    readings = read(function)
    np.testing.assert_array_equal(readings.values, [1, 2, 3, 4, 5])
    assert readings.problems == ()


# It stood among the results, which `--json` promises to be JSON.
def test_what_a_function_or_its_module_prints_is_no_result(tmp_path, capsys):
    (tmp_path / "speaking_scorers_of_a_user.py").write_text(CODE)
    measure = FunctionMeasure(function="speaking_scorers_of_a_user:speaks").within(tmp_path)
    measure(CHAINS)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("a module that speaks\nasked for C\nasked for CC\n")


# Threads that end in another order than they began would leave stdout where stderr is.
def test_another_thread_leaves_stdout_where_it_was(read, capsys):
    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(read, "speaks").result().problems == ()
    assert "asked for C\n" in capsys.readouterr().out


def test_where_it_raises_only_that_molecule_is_missing(read):
    readings = read("refuses_three")
    np.testing.assert_array_equal(readings.values, [1, 2, math.nan, 4, 5])
    assert readings.problems == (Problem(2, "ValueError: three is too many", is_answer=False),)


def test_too_few_numbers_are_not_guessed_at(read):
    np.testing.assert_array_equal(read("too_few").values, [1] * 5)


def test_what_is_no_number_is_told(read):
    readings = read("odd")
    np.testing.assert_array_equal(readings.values, [1] + [math.nan] * 4)
    assert all(problem.is_answer for problem in readings.problems)
    assert [problem.reason for problem in readings.problems] == [
        "gave 'None'",
        "gave 'nan'",
        "gave 'x'",
        "gave 'True'",
    ]


# Each byte of bytes is a number to Python.
def test_bytes_are_no_list_of_numbers(read):
    readings = read("as_bytes")
    assert np.isnan(readings.values).all()
    assert len(readings.problems) == 5


def test_no_answer_at_all_is_told(read):
    readings = read("nothing")
    assert np.isnan(readings.values).all()
    assert "TypeError" in readings.problems[0].reason


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("scorers_of_a_user:absent", "has no function 'absent'"),
        ("scorers_of_a_user:NOT_A_FUNCTION", "has no function 'NOT_A_FUNCTION'"),
        ("no_such_module:f", "cannot be imported: ModuleNotFoundError"),
        ("broken_module_of_a_user:f", "cannot be imported: ModuleNotFoundError"),
    ],
)
def test_a_function_that_is_not_there_is_told_before_the_work(folder, function, message):
    with pytest.raises(ConfigError, match=message):
        FunctionMeasure(function=function).within(folder).check()


def test_a_name_without_a_function_is_refused():
    with pytest.raises(ConfigError, match="function = 'len'"):
        FunctionMeasure.parse({"function": "len"})


def test_a_function_beside_the_objective_file(folder):
    text = "name = 'x'\n[[component]]\nkind = 'python'\nfunction = 'scorers_of_a_user:lengths'\n"
    (folder / "objective.toml").write_text(text)
    objective = ConfiguredObjective.load(folder / "objective.toml")
    np.testing.assert_array_equal(objective.score(CHAINS).total, [1, 2, 3, 4, 5])
    assert objective.columns == ("lengths",)
    assert str(folder) not in str(objective.description)


def test_a_function_that_was_changed_is_another(tmp_path):
    module = tmp_path / "scorer_that_changes.py"
    module.write_text("def ones(smiles):\n    return [1.0] * len(smiles)\n")
    text = "name = 'x'\n[[component]]\nkind = 'python'\nfunction = 'scorer_that_changes:ones'\n"
    (tmp_path / "objective.toml").write_text(text)
    tell = (
        "import sys; from pathlib import Path;"
        "from molvae.objectives.configured import ConfiguredObjective;"
        "print(ConfiguredObjective.load(Path(sys.argv[1])).description)"
    )

    def described():
        words = [sys.executable, "-c", tell, str(tmp_path / "objective.toml")]
        return subprocess.run(words, check=True, capture_output=True, text=True).stdout

    before = described()
    assert described() == before
    module.write_text("def ones(smiles):\n    return [2.0] * len(smiles)\n")
    assert described() != before


def test_a_function_that_leaves_costs_its_molecules_alone(read):
    problems = {
        "leaves": Problem(0, "SystemExit: 3", is_answer=False),
        "huge": Problem(0, "gave 'int'", is_answer=True),
    }
    for function, problem in problems.items():
        readings = read(function)
        assert np.isnan(readings.values).all()
        assert readings.problems[0] == problem


def test_a_module_of_the_same_name_elsewhere_is_not_taken_for_this_one(tmp_path):
    folders = [tmp_path / name for name in "ab"]
    for number, folder in enumerate(folders):
        folder.mkdir()
        (folder / "assay_of_two.py").write_text(f"def f(smiles): return [{number}.0] * len(smiles)")
    one, other = (FunctionMeasure(function="assay_of_two:f").within(folder) for folder in folders)
    assert one(CHAINS).values.tolist() == [0.0] * 5
    with pytest.raises(ConfigError, match="hidden by another of that name"):
        other.check()


RAISES = """
class OwnError(BaseException): pass
class MuteError(Exception):
    def __str__(self): raise ValueError
def own(smiles): raise OwnError("no")
def mute(smiles): raise MuteError
def closes(smiles): raise GeneratorExit
"""


@pytest.mark.parametrize(
    ("name", "reason"),
    [("own", "OwnError: no"), ("mute", "MuteError"), ("closes", "GeneratorExit")],
)
def test_an_error_of_any_kind_costs_its_molecules_alone(tmp_path, name, reason):
    (tmp_path / f"raises_{name}.py").write_text(RAISES)
    readings = FunctionMeasure(function=f"raises_{name}:{name}").within(tmp_path)(CHAINS)
    assert np.isnan(readings.values).all()
    assert readings.problems[0].reason.startswith(reason)


def test_a_function_after_a_dot_is_told_the_right_way_to_write_it():
    with pytest.raises(ConfigError, match="assay:predict"):
        FunctionMeasure.parse({"function": "assay.predict"})

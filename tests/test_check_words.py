import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "check_words.py"


@pytest.fixture(scope="module")
def check_words():
    spec = importlib.util.spec_from_file_location("check_words", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("one = 1", "placeholder as a name: one"),
        ("for part in parts: pass", "placeholder as a name: part"),
        ("def read(other): pass", "placeholder as a name: other"),
        ("def _joined(): pass", "function named by a participle: _joined"),
        ("def taken_up(): pass", "function named by a participle: taken_up"),
        ('"""Of a molecule, its mass."""', "docstring that begins in mid-sentence"),
        ("def __eq__(self, other): pass", None),
        ("def seed(): pass", None),
        ('"""Mass of a molecule."""', None),
    ],
)
def test_words_that_are_no_names_are_reported(check_words, tmp_path, source, problem):
    module = tmp_path / "module.py"
    module.write_text(source)
    lines = list(check_words.problems(module))
    assert len(lines) == (problem is not None)
    assert problem is None or problem in lines[0]


def test_the_clean_parts_of_the_package_stay_clean(check_words, capsys):
    assert check_words.main([]) == 0, capsys.readouterr().out

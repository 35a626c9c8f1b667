"""An objective file is a program: its user is shown what runs, and can refuse it."""

import pytest

from molvae.errors import ConfigError
from molvae.objectives.configured import ConfiguredObjective
from molvae.objectives.permissions import Permissions

CODE = """
name = "x"
aggregation = "arithmetic"
[[component]]
kind = "program"
command = ["touch", "program_ran"]
desirability = {kind = "linear", low = 0, high = 1}
[[component]]
kind = "python"
function = "MODULE:rate"
desirability = {kind = "linear", low = 0, high = 1}
"""


@pytest.fixture
def file(tmp_path):
    # A name of its own, as Python keeps modules.
    module = f"stranger_{tmp_path.name}"
    (tmp_path / "objective.toml").write_text(CODE.replace("MODULE", module))
    (tmp_path / f"{module}.py").write_text(
        "from pathlib import Path\n"
        "Path(__file__).with_name('module_ran').touch()\n"
        "def rate(smiles): return [1.0] * len(smiles)\n"
    )
    return tmp_path / "objective.toml"


def test_code_is_refused_on_demand_before_any_of_it_runs(file):
    with pytest.raises(ConfigError, match=r"touch program_ran.*stranger_"):
        ConfiguredObjective.load(file, permissions=Permissions(no_code=True))
    assert not (file.parent / "module_ran").exists()


def test_code_is_announced_before_it_runs(file):
    lines = []

    def announce(line):
        assert not (file.parent / "module_ran").exists()
        lines.append(line)

    ConfiguredObjective.load(file, permissions=Permissions(announce=announce))
    assert (file.parent / "module_ran").exists()
    program, function = lines
    assert "touch program_ran" in program
    assert "stranger_" in function


def test_an_objective_without_code_is_not_refused():
    ConfiguredObjective.load("pmo/qed", permissions=Permissions(no_code=True))


def test_trusted_types_are_not_read_from_a_file(tmp_path):
    path = tmp_path / "objective.toml"
    path.write_text(
        "name = 'x'\n[[component]]\nkind = 'model'\npath = 'm.skops'\ntrusted = ['posix.system']\n"
    )
    with pytest.raises(ConfigError, match="trusted"):
        ConfiguredObjective.load(path)

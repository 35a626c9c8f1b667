import ast
import re
from pathlib import Path

import pytest

import molvae
from molvae.cli.main import COMMANDS, application
from molvae.cli.messages import _SETTING, as_flag, with_flags

LIBRARY = [
    path for path in sorted(Path(molvae.__file__).parent.rglob("*.py")) if "cli" not in path.parts
]
FLAG = re.compile(r"(?<![\w`-])--[a-z]")
OF_OTHER_PROGRAMS = ("--no-deps", "--only-binary", "--quiet", "--disable-pip", "--dest", "--nproc")
RUN_OTHER_PROGRAMS = ("docking_programs.py", "docking_run.py")


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("lower `beta`", "lower --beta"),
        ("use `batch_size=8`", "use --batch-size 8"),
        ("use `device='cpu'`", "use --device cpu"),
        ("set `strict=False`", "set --no-strict"),
        ("set `radicals=True`", "set --radicals"),
        ("lower `constraints.min_similarity`", "lower --min-similarity"),
        ("raise `combined.pool_size`", "raise --combined.pool-size"),
        ("give one as `start`", "give one as --from"),
        ("made by `molvae train`", "made by `molvae train`"),
        ("the file `Out.csv`", "the file `Out.csv`"),
    ],
)
def test_settings_in_a_message_become_flags(message, shown):
    assert with_flags(message) == shown


def texts(path: Path) -> list[tuple[int, str]]:
    """Text constants of a module, docstrings excluded."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docstrings
    ]


def test_messages_of_the_library_name_settings_and_no_flags():
    flags = [
        f"{path.name}:{line}: {text}"
        for path in LIBRARY
        for line, text in texts(path)
        if FLAG.search(text)
        and path.name not in RUN_OTHER_PROGRAMS
        and not any(option in text for option in OF_OTHER_PROGRAMS)
    ]
    assert flags == []


def flags_of_commands() -> set[str]:
    app = application()
    groups = {
        "benchmark": ("moses", "reconstruction", "pmo", "constrained"),
        "data": ("moses", "zinc250k", "chembl"),
    }
    names = set()
    for command in COMMANDS:
        target = app[command]
        for inner in [target[name] for name in groups[command]] if command in groups else [target]:
            for argument in inner.assemble_argument_collection():
                names |= {*argument.names, *argument.negatives}
    return names


def test_settings_in_messages_of_the_library_are_flags_of_a_command():
    known = flags_of_commands()
    unknown = [
        f"{path.name}:{line}: {match[0]}"
        for path in LIBRARY
        for line, text in texts(path)
        for match in _SETTING.finditer(text)
        if as_flag(match[1], match[2]).split()[0] not in known
    ]
    assert unknown == []

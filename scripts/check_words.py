#!/usr/bin/env python3
"""Check names and docstrings: `check_words.py [PATH ...]`, by default of molvae and of scripts.

Three rules that ruff has not:

* placeholders such as `one` or `found` are no names: name the row or the value;
* a function is named by a verb or by the noun it returns, never by a participle;
* a docstring is a sentence or a noun phrase of its own: it does not begin with "Of", "That" or
  "What".
"""

import ast
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = (ROOT / "molvae", ROOT / "scripts")

PLACEHOLDERS = frozenset({"one", "found", "told", "place", "part", "each", "every", "such"})
MID_SENTENCE = re.compile(r"(Of|That|Those|What|Likewise|The same|Whether so|So)\b")
PARTICIPLE = re.compile(
    r"_*(?:[a-z]+ed|begun|chosen|drawn|found|kept|made|meant|shaken|spelt|taken|told|written)"
    r"(?:_(?:as|by|for|from|in|into|of|on|out|to|up|with))?"
)
NO_PARTICIPLE = frozenset({"embed", "feed", "need", "seed", "speed"})
PUBLIC_PARTICIPLES = frozenset({"extended", "untrained"})
"""Public names of models and vocabularies, which stay as they are."""


def problems(path: Path) -> Iterator[str]:
    """Each break of a rule in a module, as `FILE:LINE what`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    second_operands = {
        id(node.args.args[1])
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and len(node.args.args) == 2
    }
    for node in ast.walk(tree):
        for problem in _problems_of(node, second_operands):
            yield f"{path}:{getattr(node, 'lineno', 1)} {problem}"


def _problems_of(node: ast.AST, second_operands: set[int]) -> Iterator[str]:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield from _name_problem(node.id, is_other_allowed=False)
    if isinstance(node, ast.arg):
        yield from _name_problem(node.arg, is_other_allowed=id(node) in second_operands)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _is_participle(node.name):
        yield f"function named by a participle: {node.name}"
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        text = node.value.value
        if isinstance(text, str) and MID_SENTENCE.match(text.strip()):
            yield f"docstring that begins in mid-sentence: {text.strip()[:50]!r}"


def _name_problem(name: str, *, is_other_allowed: bool) -> Iterator[str]:
    if name in PLACEHOLDERS or (name == "other" and not is_other_allowed):
        yield f"placeholder as a name: {name}"


def _is_participle(name: str) -> bool:
    return (
        PARTICIPLE.fullmatch(name) is not None
        and name.strip("_") not in NO_PARTICIPLE | PUBLIC_PARTICIPLES
    )


def modules_of(paths: Sequence[Path]) -> list[Path]:
    """The modules among the paths and below them; without paths, those of all folders."""
    files = (path.rglob("*.py") if path.is_dir() else [path] for path in paths or FOLDERS)
    return [module for group in files for module in sorted(group)]


def main(arguments: list[str]) -> int:
    """Print each problem; the exit status, 1 if there is one."""
    modules = modules_of([Path(argument) for argument in arguments])
    lines = [problem for module in modules for problem in problems(module)]
    print("\n".join([*lines, f"{len(modules)} modules, {len(lines)} problems"]))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Reference of the commands as Markdown: what each does, and its flags in tables."""

import re
from collections.abc import Iterator
from inspect import Parameter as Signature
from inspect import cleandoc

from cyclopts import App, Argument

from molvae.cli.config import COMMANDS_WITH_SETTINGS, settings_file
from molvae.cli.flags import default_text
from molvae.cli.main import COMMANDS, application

_CODE = re.compile(r"(`[^`]+`)")
_SPECIAL = re.compile(r"[*_\[\]<|]")
_FLAG = re.compile(r"(?<![\w`-])(--[a-z][\w.-]*\w)")
_DOCSTRING_SECTIONS = ("\nArgs:", "\nRaises:")


def command_pages() -> dict[str, str]:
    """Markdown page of each command, by its name."""
    app = application()
    return {name: _page(name, app[name]) for name in COMMANDS}


def command_flags() -> Iterator[tuple[str, Argument]]:
    """Every argument and flag that `--help` shows, with the words of its command."""
    app = application()
    for name in COMMANDS:
        for words, command in _leaves(name, app[name]):
            yield from ((words, argument) for argument in _arguments(command))


def _page(name: str, app: App) -> str:
    parts = [f"# molvae {name}", _description(app)]
    leaves = list(_leaves(name, app))
    for words, command in leaves:
        if len(leaves) > 1:
            parts += [f"## molvae {words}", _description(command)]
        parts += _tables(command)
    if name in COMMANDS_WITH_SETTINGS:
        parts += [
            "## Settings in a file",
            f"`molvae config {name}` prints this file. Save it, change what you need, and pass it "
            "with `--config`; flags take precedence.",
            f"```toml\n{settings_file(name)}\n```",
        ]
    return "\n\n".join(parts) + "\n"


def _leaves(words: str, app: App) -> Iterator[tuple[str, App]]:
    """The command itself, or those that it consists of."""
    inner = [name for name in app if not name.startswith("-")]
    for name in inner:
        yield from _leaves(f"{words} {name}", app[name])
    if not inner:
        yield words, app


def _description(app: App) -> str:
    """The help text without the sections that the tables replace."""
    text = cleandoc(app.help)
    for section in _DOCSTRING_SECTIONS:
        text = text.partition(section)[0]
    return _escape(text.strip())


def _arguments(command: App) -> list[Argument]:
    collection = command.assemble_argument_collection(parse_docstring=True)
    return [argument for argument in collection if argument.show]


def _tables(command: App) -> list[str]:
    """A table for each group of flags, under the group's name."""
    groups: dict[str, list[str]] = {}
    for argument in _arguments(command):
        # The type also admits the forms in which a signature may name a group.
        group = argument.parameter.group
        first = group[0] if isinstance(group, tuple) else group
        names = " ".join(f"`{name}`" for name in argument.names)
        meaning = " ".join((argument.parameter.help or "").split())
        if choices := argument.get_choices():
            meaning += f" Choices: {', '.join(choices)}."
        row = f"| {names} | {_default(argument)} | {_escape(meaning).strip()} |"
        groups.setdefault(getattr(first, "name", ""), []).append(row)
    head = "| flag | default | meaning |\n| --- | --- | --- |\n"
    return [
        text for name, rows in groups.items() for text in (f"### {name}", head + "\n".join(rows))
    ]


def _default(argument: Argument) -> str:
    if argument.required:
        return "required"
    default = argument.field_info.default
    if not argument.show_default or default is Signature.empty or default is None:
        return ""
    text = "on" if default is True else default_text(default)
    return f"`{text}`" if text else ""


def _escape(text: str) -> str:
    """The text with flags as code, and with backslashes before the characters of Markdown.

    In code that the text has already, only `|` is escaped, which would end the cell of a table.
    """
    spans = _CODE.split(text)
    # Every second span is code.
    spans[::2] = [_FLAG.sub(r"`\1`", _SPECIAL.sub(r"\\\g<0>", span)) for span in spans[::2]]
    spans[1::2] = [span.replace("|", "\\|") for span in spans[1::2]]
    return "".join(spans)

"""Write the reference tables of molvae/docs/objectives.md from the settings classes.

python scripts/write_objectives_guide.py            write the tables
python scripts/write_objectives_guide.py --check    fail if the guide is out of date
"""

import sys
from collections.abc import Mapping
from pathlib import Path

from pydantic import JsonValue

from molvae.files import atomic_write
from molvae.objectives.listing import listing

GUIDE = Path(__file__).parents[1] / "molvae" / "docs" / "objectives.md"
BEGIN, END = "<!-- reference -->\n", "<!-- /reference -->"
TITLES = {
    "file": "Settings of the file",
    "components": "Kinds of component",
    "every component": "Settings of every component",
    "constraints": "Settings of every constraint",
    "curves": "Desirability curves",
    "properties": "Properties",
    "objectives": "Named objectives",
}
"""Heading of each section of `molvae objectives`."""


def reference() -> str:
    """All sections as Markdown."""
    return "\n".join(_section(TITLES[name], entries) for name, entries in listing().items())


def _section(title: str, entries: Mapping[str, JsonValue]) -> str:
    if any(isinstance(entry, dict) for entry in entries.values()):
        rows = [line for name, entry in entries.items() for line in _kind(name, entry)]
    elif title.startswith("Settings"):
        rows = _settings_table(entries)
    else:
        rows = _names_table(entries)
    return "\n".join([f"### {title}\n", *rows])


def _kind(name: str, entry: JsonValue) -> list[str]:
    if not isinstance(entry, dict) or not isinstance(entry["settings"], dict):
        raise TypeError(f"{name} has no table of settings")
    return [f"**`{name}`**: {entry['about']}\n", *_settings_table(entry["settings"])]


def _settings_table(settings: Mapping[str, JsonValue]) -> list[str]:
    if not settings:
        return []
    rows = [_setting(name, str(text)) for name, text in settings.items()]
    return ["| setting | default | meaning |", "| --- | --- | --- |", *rows, ""]


def _setting(name: str, text: str) -> str:
    """A row: `molvae objectives` shows the default, the other choices and the meaning."""
    default, _, rest = text.partition("; ")
    choices, _, meaning = rest.partition("; ") if rest.startswith("or ") else ("", "", rest)
    alternatives = f" ({choices})" if choices else ""
    return f"| `{name}` | {default}{alternatives} | {meaning} |"


def _names_table(entries: Mapping[str, JsonValue]) -> list[str]:
    rows = [f"| `{name}` | {text} |" for name, text in entries.items()]
    return ["| name | meaning |", "| --- | --- |", *rows, ""]


def main() -> int:
    """Write or check the guide; 1 when --check finds it out of date."""
    before = GUIDE.read_text(encoding="utf-8")
    head, _, rest = before.partition(BEGIN)
    _, _, tail = rest.partition(END)
    after = f"{head}{BEGIN}{reference()}{END}{tail}"
    if "--check" in sys.argv[1:]:
        if after != before:
            print(f"{GUIDE} is out of date: run python scripts/write_objectives_guide.py")
        return int(after != before)
    with atomic_write(GUIDE) as stream:
        stream.write(after)
    return 0


if __name__ == "__main__":
    sys.exit(main())

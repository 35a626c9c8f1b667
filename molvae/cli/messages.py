"""Messages of the library as the command line shows them: settings become flags.

The library names a setting between backquotes, as in `batch_size`, `constraints.min_similarity` or
`strict=False`, which is how it is written in Python. Here it becomes --batch-size,
--min-similarity or --no-strict.
"""

import re

from cyclopts import default_name_transform
from pydantic import ValidationError

_SETTING = re.compile(r"`([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*)(?:=([^`]+))?`")
_WITHOUT_PREFIX = frozenset(
    {"cleaning", "constraints", "corpus", "decoding", "model", "search", "standardize", "train"}
)
"""Groups of settings whose flags do not carry the name of the group."""
_RENAMED = {"start": "from"}
"""Settings whose flag has another name: `from` is a keyword of Python."""


def flag_name(name: str) -> str:
    """The flag of a field, without dashes; `*` for a group whose fields have flags of their own."""
    return "*" if name in _WITHOUT_PREFIX else default_name_transform(name)


def as_flag(setting: str, value: str | None = None) -> str:
    """The flag of a setting, as it is typed.

    Args:
        setting: the name in Python, with the groups it is in, joined with dots.
        value: the value in Python; None leaves it out.
    """
    *groups, name = setting.split(".")
    names = [default_name_transform(group) for group in groups if group not in _WITHOUT_PREFIX]
    name = default_name_transform(_RENAMED.get(name, name))
    if value == "False":
        name = f"no-{name}"
    flag = "--" + ".".join([*names, name])
    return flag if value in (None, "True", "False") else f"{flag} {value.strip(chr(39))}"


def with_flags(message: str) -> str:
    """The message with each setting in it written as a flag."""
    return _SETTING.sub(lambda match: as_flag(match[1], match[2]), message)


def validation_text(error: ValidationError) -> str:
    """All wrong values that were typed, each with its flag and what is wrong with it."""
    problems = []
    for detail in error.errors():
        message = with_flags(detail["msg"].removeprefix("Value error, "))
        names = [str(name) for name in detail["loc"] if isinstance(name, str) and name != "*"]
        # When values do not go together, the input is the whole group of settings.
        is_group = not names or isinstance(detail["input"], dict)
        flag = as_flag(".".join(names))
        problems.append(message if is_group else f"{flag} {detail['input']}: {message}")
    return "; ".join(problems)

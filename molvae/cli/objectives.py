"""`molvae objectives`."""

import json
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from molvae.cli.flags import OptionalOutFile, check_apart
from molvae.cli.output import Output, OutputFlags, log
from molvae.errors import ConfigError

_WARNING = """\
An objective file is a program: components of the kinds program and python run code that its
author chose, and components of the kind rest send molecules to a server. For files from elsewhere
use --no-code, which refuses these kinds."""


def objectives(
    name: str | None = None,
    /,
    *,
    reinvent_file: Annotated[Path | None, Parameter(name="--from")] = None,
    out: OptionalOutFile = None,
    output: OutputFlags = Output(),
) -> None:
    """List the objectives that have a name, and what an objective file may contain.

    With --from, convert the scoring function in a file of REINVENT 4 to an objective file. Its
    components that have no equivalent are listed.

    Args:
        name: An objective to print as a TOML file, as a start for your own.
        reinvent_file: TOML or JSON file of REINVENT 4 whose scoring function is converted.
        out: File for the objective of --from or of a name; by default, and with `-`, it is printed.
    """
    from molvae.objectives.listing import listing, listing_text
    from molvae.objectives.suites import objective_text

    if name is not None and reinvent_file is not None:
        raise ConfigError("give either a name or --from, not both")
    if reinvent_file is not None:
        _import(reinvent_file, out, output)
    elif name is not None:
        _show({"name": name, "toml": objective_text(name)}, out, output)
    elif out is not None:
        raise ConfigError("--out requires a name or --from")
    else:
        print(json.dumps({**listing()}) if output.json else f"{_WARNING}\n\n{listing_text()}")


def _import(source: Path, out: Path | None, output: Output) -> None:
    from molvae.objectives.reinvent import import_reinvent

    if out is not None:
        check_apart(source, out)
    imported = import_reinvent(source)
    for line in imported.missing:
        log.warning("not imported: %s", line)
    for line in imported.notes:
        log.warning("differs: %s", line)
    lists = {"missing": list(imported.missing), "notes": list(imported.notes)}
    _show({"toml": imported.text, **lists}, out, output)


# object: texts and lists of texts.
def _show(result: dict[str, object], out: Path | None, output: Output) -> None:
    """Print the objective, or write it to a file."""
    from molvae.files import STANDARD_STREAM, atomic_write

    text = str(result["toml"]).rstrip("\n")
    if out in (None, STANDARD_STREAM):
        print(json.dumps(result) if output.json else text)
        return
    with atomic_write(out) as stream:
        stream.write(f"{text}\n")
    output.show({**result, "out": str(out)}, f"{out}: an objective")

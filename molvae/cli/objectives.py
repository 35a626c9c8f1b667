"""`molvae objectives`."""

import json

from molvae.cli.output import Output, OutputFlags

_WARNING = """\
An objective file is a program: components of the kinds program and python run code that its
author chose, and components of the kind rest send molecules to a server. For files from elsewhere
use --no-code, which refuses these kinds."""


def objectives(name: str | None = None, /, *, output: OutputFlags = Output()) -> None:
    """List the objectives that have a name, and what an objective file may contain.

    Args:
        name: An objective to print as a TOML file, as a start for your own.
    """
    from molvae.objectives.listing import listing, listing_text
    from molvae.objectives.suites import objective_text

    if name is not None:
        text = objective_text(name)
        print(json.dumps({"name": name, "toml": text}) if output.json else text)
    else:
        print(json.dumps({**listing()}) if output.json else f"{_WARNING}\n\n{listing_text()}")

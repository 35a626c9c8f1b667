"""`molvae objectives`."""

import json

from molvae.cli.flags import OnScreen, Screen
from molvae.objectives.listing import listing, listing_text
from molvae.objectives.suites import objective_text


def objectives(name: str | None = None, /, *, screen: OnScreen = Screen()) -> None:
    """List what an objective file may hold, and the objectives that go by a name.

    Args:
        name: An objective to show as the file that it would be, to start one's own from.
    """
    if name is not None:
        text = objective_text(name)
        print(json.dumps({"name": name, "toml": text}) if screen.json else text)
    else:
        print(json.dumps({**listing()}) if screen.json else listing_text())

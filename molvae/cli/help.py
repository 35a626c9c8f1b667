"""`molvae help`."""

from molvae.errors import ConfigError
from molvae.settings import suggestion


def help(topic: str | None = None, /) -> None:  # noqa: A001 - the name of the command
    """Print a guide, or list the guides when no topic is given.

    Args:
        topic: A guide that `molvae help` lists.
    """
    from molvae.guides import guide_text, guides

    titles = guides()
    if topic is None:
        print("Guides, printed by `molvae help TOPIC`:\n")
        for name, title in titles.items():
            print(f"  {name:<12} {title}")
        print("\nFlags of a command: `molvae COMMAND --help`.")
        return
    if topic not in titles:
        raise ConfigError(f"there is no guide {topic!r}{suggestion(topic, list(titles))}")
    print(guide_text(topic), end="")

"""`molvae docs`."""

from typing import TYPE_CHECKING

from molvae.cli.flags import OutFolder
from molvae.cli.output import Output, OutputFlags
from molvae.files import check_writable

if TYPE_CHECKING:
    import molvae.site.pages


def docs(*, out: OutFolder, output: OutputFlags = Output()) -> None:
    """Write the guides and a reference of all commands as a folder of HTML pages.

    Open OUT/index.html in a browser. The pages need no network and no server.

    Args:
        out: Folder; files of the same names in it are replaced.
    """
    check_writable(out / "index.html")
    with output.activity("writing the pages"):
        from molvae.guides import pictures
        from molvae.site.pages import write_site

        written = write_site(_pages(), out, pictures())
    index = str(out / "index.html")
    output.show({"index": index, "pages": len(written)}, f"{index}: {len(written)} pages")


def _pages() -> "list[molvae.site.pages.Page]":
    """The index, the guides and a page per command, in the order of the navigation."""
    from molvae.cli.reference import command_pages
    from molvae.guides import guide_text, guides
    from molvae.site.pages import Page

    titles = guides()
    commands = command_pages()
    index = [
        "# molvae",
        "Generate molecules and improve them. Begin with [the first run](start.md).",
        "",
        "![Above: four generated molecules. Below: a lead, and three molecules that a search found "
        "around it.](molecules.png)",
        "## Guides",
        *(f"- [{title}]({topic}.md)" for topic, title in titles.items()),
        "## Commands",
        # The third line of a page is the first of the description of its command.
        *(
            f"- [molvae {name}](command-{name}.md): {text.splitlines()[2]}"
            for name, text in commands.items()
        ),
    ]
    return [
        Page("index", "\n".join(index), "", "Overview"),
        *(Page(topic, guide_text(topic), "Guides", title) for topic, title in titles.items()),
        *(Page(f"command-{name}", text, "Commands", name) for name, text in commands.items()),
    ]

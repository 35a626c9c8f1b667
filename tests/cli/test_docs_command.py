"""`molvae docs`: the guides and a reference of the commands as a static site."""

import json
import re
from contextlib import redirect_stdout
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path

import pytest

from molvae.cli.main import COMMANDS, main
from molvae.cli.reference import command_flags, command_pages
from molvae.guides import guide_text, guides, pictures

pytestmark = pytest.mark.slow

README = Path(__file__).parents[2] / "README.md"
FOREIGN_FLAGS = {"--help", "--version", "--index-url", "--batch", "--uncertainty-method"}
FOREIGN_FLAGS |= {"--nworkers", "--nthreads", "--nnodes", "--nproc-per-node"}
FOREIGN_FLAGS |= {"--rdzv-backend", "--rdzv-endpoint"}
"""Flags in the documents that no command lists: of all commands, pip, chemprop, Dask, torchrun and
examples."""


class Links(HTMLParser):
    """The addresses and the identifiers of a page."""

    def __init__(self, html):
        super().__init__()
        self.addresses, self.identifiers = [], set()
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.addresses += [values[name] for name in ("href", "src") if name in values]
        self.identifiers.add(values.get("id"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("docs") / "site"
    with redirect_stdout(StringIO()) as printed:
        assert main(["docs", "--out", str(folder), "--json"]) == 0
    result = json.loads(printed.getvalue())
    assert result == {
        "index": str(folder / "index.html"),
        "pages": len(list(folder.glob("*.html"))),
    }
    return folder


@pytest.fixture(scope="module")
def site(folder):
    texts = (path for path in folder.iterdir() if path.suffix != ".png")
    return {path.name: path.read_text(encoding="utf-8") for path in texts}


@pytest.fixture(scope="module")
def flags():
    """Each flag that a command lists, with the words of the command."""
    return list(command_flags())


def test_there_is_a_page_for_each_guide_and_each_command(site):
    names = [*guides(), *(f"command-{name}" for name in COMMANDS), "index"]
    assert sorted(site) == sorted([*(f"{name}.html" for name in names), "site.css"])


def test_the_pictures_of_the_guides_are_beside_the_pages(folder, site):
    shown = {source for html in site.values() for source in re.findall(r'<img src="([^"]+)"', html)}
    assert {path.name for path in folder.glob("*.png")} == shown
    assert (folder / "explore.png").read_bytes() == pictures()["explore.png"]


def test_links_lead_to_pages_and_sections_and_none_is_loaded_from_elsewhere(site):
    local = {f'src="{name}"' for name in pictures()}
    pages = {name: Links(html) for name, html in site.items() if name.endswith(".html")}
    for name, page in pages.items():
        for address in page.addresses:
            file, _, fragment = address.partition("#")
            if not address.startswith("https:") and address not in pictures():
                assert (file or name) in site, (name, address)
                assert not fragment or fragment in pages[file or name].identifiers, (name, address)
    text = "".join(site.values()).replace("src=&quot;", "")
    assert set(re.findall(r'src="[^"]*"|@import|url\(', text)) <= local


def test_every_flag_is_on_the_page_of_its_command_with_its_meaning(site, flags):
    assert len(flags) > 400
    for words, argument in flags:
        html = site[f"command-{words.split()[0]}.html"]
        for name in argument.names:
            assert f"<code>{name}</code>" in html, (words, name)
        assert argument.parameter.help, (words, argument.name)


def test_the_documents_name_only_flags_that_exist(flags):
    known = {name for _, argument in flags for name in argument.names}
    texts = [README.read_text(encoding="utf-8"), *map(guide_text, guides())]
    named = set(re.findall(r"(?<![\w-])--[a-z][\w.-]*\w", "\n".join(texts)))
    tables = {name.partition(".")[0] for name in known if "." in name}
    assert named - known - tables <= FOREIGN_FLAGS


def test_defaults_choices_and_settings_without_a_flag_are_shown(site):
    page = site["command-optimize.html"]
    assert "<td><code>2000</code></td>" in page
    assert "Choices: combined, cma-es" in page
    assert "retraining" in page
    assert '<h2 id="molvae-benchmark-pmo">' in site["command-benchmark.html"]


def test_a_file_in_the_way_is_named(tmp_path, capsys):
    (tmp_path / "site").write_text("")
    assert main(["docs", "--out", str(tmp_path / "site")]) == 1
    assert "site" in capsys.readouterr().err


def test_a_folder_is_not_standard_output(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["docs", "--out", "-"]) == 2
    assert "--out" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_index_has_no_empty_heading(site):
    assert not re.search(r"<h2[^>]*></h2>", site["index.html"])


def test_descriptions_are_text_without_the_sections_of_docstrings(site):
    for name, text in command_pages().items():
        assert "Args:" not in text, name
        assert "Raises:" not in text, name
        # Four spaces would make code of a paragraph.
        description, _, _ = text.partition("```toml")
        assert not re.search(r"^ {4}", description, re.MULTILINE), name


def test_code_in_descriptions_is_as_it_is_typed(site):
    assert "<code>[*:1]c1ccc([*:2])cc1</code>" in site["command-complete.html"]

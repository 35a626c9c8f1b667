"""Markdown to HTML: headings that can be linked to, highlighted code, links between pages."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

_COMMENT = re.compile(r"^<!--.*?-->\n", re.MULTILINE)
_NO_WORD = re.compile(r"[^\w\- ]")
_STYLES = {"light": "default", "dark": "github-dark"}
_LANGUAGES = {"py": "python", "sh": "bash"}
_FORMATTER: HtmlFormatter[str] = HtmlFormatter(nowrap=True)


@dataclass(frozen=True)
class Html:
    """A Markdown text as HTML."""

    body: str
    sections: tuple[tuple[str, str], ...]
    """Fragment identifier and text of each heading of level 2."""


def render(text: str, pages: Collection[str]) -> Html:
    """The HTML of a Markdown text.

    Args:
        text: Markdown with tables; HTML in it is shown as text, but comments are left out.
        pages: names of the pages of the site. A link to `NAME.md` becomes one to `NAME.html`; a
            link to any other file becomes plain text.
    """
    markdown = MarkdownIt("js-default", {"highlight": _highlight})
    tokens = markdown.parse(_COMMENT.sub("", text))
    sections = _number_headings(tokens)
    for token in tokens:
        _adapt_links(token.children or [], pages)
    body = markdown.renderer.render(tokens, markdown.options, {})
    # Wide tables scroll by themselves, also with the keyboard.
    body = body.replace("<table>", '<div class="table" tabindex="0"><table>')
    return Html(body.replace("</table>", "</table></div>"), sections)


def style_sheet(scheme: str) -> str:
    """CSS of highlighted code for the color scheme "light" or "dark"."""
    formatter: HtmlFormatter[str] = HtmlFormatter(style=_STYLES[scheme])
    rules = formatter.get_style_defs("code").splitlines()
    return "\n".join(rule for rule in rules if rule.startswith("code ."))


def _highlight(code: str, language: str, _attributes: str) -> str:
    """The code with its tokens in elements of their own; escaped text for unknown languages."""
    try:
        lexer = get_lexer_by_name(_LANGUAGES.get(language, language or "text"))
    except ClassNotFound:
        return escape(code)
    return str(highlight(code, lexer, _FORMATTER))


def _number_headings(tokens: Sequence[Token]) -> tuple[tuple[str, str], ...]:
    """Give headings the identifiers that GitHub gives them; return those of level 2."""
    sections = []
    seen: dict[str, int] = {}
    for opening, inline in pairwise(tokens):
        if opening.type != "heading_open":
            continue
        text = "".join(child.content for child in inline.children or [])
        slug = _NO_WORD.sub("", text.lower()).strip().replace(" ", "-")
        count = seen[slug] = seen.get(slug, -1) + 1
        identifier = f"{slug}-{count}" if count else slug
        opening.attrSet("id", identifier)
        if opening.tag == "h2":
            sections.append((identifier, text))
    return tuple(sections)


def _adapt_links(tokens: Sequence[Token], pages: Collection[str]) -> None:
    """Turn links to Markdown files into links to pages, or into text if there is no such page."""
    closing = ""
    for token in tokens:
        if token.type == "link_open":
            target = _page_address(str(token.attrGet("href")), pages)
            closing = "" if target else "span"
            if target:
                token.attrSet("href", target)
            else:
                token.tag, token.attrs = "span", {"class": "file"}
        elif token.type == "link_close" and closing:
            token.tag = closing


def _page_address(address: str, pages: Collection[str]) -> str | None:
    """The address of a link within the site; None if it leads to a file that has no page."""
    if address.startswith(("https:", "http:", "#")):
        return address
    file, mark, fragment = address.partition("#")
    name = file.removesuffix(".md")
    return f"{name}.html{mark}{fragment}" if name in pages else None

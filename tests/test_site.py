"""Markdown pages as HTML."""

from molvae.site.markdown import render, style_sheet
from molvae.site.pages import Page, write_site


def test_headings_have_the_identifiers_of_github():
    html = render("# A title\n\n## ELBO gap, and more\n\n## Same\n\n## Same\n", ())
    assert '<h2 id="elbo-gap-and-more">' in html.body
    assert [identifier for identifier, _ in html.sections] == [
        "elbo-gap-and-more",
        "same",
        "same-1",
    ]


def test_links_lead_to_pages_and_other_files_are_named_only():
    text = "[a](a.md#part) [b](../b.md) [c](https://example.org) [d](#d) and `code`"
    body = render(text, {"a"}).body
    assert '<a href="a.html#part">a</a>' in body
    assert '<span class="file">b</span>' in body
    assert '<a href="https://example.org">c</a>' in body
    assert '<a href="#d">d</a>' in body


def test_code_is_highlighted_and_escaped():
    body = render("```python\nif a < b:\n    pass\n```\n\n```nonsense\nx < y\n```\n", ()).body
    assert '<span class="k">if</span>' in body
    assert "x &lt; y" in body


def test_tables_scroll_and_html_is_text():
    body = render("<!-- a comment -->\n| a | b |\n| --- | --- |\n| <b> | 2 |\n", ()).body
    assert '<div class="table" tabindex="0"><table>' in body
    assert "&lt;b&gt;" in body
    assert "comment" not in body


def test_both_color_schemes_have_a_style_sheet():
    assert style_sheet("light") != style_sheet("dark")
    assert all(rule.startswith("code .") for rule in style_sheet("dark").splitlines())


def test_the_navigation_marks_the_page_and_lists_its_sections(tmp_path):
    pages = [
        Page("index", "# Home\n\n[next](next.md)\n", "", "Overview"),
        Page("next", "# Next & last\n\n## First part\n", "Guides", "Next & last"),
    ]
    written = write_site(pages, tmp_path / "site")
    assert [path.name for path in written] == ["index.html", "next.html"]
    html = written[1].read_text(encoding="utf-8")
    assert "<title>Next &amp; last - molvae</title>" in html
    assert '<a href="next.html" aria-current="page">Next &amp; last</a>' in html
    assert '<a href="#first-part">First part</a>' in html
    css = (tmp_path / "site" / "site.css").read_text(encoding="utf-8")
    assert "prefers-color-scheme: dark" in css

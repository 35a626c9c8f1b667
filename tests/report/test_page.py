from page_reader import ReadPage

from molvae.report.page import Card, Page, Picture, Section, Table, flat

SVG = '<svg xmlns="http://www.w3.org/2000/svg"><text>drawn</text></svg>'


def test_what_is_told_stands_on_the_page_in_its_order():
    card = Card(Picture(SVG, "CCO"), ("0.5", "call 3"), "CCO", Picture(SVG, "CCN"))
    sections = (
        Section("First", "some text", {"name": "value"}, (Picture(SVG, "a picture"),)),
        Section("Second", cards=(card,), table=Table(("x", "y"), (("1", "2"),)), folded=True),
    )
    page = ReadPage(Page("Title", "about it", sections).html())
    body = "Title about it First some text name value a picture Second 0.5 call 3 CCO x y 1 2"
    assert page.text.endswith(body)
    assert list(page.pictures) == ["a picture", "CCO", "CCN"]


def test_what_looks_like_html_stays_text():
    evil = "<script>alert(1)</script>"
    section = Section(evil, evil, {evil: evil}, table=Table((evil,), ((evil,),)))
    page = ReadPage(Page(evil, evil, (section,)).html())
    assert page.text.count(evil) == 9  # The title stands in the head too.


def test_settings_are_told_by_their_full_names():
    settings = {
        "train": {"epochs": 3, "resume": False, "start": None},
        "elements": ["C", "N"],
        "keep": [],
        "component": [{"name": "a"}, {"name": "b"}],
    }
    assert flat(settings) == {
        "train.epochs": "3",
        "train.resume": "no",
        "train.start": "none",
        "elements": "C, N",
        "keep": "none",
        "component.1.name": "a",
        "component.2.name": "b",
    }

from pathlib import Path

import molvae as package

DOCS = Path(package.__file__).parent / "docs"


def test_the_guides_are_listed_with_their_titles(molvae):
    out = molvae("help").out
    for path in DOCS.glob("*.md"):
        assert path.stem in out
        assert path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ") in out


def test_a_guide_is_printed_as_it_stands(molvae):
    assert molvae("help", "train").out == (DOCS / "train.md").read_text(encoding="utf-8")


def test_an_unknown_topic_is_answered_with_a_similar_one(molvae):
    assert "'objectives'" in molvae("help", "objective").complaint

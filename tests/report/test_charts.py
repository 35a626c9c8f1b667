from xml.etree import ElementTree

import pytest

from molvae.report.charts import Series, bars, curves, scatter

LINE = Series("held <out>", [1, 2, 3], [0.5, 0.25, 0.125])
CHARTS = {
    "curves": lambda y: curves([Series(LINE.label, LINE.x, y)], "updates", "nats"),
    "scatter": lambda y: scatter([Series(LINE.label, LINE.x, y)], [LINE], "updates", "nats"),
    "bars": lambda y: bars(y, "updates", "nats"),
}


def words(svg):
    return [node.text for node in ElementTree.fromstring(svg).iter() if node.tag.endswith("text")]


@pytest.mark.parametrize("kind", CHARTS)
def test_equal_numbers_give_equal_charts_and_others_do_not(kind):
    draw = CHARTS[kind]
    assert draw([3.0, 2.0, 1.0]) == draw([3.0, 2.0, 1.0]) != draw([3.0, 2.0, 1.5])


@pytest.mark.parametrize("kind", CHARTS)
def test_the_axes_and_the_lines_are_named(kind):
    found = words(CHARTS[kind](LINE.y))
    assert {"updates", "nats"} <= set(found)
    assert (LINE.label in found) == (kind != "bars")


def test_a_share_is_shown_from_0_to_1():
    found = words(curves([Series("share", [1, 2], [0.4, 0.5])], "x", "y", share=True))
    assert {"0.0", "1.0"} <= set(found)


def test_ten_thousand_points_make_no_large_file():
    many = Series("many", range(10_000), [0.1] * 10_000)
    assert len(scatter([many], [], "x", "y")) < 100_000

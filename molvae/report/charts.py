"""Charts as SVG text: curves, clouds of points, bars. The same numbers give the same text."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe & Ito's colours, which those see apart who do not see all colours; black is for curves.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
_DASHES = ("-", "--")
_FEW = 30
"""Points of a line that are marked one by one."""
_INCHES = (5.6, 3.4)
_WIDE = (8.4, 4.0)
# Any: matplotlib's settings are of all kinds.
_STYLE: Any = {
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 10,
    "grid.alpha": 0.3,
    "legend.frameon": False,
    "svg.fonttype": "none",
    # Without it the names inside the text are drawn at random.
    "svg.hashsalt": "molvae",
}


@dataclass(frozen=True)
class Series:
    """Points of one kind."""

    label: str
    x: Sequence[float | int]
    y: Sequence[float | int]


@dataclass
class _Chart:
    """A chart that is being drawn."""

    axes: Axes
    svg: str = ""


def curves(series: Sequence[Series], x_label: str, y_label: str, *, share: bool = False) -> str:
    """Lines through the points of each series; `share` sets the height to 0 to 1."""
    with _chart(x_label, y_label, share=share) as chart:
        for number, one in enumerate(series):
            colour = COLOURS[number % len(COLOURS)]
            few = "o" if len(one.x) <= _FEW else None
            chart.axes.plot(one.x, one.y, label=one.label, color=colour, marker=few, markersize=4)
        chart.axes.legend(loc="best")
    return chart.svg


def clouds(groups: Sequence[Series], lines: Sequence[Series], x_label: str, y_label: str) -> str:
    """Points of each group in a colour of its own, under black lines.

    The points are one image inside the SVG: thousands of them as shapes make browsers slow.
    """
    with _chart(x_label, y_label, inches=_WIDE) as chart:
        for number, one in enumerate(groups):
            chart.axes.plot(
                one.x,
                one.y,
                ".",
                label=one.label,
                color=COLOURS[number % len(COLOURS)],
                alpha=0.5,
                markeredgewidth=0,
                rasterized=True,
            )
        for number, one in enumerate(lines):
            chart.axes.plot(one.x, one.y, label=one.label, color="black", ls=_DASHES[number % 2])
        # Beside the chart, with marks that can be seen: the points are small and everywhere.
        chart.axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), markerscale=3)
    return chart.svg


def bars(heights: Sequence[float | int], x_label: str, y_label: str) -> str:
    """A bar for each height, side by side."""
    with _chart(x_label, y_label, inches=_WIDE) as chart:
        chart.axes.bar(range(1, len(heights) + 1), heights, width=1.0, color=COLOURS[0])
    return chart.svg


@contextmanager
def _chart(
    x_label: str, y_label: str, *, share: bool = False, inches: tuple[float, float] = _INCHES
) -> Iterator[_Chart]:
    """An empty chart with its axes named; it becomes text at the end of the block."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=inches, layout="constrained", dpi=150)
        chart = _Chart(figure.add_subplot())
        chart.axes.set_xlabel(x_label)
        chart.axes.set_ylabel(y_label)
        if share:
            chart.axes.set_ylim(0.0, 1.0)
        yield chart
        text = StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
        chart.svg = text.getvalue()

"""Charts as SVG text: curves, scatter plots, bars. The same numbers give the same text."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# The palette of Okabe & Ito, which is safe for color blindness; black is for curves.
COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
_DASHES = ("-", "--")
_MOST_MARKERS = 30
"""Points up to which a line shows a marker at each."""
_INCHES = (5.6, 3.4)
_WIDE = (8.4, 4.0)
# Any: settings of matplotlib have many types.
_STYLE: Any = {
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 10,
    "grid.alpha": 0.3,
    "legend.frameon": False,
    "svg.fonttype": "none",
    # Without it the identifiers inside the SVG are random.
    "svg.hashsalt": "molvae",
}


@dataclass(frozen=True)
class Series:
    """Points with a label."""

    label: str
    x: Sequence[float | int]
    y: Sequence[float | int]


@dataclass
class _Chart:
    """A chart under construction."""

    axes: Axes
    svg: str = ""


def curves(series: Sequence[Series], x_label: str, y_label: str, *, share: bool = False) -> str:
    """Line chart; `share` sets the limits of the y axis to 0 and 1."""
    with _chart(x_label, y_label, share=share) as chart:
        for number, line in enumerate(series):
            color = COLORS[number % len(COLORS)]
            marker = "o" if len(line.x) <= _MOST_MARKERS else None
            chart.axes.plot(
                line.x, line.y, label=line.label, color=color, marker=marker, markersize=4
            )
        chart.axes.legend(loc="best")
    return chart.svg


def scatter(groups: Sequence[Series], lines: Sequence[Series], x_label: str, y_label: str) -> str:
    """Scatter plot with a color for each group, under black lines.

    The points are one bitmap inside the SVG, because thousands of shapes make browsers slow.
    """
    with _chart(x_label, y_label, inches=_WIDE) as chart:
        for number, group in enumerate(groups):
            chart.axes.plot(
                group.x,
                group.y,
                ".",
                label=group.label,
                color=COLORS[number % len(COLORS)],
                alpha=0.5,
                markeredgewidth=0,
                rasterized=True,
            )
        for number, line in enumerate(lines):
            chart.axes.plot(line.x, line.y, label=line.label, color="black", ls=_DASHES[number % 2])
        # Next to the chart, with larger markers: the points are small and everywhere.
        chart.axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), markerscale=3)
    return chart.svg


def bars(heights: Sequence[float | int], x_label: str, y_label: str) -> str:
    """Bar chart of the heights in their order."""
    with _chart(x_label, y_label, inches=_WIDE) as chart:
        chart.axes.bar(range(1, len(heights) + 1), heights, width=1.0, color=COLORS[0])
    return chart.svg


@contextmanager
def _chart(
    x_label: str, y_label: str, *, share: bool = False, inches: tuple[float, float] = _INCHES
) -> Iterator[_Chart]:
    """An empty chart with labelled axes; its SVG is set at the end of the block."""
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

"""Charts as SVG text: curves, histograms, bars and others. Equal numbers give equal text."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# The palette of Okabe & Ito, which is safe for color blindness; black is for curves. Wine, of the
# muted palette of Tol, replaces its yellow, which is faint on white and, inverted, on black.
COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#882255", "#999999")
_DASHES = ("-", "--", "-.", ":")
"""Line styles, so that curves differ without color."""
_BINS = 40
_TAILS = (0.5, 99.5)
"""Percentiles between which histograms are drawn."""
_MOST_MARKERS = 30
"""Points up to which a line shows a marker at each."""
_SHAPES = ("o", "s", "^", "D", "v", "P", "X", "*")
"""Markers, so that groups of points differ without color."""
_FEW_POINTS = 1_000
"""Points up to which a scatter plot has larger markers."""
_INCHES = (5.6, 3.4)
_WIDE = (6.6, 4.0)
_SMALL = (4.2, 2.6)
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
    """Line chart; `share` has the y axis span 0 to 1."""
    with _chart(x_label, y_label, share=share) as chart:
        for number, line in enumerate(series):
            color = COLORS[number % len(COLORS)]
            marker = "o" if len(line.x) <= _MOST_MARKERS else None
            dash = _DASHES[number % len(_DASHES)]
            chart.axes.plot(
                line.x, line.y, dash, label=line.label, color=color, marker=marker, markersize=4
            )
        chart.axes.legend(loc="best")
    return chart.svg


def scatter(groups: Sequence[Series], lines: Sequence[Series], x_label: str, y_label: str) -> str:
    """Scatter plot with a color for each group, under black lines.

    The points are one bitmap inside the SVG, because thousands of shapes make browsers slow.
    """
    size = 5 if sum(len(group.x) for group in groups) <= _FEW_POINTS else 3
    with _chart(x_label, y_label, inches=_WIDE) as chart:
        for number, group in enumerate(groups):
            chart.axes.plot(
                group.x,
                group.y,
                _SHAPES[number % len(_SHAPES)],
                label=group.label,
                color=COLORS[number % len(COLORS)],
                alpha=0.7,
                markersize=size,
                markeredgewidth=0,
                rasterized=True,
            )
        for number, line in enumerate(lines):
            chart.axes.plot(
                line.x, line.y, label=line.label, color="black", ls=_DASHES[number % len(_DASHES)]
            )
        # Next to the chart, with larger markers: the points are small and everywhere.
        chart.axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), markerscale=8 / size)
    return chart.svg


def bars(heights: Sequence[float | int], x_label: str, y_label: str) -> str:
    """Bar chart of the heights in their order."""
    with _chart(x_label, y_label, inches=_WIDE) as chart:
        chart.axes.bar(range(1, len(heights) + 1), heights, width=1.0, color=COLORS[0])
    return chart.svg


def histograms(groups: Mapping[str, Sequence[float]], x_label: str) -> str:
    """Outlines of the densities of several groups over the same bins.

    The bins span all but the outermost 0.5 % of the numbers at each end.
    """
    numbers = np.concatenate([*groups.values()])
    low, high = np.percentile(numbers, _TAILS).tolist()
    if high - low < 1e-6:
        low, high = low - 0.5, high + 0.5
    smallest = min(map(len, groups.values()))
    edges = np.linspace(low, high, min(_BINS, 8 + int(smallest**0.5)) + 1)
    if high - low <= _BINS and not (numbers % 1).any():
        # A bin for each whole number.
        edges = np.arange(np.floor(low), np.ceil(high) + 2) - 0.5
    with _chart(x_label, "density", inches=_SMALL) as chart:
        for number, (label, group) in enumerate(groups.items()):
            heights = np.histogram(group, edges)[0] / (len(group) * np.diff(edges))
            color, dash = COLORS[number % len(COLORS)], _DASHES[number % len(_DASHES)]
            chart.axes.stairs(heights, edges, label=label, color=color, ls=dash, lw=1.5)
            chart.axes.stairs(heights, edges, color=color, alpha=0.15, fill=True)
        chart.axes.set_yticks([])
        if len(groups) > 1:
            chart.axes.legend(loc="best", fontsize=8)
    return chart.svg


def shares(x: Sequence[float | int], parts: Mapping[str, Sequence[float]], x_label: str) -> str:
    """Stacked bars of the share of each part at each position, which add up to 1."""
    width = 0.9 * (x[1] - x[0]) if len(x) > 1 else 1.0
    below = np.zeros(len(x))
    with _chart(x_label, "share", share=True, inches=_WIDE) as chart:
        for number, (label, heights) in enumerate(parts.items()):
            color = COLORS[number % len(COLORS)]
            hatch = "//" if number >= len(COLORS) else None
            chart.axes.bar(
                x,
                heights,
                width,
                bottom=below,
                label=label,
                color=color,
                edgecolor="white",
                hatch=hatch,
                lw=0.5,
            )
            below += np.asarray(heights)
        handles, labels = chart.axes.get_legend_handles_labels()
        # In the order of the stack, from the top.
        chart.axes.legend(handles[::-1], labels[::-1], loc="center left", bbox_to_anchor=(1.0, 0.5))
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
            # Lines at the limits are drawn in full width.
            chart.axes.set_ylim(-0.02, 1.02)
        yield chart
        text = StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
        chart.svg = text.getvalue()

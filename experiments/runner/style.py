"""The look of every figure: two widths, legible text, and colours that all readers can tell apart."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Annotation
from matplotlib.ticker import NullFormatter, NullLocator

from experiments.runner.numbers import SUPERSCRIPT

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's palette, clear to all kinds of colour vision; CSS variables replace it in the page."""
GREY, FAINT, PAPER = "#555555", "#BBBBBB", "#FFFFFF"
"""The colours of axes and remarks, of things in the background, and of the background itself."""
TRUE, WRONG = COLOURS[0], COLOURS[1]
"""The colours of right results, and of wrong results that are shown next to them."""
NARROW, WIDE = 352, 720
"""Widths of a panel, in CSS pixels: the narrow one fits a phone, and the wide one scrolls sideways there."""
SMALL, TEXT = 11, 12
"""Text sizes in pixels, as the page shows the text."""
PER_INCH = 72
"""An SVG from matplotlib has 72 units per inch, and one unit is shown as one pixel."""

SETTINGS: dict[Any, Any] = {
    "axes.edgecolor": GREY,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.labelsize": TEXT,
    "axes.prop_cycle": cycler(color=COLOURS),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": TEXT,
    "figure.dpi": PER_INCH,
    "figure.facecolor": "none",
    "font.size": TEXT,
    "grid.alpha": 0.3,
    "grid.color": GREY,
    "grid.linewidth": 0.6,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "savefig.dpi": 150,
    "svg.fonttype": "none",
    "svg.hashsalt": "nnjax",
    "xtick.color": GREY,
    "xtick.labelsize": SMALL,
    "ytick.color": GREY,
    "ytick.labelsize": SMALL,
}
END = "end of a line"
"""The id that marks the labels that `label_end` has made."""


@contextlib.contextmanager
def context() -> Iterator[None]:
    """Use this look for figures that are drawn and saved in the block, and for no others."""
    with mpl.rc_context(SETTINGS):
        yield


def panel(width: int = NARROW, height: int = 264) -> tuple[Figure, Axes]:
    """Make one panel of a figure, in CSS pixels; its width is `NARROW` or `WIDE`."""
    figure = Figure(figsize=(width / PER_INCH, height / PER_INCH), dpi=PER_INCH, layout="constrained")
    return figure, figure.subplots()


def size(figure: Figure) -> tuple[int, int]:
    """Return the width and height at which a panel is shown, in CSS pixels."""
    width, height = figure.get_size_inches()
    return round(width * PER_INCH), round(height * PER_INCH)


def label_end(axes: Axes, line: Line2D, text: str, **looks: Any) -> Annotation:
    """Write a line's name at the line's end, in the same colour, instead of a legend.

    Labels that would overlap are moved apart, so call this function after scales and limits are set.

    Args:
        axes: The axes in which the line is drawn.
        line: The line; its label stands at the line's last visible point.
        text: The line's name.
        looks: Further arguments of `Axes.annotate`.
    """
    options = {"color": line.get_color(), "fontsize": SMALL, "va": "center", "gid": END} | looks
    label = axes.annotate(text, _end(axes, line), (5, 0), textcoords="offset points", **options)
    _spread(axes, [each for each in axes.texts if isinstance(each, Annotation) and each.get_gid() == END])
    return label


def _end(axes: Axes, line: Line2D) -> tuple[float, float]:
    """Return the last visible point of a line, or its last finite point if none is visible."""
    points = np.column_stack([np.asarray(values, float) for values in line.get_data()])
    (left, right), (low, high) = sorted(axes.get_xlim()), sorted(axes.get_ylim())
    x, y = points.T
    seen = points[(left <= x) & (x <= right) & (low <= y) & (y <= high)]
    x, y = (seen if len(seen) else points[np.isfinite(points).all(axis=1)])[-1]
    return float(x), float(y)


def _spread(axes: Axes, labels: Sequence[Annotation]) -> None:
    """Move labels up and down, as little as possible, until none overlaps the next."""
    heights = np.array([1.15 * SMALL * (label.get_text().count("\n") + 1) for label in labels])
    anchors = np.array([axes.transData.transform(label.xy)[1] for label in labels])
    order = np.argsort(anchors, kind="stable")
    places = _apart(anchors[order], heights[order])
    for label, place, anchor in zip(np.array(labels)[order], places, anchors[order], strict=True):
        label.xyann = (label.xyann[0], place - anchor)


def _apart(wanted: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """Find the places nearest to `wanted` (least squares) where labels of these heights do not overlap."""
    gaps = np.concatenate([[0.0], np.cumsum((heights[1:] + heights[:-1]) / 2)])
    blocks: list[list[float]] = []
    for value in wanted - gaps:
        blocks.append([value])
        while len(blocks) > 1 and np.mean(blocks[-2]) > np.mean(blocks[-1]):
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    return gaps + np.concatenate([np.full(len(block), np.mean(block)) for block in blocks])


def dots(
    axes: Axes,
    names: Sequence[str],
    values: Sequence[float],
    intervals: Sequence[tuple[float, float]],
    colours: Sequence[str] = COLOURS[:1],
) -> None:
    """Draw a dot with its interval for each name, from top to bottom; `colours` are used in turn."""
    for y, (value, (low, high)) in enumerate(zip(values, intervals, strict=True)):
        colour = colours[y % len(colours)]
        axes.plot((low, high), (y, y), color=colour, linewidth=2, solid_capstyle="butt")
        axes.plot(value, y, "o", color=colour, markersize=6, clip_on=False, zorder=3)
    axes.set_yticks(range(len(names)), names, color="black")
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0, pad=8)
    axes.grid(visible=False, axis="y")


def power_ticks(axis: Axis) -> None:
    """Show powers of ten on a logarithmic axis as text of a single size, as in 10⁻³."""

    def power(value: float, _: float) -> str:
        return "10" + str(round(np.log10(value))).translate(SUPERSCRIPT)

    axis.set_major_formatter(power)
    axis.set_minor_formatter(NullFormatter())


def plain_ticks(axis: Axis, ticks: Sequence[float]) -> None:
    """Show the ticks within a logarithmic axis's limits as plain numbers."""
    low, high = axis.get_view_interval()
    axis.set_ticks([tick for tick in ticks if low <= tick <= high])
    axis.set_major_formatter("{x:g}")
    axis.set_minor_locator(NullLocator())

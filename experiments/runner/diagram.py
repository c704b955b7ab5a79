"""Drawings without axes: nodes, links, and struck-through numbers, all placed in CSS pixels."""

from collections.abc import Iterable
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch
from matplotlib.text import Text

from experiments.runner import style

Point = tuple[float, float]
SHORTER = 0.92
"""A strike-through line spans this share of its number's width, since the page's font may be narrower."""


def canvas(width: int = style.NARROW, height: int = 264) -> tuple[Figure, Axes]:
    """Make a panel whose coordinates are pixels from its lower left corner."""
    figure = Figure(figsize=(width / style.PER_INCH, height / style.PER_INCH), dpi=style.PER_INCH)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(0, height))
    axes.axis("off")
    return figure, axes


def node(axes: Axes, at: Point, radius: float, lines: Iterable[str] = (), **looks: Any) -> None:
    """Draw a circle with lines of text inside."""
    options = {"facecolor": style.PAPER, "edgecolor": style.GREY, "linewidth": 1.2, "zorder": 3} | looks
    axes.add_patch(Circle(at, radius, **options))
    axes.text(
        *at, "\n".join(lines), ha="center", va="center", fontsize=style.SMALL, zorder=4, linespacing=1.2
    )


def arrow(axes: Axes, start: Point, end: Point, gap: float = 0, **looks: Any) -> None:
    """Draw an arrow from one point towards another, ending `gap` pixels short of it."""
    options = {"arrowstyle": "-|>", "mutation_scale": 12, "shrinkA": 0, "shrinkB": gap, "zorder": 2} | looks
    axes.add_patch(FancyArrowPatch(start, end, **options))


def struck(axes: Axes, at: Point, text: str, **looks: Any) -> Text:
    """Draw text that is wrong, with a line through it and in the colour for errors."""
    options = {
        "color": style.WRONG,
        "fontsize": style.SMALL,
        "ha": "center",
        "va": "center",
        "zorder": 4,
    } | looks
    label = axes.text(*at, text, **options)
    figure = axes.get_figure(root=True)
    box = label.get_window_extent(FigureCanvasAgg(figure).get_renderer())
    half, middle = SHORTER * box.width / 2, (box.x0 + box.x1) / 2
    ends, height = (middle - half, middle + half), (box.y0 + box.y1) / 2
    axes.plot(ends, (height, height), color=options["color"], linewidth=1.3, zorder=5)
    return label

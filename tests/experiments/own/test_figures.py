"""The figures for a user's own table can be drawn."""

import drawn
import numpy as np

from experiments.own.figures import figures
from experiments.runner import style


def test_the_figures_draw(long_run):
    with style.context():
        shown = figures(long_run)
        drawn.legible(shown)
    assert set(shown) == {"delta", "depth", "ends", "barriers"}
    panels = [axes for panel in shown["barriers"].panels for axes in panel.axes]
    heights = [np.max(line.get_ydata()) for axes in panels for line in axes.lines]
    assert all(axes.get_ylim()[1] >= max(heights) for axes in panels)

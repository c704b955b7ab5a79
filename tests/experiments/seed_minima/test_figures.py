"""The figures of a long run can be drawn."""

import drawn
import numpy as np
import pytest
from matplotlib.patches import Rectangle

from experiments.runner import style
from experiments.seed_minima.figures import figures


@pytest.mark.slow
def test_the_figures_of_a_long_run_draw(long_run):
    with style.context():
        shown = figures(long_run)
        drawn.legible(shown)
    assert set(shown) == {"xor", "plane", "teachers"}
    for panel in [*shown["xor"].panels, *shown["teachers"].panels]:
        (axes,) = panel.axes
        bars = [bar for bar in axes.patches if isinstance(bar, Rectangle)]
        ends = np.max([bar.get_x() + bar.get_width() for bar in bars])
        assert np.isclose(ends, 100, rtol=1e-9)

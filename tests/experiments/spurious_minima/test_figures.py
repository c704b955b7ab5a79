"""The figures of two small cells can be drawn and saved."""

import drawn
import pytest

from experiments.runner import style
from experiments.spurious_minima.figures import figures


@pytest.mark.slow
def test_figures_draw(two_cells):
    with style.context():
        shown = figures(two_cells)
        drawn.legible(shown)
    assert list(shown) == ["table", "means", "minima"]

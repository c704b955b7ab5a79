"""The figure is drawn whatever share converges."""

import pytest
from matplotlib.figure import Figure

from experiments.initialisation.figures import figures


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_figures_of_any_share(tossed, share):
    ((figure, caption),) = figures(tossed(share)).values()
    assert isinstance(figure, Figure)
    figure.draw_without_rendering()
    assert caption
    assert [axis.get_title() for axis in figure.axes[:3]] == ["XOR 2-2-1", "encoder 8-3-8", "Iris 4-4-3"]

"""The figures are drawn whatever share of runs converges."""

import drawn
import pytest

from experiments.initialisation.figures import figures
from experiments.runner import style


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_figures_of_any_share(tossed, share):
    with style.context():
        shown = figures(tossed(share))
        drawn.legible(shown)
    assert list(shown) == ["rates", "ranges"]
    titles = [panel.axes[0].get_title("left") for panel in shown["ranges"].panels]
    assert titles == [f"{task}: converged, %" for task in ("XOR 2-2-1", "encoder 8-3-8", "Iris 4-4-3")]

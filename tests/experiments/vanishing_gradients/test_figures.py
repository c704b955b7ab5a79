"""Every figure is drawn, is legible and has a caption."""

import drawn
import pytest

from experiments.runner import style
from experiments.vanishing_gradients.figures import figures


@pytest.mark.parametrize("remedies", [True, False])
def test_figures_are_drawn(small_data, remedies):
    if not remedies:
        del small_data["remedies"]
    with style.context():
        shown = figures(small_data)
        drawn.legible(shown)
    names = ["birth", "changes", "depths", "remedies", "stall", "laws"]
    assert list(shown) == [name for name in names if remedies or name != "remedies"]
    assert all("{" not in each.caption for each in shown.values())
    (birth,) = shown["birth"].panels
    labels = [text.get_text() for text in birth.axes[0].texts]
    assert {"ReLU, He", "ReLU, Glorot", "sigmoid, LeCun"} <= set(labels)

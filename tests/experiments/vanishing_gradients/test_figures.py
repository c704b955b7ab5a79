"""Every figure is drawn, with a caption."""

import pytest

from experiments.vanishing_gradients.figures import figures


@pytest.mark.parametrize("remedies", [True, False])
def test_figures_are_drawn(small_data, remedies):
    if not remedies:
        del small_data["remedies"]
    drawn = figures(small_data)
    assert list(drawn) == ["birth", "laws", "depths", "changes", "stall", "remedies"][: 5 + remedies]
    for figure, caption in drawn.values():
        figure.draw_without_rendering()
        assert caption
        assert "{" not in caption

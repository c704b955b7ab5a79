"""The figures can be drawn, and each optimiser's name stands at its best rate."""

import drawn
import pytest
from matplotlib.text import Annotation

from experiments.learning_rate.figures import NAMES, figures
from experiments.runner import style


def test_the_figures_draw(data):
    with style.context():
        shown = figures(data)
        drawn.legible(shown)
    (axes,) = shown["rates"].panels[0].axes
    tops = {text.get_text(): text.xy for text in axes.texts if isinstance(text, Annotation)}
    assert list(tops) == list(NAMES.values())
    assert list(tops.values()) == [pytest.approx((0.1, 1.0))] * len(NAMES)

"""Every figure can be drawn from made-up data."""

import drawn

from experiments.runner import style
from experiments.sentences.figures import figures


def test_figures(data):
    with style.context():
        shown = figures(data)
        drawn.legible(shown)
    assert list(shown) == ["even_smaller", "figure_3", "momentum", "widths", "learnt"]
    (axes,) = shown["even_smaller"].panels[0].axes
    assert [text.get_text() for text in axes.texts] == [
        "inputs 1, 3, 5: 50% smaller",
        "inputs 0.2, 0.6, 1: 100% smaller",
    ]

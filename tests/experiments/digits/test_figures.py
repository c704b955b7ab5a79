"""The figures on digits can be drawn."""

import drawn

from experiments.digits.figures import figures
from experiments.runner import style


def test_the_figures_draw(two_groups):
    with style.context():
        shown = figures(two_groups)
        drawn.legible(shown)
    assert set(shown) == {"accuracy", "answers", "lost", "misread", "ends"}
    said = [[text.get_text() for text in panel.axes[0].texts] for panel in shown["accuracy"].panels]
    assert said == [["20 % end below 93 %"], ["0 % end below 93 %"], ["0 % end below 93 %"]]

"""The figures on MNIST can be drawn, with and without Nielsen's numbers."""

import drawn
import pytest

from experiments.digits.mnist.figures import figures
from experiments.runner import style
from experiments.runner.mnist import MNIST, OTHERS


@pytest.mark.parametrize("name", [MNIST, OTHERS])
def test_the_figures_draw(name, measured):
    mnist, births = measured
    mnist.attrs["pictures"] = name
    with style.context():
        shown = figures(mnist, births)
        drawn.legible(shown)
    named = [text.get_text() for panel in shown["mnist"].panels for text in panel.axes[0].texts]
    assert len(named) == (2 if name == MNIST else 0)

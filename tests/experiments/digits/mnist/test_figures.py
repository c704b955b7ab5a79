"""The figures on MNIST draw, with Nielsen's numbers and without."""

import io

import pytest

from experiments.digits.mnist.figures import figures
from experiments.digits.mnist.pictures import MNIST, OTHERS
from experiments.runner import style


@pytest.mark.parametrize("name", [MNIST, OTHERS])
def test_the_figures_draw(name, measured):
    mnist, births = measured
    mnist.attrs["pictures"] = name
    with style.context():
        for figure, caption in figures(mnist, births).values():
            figure.savefig(io.BytesIO())
            assert caption

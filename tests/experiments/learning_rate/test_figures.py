"""The figures draw."""

import io

from experiments.learning_rate.figures import figures
from experiments.runner import style


def test_the_figures_draw(data):
    with style.context():
        for figure, caption in figures(data).values():
            figure.savefig(io.BytesIO())
            assert caption

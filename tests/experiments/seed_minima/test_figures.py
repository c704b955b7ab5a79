"""The figures of a long run draw."""

import io

from experiments.runner import style
from experiments.seed_minima.figures import figures


def test_the_figures_of_a_long_run_draw(long_run):
    with style.context():
        drawn = figures(long_run)
        for figure, caption in drawn.values():
            figure.savefig(io.BytesIO())
            assert caption
    assert set(drawn) == {"xor", "plane", "barriers"}

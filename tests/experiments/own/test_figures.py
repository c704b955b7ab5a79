"""The figures on a person's own table draw."""

import io

import numpy as np

from experiments.own.figures import figures
from experiments.runner import style


def test_the_figures_draw(long_run):
    with style.context():
        drawn = figures(long_run)
        for figure, caption in drawn.values():
            figure.savefig(io.BytesIO())
            assert caption
    assert set(drawn) == {"delta", "depth", "ends", "barriers"}
    heights = [np.max(line.get_ydata()) for axis in drawn["barriers"][0].axes for line in axis.lines]
    assert all(axis.get_ylim()[1] >= max(heights) for axis in drawn["barriers"][0].axes)

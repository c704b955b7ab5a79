"""The figures of two small cells can be drawn and saved."""

import io

from experiments.runner import style
from experiments.spurious_minima import figures


def test_figures_draw(two_cells):
    with style.context():
        for figure, caption in figures(two_cells).values():
            figure.savefig(io.BytesIO())
            assert caption

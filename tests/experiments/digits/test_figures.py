"""The figures on digits draw."""

import io

from experiments.digits.figures import figures
from experiments.runner import style


def test_the_figures_draw(two_groups):
    with style.context():
        drawn = figures(two_groups)
        for figure, caption in drawn.values():
            figure.savefig(io.BytesIO())
            assert caption
    assert set(drawn) == {"accuracy", "lost", "ends", "confusion", "hidden", "misread"}

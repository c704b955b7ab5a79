"""The figures about where training is possible, from made-up maps."""

import numpy as np
from drawn import legible

from experiments.runner import style
from experiments.trainability.figures import figures


def test_each_figure_is_legible(data):
    with style.context():
        found = figures(data)
        legible(found)
    assert {name: len(each.panels) for name, each in found.items()} == {
        "maps": 2,
        "scales": 1,
        "orthogonal": 3,
    }


def test_what_trains_is_blue_and_what_does_not_is_yellow(data):
    with style.context():
        (_, relu), *_ = [each.panels for each in figures(data).values()]
    shades = np.asarray(relu.axes[0].collections[0].get_array())
    loss = data["maps"]["loss"].sel(activation="relu", rate=0.3).median("seed").values
    assert ((shades > 0.5) == (loss < 0.9)).all()
    assert (shades[loss > 1] == 0).all()

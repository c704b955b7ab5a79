"""The figures about the worth of a seed, from made-up pairs."""

from drawn import legible

from experiments.runner import style
from experiments.seed_worth.figures import figures


def test_each_figure_is_legible(data):
    with style.context():
        found = figures(data)
        legible(found)
    assert {name: len(each.panels) for name, each in found.items()} == {
        "apart": 2,
        "sources": 3,
        "variance": 2,
    }

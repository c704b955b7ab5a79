"""Test the pictures of the map, drawn from made-up maps."""

import numpy as np
from drawn import legible
from matplotlib.colors import to_hex, to_rgb

from experiments.runner import style
from experiments.xor_map.figures import ENDS, as_in_a_picture, figures, picture


def test_each_figure_has_its_panels(data):
    with style.context():
        found = figures(data)
        legible(found)
    assert {name: len(each.panels) for name, each in found.items()} == {
        "planes": 2,
        "closer": 2,
        "boxes": 2,
        "wall": 1,
    }


def test_colours_say_how_it_ends():
    level, wait = np.array([[0, 0, 1, 2, -1]]), np.array([[20, 1000, 1000, 1000, 1000]])
    (row,) = picture(level, wait, 1000)
    ends = [to_rgb(colour) for colour in ENDS.values()]
    np.testing.assert_allclose(row[0], ends[0])
    np.testing.assert_allclose(row[2:], [ends[1], ends[2], ends[3]])
    assert (row[1] > row[0]).all()


def test_the_legends_colours_stay_as_the_pictures_do():
    for colour in ENDS.values():
        shown = as_in_a_picture(colour)
        assert to_hex(shown) not in map(str.lower, (*style.COLOURS, style.GREY))
        np.testing.assert_allclose(shown, to_rgb(colour), atol=1.01 / 255)

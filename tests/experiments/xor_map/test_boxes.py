"""Test box counting on sets whose dimension is known."""

import numpy as np
import pytest

from experiments.xor_map import boxes


def carpet(steps: int) -> np.ndarray:
    """Sierpinski's carpet of 3ⁿ × 3ⁿ cells."""
    cells = np.ones((1, 1), bool)
    for _ in range(steps):
        cells = np.kron(np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], bool), cells)
    return cells


def test_a_carpet_has_its_dimension():
    sizes = 3 ** np.arange(5)
    np.testing.assert_array_equal(boxes.counts(carpet(5), sizes), 8 ** np.arange(5, 0, -1))
    assert boxes.dimension(carpet(5), sizes) == pytest.approx(np.log(8) / np.log(3), rel=1e-12)


@pytest.mark.parametrize("upright", [True, False])
def test_a_line_has_dimension_1(upright):
    half = np.zeros((64, 64), bool)
    half[:, 20:] = True
    marked = boxes.border(half if upright else half.T)
    assert marked.sum() == 64
    assert boxes.dimension(marked, boxes.sizes(64)) == pytest.approx(1, rel=1e-12)


def test_what_fills_the_plane_has_dimension_2():
    assert boxes.dimension(np.ones((32, 32), bool), boxes.sizes(32)) == pytest.approx(2, rel=1e-12)


def test_nothing_has_no_dimension():
    assert np.isnan(boxes.dimension(np.zeros((16, 16), bool), boxes.sizes(16)))


def test_sizes_divide_the_side():
    assert boxes.sizes(128).tolist() == [1, 2, 4, 8, 16]
    assert boxes.sizes(48).tolist() == [1, 2, 4]
    assert boxes.sizes(16).tolist() == [1, 2]


def test_a_border_is_on_one_side_alone():
    inside = np.zeros((3, 3), bool)
    inside[1, 1] = True
    marked = boxes.border(inside)
    assert marked.tolist() == [[False, True, False], [True, True, False], [False, False, False]]

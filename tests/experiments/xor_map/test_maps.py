"""Check one map against networks that are trained one by one, and check where windows lie."""

import jax
import numpy as np
import optax
import pytest

import nnjax
from experiments.xor_map import maps
from nnjax import datasets

EPOCHS, SIDE = 500, 4


@pytest.fixture(scope="module")
def learn():
    return maps.learner(EPOCHS)


@pytest.fixture(scope="module")
def found(context, learn):
    return maps.look(context, "here", learn, 3, 2.0, maps.WHOLE, SIDE)


@pytest.mark.slow
@pytest.mark.parametrize("row, column", [(0, 3), (2, 1)])
def test_each_cell_is_its_own_network(found, row, column):
    x, y = maps.WHOLE.axes(SIDE)
    first, last = nnjax.init(maps.NETWORK, nnjax.key(3), "normal", "normal")
    weights = np.array(first.weights)
    weights[0, 0], weights[1, 1] = x[column], y[row]

    def losses(epochs):
        options = {"optimizer": optax.sgd(2.0), "epochs": epochs, "record_every": EPOCHS // maps.RECORDS}
        start = first._replace(weights=weights), last
        return nnjax.train(maps.NETWORK, start, *datasets.xor(), **options)[1].curves["loss"]

    curve = np.array(jax.jit(losses, static_argnums=0)(EPOCHS))
    below = np.flatnonzero(curve < maps.LEARNT)
    assert found.level[row, column] == maps.level(curve[-1])
    assert found.wait[row, column] == (EPOCHS // maps.RECORDS * below[0] if len(below) else EPOCHS)


def test_some_learn_and_some_do_not(found):
    assert {0} < set(found.level.ravel())


def test_levels():
    losses = np.array([0.0, 0.09, 0.15, 0.47, 0.49, 0.6, 0.66, 0.9, 0.99, 2.0, np.nan])
    assert maps.level(losses).tolist() == [0, 0, -1, -1, 1, 1, 2, 2, 3, 3, -1]


def test_a_window_is_cut_into_cells():
    x, y = maps.Window(1.0, -2.0, 4.0).axes(4)
    assert x.tolist() == [-2, 0, 2, 4]
    assert y.tolist() == [-5, -3, -1, 1]


def test_a_closer_window_lies_on_the_border():
    level = np.zeros((16, 16), np.int8)
    level[:, 9:] = 1
    window = maps.closer(level, maps.WHOLE, 5)
    assert window.half == 10 / maps.ZOOM
    x, _ = maps.WHOLE.axes(16)
    assert window.x == x[8]


def test_without_a_border_the_middle_is_looked_at():
    window = maps.closer(np.zeros((16, 16), np.int8), maps.Window(1.0, 2.0), 0)
    assert window == maps.Window(1.0, 2.0, 10 / maps.ZOOM)


def test_the_same_plane_twice_has_the_same_bits(context, learn, found):
    again = maps.look(context, "again", learn, 3, 2.0, maps.WHOLE, SIDE)
    np.testing.assert_array_equal(again.level, found.level)
    np.testing.assert_array_equal(again.wait, found.wait)

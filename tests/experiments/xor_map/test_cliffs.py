"""Test which neighbours lie on different sides of the border, and what becomes of them in training."""

import jax
import numpy as np
import optax
import pytest
import xarray as xr

import nnjax
from experiments.xor_map import cliffs, maps
from nnjax import datasets


def test_pairs_are_neighbours_of_which_one_learns():
    level = np.zeros((4, 4), np.int8)
    level[1, 2] = 1
    pairs = cliffs.neighbours(level, 0)
    assert sorted(map(tuple, pairs[:, 0].tolist())) == [(0, 2), (1, 1), (1, 3), (2, 2)]
    assert pairs[:, 1].tolist() == [[1, 2]] * 4


def test_few_of_many_pairs_are_chosen():
    level = np.random.default_rng(0).integers(0, 2, (64, 64))
    pairs = cliffs.neighbours(level, 1)
    assert pairs.shape == (cliffs.PAIRS, 2, 2)
    assert (np.abs(pairs[:, 0] - pairs[:, 1]).sum(axis=1) == 1).all()
    assert (level[tuple(pairs[:, 0].T)] == 0).all()
    assert (level[tuple(pairs[:, 1].T)] == 1).all()


@pytest.fixture(scope="module")
def planes():
    """One plane of two rows, the upper of which has learnt after 7 epochs."""
    dims = ("rate", "seed", "zoom", "row", "column")
    level = np.array([[1, 1], [0, 0]], np.int8).reshape(1, 1, 1, 2, 2)
    columns = {"level": (dims, level), "wait": (dims, np.where(level == 0, 7, 20))}
    return xr.Dataset(columns, {"rate": [2.0], "seed": [3], "zoom": [1]}, {"epochs": 20})


def test_the_one_that_did_not_learn_is_given_longer(context, planes):
    waits = cliffs.follow(context, planes)["wait"].isel(rate=0, seed=0).values
    assert waits[:2, 0].tolist() == [7, 7]
    assert (waits[2:] == -1).all()
    x, y = maps.WHOLE.axes(2)
    pairs = cliffs.neighbours(planes["level"].values[0, 0, 0], 3)
    (row, column), (first, last) = pairs[0, 1], nnjax.init(maps.NETWORK, nnjax.key(3), "normal", "normal")
    weights = np.array(first.weights)
    weights[0, 0], weights[1, 1] = x[column], y[row]

    @jax.jit
    def losses():
        options = {"optimizer": optax.sgd(2.0), "epochs": 20 * cliffs.LONGER, "record_every": 1}
        start = first._replace(weights=weights), last
        return nnjax.train(maps.NETWORK, start, *datasets.xor(), **options)[1].curves["loss"]

    below = np.flatnonzero(np.array(losses()) < maps.LEARNT)
    assert waits[0, 1] == (below[0] if len(below) else 20 * cliffs.LONGER)


def test_without_a_border_there_is_no_pair(context, planes):
    learnt = planes.assign(level=planes["level"] * 0)
    assert (cliffs.follow(context, learnt)["wait"] == -1).all()

"""Pairs of runs differ at the start only in what is meant to differ."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import nnjax
from experiments.seed_worth import digits

SOURCES = ("again", digits.BIT, digits.ORDER)


@pytest.fixture(scope="module")
def course():
    learn = digits.learner(2, (1, 2), SOURCES)
    return nnjax.sweep(learn, [5, 6], {"rate": np.float32([0.15])})


def test_one_bit_is_the_next_number():
    params = nnjax.init(nnjax.mlp((2, 2, 1)), nnjax.key(0))
    flipped = digits.flip_bit(params)
    ((before, after),) = [
        (a[a != b], b[a != b])
        for a, b in zip(map(np.asarray, jax.tree.leaves(params)), jax.tree.leaves(flipped), strict=True)
        if (a != b).any()
    ]
    assert (before.view(np.uint32) ^ np.asarray(after).view(np.uint32)).tolist() == [1]


def test_the_same_start_again_is_the_same_run(course):
    assert (course.apart[:, 0, 0] == 0).all()
    assert (course.disagree[:, 0, 0] == 0).all()


def test_a_bit_and_an_order_are_noticed(course):
    assert (course.apart[:, 0, 1] > 0).all()
    assert (course.apart[:, 0, 1] < 1e-5).all()
    assert (course.apart[:, 0, 2] > 1e-3).all()


def test_labels_are_kept_of_every_run(course):
    assert course.labels.shape == (2, 1, 4, 2, 450)
    np.testing.assert_allclose(
        np.mean(course.labels[:, 0, 1:] != course.labels[:, 0, :1], axis=-1), course.disagree[:, 0], rtol=1e-6
    )


def test_starts_differ_in_what_they_say():
    params, orders = digits.starts(digits.task().network, nnjax.key(1), digits.SOURCES)
    keys = np.asarray(jax.random.key_data(orders))
    same_order = (keys == keys[0]).all(axis=1)
    assert same_order.tolist() == [True, True, False, True, False]
    leaves = [np.asarray(layer.weights) for layer in params]
    same_weights = [(leaf == leaf[:1]).all(axis=(1, 2)) for leaf in leaves]
    assert same_weights[0].tolist() == [True, True, True, False, False]
    assert same_weights[1].tolist() == [True, False, True, False, False]


def test_distances_are_relative_to_the_first():
    stacked = (nnjax.Layer(jnp.array([[[3.0]], [[3.0]], [[0.0]]]), jnp.array([[4.0], [9.0], [0.0]])),)
    np.testing.assert_allclose(digits.distances(stacked), [1, 1], rtol=1e-12)


def test_kept_epochs_double():
    assert digits.kept_epochs(12) == (1, 2, 4, 8, 12)
    assert digits.kept_epochs(8) == (1, 2, 4, 8)
    assert digits.kept_epochs(2) == (1, 2)

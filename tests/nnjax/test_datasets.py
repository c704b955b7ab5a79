"""The data sets are what their names say."""

import jax
import numpy as np
import pytest

import nnjax
from nnjax import datasets


def test_truth_tables():
    xs, ys = datasets.xor()
    assert ys[:, 0].tolist() == [a != b for a, b in xs.tolist()]
    assert datasets.handout().xs.tolist() == [[1, 3, 5]]
    assert np.array_equal(datasets.encoder(3).ys, np.eye(3))


@pytest.mark.parametrize("load, rows, inputs, groups", [("iris", 150, 4, 3), ("digits", 1797, 64, 10)])
def test_splits_are_stratified_and_fixed(load, rows, inputs, groups):
    train, test = getattr(datasets, load)()
    assert len(train.xs) + len(test.xs) == rows
    assert abs(len(test.xs) - rows / 4) < 1
    assert (train.xs.shape[1], train.ys.shape[1]) == (inputs, groups)
    assert np.all(train.ys.sum(axis=1) == 1)
    classes = train.ys.sum(axis=0) + test.ys.sum(axis=0)
    assert np.all(np.abs(test.ys.sum(axis=0) - classes * len(test.xs) / rows) < 1)
    again = getattr(datasets, load)()
    assert np.array_equal(again.test.xs, test.xs)


def test_iris_is_standardised_by_its_training_rows():
    train, _ = datasets.iris()
    np.testing.assert_allclose(train.xs.std(axis=0), 1, rtol=1e-12)


def test_the_teacher_solves_its_own_task():
    network = nnjax.mlp((2, 3, 1), "tanh", "identity")
    teacher = datasets.teacher(network, nnjax.key(0), 80)
    assert teacher.xs.shape == (80, 2)
    assert float(nnjax.total_loss(network, teacher.params, teacher.xs, teacher.ys)) == 0.0


@pytest.mark.parametrize("key", [0, jax.random.PRNGKey(0), jax.random.split(jax.random.key(0))])
def test_a_teacher_needs_one_key(key, without_shape_checks):
    with pytest.raises(TypeError, match="key must be one JAX random key"):
        datasets.teacher(nnjax.mlp((2, 1)), key, 5)


def test_a_teacher_needs_a_network(without_shape_checks):
    with pytest.raises(TypeError, match=r"network must be a nnjax\.Network, .*; got str"):
        datasets.teacher("2, 1", nnjax.key(0), 5)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: datasets.encoder(0), "size"),
        (lambda: datasets.digits(1.0), "test_share must lie between 0 and 1, got 1.0"),
    ],
)
def test_bad_sizes_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()

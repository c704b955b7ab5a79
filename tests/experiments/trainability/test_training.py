"""Check the networks that are trained, and their initial weights, against networks made in this file."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import nnjax
from experiments.trainability import training


def test_all_combinations_are_listed():
    found = training.product(variance=[1.0, 2.0], rate=[0.1, 0.2, 0.3])
    assert found["variance"].tolist() == [1, 1, 1, 2, 2, 2]
    np.testing.assert_allclose(found["rate"], [0.1, 0.2, 0.3] * 2, rtol=1e-6)


def test_weights_have_the_variance_asked_for():
    params = nnjax.init(training.network("tanh", 3), nnjax.key(0), "normal")
    for layer in training.scaled(params, jnp.float32(3.0)):
        assert float(jnp.mean(layer.weights**2)) * len(layer.weights) == pytest.approx(3, rel=0.15)


def test_the_best_constant_is_the_mean():
    ys = training.rows().ys
    tried = [np.mean(np.sum((ys - ys.mean(axis=0) - aside) ** 2, axis=1)) for aside in (-0.01, 0, 0.01)]
    assert training.constant() == pytest.approx(tried[1], rel=1e-12)
    assert tried[1] == min(tried)


def test_each_activation_has_cases_of_its_own():
    found = training.cases({"sigmoid": np.array([2.0, 8.0]), "tanh": np.array([1.0, 4.0])})
    assert found["activation"].tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert found["variance"].tolist() == [2, 2, 8, 8, 1, 1, 4, 4]
    np.testing.assert_allclose(found["rate"], np.tile(training.RATES, 4), rtol=1e-6)


def test_one_program_trains_each_activation_from_there():
    learn, names = training.learner(1, 1), list(training.VARIANCES)
    found = nnjax.sweep(
        learn, [3], training.product(activation=range(len(names)), variance=[2.0], rate=[0.03])
    )
    data, drawn = training.rows(), {"weights": "lecun_normal", "scale": float(np.sqrt(2))}
    for name, loss in zip(names, found[0], strict=True):
        net = training.network(name, 1)

        @jax.jit
        def alone(net=net):
            options = {"optimizer": optax.sgd(0.03), "epochs": 1, "batch_size": training.BATCH}
            return nnjax.train(net, nnjax.init(net, nnjax.key(3), **drawn), *data, **options)[1].loss

        expected = float(alone()) / (training.constant() * training.ROWS)
        assert float(loss) == pytest.approx(expected, rel=1e-3)

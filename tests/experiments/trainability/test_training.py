"""The networks that are trained, and their initial weights, against ones that are made here."""

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


def test_a_network_is_trained_from_there():
    learn = training.learner("tanh", 1, 1)
    found = nnjax.sweep(learn, [3], {"variance": np.float32([2.0]), "rate": np.float32([0.03])})
    net, data = training.network("tanh", 1), training.rows()

    @jax.jit
    def loss():
        drawn = nnjax.init(net, nnjax.key(3), "lecun_normal", scale=float(np.sqrt(2)))
        options = {"optimizer": optax.sgd(0.03), "epochs": 1, "batch_size": training.BATCH}
        return nnjax.train(net, drawn, *data, **options)[1].loss

    expected = float(loss()) / (training.constant() * training.ROWS)
    assert float(found[0, 0]) == pytest.approx(expected, rel=1e-3)

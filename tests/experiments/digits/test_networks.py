"""The measurements at an output node agree with NumPy's."""

import jax.numpy as jnp
import numpy as np
import pytest

import nnjax
from experiments.digits import networks
from nnjax import datasets


@pytest.mark.parametrize("loss", ["sse", "binary_cross_entropy"])
def test_a_look_is_the_mean_over_a_digits_own_rows(loss):
    data = networks.load()
    network = networks.network_for(data, loss)
    params = nnjax.init(network, nnjax.key(0), "normal", dtype=jnp.float32)
    z = np.array([nnjax.forward(network, params, x).net_inputs[-1] for x in data.test.xs[:60]], np.float64)
    a, labels = 1 / (1 + np.exp(-z)), np.argmax(data.test.ys[:60], axis=1)
    rows = datasets.Data(data.test.xs[:60], data.test.ys[:60])
    look = networks.look(network, params, rows, loss)
    for digit in range(10):
        own = a[labels == digit, digit]
        delta = 2 * (1 - own) * own * (1 - own) if loss == "sse" else 1 - own
        np.testing.assert_allclose(look.said[digit], own.mean(), rtol=1e-4)
        np.testing.assert_allclose(look.delta[digit], delta.mean(), rtol=1e-3)
    np.testing.assert_allclose(look.accuracy, np.mean(a.argmax(axis=1) == labels), rtol=1e-6)
    assert np.array_equal(networks.labels(network, params, rows), a.argmax(axis=1))
    np.testing.assert_allclose(networks.accuracy(network, params, rows), look.accuracy, rtol=1e-6)

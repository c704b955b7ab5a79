"""Check the loss curves of networks with one or two hidden layers against NumPy."""

import numpy as np
import pytest

import nnjax
from experiments.runner.context import Context
from experiments.sentences import layers


def by_numpy(network, key, epochs):
    """Return the squared error on (1, 3, 5) → 1 after each epoch of plain gradient descent."""
    params = [
        (np.float64(layer.weights), np.float64(layer.biases))
        for layer in nnjax.init(network, key, "normal", "normal")
    ]
    losses = []
    for _ in range(epochs + 1):
        activations = [np.array([1.0, 3, 5])]
        for w, b in params:
            activations.append(1 / (1 + np.exp(-(activations[-1] @ w + b))))
        losses.append(float((1 - activations[-1][0]) ** 2))
        a = activations[-1]
        delta, after = 2 * (1 - a) * a * (1 - a), []
        for (w, b), sent in zip(params[::-1], activations[-2::-1], strict=True):
            after.append((w + layers.RATE * np.outer(sent, delta), b + layers.RATE * delta))
            delta = (w @ delta) * sent * (1 - sent)
        params = after[::-1]
    return losses


@pytest.mark.slow
def test_curves_against_numpy():
    found = layers.losses(Context(), np.array([2]), 20)
    assert found["epoch"].values.tolist() == [0, 10, 20]
    for name, network in layers.NETWORKS.items():
        wanted = by_numpy(network, nnjax.key(2), 20)[:: layers.EVERY]
        np.testing.assert_allclose(found["loss"].sel(seed=2, network=name), wanted, rtol=1e-4)


def test_first_close():
    loss = np.array([[0.5, 0.009, 0.001], [0.5, 0.4, 0.3]])
    assert layers.first_close(loss).tolist() == [layers.EVERY, np.inf]

"""Check the exercise's curves against closed forms, and its training against NumPy."""

import jax.numpy as jnp
import numpy as np

import nnjax
from experiments.walkthrough import curves


def test_the_outputs_delta_is_2_y_minus_a_times_a_times_1_minus_a():
    data = curves.delta()["delta"]
    a = data["activation"].values
    for label in (0, 1):
        expected = 2 * (label - a) * a * (1 - a)
        np.testing.assert_allclose(data.sel(label=label), expected, rtol=1e-9, atol=1e-15)


def test_the_change_is_the_rate_times_delta_times_activation():
    data = curves.rates()
    expected = data["rate"].values * 0.192 / (1 + np.exp(-2.6))
    np.testing.assert_allclose(data["change"], expected, rtol=1e-12)


def test_the_activation_functions():
    data = curves.activations()
    z = data["net_input"].values
    sigmoid = 1 / (1 + np.exp(-z))
    np.testing.assert_allclose(data["value"], [sigmoid, np.maximum(z, 0)], rtol=1e-12)
    np.testing.assert_allclose(data["derivative"], [sigmoid * (1 - sigmoid), z > 0], rtol=1e-12)


def test_the_training_against_numpy():
    """NumPy repeats three epochs of one-row updates, and records loss and gradient norm before each epoch."""
    start = nnjax.init(nnjax.mlp((3, 4, 1), biases=False), nnjax.key(3), weights="normal", dtype=jnp.float64)
    first, last = (np.array(layer.weights) for layer in start)
    xs, ys = np.array(curves.TRAINING_ROWS), np.array(curves.TRAINING_LABELS)[:, None]

    def changes(xs, ys):
        hidden = 1 / (1 + np.exp(-xs @ first))
        output = 1 / (1 + np.exp(-hidden @ last))
        delta = 2 * (ys - output) * output * (1 - output)
        return np.sum((ys - output) ** 2), xs.T @ (delta @ last.T * hidden * (1 - hidden)), hidden.T @ delta

    losses, norms = [], []
    for _ in range(3):
        loss, *both = changes(xs, ys)
        losses.append(loss)
        norms.append(np.sqrt(sum(np.sum(change**2) for change in both)))
        for n in range(4):
            _, into_hidden, into_output = changes(xs[n : n + 1], ys[n : n + 1])
            first, last = first + 0.5 * into_hidden, last + 0.5 * into_output
    data = curves.training(seed=3, epochs=3, rate=0.5)
    np.testing.assert_allclose(data["loss"], losses, rtol=1e-10)
    np.testing.assert_allclose(data["gradient_norm"], norms, rtol=1e-10)

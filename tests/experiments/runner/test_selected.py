"""Each selected activation and loss is the one with that number, with its derivative."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.runner import selected

Z = jnp.linspace(-3, 3, 7)


@pytest.mark.parametrize("number, function", [(0, jax.nn.sigmoid), (1, jax.nn.relu), (2, jnp.tanh)])
def test_an_activation_is_selected_by_its_number(number, function):
    @jax.jit
    def both(index):
        chosen = selected.activation(("sigmoid", "relu", "tanh"), index)
        a = chosen.value(Z)
        return a, chosen.derivative(Z, a)

    value, slope = both(np.int32(number))
    np.testing.assert_allclose(value, function(Z), rtol=1e-12)
    np.testing.assert_allclose(slope, jax.vmap(jax.grad(function))(Z), rtol=1e-12)


@pytest.mark.parametrize("number", [0, 1])
def test_a_loss_is_selected_by_its_number(number):
    y, y_hat = np.array([0.0, 1.0, 1.0]), np.array([-0.5, 2.0, -1.0])
    p = 1 / (1 + np.exp(-y_hat))
    values = np.sum((y - y_hat) ** 2), -np.sum(np.log(np.where(y == 1, p, 1 - p)))
    derivatives = 2 * (y_hat - y), p - y

    @jax.jit
    def both(index):
        chosen = selected.loss(("sse", "binary_cross_entropy"), index)
        arrays = jnp.asarray(y), jnp.asarray(y_hat)
        return chosen.value(*arrays), chosen.derivative(*arrays)

    value, derivative = both(np.int32(number))
    assert float(value) == pytest.approx(values[number], rel=1e-12)
    np.testing.assert_allclose(derivative, derivatives[number], rtol=1e-12)

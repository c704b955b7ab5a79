"""Test what a Hessian cannot show, on functions whose derivatives are written out in full."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import nnjax
from nnjax.minima import probes


def test_leaves_that_are_read():
    params = {"a": jnp.ones(2), "b": jnp.ones(3), "c": jnp.ones(())}
    assert probes.read_leaves(lambda p: jnp.sum(p["a"]) * p["c"], params) == [True, False, True]
    assert probes.read_leaves(jax.jit(lambda p: jnp.sum(p["b"] ** 2)), params) == [False, True, False]
    assert probes.read_leaves(lambda p: jnp.zeros(()), params) == [True, True, True]


def test_the_biases_of_a_network_without_them_are_not_read():
    network = nnjax.mlp((2, 3, 1), biases=False)
    params = nnjax.init(network, nnjax.key(0))
    read = probes.read_leaves(
        lambda p: nnjax.total_loss(network, p, np.ones((1, 2)), np.ones((1, 1))), params
    )
    assert read == [True, False, True, False]


@pytest.mark.parametrize(
    "loss, point, jumps, falls",
    [
        (lambda p: jnp.sum(jnp.abs(p)), (0.0, 0.0), True, False),
        (lambda p: jnp.sum(jnp.abs(p)), (1.0, -2.0), False, None),
        (lambda p: jnp.max(p), (3.0, 3.0), True, True),
        (lambda p: p[0] ** 2 + p[1] ** 4, (0.0, 0.0), False, None),
        (lambda p: jax.nn.relu(p[0] - 1) + p[1] ** 2, (1.0, 0.0), True, False),
    ],
)
def test_kinks(loss, point, jumps, falls):
    found, slopes = jax.jit(lambda p: probes.kink(jax.grad(loss), p))(jnp.array(point))
    assert bool(found) == jumps
    assert falls is None or bool(np.min(slopes) < -1e-5 * np.max(np.abs(slopes))) == falls


@pytest.mark.parametrize(
    "loss, point, expected",
    [
        (lambda p: jax.nn.sigmoid(p[0]), 40.0, True),
        (lambda p: jax.nn.sigmoid(p[0]), 30.0, False),
        (lambda p: jax.jit(jnp.tanh)(p[0]), -20.0, True),
        (lambda p: jnp.exp(p[0]), -800.0, True),
        (lambda p: jax.nn.relu(p[0]), -5.0, False),
        (lambda p: p[0] ** 2, 0.0, False),
        (lambda p: jax.lax.cond(p[0] > 0, jax.nn.sigmoid, jax.nn.relu, p[0]), 40.0, True),
        (lambda p: jax.lax.cond(p[0] > 0, jax.nn.sigmoid, jax.nn.relu, p[0]), -40.0, False),
    ],
)
def test_slopes_rounded_to_zero(loss, point, expected):
    assert bool(probes.saturated(loss, jnp.array([point]))) == expected


def look(loss, matrix, step=(0.0, 0.0)):
    """Compute the higher orders, at 0, of a function of two parameters whose Hessian at 0 is `matrix`."""
    values, vectors = np.linalg.eigh(matrix)
    is_zero = np.abs(values) < 1e-12
    inverse = np.where(is_zero, 0, 1 / np.where(is_zero, 1, values))
    arrays = (jnp.asarray(each) for each in (np.zeros(2), vectors, is_zero, inverse, 0.0, np.array(step)))
    return jax.jit(lambda *a: probes.higher_orders(jax.grad(loss), *a))(*arrays)


@pytest.mark.parametrize(
    "loss, falls",
    [
        (lambda p: p[0] ** 2 + p[1] ** 3, True),
        (lambda p: p[0] ** 2 - p[1] ** 4, True),
        (lambda p: p[0] ** 2 + p[1] ** 4, False),
        (lambda p: (p[0] - p[1] ** 2) ** 2, False),
        (lambda p: (p[0] - p[1] ** 2) * (p[0] - 2 * p[1] ** 2), True),
        (lambda p: (p[0] - p[1] ** 2) ** 2 + 0.1 * p[1] ** 4, False),
    ],
)
def test_the_loss_falls_where_the_second_derivative_is_zero(loss, falls):
    """For (x - y²)², f'''(y, y, x) = -4 and f''''(y⁴) = 24, so the bracket 24 - 3 · 16/2 is 0."""
    assert bool(look(loss, np.diag([2.0, 0.0])).falls) == falls


def test_the_third_derivative_along_a_step():
    """For x³ + x²y along s the third derivative is (6s₁² + 4s₁s₂, 2s₁²)."""
    orders = look(lambda p: p[0] ** 3 + p[0] ** 2 * p[1], np.zeros((2, 2)), step=(1.0, 2.0))
    np.testing.assert_allclose(orders.along_step, [6 + 8, 2], rtol=1e-12)

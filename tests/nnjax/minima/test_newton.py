"""Check the Hessian against JAX's own, and test polishing at known points."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import nnjax
from nnjax import minima

XS, YS = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0.0], [1], [1], [0]])


def test_the_hessian_of_the_manual_gradients_is_jaxs():
    network = nnjax.mlp((2, 3, 1), "tanh")
    params = nnjax.init(network, nnjax.key(0), "normal", "normal", dtype=jnp.float64)

    def loss(p):
        return nnjax.total_loss(network, p, XS, YS)

    def gradient(p):
        return nnjax.gradients(network, p, XS, YS)

    flat, back = ravel_pytree(params)
    manual = jax.jit(lambda p: minima.hessian(loss, p, gradient))(params)
    automatic = jax.jit(jax.hessian(lambda v: loss(back(v))))(flat)
    np.testing.assert_allclose(manual, automatic, rtol=1e-9, atol=1e-13)


def test_polish_on_a_quadratic():
    def loss(p):
        return (p[0] - 3) ** 2 + 100 * (p[0] + p[1]) ** 2

    polished = jax.jit(lambda p: minima.polish(loss, p))(jnp.array([2.0, -1.0]))
    np.testing.assert_allclose(polished.params, [3, -3], rtol=1e-9)
    assert bool(polished.accepted)
    np.testing.assert_allclose(polished.moved, np.sqrt(5), rtol=1e-9)


def test_polish_on_rosenbrock():
    def loss(p):
        return 100 * (p[1] - p[0] ** 2) ** 2 + (1 - p[0]) ** 2

    polished = minima.polish(loss, jnp.array([-1.2, 1.0]), steps=200)
    np.testing.assert_allclose(polished.params, [1, 1], rtol=1e-9)
    assert polished.gradient_norm < 1e-8


def test_polish_refuses_to_run_to_infinity():
    polished = minima.polish(lambda p: jnp.exp(-p[0]), jnp.array([1.0]))
    assert not bool(polished.accepted)
    np.testing.assert_array_equal(polished.params, [1.0])


def test_integers_are_points_too():
    """The Hessian of (x - 2)² + 3 (y - 4)² is diag(2, 6), and its minimum is (2, 4)."""

    def loss(p):
        return (p[0] - 2) ** 2 + 3 * (p[1] - 4) ** 2

    np.testing.assert_array_equal(minima.hessian(loss, [1, 1]), np.diag([2.0, 6.0]))
    np.testing.assert_allclose(np.array(minima.polish(loss, [2, 3]).params), [2, 4], rtol=1e-12)
    with pytest.raises(TypeError, match="params must be real numbers, got complex128"):
        minima.hessian(loss, np.ones(2, complex))

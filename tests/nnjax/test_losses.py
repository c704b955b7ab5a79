"""Check losses against SciPy and jax.grad, and check which networks and labels they claim to accept."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special

import nnjax

Y_HAT = jnp.array([-3.0, 0.4, 2.0])
Y = jnp.array([0.2, 0.0, 0.8])


def test_values_against_scipy():
    y, y_hat = np.asarray(Y), np.asarray(Y_HAT)
    p = special.expit(y_hat)
    expected = {
        "sse": np.sum((y - y_hat) ** 2),
        "binary_cross_entropy": -np.sum(y * np.log(p) + (1 - y) * np.log1p(-p)),
        "softmax_cross_entropy": -np.sum(y * special.log_softmax(y_hat)),
    }
    for name, value in expected.items():
        np.testing.assert_allclose(nnjax.LOSSES[name].value(Y, Y_HAT), value, rtol=1e-13)


every = pytest.mark.parametrize("name", nnjax.LOSSES)


@every
def test_derivative_equals_jax_grad(name):
    loss = nnjax.LOSSES[name]
    expected = jax.grad(loss.value, argnums=1)(Y, Y_HAT)
    np.testing.assert_allclose(loss.derivative(Y, Y_HAT), expected, rtol=1e-12, atol=0)


@every
def test_claims_are_what_they_are_said_to_be(name):
    """A loss that needs several outputs is flat for one; labels outside a loss's range make it negative."""
    loss, one = nnjax.LOSSES[name], jnp.array([1.0])
    assert loss.several_outputs == bool(jnp.all(loss.derivative(one, one / 2) == 0))
    assert (loss.label_range is not None) == bool(loss.value(-jnp.ones(2), jnp.array([-9.0, -8.0])) < 0)


@every
def test_shapes_are_never_broadcast(name, without_shape_checks):
    loss = nnjax.LOSSES[name]
    for function in (loss.value, loss.derivative):
        with pytest.raises(ValueError, match=r"\(3,\), y_hat \(1, 3\); expected the same shape"):
            function(Y, Y_HAT[None])


@pytest.mark.parametrize("name", [name for name in nnjax.LOSSES if nnjax.LOSSES[name].logits])
def test_logits_never_overflow(name):
    loss, y = nnjax.LOSSES[name], jnp.array([0.0, 1.0], jnp.float32)
    for y_hat in (jnp.array([1e4, -1e4], jnp.float32), jnp.array([-1e4, 1e4], jnp.float32)):
        assert bool(jnp.isfinite(loss.value(y, y_hat)))
        assert bool(jnp.all(jnp.isfinite(loss.derivative(y, y_hat))))


def test_probabilities_and_labels():
    rows = jnp.stack([Y_HAT, -Y_HAT])
    np.testing.assert_allclose(nnjax.probabilities("softmax_cross_entropy", rows).sum(-1), 1, rtol=1e-12)
    np.testing.assert_allclose(nnjax.probabilities("binary_cross_entropy", Y_HAT), special.expit(Y_HAT))
    np.testing.assert_array_equal(nnjax.probabilities("sse", Y_HAT), Y_HAT)
    assert nnjax.labels("softmax_cross_entropy", rows).tolist() == [2, 0]
    assert nnjax.labels("sse", rows).tolist() == [2, 0]
    assert nnjax.labels("sse", jnp.array([[0.3], [0.7]])).tolist() == [0, 1]
    assert nnjax.labels("binary_cross_entropy", jnp.array([[-0.3], [0.7]])).tolist() == [0, 1]
    assert nnjax.labels("binary_cross_entropy", Y_HAT).tolist() == [0, 1, 1]


@pytest.mark.parametrize("function", [nnjax.labels, nnjax.probabilities])
def test_what_outputs_cannot_say(function, without_shape_checks):
    with pytest.raises(ValueError, match="'softmax_cross_entropy' needs two output nodes or more, got 1"):
        function("softmax_cross_entropy", jnp.ones((4, 1)))
    with pytest.raises(ValueError, match="Did you mean 'sse'"):
        function("see", Y_HAT)
    with pytest.raises(TypeError, match="y_hat must be an array of numbers"):
        function("sse", "abc")

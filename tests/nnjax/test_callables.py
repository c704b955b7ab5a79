"""Names in any case, functions, and users' activations and losses work in all views, sweeps and Flax."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from cases import assert_same_gradients

import nnjax
from nnjax import interop
from nnjax.views import VIEWS

XS = np.random.default_rng(0).normal(size=(5, 3))
YS = np.random.default_rng(1).uniform(size=(5, 2))
SWISH = nnjax.Activation(lambda z: z * jnp.cos(z), lambda z, a: jnp.cos(z) - z * jnp.sin(z))


def cubed(y, y_hat):
    return jnp.sum(jnp.abs(y - y_hat) ** 3)


class Unhashable:
    __hash__: Any = None

    def __call__(self, z):
        return z


OWN = nnjax.Loss(cubed, lambda y, y_hat: -3 * (y - y_hat) * jnp.abs(y - y_hat))
pytestmark = pytest.mark.usefixtures("without_shape_checks")


@pytest.mark.parametrize(
    "said, ours",
    [
        ("ReLU", "relu"),
        ("LeakyReLU", "leaky_relu"),
        ("swish", "silu"),
        ("Linear", "identity"),
        ("Logistic", "sigmoid"),
        (jax.nn.relu, "relu"),
        (jnp.tanh, "tanh"),
        (nnjax.ACTIVATIONS["elu"], "elu"),
        (nnjax.activations.gelu, "gelu"),
    ],
)
def test_equal_networks_are_equal(said, ours):
    made, expected = nnjax.mlp((3, 4, 2), said), nnjax.mlp((3, 4, 2), ours)
    assert made == expected
    assert hash(made) == hash(expected)
    assert made.activations == (ours, "sigmoid")
    per_node = nnjax.Network((3, 2), ([said, "tanh"],))
    assert per_node == nnjax.Network((3, 2), ((ours, "tanh"),))


def test_own_functions_are_equal_hashable_and_printable():
    made, again = (nnjax.mlp((3, 4, 2), jax.nn.mish) for _ in range(2))
    assert made == again
    assert hash(made) == hash(again)
    assert made != nnjax.mlp((3, 4, 2), jax.nn.squareplus)
    assert "Activation(mish, jax.grad)" in repr(made)
    assert repr(OWN) == "Loss(cubed, <lambda>)"
    assert nnjax.losses.find(cubed) == nnjax.losses.find(cubed)
    assert nnjax.losses.find(nnjax.sse) is nnjax.LOSSES["sse"]
    assert nnjax.losses.find("Binary-CrossEntropy") is nnjax.LOSSES["binary_cross_entropy"]


@pytest.fixture(scope="module")
def network():
    """Make a network whose activations are a function, an Activation and a name, even within one layer."""
    return nnjax.Network((3, 4, 3, 2), (jax.nn.mish, (SWISH, jax.nn.mish, "tanh"), SWISH))


@pytest.fixture(scope="module")
def params(network):
    return nnjax.init(network, nnjax.key(3), "normal", "normal", dtype=jnp.float64)


@pytest.mark.parametrize("loss", [cubed, OWN], ids=["function", "Loss"])
def test_all_views_agree_with_jax_grad(network, params, loss):
    truth = jax.jit(jax.grad(lambda p: nnjax.total_loss(network, p, XS, YS, cubed)))(params)
    for view in (nnjax, nnjax.columnwise, nnjax.nodewise):
        got = jax.jit(functools.partial(view.gradients, loss=loss), static_argnums=0)(network, params, XS, YS)
        assert_same_gradients(got, truth)


def test_a_wrong_derivative_would_be_seen(params):
    wrong = nnjax.Activation(jnp.sin, lambda z, a: -jnp.cos(z))
    network = nnjax.mlp((3, 4, 3, 2), wrong)
    truth = jax.grad(lambda p: nnjax.total_loss(network, p, XS, YS))(params)
    with pytest.raises(AssertionError):
        assert_same_gradients(nnjax.gradients(network, params, XS, YS), truth)


def test_the_derivative_of_a_function_is_that_by_hand():
    z = jnp.linspace(-3, 3, 13).reshape(1, 13)
    slope = nnjax.activations.find(lambda z: z * z * z).derivative
    np.testing.assert_allclose(slope(z, z), 3 * z**2, rtol=1e-13)
    assert slope(jnp.float32(2.0), None).dtype == jnp.float32


@pytest.mark.parametrize("view", VIEWS)
def test_training_takes_them_in_every_view(network, params, view):
    def train(loss):
        return nnjax.train(network, params, XS, YS, optimizer=optax.sgd(1e-5), epochs=3, loss=loss, view=view)

    by_function, by_hand = jax.jit(lambda: (train(cubed)[1].loss, train(OWN)[1].loss))()
    np.testing.assert_allclose(by_function, by_hand, rtol=1e-10)
    assert by_hand < nnjax.total_loss(network, params, XS, YS, OWN)


def test_a_sweeps_folder_knows_which_function_it_was(tmp_path):
    def norm(hidden, key):
        network = nnjax.mlp((3, 2), output=hidden)
        return nnjax.total_loss(network, nnjax.init(network, key), XS, YS)

    nnjax.sweep(functools.partial(norm, jax.nn.mish), range(3), folder=tmp_path)
    nnjax.sweep(functools.partial(norm, jax.nn.mish), range(3), folder=tmp_path)
    with pytest.raises(ValueError, match="another sweep"):
        nnjax.sweep(functools.partial(norm, jax.nn.squareplus), range(3), folder=tmp_path)


def test_flax_computes_the_same():
    network = nnjax.mlp((3, 4, 2), jax.nn.mish, jnp.sin)
    params = nnjax.init(network, nnjax.key(0), "normal", "normal", dtype=jnp.float64)
    expected = nnjax.predict_batch(network, params, XS)
    linen = interop.linen_module(network).apply(interop.to_linen(network, params), XS)
    np.testing.assert_allclose(linen, expected, rtol=1e-12)
    np.testing.assert_allclose(interop.to_nnx(network, params)(XS), expected, rtol=1e-12)


def test_measures_of_networks_take_them():
    network = nnjax.mlp((3, 3, 2), jax.nn.mish, "identity")
    params = nnjax.init(network, nnjax.key(0), dtype=jnp.float64)
    flow = nnjax.signal_propagation.flow(network, params, XS, YS, cubed)
    assert bool(jnp.all(flow.delta > 0))
    squares = [nnjax.signal_propagation.mean_squares(kind, 1.0) for kind in (jax.nn.relu, "ReLU", "relu")]
    assert squares[0] == squares[1] == squares[2]
    by_grad = nnjax.signal_propagation.mean_squares(lambda z: jnp.tanh(z), 1.0)
    np.testing.assert_allclose(by_grad, nnjax.signal_propagation.mean_squares("tanh", 1.0), rtol=1e-12)
    assert nnjax.symmetries.canonical(network, params)[0].weights.shape == (3, 3)
    assert nnjax.minima.barrier(network, params, params, XS, YS, loss=cubed, points=3) == 0


@pytest.mark.parametrize(
    "call, error, message",
    [
        (
            lambda: nnjax.mlp((3, 1), jnp.cumsum),
            ValueError,
            "activation cumsum must return one real number for one",
        ),
        (lambda: nnjax.mlp((3, 1), lambda z: 3), ValueError, "activation <lambda> must return one real"),
        (lambda: nnjax.mlp((3, 1), Unhashable()), TypeError, "activation must be hashable"),
        (lambda: nnjax.mlp((3, 1), nnjax.Activation(jnp.sin, 3)), TypeError, "derivative must be a function"),
        (
            lambda: nnjax.losses.for_outputs(lambda y, y_hat: y - y_hat, 3),
            ValueError,
            r"loss <lambda> must return one real number for y \(3,\) and ŷ \(3,\), got",
        ),
        (
            lambda: nnjax.losses.for_outputs(lambda y: y, 2),
            ValueError,
            "loss <lambda> must return .* it raises TypeError",
        ),
        (lambda: nnjax.losses.find(3), ValueError, "unknown loss 3. Accepted: sse"),
        (
            lambda: nnjax.mlp((3, 1), nnjax.LOSSES["sse"]),
            ValueError,
            r"unknown activation Loss\(sse, sse_deriv",
        ),
    ],
)
def test_what_is_none_is_refused_by_name(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_loss_may_depend_on_the_number_of_outputs():
    network = nnjax.mlp((3, 3))
    params = nnjax.init(network, nnjax.key(0), dtype=jnp.float64)

    def weighted(y, y_hat):
        return jnp.sum(jnp.array([1, 2, 3], y.dtype) * (y - y_hat) ** 2)

    truth = jax.grad(lambda p: nnjax.total_loss(network, p, XS, XS, weighted))(params)
    assert_same_gradients(nnjax.gradients(network, params, XS, XS, weighted), truth)
    two = nnjax.mlp((3, 2))
    with pytest.raises(ValueError, match=r"real number for y \(2,\) and ŷ \(2,\): it raises TypeError"):
        nnjax.gradients(two, nnjax.init(two, nnjax.key(0)), XS, YS, weighted)


def test_labels_name_their_threshold():
    signs = jnp.array([[0.9], [0.3], [-0.3], [-0.9]])
    assert nnjax.labels("sse", signs).tolist() == [1, 0, 0, 0]
    assert nnjax.labels("sse", signs, threshold=0).tolist() == [1, 1, 0, 0]
    assert nnjax.labels("binary_cross_entropy", signs, threshold=0.6).tolist() == [1, 0, 0, 0]
    with pytest.raises(ValueError, match="threshold must be None for 2 output nodes: the largest output"):
        nnjax.labels("sse", jnp.ones((4, 2)), 0.3)

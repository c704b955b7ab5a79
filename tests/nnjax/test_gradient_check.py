"""A wrong derivative shows in its layer and the layers below; right ones agree in every view and dtype."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import nnjax

NETWORK = nnjax.mlp((3, 3, 2), "tanh", "sigmoid")
XS = np.random.default_rng(0).normal(size=(4, 3))
YS = np.random.default_rng(1).uniform(size=(4, 2))
pytestmark = pytest.mark.usefixtures("without_shape_checks")


def check(network=NETWORK, dtype=jnp.float64, **options):
    biases = "normal" if network.biases else "zeros"
    params = nnjax.init(network, nnjax.key(0), "normal", biases, dtype=dtype)
    return nnjax.check_gradients(network, params, XS, YS, **options)


@pytest.mark.parametrize("view", [nnjax, nnjax.columnwise, nnjax.nodewise])
def test_right_ones_agree(view):
    found = check(gradients=view.gradients)
    assert found.agrees
    assert not any(one.blind or dataclasses.replace(one, by_differences=1e-3).agrees for one in found.layers)
    assert [(one.layer, one.part) for one in found.layers] == [
        (1, "weights"),
        (1, "biases"),
        (2, "weights"),
        (2, "biases"),
    ]
    assert "DIFFERS" not in repr(found)


def test_float32_parameters_are_compared_in_float64():
    with jax.enable_x64(False):
        found = check(dtype=jnp.float32)
        assert jnp.ones(1).dtype == jnp.float32
    assert found.agrees


def test_a_wrong_slope_shows_in_its_layer_and_below():
    """The derivative of z² is 2z; with z instead, layer 1 gets half its gradient, and layer 2 all of it."""
    wrong = nnjax.Activation(lambda z: z * z, lambda z, a: z)
    found = check(nnjax.mlp((3, 3, 2), wrong, "sigmoid"))
    assert not found.agrees
    assert [one.agrees for one in found.layers] == [False, False, True, True]
    np.testing.assert_allclose(found.layers[0].ratios, 0.5, rtol=1e-12)
    np.testing.assert_allclose(found.layers[0].by_differences, 0.5, rtol=1e-5)
    lines = repr(found).splitlines()
    assert "0.5" in lines[1]
    assert "DIFFERS" in lines[1]
    assert "DIFFERS" not in lines[3]


@pytest.mark.parametrize(
    "factor, blind",
    [(1, [False] * 4), (1.5, [True, True, False, False]), (2.2, [True] * 2 + [False, True]), (3, [True] * 4)],
)
def test_saturated_nodes_are_no_false_alarm_and_hide_no_slip(factor, blind):
    """With net inputs of 9 and more, finite differences suffer from rounding, but jax.grad does not."""
    network = nnjax.mlp((3, 4, 1))
    layers = [np.array([[1.0, 2, 3, 4]] * 3), np.array([[1.0], [2], [3], [4]])]
    params = nnjax.params(network, [factor * layer for layer in layers])
    found = nnjax.check_gradients(network, params, [[1, 3, 5]], [[1]])
    assert found.layers[1].by_differences > 1e-5
    assert found.agrees
    assert [one.blind for one in found.layers] == blind
    told = ["agrees, differences prove nothing here" in line for line in repr(found).splitlines()[1:]]
    assert told == blind
    half = nnjax.check_gradients(
        network,
        params,
        [[1, 3, 5]],
        [[1]],
        gradients=lambda *given: jax.tree.map(lambda g: g / 2, nnjax.gradients(*given)),
    )
    assert not any(one.agrees for one in half.layers)


def test_a_wrong_loss_shows_everywhere():
    wrong = nnjax.Loss(nnjax.sse, lambda y, y_hat: -(y - y_hat))
    assert not any(one.agrees for one in check(loss=wrong).layers)


def test_own_deltas_are_checked():
    """The printed rule is not the gradient: it is right in the output layer but wrong in the layers below."""

    def printed(network, params, xs, ys, loss):
        def one(x, y):
            trace = nnjax.forward(network, params, x)
            deltas = nnjax.deltas_as_printed(network, params, trace, y, params, loss)
            return tuple(
                nnjax.Layer(-a[:, None] * d[None, :], -d)
                for a, d in zip(trace.activations[:-1], deltas, strict=True)
            )

        return jax.tree.map(lambda part: part.sum(0), jax.vmap(one)(xs, ys))

    assert [one.agrees for one in check(gradients=printed).layers] == [False, False, True, True]


def test_a_gradient_of_zero_agrees_with_zero():
    params = nnjax.init(NETWORK, nnjax.key(0), "zeros", dtype=jnp.float64)
    found = nnjax.check_gradients(NETWORK, params, XS, YS)
    assert found.layers[0].ratios == (1.0, 1.0)
    assert found.layers[0].error == 0


def test_without_biases_there_are_none_to_check():
    found = check(nnjax.mlp((3, 2), biases=False))
    assert [one.part for one in found.layers] == ["weights"]


def test_what_is_no_function_is_refused():
    with pytest.raises(TypeError, match="gradients must be a function"):
        check(gradients=3)

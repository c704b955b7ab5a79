"""Check every number that the handout prints, to every printed digit.

Golden numbers: printed by R in "Neural Networks - step by step" (L. Hansen). Where the handout slips,
the true value was derived by hand: δ_h1 = δ_o · w · a(1 - a).
"""

import jax.numpy as jnp
import numpy as np
import pytest

import nnjax

X = jnp.array([1.0, 3.0, 5.0])
H1 = jnp.array([0.5, 1.2, -0.3])
A_H1 = 1 / (1 + np.exp(-2.6))


def printed(text: str, value) -> None:
    """Check that `value`, rounded to the last digit of `text`, is `text`."""
    digits = len(text.partition(".")[2])
    assert f"{float(value):.{digits}f}" == text


@pytest.fixture
def net():
    return nnjax.mlp((3, 4, 1), biases=False)


@pytest.fixture
def params():
    """Parameters with the updated output weight, 0.8 + change, as the handout uses it in its last step."""
    w = jnp.zeros((3, 4)).at[:, 0].set(H1)
    out = jnp.array([[0.8 + 0.01 * 0.192 * A_H1], [0.5], [0.1], [0.6]])
    return (nnjax.Layer(w, jnp.zeros(4)), nnjax.Layer(out, jnp.zeros(1)))


@pytest.fixture
def trace(net, params):
    """The forward pass, with the output of 0.6 that the handout assumes."""
    z, a = nnjax.forward(net, params, X)
    assumed = jnp.array([0.6])
    return nnjax.Trace((z[0], jnp.log(assumed / (1 - assumed))), (a[0], a[1], assumed))


def test_forward(net, params):
    for text, value in zip(("0.5", "3.6", "-1.5"), X * H1, strict=True):
        printed(text, value)
    trace = nnjax.forward(net, params, X)
    printed("2.6", trace.net_inputs[0][0])
    printed("0.9308616", trace.activations[1][0])
    printed("2.6", nnjax.ACTIVATIONS["relu"].value(trace.net_inputs[0][0]))


def test_output_delta_and_weight_change(net, params, trace):
    delta = nnjax.deltas(net, params, trace, jnp.ones(1))
    printed("0.192", delta[1][0])
    change = nnjax.weight_change(0.01, delta[1], trace.activations[1])
    printed("0.001787254", change[0, 0])
    printed("0.8017873", 0.8 + change[0, 0])


def test_hidden_delta_as_printed(net, params, trace):
    delta = nnjax.deltas_as_printed(net, params, trace, jnp.ones(1), updated=params)
    shares = delta[1] * params[1].weights[:, 0]
    for text, value in zip(("0.1539432", "0.0960000", "0.0192000", "0.1152000"), shares, strict=True):
        printed(text, value)
    printed("0.3843432", jnp.sum(shares))
    printed("0.02473567", delta[0][0])
    change = nnjax.weight_change(0.01, delta[0], X)[:, 0]
    for text, value in zip(("0.0002473567", "0.0007420701", "0.0012367836"), change, strict=True):
        printed(text, value)
    for text, value in zip(("0.5002474", "1.2007421", "-0.2987632"), H1 + change, strict=True):
        printed(text, value)


def test_true_hidden_delta(net, params, trace):
    before = (params[0], nnjax.Layer(jnp.array([[0.8], [0.5], [0.1], [0.6]]), jnp.zeros(1)))
    printed("0.009885435", nnjax.deltas(net, before, trace, jnp.ones(1))[0][0])
    printed("0.009907519", nnjax.deltas(net, params, trace, jnp.ones(1))[0][0])
    ratio = nnjax.deltas_as_printed(net, params, trace, jnp.ones(1), params)[0][0]
    printed("2.502", ratio / nnjax.deltas(net, before, trace, jnp.ones(1))[0][0])


def test_train_step_is_the_sum_of_the_weight_changes(net, params):
    y = jnp.ones(1)
    trace = nnjax.forward(net, params, X)
    delta = nnjax.deltas(net, params, trace, y)
    stepped = nnjax.train_step(net, params, X, y, 0.01)
    for layer, new, d, a in zip(params, stepped, delta, trace.activations[:-1], strict=True):
        np.testing.assert_allclose(new.weights, layer.weights + nnjax.weight_change(0.01, d, a), rtol=1e-15)
        np.testing.assert_array_equal(new.biases, layer.biases)

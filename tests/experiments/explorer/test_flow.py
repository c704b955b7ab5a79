"""|δ| of every layer is nnjax's, and the theory's line is nnjax.signal_propagation.mean_field's."""

import jax.numpy as jnp
import node
import numpy as np
import pytest

import nnjax
from nnjax import signal_propagation
from nnjax.initialisers import weight_variance

CASES = {"sigmoid": "glorot_uniform", "relu": "he_normal", "tanh": "normal"}
DEPTH, WIDTH, SEED = 6, 5, 3


@pytest.mark.parametrize("activation", CASES)
def test_flow(activation):
    network = nnjax.mlp((WIDTH,) * (DEPTH + 1) + (1,), activation, "identity", biases=False)
    params = nnjax.init(network, nnjax.key(SEED), CASES[activation], dtype=jnp.float64)
    xs = jnp.ones((1, WIDTH))
    ys = nnjax.predict(network, params, xs[0])[None] + 0.5
    flow = signal_propagation.flow(network, params, xs, ys)
    given = {"params": node.as_json(params), "activation": activation}
    body = f"return m.flow(m.deepNetwork({DEPTH}, {WIDTH}, given.activation), given.params)"
    theirs = node.evaluate("flow.mjs", body, given)
    np.testing.assert_allclose(theirs["delta"], flow.delta[:-1] / flow.delta[-1], rtol=1e-12)
    np.testing.assert_array_equal(theirs["dead"], flow.dead[:-1])


def test_a_saturated_node_is_one_whose_slope_float32_rounds_to_0():
    body = """const network = m.deepNetwork(1, 2, "sigmoid");
    const layers = (w) => [{weights: [[w, 1], [w, 1]], biases: [0, 0]}, {weights: [[1], [1]], biases: [0]}];
    return [1, 8, 20].map((w) => m.flow(network, layers(w)).saturated[0])"""
    assert node.evaluate("flow.mjs", body) == [0, 0, 0.5]
    assert nnjax.ACTIVATIONS["sigmoid"].value(jnp.float32(40)) == 1


def test_expected():
    names = list(nnjax.ACTIVATIONS)
    body = "return given.map((f) => m.expected(m.deepNetwork(5, 4, f), 'he_normal'))"
    for name, theirs in zip(names, node.evaluate("flow.mjs", body, names), strict=True):
        network = nnjax.mlp((4,) * 6 + (1,), name, "identity", biases=False)
        variances = [
            weight_variance("he_normal", i, o) for i, o in zip(network.sizes, network.sizes[1:], strict=False)
        ]
        factors = signal_propagation.mean_field(network, variances, 4.0).factor
        np.testing.assert_allclose(theirs, np.sqrt(np.cumprod(factors[::-1])[::-1]), rtol=1e-10)

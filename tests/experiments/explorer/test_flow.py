"""Every layer's |δ| agrees with nnjax, and the theory agrees with nnjax.signal_propagation.mean_field."""

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


def test_what_becomes_of_delta():
    body = """const told = ([depth, width, name, scheme]) => {
      const network = m.deepNetwork(depth, width, name);
      const flows = [...Array(8).keys()].map((seed) => m.flow(network, n.init(network, seed, scheme)));
      const silent = flows.filter(({ delta }) => delta[0] === 0).length;
      return [m.fate(flows, m.expected(network, scheme)[0]), m.blocked(flows), silent];
    };
    return given.map(told);"""
    cases = {
        "nothing": (12, 2, "relu", "he_normal"),
        "vanishes": (12, 16, "sigmoid", "he_normal"),
        "explodes": (50, 16, "relu", "normal"),
        "narrow": (50, 16, "relu", "he_normal"),
        "passes": (3, 16, "relu", "he_normal"),
    }
    found = node.evaluate("flow.mjs", body, list(cases.values()), also="threefry.mjs")
    assert [fate for fate, _, _ in found] == list(cases)
    assert found[0][1] == found[0][2] > 4  # exact zeros come only from layers whose nodes are all off
    assert all(blocked == silent for _, blocked, silent in found)


def test_what_32_bits_do_not_hold_is_no_exact_0():
    body = "return given.map((delta) => m.fate([{delta: [delta], dead: [0]}], 1e-40));"
    assert node.evaluate("flow.mjs", body, [1e-39, 0, 1e-37]) == ["underflow", "nothing", "vanishes"]


def test_expected():
    body = "return given.map((f) => m.expected(m.deepNetwork(5, 4, f), 'he_normal'))"
    found = node.evaluate("flow.mjs", body, node.ACTIVATIONS)
    for name, theirs in zip(node.ACTIVATIONS, found, strict=True):
        network = nnjax.mlp((4,) * 6 + (1,), name, "identity", biases=False)
        variances = [
            weight_variance("he_normal", i, o) for i, o in zip(network.sizes, network.sizes[1:], strict=False)
        ]
        factors = signal_propagation.mean_field(network, variances, 4.0).factor
        np.testing.assert_allclose(theirs, np.sqrt(np.cumprod(factors[::-1])[::-1]), rtol=1e-10)

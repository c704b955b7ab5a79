"""Every number in 500 random networks agrees with nnjax's number in float64, to within 1e-12."""

import functools

import jax
import jax.numpy as jnp
import node
import numpy as np
import pytest

import nnjax

ALL = node.ACTIVATIONS
MANY = len(ALL)
NETWORKS = {
    "the handout's": nnjax.mlp((3, 4, 1), biases=False),
    "one layer": nnjax.Network((2, MANY), (ALL,)),
    "two hidden layers, every activation": nnjax.Network((4, MANY, MANY, 3), (ALL, ALL[::-1], ALL[:3])),
    "wide, deep": nnjax.Network((3, MANY, MANY - 3, MANY, 2), (ALL, ALL[3:], ALL, "sigmoid")),
    "XOR's": nnjax.mlp((2, 3, 1), "tanh", "sigmoid"),
}
EACH = 100
RATE = 0.3
STEPPED = """
return given.rows.map(({params, x, y}) => m.step(given.network, params, x, y, given.rate));
"""


@functools.cache
def rows(name):
    """Draw parameters, inputs and labels, and compute nnjax's results for them.

    Numbers are uniform in ±1, since a slope of 1 - a² close to 0 would magnify the rounding error of `a`.
    """
    network, rng = NETWORKS[name], np.random.default_rng(500)
    empty = nnjax.init(network, nnjax.key(0), dtype=jnp.float64)
    draw = functools.partial(
        jax.tree.map, lambda leaf: jnp.asarray(rng.uniform(-1, 1, size=(EACH, *leaf.shape)))
    )
    params = draw(empty)
    if not network.biases:
        params = tuple(nnjax.Layer(w, jnp.zeros_like(b)) for w, b in params)
    xs, ys = draw(jnp.zeros(network.sizes[0])), draw(jnp.zeros(network.sizes[-1]))

    def step(params, x, y):
        trace = nnjax.forward(network, params, x)
        deltas = nnjax.deltas(network, params, trace, y)
        changes = [
            nnjax.weight_change(RATE, d, a) for d, a in zip(deltas, trace.activations[:-1], strict=True)
        ]
        return (*trace, deltas, changes, nnjax.train_step(network, params, x, y, RATE))

    return params, xs, ys, jax.jit(jax.vmap(step))(params, xs, ys)


def listed(params, xs, ys):
    """List the rows one by one, in the form that the modules take."""
    one = [jax.tree.map(lambda leaf, n=n: np.asarray(leaf[n]), (params, xs, ys)) for n in range(len(xs))]
    return [{"params": node.as_json(p), "x": x.tolist(), "y": y.tolist()} for p, x, y in one]


def described(network):
    return {"sizes": network.sizes, "activations": network.activations, "biases": network.biases}


def close(theirs, ours, sizes=None):
    """Compare to within 1e-12, relative to the numbers or to the terms that add up to them."""
    theirs, ours = np.array(theirs, float), np.asarray(ours)
    assert np.all(np.abs(theirs - ours) <= 1e-12 * np.abs(ours if sizes is None else sizes))


@pytest.mark.parametrize("name", NETWORKS)
def test_every_number_of_a_step(name):
    params, xs, ys, ours = rows(name)
    given = {"network": described(NETWORKS[name]), "rows": listed(params, xs, ys), "rate": RATE}
    theirs = node.evaluate("network.mjs", STEPPED, given)
    net_inputs, activations, deltas, changes, updated = ours
    for layer, _ in enumerate(NETWORKS[name].sizes[1:]):
        close([row["netInputs"][layer] for row in theirs], net_inputs[layer])
        close([row["activations"][layer + 1] for row in theirs], activations[layer + 1])
        close([row["deltas"][layer] for row in theirs], deltas[layer])
        close([row["changes"][layer]["weights"] for row in theirs], changes[layer])
        for part in ("weights", "biases"):
            before, after = getattr(params[layer], part), getattr(updated[layer], part)
            close([row["updated"][layer][part] for row in theirs], after, jnp.abs(before) + jnp.abs(after))


def test_the_names_of_the_activations_are_those_of_nnjax():
    assert set(node.evaluate("network.mjs", "return Object.keys(m.ACTIVATIONS)")) == set(ALL)
    assert set(ALL) <= set(nnjax.ACTIVATIONS)


def test_activations_far_out_and_at_the_kink():
    z = np.array([-700.0, -40.0, -6.0, -2.9, -2.8, -1e-9, 0.0, 1e-9, 0.5, 2.8, 2.9, 6.0, 40.0, 700.0])
    body = """return Object.fromEntries(Object.entries(m.ACTIVATIONS).map(([name, f]) =>
      [name, given.map((z) => [f.value(z), f.derivative(z, f.value(z))])]))"""
    for name, pairs in node.evaluate("network.mjs", body, z.tolist()).items():
        values, slopes = np.array(pairs).T
        function = nnjax.ACTIVATIONS[name]
        a = function.value(jnp.asarray(z))
        tolerance = {
            "rtol": 1e-12,
            "atol": 1e-300,
        }  # smaller numbers are subnormal in one of the two and 0 in the other
        np.testing.assert_allclose(values, a, **tolerance)
        near = np.abs(z) < (3 if name == "tanh" else np.inf)  # the slope 1 - a² magnifies rounding
        np.testing.assert_allclose(slopes[near], function.derivative(jnp.asarray(z), a)[near], **tolerance)


def test_differences_agree_with_the_deltas_and_would_show_a_slip():
    given = {"network": described(NETWORKS["the handout's"]), "rows": listed(*rows("the handout's")[:3])[:5]}
    body = """return given.rows.map(({params, x, y}) => [null, 0.6].map((assumed) => {
      const {activations, deltas} = m.step(given.network, params, x, y, 1, assumed);
      const byHand = deltas.map((row, l) => activations[l].map((a) => row.map((d) => a * d)));
      return [byHand, m.differences(given.network, params, x, y, assumed)].map((each) => each.flat(3));
    }))"""
    for by_hand, measured in [pair for row in node.evaluate("network.mjs", body, given) for pair in row]:
        largest = np.max(np.abs(by_hand))
        assert np.max(np.abs(np.subtract(by_hand, measured))) < 1e-8 * largest + 1e-9
        assert np.max(np.abs(np.subtract(by_hand, np.multiply(measured, 2)))) > 0.1 * largest

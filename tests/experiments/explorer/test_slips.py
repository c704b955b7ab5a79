"""Each slip gives the number that somebody who makes it gets, and without slips the step is true."""

import jax
import jax.numpy as jnp
import node
import numpy as np
import pytest

import nnjax

RATE = 0.1
NETWORK = nnjax.mlp((3, 4, 2), "tanh", "sigmoid")
DESCRIBED = {"sizes": [3, 4, 2], "activations": ["tanh", "sigmoid"], "biases": True}


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(3)
    shapes = [(3, 4), (4,), (4, 2), (2,), (3,), (2,)]
    return [[rng.uniform(-1, 1, size=shape) for shape in shapes] for _ in range(25)]


@pytest.fixture(scope="module")
def sloppy(rows):
    """{slip: its step of each row}; "" is no slip."""
    given = [
        {
            "params": [{"weights": w.tolist(), "biases": b.tolist()} for w, b in ((w1, b1), (w2, b2))],
            "x": x.tolist(),
            "y": y.tolist(),
        }
        for w1, b1, w2, b2, x, y in rows
    ]
    body = """
    const sets = [[], ...Object.keys(m.SLIPS).map((name) => [name])];
    return Object.fromEntries(sets.map((names) => [names.join("+"), given.rows.map(({params, x, y}) =>
      m.sloppyStep(given.network, params, x, y, given.rate, null, new Set(names)))]));"""
    return node.evaluate("slips.mjs", body, {"rows": given, "network": DESCRIBED, "rate": RATE})


def by_numpy(w1, b1, w2, b2, x, y, slip=""):
    """The step written down a second time: δ of the hidden and the output layer, and all changes."""
    b1, b2 = (0 * b1, 0 * b2) if slip == "no_bias" else (b1, b2)
    passed = {"no_activation": (lambda z: z,) * 2, "relu": (lambda z: np.maximum(z, 0),) * 2}
    f, g = passed.get(slip, (np.tanh, lambda z: 1 / (1 + np.exp(-z))))
    z1 = x @ w1 + b1
    a1 = f(z1)
    z2 = a1 @ w2 + b2
    a2 = g(z2)
    slope1, slope2 = (1 - a1**2, a2 * (1 - a2)) if slip != "slope_of_z" else (1 - z1**2, z2 * (1 - z2))
    slope1 = {"no_hidden_slope": np.ones(4), "relu": (z1 > 0) * 1.0}.get(slip, slope1)
    slope2 = np.ones(2) if slip == "no_output_slope" else slope2
    d2 = {"sign": -2, "no_two": 1}.get(slip, 2) * (y - a2) * slope2
    rate = 1 if slip == "no_rate" else RATE
    sent1 = {"no_input": np.ones(4), "net_for_activation": z1}.get(slip, a1)
    change2 = rate * np.outer(sent1, d2)
    first = np.eye(4)[:, :1] if slip == "as_printed" else slip == "updated_weight"
    through = np.ones_like(w2) if slip == "no_weight" else w2 + first * change2
    blame = through @ d2
    blame = np.full(4, np.sum(blame)) if slip in ("siblings", "as_printed") else blame
    d1 = blame * slope1
    change1 = rate * np.outer(np.ones(3) if slip == "no_input" else x, d1)
    return d1, d2, change1, change2


def test_every_slip_against_a_second_calculation(rows, sloppy):
    for slip in set(sloppy):
        for row, step in zip(rows, sloppy[slip], strict=True):
            d1, d2, change1, change2 = by_numpy(*row, slip=slip)
            for theirs, ours in zip(
                [*step["deltas"], *step["changes"]], [d1, d2, change1, change2], strict=True
            ):
                np.testing.assert_allclose(theirs, ours, rtol=1e-12, err_msg=slip)


def test_each_slip_changes_something(sloppy):
    for slip in set(sloppy) - {""}:
        assert sloppy[slip] != sloppy[""], slip


def test_the_handouts_rule_is_nnjaxs_deltas_as_printed(rows, sloppy):
    def printed(params, x, y):
        trace = nnjax.forward(NETWORK, params, x)
        change = nnjax.weight_change(RATE, nnjax.deltas(NETWORK, params, trace, y)[1], trace.activations[1])
        first = jnp.array([[1.0], [0.0], [0.0], [0.0]])
        updated = (params[0], nnjax.Layer(params[1].weights + first * change, params[1].biases))
        deltas = nnjax.deltas_as_printed(NETWORK, params, trace, y, updated)
        return deltas[0], jnp.sum(jnp.abs(updated[1].weights) @ jnp.abs(deltas[1]), keepdims=True)

    w1, b1, w2, b2, x, y = (jnp.asarray(np.stack(column)) for column in zip(*rows, strict=True))
    ours, summands = jax.jit(jax.vmap(printed))((nnjax.Layer(w1, b1), nnjax.Layer(w2, b2)), x, y)
    theirs = [step["deltas"][0] for step in sloppy["as_printed"]]
    assert np.all(np.abs(np.array(theirs) - np.asarray(ours)) <= 1e-12 * np.asarray(summands))

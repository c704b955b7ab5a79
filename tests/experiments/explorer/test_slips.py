"""Each slip gives the number that a person would get by making it, and without slips the step is right."""

import jax
import jax.numpy as jnp
import node
import numpy as np
import pytest

import nnjax

RATE = 0.1
NETWORK = nnjax.mlp((3, 4, 2), "tanh", "sigmoid")
DESCRIBED = {"sizes": [3, 4, 2], "activations": ["tanh", "sigmoid"], "biases": True}
DEEP = {"sizes": [3, 2, 2, 1], "activations": ["sigmoid"] * 3, "biases": True}
IN_DEEP = ("", "no_first_slope", "no_second_slope", "transposed", "transposed_blame")
"""Slips that show only in a network with two hidden layers; "" means no slip."""


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(3)
    shapes = [(3, 4), (4,), (4, 2), (2,), (3,), (2,)]
    return [[rng.uniform(-1, 1, size=shape) for shape in shapes] for _ in range(25)]


@pytest.fixture(scope="module")
def sloppy(rows):
    """Return {slip: its step for each row}; "" means no slip."""
    given = [
        {
            "params": [{"weights": w.tolist(), "biases": b.tolist()} for w, b in ((w1, b1), (w2, b2))],
            "x": x.tolist(),
            "y": y.tolist(),
        }
        for w1, b1, w2, b2, x, y in rows
    ]
    body = """
    const names = Object.keys(m.SLIPS).filter((name) => !given.deep.includes(name));
    const sets = [[], ...names.map((name) => [name])];
    return Object.fromEntries(sets.map((names) => [names.join("+"), given.rows.map(({params, x, y}) =>
      m.sloppyStep(given.network, params, x, y, given.rate, null, new Set(names)))]));"""
    return node.evaluate(
        "slips.mjs", body, {"rows": given, "network": DESCRIBED, "rate": RATE, "deep": IN_DEEP}
    )


def logistic(z):
    return 1 / (1 + np.exp(-z))


def by_numpy(w1, b1, w2, b2, x, y, slip=""):
    """Compute the step a second time, in NumPy: δ of the hidden and the output layer, and all changes."""
    b1, b2 = (0 * b1, 0 * b2) if slip == "no_bias" else (b1, b2)
    passed = {
        "no_activation": (lambda z: z,) * 2,
        "no_output_activation": (np.tanh, lambda z: z),
        "relu": (lambda z: np.maximum(z, 0),) * 2,
    }
    f, g = passed.get(slip, (np.tanh, logistic))
    z1 = x @ w1 + b1
    a1 = f(z1)
    z2 = a1 @ w2 + b2
    a2 = g(z2)
    slope1, slope2 = (1 - a1**2, a2 * (1 - a2)) if slip != "slope_of_z" else (1 - z1**2, z2 * (1 - z2))
    taken = {"no_hidden_slope": np.ones(4), "relu": (z1 > 0) * 1.0, "hidden_a_for_slope": a1}
    taken |= {"sigmoid_slope": logistic(z1) * (1 - logistic(z1)), "sigmoid_formula": a1 * (1 - a1)}
    slope1 = taken.get(slip, slope1)
    slope2 = {"no_output_slope": np.ones(2), "output_a_for_slope": a2}.get(slip, slope2)
    d2 = {"sign": -2, "no_two": 1}.get(slip, 2) * (y - a2) * slope2
    d2 = slope2 if slip == "only_slope" else d2
    rate = 1 if slip == "no_rate" else RATE
    change2 = rate * sent(slip, a1, z1, w2) * d2
    first = np.eye(4)[:, :1] if slip == "as_printed" else slip == "updated_weight"
    through = np.ones_like(w2) if slip == "no_weight" else w2 + first * change2
    blame = through @ d2
    blame = np.full(4, np.sum(blame)) if slip in ("siblings", "as_printed") else blame
    d1 = np.full(4, np.sum(d2)) if slip == "output_delta" else blame * slope1
    change1 = rate * sent(slip, x, x, w1) * d1
    return d1, d2, change1 * (slip != "only_output_updated"), change2 * (slip != "only_hidden_updated")


def sent(slip, a, z, w):
    """Return the factor that multiplies δ in the change of every link."""
    a, z = a[:, None], z[:, None]
    other = {
        "no_input": 1 + 0 * a,
        "net_for_activation": z,
        "weight_for_activation": w,
        "times_weight": a * w,
    }
    return other.get(slip, a)


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


def test_the_slips_of_two_hidden_layers_against_a_second_calculation():
    rng = np.random.default_rng(5)
    w = [rng.uniform(-1, 1, size=shape) for shape in ((3, 2), (2, 2), (2, 1))]
    b = [rng.uniform(-1, 1, size=size) for size in (2, 2, 1)]
    x, y = rng.uniform(-1, 1, size=3), rng.uniform(size=1)
    params = [{"weights": v.tolist(), "biases": c.tolist()} for v, c in zip(w, b, strict=True)]
    given = {"params": params, "x": x.tolist(), "y": y.tolist(), "network": DEEP, "slips": IN_DEEP}
    body = """return given.slips.map((name) => m.sloppyStep(given.network, given.params, given.x, given.y,
      0.1, null, new Set([name])).deltas);"""
    found = node.evaluate("slips.mjs", body, given)
    for slip, theirs in zip(IN_DEEP, found, strict=True):
        middle = w[1].T if slip == "transposed" else w[1]
        a1 = logistic(x @ w[0] + b[0])
        a2 = logistic(a1 @ middle + b[1])
        a3 = logistic(a2 @ w[2] + b[2])
        d3 = 2 * (y - a3) * a3 * (1 - a3)
        d2 = w[2] @ d3 * (1 if slip == "no_second_slope" else a2 * (1 - a2))
        back = w[1].T if slip in ("transposed", "transposed_blame") else w[1]
        d1 = back @ d2 * (1 if slip == "no_first_slope" else a1 * (1 - a1))
        for our, their in zip((d1, d2, d3), theirs, strict=True):
            np.testing.assert_allclose(their, our, rtol=1e-12, err_msg=slip)
    assert len({str(deltas[0]) for deltas in found}) == len(IN_DEEP)


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

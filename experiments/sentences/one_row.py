"""The first update of random 3-4-1 networks on the handout's row (1, 3, 5): deltas and weight changes."""

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from scipy import stats

import nnjax
from experiments.runner.context import Context
from nnjax.examples import INPUT

NETWORK = nnjax.mlp((3, 4, 1), biases=False)
"""The network of Figure 1, without biases, as in the handout's text."""
ALPHA = 0.01
SIZES = (1.0, 0.2)
"""Factors that multiply the row: 1 leaves it as it is, and 0.2 makes its inputs at most 1, as is usual in
data."""
WEIGHTS = [
    (layer, i, j) for layer, inputs in enumerate((3, 4)) for i in range(inputs) for j in range((4, 1)[layer])
]
SAME = np.array([[a[0] == b[0] and a[2] == b[2] for a in WEIGHTS] for b in WEIGHTS])
"""Whether two weights lead into the same node."""


def update(key: jax.Array, size: jax.Array) -> dict[str, jax.Array]:
    """Draw N(0, 1) weights, and measure one update on the row (1, 3, 5) · size, in float64."""
    params = nnjax.init(NETWORK, key, "normal", dtype=jnp.float64)
    x, label = jnp.asarray(INPUT) * size, jnp.ones(1)
    trace = nnjax.forward(NETWORK, params, x)
    deltas = nnjax.deltas(NETWORK, params, trace, label)
    changes = [
        nnjax.weight_change(ALPHA, delta, a) for delta, a in zip(deltas, trace.activations[:-1], strict=True)
    ]
    updated = nnjax.train_step(NETWORK, params, x, label, ALPHA)
    before, after = trace.activations[-1][0], nnjax.predict(NETWORK, updated, x)[0]
    hidden, (first, last) = trace.activations[1], map(jnp.abs, changes)
    return {
        "x3_to_h1": first[2, 0] / last[0, 0],
        "largest": jnp.max(first) / jnp.max(last),
        "mean": jnp.mean(first) / jnp.mean(last),
        "median": jnp.median(first) / jnp.median(last),
        "pairs": jnp.mean(first < last.T),
        "delta": deltas[-1][0],
        "delta_label_0": nnjax.deltas(NETWORK, params, trace, 0 * label)[-1][0],
        "contributes_most": jnp.argmax(jnp.abs(hidden * params[1].weights[:, 0])) == jnp.argmax(hidden),
        "nearer": jnp.abs(1 - after) < jnp.abs(1 - before),
        **orders(changes, trace.activations),
    }


def orders(changes: list[jax.Array], activations: tuple[jax.Array, ...]) -> dict[str, jax.Array]:
    """Return the share of the pairs of weights in which the one with the larger activation changes more."""
    sent = jnp.concatenate([jnp.repeat(activations[0], 4), activations[1]])
    size = jnp.abs(jnp.concatenate([change.ravel() for change in changes]))
    larger, more = (values[:, None] > values[None] for values in (jnp.abs(sent), size))
    return {
        name: jnp.sum(larger & more & pairs) / jnp.sum(larger & pairs)
        for name, pairs in (("order_same_node", jnp.asarray(SAME)), ("order_other_nodes", jnp.asarray(~SAME)))
    }


NAMES = {
    "x3_to_h1": "|change of x₃ → h₁| / |change of h₁ → o|",
    "largest": "largest |change| into the hidden nodes / largest into the output",
    "mean": "mean |change| into the hidden nodes / mean into the output",
    "median": "median |change| into the hidden nodes / median into the output",
    "pairs": "share of the weights into hidden nodes that change less than their node's weight to the output",
    "delta": "δ of the output, label 1",
    "delta_label_0": "δ of the output, label 0",
    "contributes_most": "whether the weight that contributes most (|a · w|) changes most",
    "nearer": "whether the prediction is nearer to the label after the update",
    "order_same_node": "share of pairs of weights into one node in which the larger activation's weight "
    "changes more",
    "order_other_nodes": "share of pairs of weights into two nodes in which the larger activation's weight "
    "changes more",
}


def updates(context: Context, seeds: np.ndarray) -> xr.Dataset:
    """Measure the first update of every seed's network, for both sizes of the row."""
    found = context.sweep("first updates", update, seeds, {"size": np.asarray(SIZES)})
    columns = {name: (("seed", "size"), found[name], {"long_name": NAMES[name]}) for name in NAMES}
    return xr.Dataset(
        columns,
        {"seed": seeds, "size": ("size", list(SIZES), {"long_name": "multiple of the row (1, 3, 5)"})},
        {"delta_label_0": delta_at(0.6, 0.0)},
    )


def delta_at(activation: float, label: float) -> float:
    """Compute δ of the handout's output for an assumed activation."""
    network, params, x, _ = nnjax.handout()
    trace = nnjax.forward(network, params, x)
    assumed = trace._replace(activations=(*trace.activations[:-1], jnp.array([activation])))
    return float(nnjax.deltas(network, params, assumed, jnp.array([label]))[-1][0])


def share_smaller(x: float = 5.0, length: float = 35.0) -> float:
    """Compute P(|change of x₃ → h₁| < |change of h₁ → o|) exactly, for N(0, 1) weights and sigmoid nodes.

    The output's δ, α and a(h₁) cancel: the ratio is |w| (1 − a(h₁)) x₃ with w ~ N(0, 1) the weight h₁ → o and
    a(h₁) = σ(z), z ~ N(0, |x|²). Hence P = E[2Φ((1 + eᶻ) / x₃) − 1].

    Args:
        x: The input x₃.
        length: |x|², the sum of the squared inputs.
    """
    deviation = np.sqrt(length)
    return float(
        stats.norm(scale=deviation).expect(
            lambda z: 2 * stats.norm.cdf((1 + np.exp(np.minimum(z, 700.0))) / x) - 1,
            lb=-12 * deviation,
            ub=12 * deviation,
            limit=500,
        )
    )

"""XOR from many seeds: momentum, plateaus, and hidden nodes read one by one."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import xarray as xr
from sklearn.linear_model import LogisticRegression

import nnjax
from experiments.runner.context import Context
from nnjax import datasets

NETWORK = nnjax.mlp((2, 2, 1))
MOMENTUM = 0.9
EFFECTIVE = (0.5, 1.0, 2.0, 4.0, 8.0, 12.0)
"""Learning rates of plain descent. With momentum μ these rates are multiplied by 1 − μ, so that a long pull
moves the weights equally far."""
PLAIN, WITH = "plain", "momentum 0.9"
SHOWN = 2.0
"""The learning rate at which the networks are examined."""
ABOUT_END = {"long_name": "parameters after plain training at rate 2"}
SOLVED = 0.1
"""XOR counts as learnt below this summed loss."""
EVERY, SOON = 50, 200
"""Epochs between records of the loss, and the epoch at which the shares learnt are compared: half the
seeds have learnt by then."""
FLAT, WINDOW = 0.01, 5
"""A loss that fell by less than this share over five records counts as stable."""


def train(context: Context, seeds: np.ndarray, epochs: int) -> xr.Dataset:
    """Train 2-2-1 networks with and without momentum; return all losses, and the plain runs' parameters."""

    def curve(key: jax.Array, rate: jax.Array, momentum: jax.Array) -> tuple[jax.Array, jax.Array]:
        params, history = nnjax.train(
            NETWORK,
            nnjax.init(NETWORK, key, "normal", "normal"),
            *datasets.xor(),
            optimizer=optax.sgd(rate, momentum),
            epochs=epochs,
            view="nodes",
            record_every=EVERY,
        )
        return history.curves["loss"], jnp.concatenate([leaf.ravel() for leaf in jax.tree.leaves(params)])

    pairs = [(rate * (1 - momentum), momentum) for momentum in (0.0, MOMENTUM) for rate in EFFECTIVE]
    rates, momenta = np.array(pairs, np.float32).T
    loss, ends = context.sweep("XOR", curve, seeds, {"rate": rates, "momentum": momenta})
    shape = (len(seeds), 2, len(EFFECTIVE))
    return xr.Dataset(
        {
            "loss": (("seed", "way", "rate", "look"), loss.reshape(*shape, -1), {"long_name": "summed SSE"}),
            "end": (("seed", "parameter"), ends.reshape(*shape, -1)[:, 0, EFFECTIVE.index(SHOWN)], ABOUT_END),
        },
        {
            "seed": seeds,
            "way": [PLAIN, WITH],
            "rate": ("rate", list(EFFECTIVE), {"long_name": "learning rate / (1 − momentum)"}),
            "epoch": ("look", EVERY * np.arange(loss.shape[-1])),
        },
    )


def first_below(loss: np.ndarray, level: float = SOLVED) -> np.ndarray:
    """Return the first recorded epoch at which loss (..., k) is below `level`; inf if it never is."""
    below = loss < level
    return np.where(below.any(axis=-1), EVERY * np.argmax(below, axis=-1), np.inf)


def first_stable(loss: np.ndarray) -> np.ndarray:
    """Return the first record at which loss (s, k) fell by less than FLAT over WINDOW records, or −1."""
    fallen = 1 - loss[:, WINDOW:] / loss[:, :-WINDOW]
    stable = fallen < FLAT
    return np.where(stable.any(axis=1), WINDOW + np.argmax(stable, axis=1), -1)


def layers(end: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Split a run's final parameters (9,) into W₁ (2, 2), b₁ (2,), w₂ (2,), b₂, in float64."""
    values = np.asarray(end, np.float64)
    return values[:4].reshape(2, 2), values[4:6], values[6:8], float(values[8])


def sigmoid(z: np.ndarray) -> np.ndarray:
    """Compute 1 / (1 + e⁻ᶻ)."""
    return 1 / (1 + np.exp(-z))


def answers(end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the hidden nodes' answers on the four rows, yes or no (4, 2), and the resulting output (4,)."""
    first, biases, last, bias = layers(end)
    said = datasets.xor().xs @ first + biases > 0
    return said, said @ last + bias > 0


ORDERS = list(itertools.product((0, 1), repeat=2))
NAMED = {
    (0, 1, 1, 1): "or",
    (1, 0, 0, 0): "or",
    (0, 0, 0, 1): "and",
    (1, 1, 1, 0): "and",
    (0, 0, 1, 0): "one, but not the other",
    (1, 1, 0, 1): "one, but not the other",
    (0, 1, 0, 0): "one, but not the other",
    (1, 0, 1, 1): "one, but not the other",
    (0, 0, 1, 1): "one input",
    (1, 1, 0, 0): "one input",
    (0, 1, 0, 1): "one input",
    (1, 0, 1, 0): "one input",
    (0, 0, 0, 0): "always the same",
    (1, 1, 1, 1): "always the same",
}
"""{a node's answers on 00, 01, 10, 11: its question}; opposite answers belong to the same question."""


def questions(end: np.ndarray) -> str:
    """Name the questions of the two hidden nodes, in alphabetical order."""
    said, _ = answers(end)
    return " + ".join(sorted(NAMED[tuple(column.astype(int))] for column in said.T))


def refitted(end: np.ndarray) -> float:
    """Fit each of the three nodes as a logistic regression from its inputs to its outputs.

    A node's activation is a probability, so each row counts as a yes with weight a and as a no with weight
    1 − a.

    Returns:
        The largest distance of a coefficient from the node's own weight or bias, relative to the largest
        weight or bias.
    """
    first, biases, last, bias = layers(end)
    xs = datasets.xor().xs
    hidden = sigmoid(xs @ first + biases)
    nodes = [(xs, first[:, j], biases[j]) for j in range(2)] + [(hidden, last, bias)]
    return max(_apart(inputs, weights, intercept) for inputs, weights, intercept in nodes)


def _apart(xs: np.ndarray, weights: np.ndarray, bias: float) -> float:
    a = sigmoid(xs @ weights + bias)
    model = LogisticRegression(C=np.inf, tol=1e-12, max_iter=100_000, solver="newton-cholesky")
    model.fit(np.concatenate([xs, xs]), np.repeat([1, 0], len(xs)), np.concatenate([a, 1 - a]))
    fitted, own = np.append(model.coef_[0], model.intercept_), np.append(weights, bias)
    return float(np.max(np.abs(fitted - own)) / np.max(np.abs(own)))

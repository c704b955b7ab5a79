"""Nielsen's networks from many seeds: chapter 1's accuracy, and chapter 5's speeds of untrained layers.

Nielsen's cost is C = 1/(2n) Σₙ |yₙ - aₙ|², the mean of half a square; nnjax's loss is Σₙ |yₙ - aₙ|², a sum
without the half. Therefore ∂C/∂w is our gradient divided by 2n, and his rate η on batches of n rows is our
α = η / (2n). His rate 3 on batches of 10 rows is our 0.15. Nielsen's cross-entropy has no half: it is our
cross-entropy divided by n.
"""

import functools
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
import optax
import xarray as xr

import nnjax
from experiments.digits.networks import accuracy
from experiments.digits.training import ORDER
from experiments.runner.context import Context
from experiments.runner.mnist import Pictures, load
from nnjax import datasets

HIDDEN = (30, 100)
RATE, ROWS = 3.0, 10
"""Nielsen's learning rate, and his number of rows per update."""
BORN = ((30, 30), (30, 30, 30), (30, 30, 30, 30))
"""Hidden layers of the networks whose speeds Nielsen prints."""
LOOKED_AT = 1000
"""Number of training rows over which Nielsen averages δ."""


def network_of(pictures: Pictures, hidden: Sequence[int], output: str = "sigmoid") -> nnjax.Network:
    """Make a network for the pictures, with sigmoid nodes throughout or with logits as outputs."""
    sizes = (pictures.train.xs.shape[1], *hidden, pictures.train.ys.shape[1])
    return nnjax.mlp(sizes, output=output)


def epoch(network: nnjax.Network, params: nnjax.Params, rows: datasets.Data, key: jax.Array) -> nnjax.Params:
    """Train for one epoch as Nielsen's network.py does; the key sets the order of the rows."""
    after, _ = nnjax.train(
        network,
        params,
        *rows,
        optimizer=optax.sgd(RATE / (2 * ROWS)),
        epochs=1,
        batch_size=ROWS,
        key=key,
        view="columns",
    )
    return after


@functools.cache
def learner(folder: str, hidden: int, epochs: int) -> Callable[[jax.Array], jax.Array]:
    """Make a function that maps a key to the test accuracies after 1 to E epochs, (e,).

    Weights and biases are drawn from N(0, 1).
    """
    pictures = load(folder)
    network = network_of(pictures, (hidden,))

    def accuracies(key: jax.Array) -> jax.Array:
        order = jax.random.fold_in(key, ORDER)

        def step(params: nnjax.Params, number: jax.Array) -> tuple[nnjax.Params, jax.Array]:
            after = epoch(network, params, pictures.train, jax.random.fold_in(order, number))
            return after, accuracy(network, after, pictures.test)

        params = nnjax.init(network, key, "normal", "normal")
        return jax.lax.scan(step, params, jnp.arange(epochs))[1]

    return accuracies


@functools.cache
def speeds(folder: str, hidden: tuple[int, ...]) -> Callable[[jax.Array], jax.Array]:
    """Make a function that maps a key to |mean over rows of δ| of each hidden layer (l,), before training.

    Weights are drawn from N(0, 1/inputs), biases from N(0, 1), and the loss is cross-entropy, as in
    Nielsen's network2.py. Except for the sign, ∂C/∂b is δ.
    """
    pictures = load(folder)
    network = network_of(pictures, hidden, "identity")
    xs, ys = (values[:LOOKED_AT] for values in pictures.train)

    def born(key: jax.Array) -> jax.Array:
        params = nnjax.init(network, key, "lecun_normal", "normal")
        gradients = nnjax.gradients(network, params, xs, ys, "binary_cross_entropy")
        return jnp.stack([optax.tree.norm(layer.biases) for layer in gradients[:-1]]) / len(xs)

    return born


def measure(
    context: Context, folder: str, seeds: np.ndarray, births: np.ndarray, epochs: int
) -> dict[str, xr.Dataset]:
    """Train every seed of each width, and measure networks at birth: groups "mnist" and "births"."""
    right = [
        context.sweep(f"MNIST, {hidden} hidden nodes", learner(folder, hidden, epochs), seeds)
        for hidden in HIDDEN
    ]
    born = np.full((len(BORN), len(births), max(map(len, BORN))), np.nan, np.float32)
    for k, hidden in enumerate(BORN):
        name = f"MNIST, {len(hidden)} hidden layers at birth"
        born[k, :, : len(hidden)] = context.sweep(name, speeds(folder, hidden), births)
    return {
        "mnist": xr.Dataset(
            {
                "accuracy": (
                    ("hidden_nodes", "seed", "epoch"),
                    np.stack(right),
                    {"long_name": "share of the test rows labelled right"},
                )
            },
            {"hidden_nodes": list(HIDDEN), "seed": seeds, "epoch": np.arange(1, epochs + 1)},
        ),
        "births": xr.Dataset(
            {
                "speed": (
                    ("depth", "seed", "layer"),
                    born,
                    {"long_name": "|δ| of a hidden layer at birth, with δ averaged over 1000 rows"},
                )
            },
            {
                "depth": [len(hidden) for hidden in BORN],
                "seed": births,
                "layer": np.arange(1, born.shape[2] + 1),
            },
        ),
    }

"""Training from orthogonal weights, which preserve lengths, and from Gaussian ones of the same variance."""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
import optax
import xarray as xr

import nnjax
from experiments.runner.context import Context
from experiments.trainability.training import BATCH, ROWS, WIDTH, constant, network, product, rows, scaled

GAUSSIAN, ORTHOGONAL = "Gaussian", "orthogonal"
KINDS = (GAUSSIAN, ORTHOGONAL)
ISOMETRY = "tanh"
"""The activation that is also trained from orthogonal weights, at σ_w² = 1, where |δ|² neither grows nor
falls."""
ISOMETRY_RATES = (0.01, 0.03)
LINEAR_ROWS = 120
"""Number of rows, small enough that each update can use all of them."""
LINEAR_RATES = (0.03, 0.045, 0.07, 0.1)
"""Learning rates of linear networks, whose weight changes are averaged over all rows."""


def start(net: nnjax.Network, key: jax.Array, kind: jax.Array) -> nnjax.Params:
    """Draw weights with σ_w² = 1: Gaussian if `kind` is 0, orthogonal if it is 1."""
    gaussian = scaled(nnjax.init(net, key, "normal"), jnp.ones((), kind.dtype))
    orthogonal = nnjax.init(net, key, "orthogonal")
    return jax.tree.map(lambda one, other: jnp.where(kind == 0, one, other), gaussian, orthogonal)


def isometry_learner(depth: int, epochs: int) -> Callable[..., jax.Array]:
    """Make a function that maps a key, a kind and a rate to the loss after each epoch, (e + 1,).

    The loss is divided by the best constant answer's loss. Kind 0 is Gaussian, and kind 1 is orthogonal,
    which means that WᵀW = 1 between hidden layers. Both kinds have σ_w² = 1.
    """
    net, data, best = network(ISOMETRY, depth), rows(), constant() * ROWS

    def run(key: jax.Array, kind: jax.Array, rate: jax.Array) -> jax.Array:
        _, history = nnjax.train(
            net,
            start(net, key, kind),
            *data,
            optimizer=optax.sgd(rate),
            epochs=epochs,
            batch_size=BATCH,
            record_every=1,
        )
        return history.curves["loss"] / best

    return run


def linear_learner(depth: int, epochs: int) -> Callable[..., jax.Array]:
    """Make a function that maps a key, a kind and a rate to the loss after each update, (e + 1,).

    The loss is divided by the best constant answer's loss. A network of `depth` hidden layers without
    activation functions is trained with all rows in every update.
    """
    net, data = nnjax.mlp((64, *(WIDTH,) * depth, 10), "identity", "identity"), rows(LINEAR_ROWS)
    best = constant(LINEAR_ROWS) * LINEAR_ROWS

    def run(key: jax.Array, kind: jax.Array, rate: jax.Array) -> jax.Array:
        options = {"optimizer": optax.sgd(rate / LINEAR_ROWS), "epochs": epochs, "record_every": 1}
        _, history = nnjax.train(net, start(net, key, kind), *data, **options)
        return history.curves["loss"] / best

    return run


def isometry(context: Context, seeds: np.ndarray, depth: int, epochs: int) -> xr.Dataset:
    """Train from Gaussian and from orthogonal weights, and return the loss after each epoch."""
    settings = product(kind=range(len(KINDS)), rate=ISOMETRY_RATES)
    losses = context.sweep(
        f"orthogonal, {depth} hidden layers", isometry_learner(depth, epochs), seeds, settings
    )
    return _dataset(losses, seeds, ISOMETRY_RATES, epochs).assign_attrs(depth=depth)


def linear(context: Context, seeds: np.ndarray, depths: Sequence[int], updates: int) -> xr.Dataset:
    """Train linear networks of each depth from both kinds of weights; return the loss after each update."""
    settings = product(kind=range(len(KINDS)), rate=LINEAR_RATES)

    def run(depth: int) -> xr.Dataset:
        losses = context.sweep(
            f"linear, {depth} hidden layers", linear_learner(depth, updates), seeds, settings
        )
        return _dataset(losses, seeds, LINEAR_RATES, updates)

    return xr.concat([run(depth) for depth in reversed(depths)][::-1], xr.Variable("depth", list(depths)))


def _dataset(losses: np.ndarray, seeds: np.ndarray, rates: Sequence[float], epochs: int) -> xr.Dataset:
    """Label the axes of losses (s, kind and rate, e + 1)."""
    axes = {"seed": seeds, "weights": list(KINDS), "rate": list(rates)}
    losses = losses.reshape(len(seeds), len(KINDS), len(rates), epochs + 1)
    text = {"long_name": "loss / loss of the best constant answer"}
    return xr.Dataset({"loss": ((*axes, "epoch"), losses, text)}, axes | {"epoch": np.arange(epochs + 1)})

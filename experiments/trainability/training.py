"""Training on the digits: which weights let networks learn, and at which depths."""

from collections.abc import Callable, Mapping, Sequence

import jax
import jax.numpy as jnp
import numpy as np
import optax
import xarray as xr

import nnjax
from experiments.runner.context import Context
from experiments.trainability import theory
from nnjax import datasets

WIDTH, ROWS, BATCH = 32, 480, 10
VARIANCES: Mapping[str, tuple[float, float]] = {
    "sigmoid": (2.0, 128.0),
    "tanh": (0.25, 16.0),
    "relu": (0.5, 16.0),
}
"""The least and the largest σ_w² of each activation."""
PLACES = 9
"""Number of variances tried, evenly spaced in their logarithm."""
RATES = (0.03, 0.3)
"""Learning rates; a network that learns at one of them counts as trained."""


def network(activation: str, depth: int) -> nnjax.Network:
    """Make a 64-32-...-32-10 network with `depth` hidden layers and sigmoid outputs."""
    return nnjax.mlp((64, *(WIDTH,) * depth, 10), activation, "sigmoid")


def rows(count: int = ROWS) -> datasets.Data:
    """Return the first rows of the digits' training part."""
    train = datasets.digits().train
    return datasets.Data(train.xs[:count], train.ys[:count])


def constant(count: int = ROWS) -> float:
    """Return the SSE per row of the best constant answer to these rows, which is their mean label."""
    ys = rows(count).ys
    return float(np.mean(np.sum((ys - ys.mean(axis=0)) ** 2, axis=1)))


def scaled(params: nnjax.Params, variance: jax.Array) -> nnjax.Params:
    """Scale N(0, 1) weights to the variance σ_w² / in."""
    return tuple(
        layer._replace(weights=layer.weights * jnp.sqrt(variance / layer.weights.shape[0]))
        for layer in params
    )


def learner(activation: str, depth: int, epochs: int) -> Callable[..., jax.Array]:
    """Make a function that maps a key, σ_w² and a rate to the final loss over the best constant answer's."""
    net, data, best = network(activation, depth), rows(), constant() * ROWS

    def run(key: jax.Array, variance: jax.Array, rate: jax.Array) -> jax.Array:
        start = scaled(nnjax.init(net, key, "normal"), variance)
        _, history = nnjax.train(
            net, start, *data, optimizer=optax.sgd(rate), epochs=epochs, batch_size=BATCH
        )
        return history.loss / best

    return run


def product(**axes: Sequence[float]) -> dict[str, np.ndarray]:
    """List all combinations of some numbers, the last one changing fastest."""
    grids = np.meshgrid(*(np.asarray(values, np.float32) for values in axes.values()), indexing="ij")
    return {name: grid.ravel() for name, grid in zip(axes, grids, strict=True)}


def maps(context: Context, seeds: np.ndarray, depths: Sequence[int], epochs: int) -> xr.Dataset:
    """Train with every activation, depth, variance and rate; return the loss over the best constant's."""
    cases = [(activation, depth) for activation in VARIANCES for depth in depths]
    variances = {name: np.geomspace(*ends, PLACES) for name, ends in VARIANCES.items()}

    def run(case: tuple[str, int]) -> np.ndarray:
        activation, depth = case
        settings = product(variance=variances[activation].tolist(), rate=RATES)
        learn = learner(activation, depth, epochs)
        losses = context.sweep(f"{activation}, {depth} hidden layers", learn, seeds, settings)
        return losses.reshape(len(seeds), PLACES, len(RATES))

    losses = []
    # A program is compiled on one core, and compiling takes most of the time, so two are compiled at once.
    with context.pool(2) as pool:
        for done, found in enumerate(pool.map(run, cases)):
            losses.append(found)
            context.report(done + 1, len(cases) + 1)
    shape = (len(VARIANCES), len(depths), *losses[0].shape)
    dims = ("activation", "depth", "seed", "place", "rate")
    text = {"long_name": "loss at the end, over that of the best constant answer"}
    known = xr.concat([theory.scales(name, variances[name]) for name in VARIANCES], "activation")
    axes = {"activation": list(VARIANCES), "depth": list(depths), "seed": seeds, "rate": list(RATES)}
    found = xr.Dataset({"loss": (dims, np.stack(losses).reshape(shape), text)}, axes)
    return found.merge(known).assign_attrs(epochs=epochs)

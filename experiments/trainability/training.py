"""Training on the digits: which weights let networks learn, and at which depths."""

from collections.abc import Callable, Mapping, Sequence

import jax
import jax.numpy as jnp
import numpy as np
import optax
import xarray as xr

import nnjax
from experiments.runner import selected
from experiments.runner.context import Context
from experiments.trainability import theory
from nnjax import datasets

WIDTH, ROWS, BATCH = 32, 480, 10
VARIANCES: Mapping[str, tuple[float, float]] = {
    "sigmoid": (2.0, 128.0),
    "tanh": (0.25, 16.0),
    "relu": (0.5, 16.0),
}
"""The least and the largest σ_w² that is tried for each activation."""
PLACES = 9
"""Number of variances tried, evenly spaced in their logarithm."""
RATES = (0.03, 0.3)
"""Learning rates; a network that learns at one of them counts as trained."""


def network(activation: nnjax.activations.Kind, depth: int) -> nnjax.Network:
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


def learner(depth: int, epochs: int) -> Callable[..., jax.Array]:
    """Make a function of a key, an activation's index in VARIANCES, σ_w² and a rate.

    The function returns the final loss divided by the best constant answer's loss.
    """
    data, best = rows(), constant() * ROWS

    def run(key: jax.Array, activation: jax.Array, variance: jax.Array, rate: jax.Array) -> jax.Array:
        net = network(selected.activation(list(VARIANCES), activation.astype(int)), depth)
        start = scaled(nnjax.init(net, key, "normal"), variance)
        _, history = nnjax.train(
            net, start, *data, optimizer=optax.sgd(rate), epochs=epochs, batch_size=BATCH
        )
        return history.loss / best

    return run


def product(**axes: Sequence[float]) -> dict[str, np.ndarray]:
    """List all combinations of the values on some axes, with the last axis changing fastest."""
    grids = np.meshgrid(*(np.asarray(values, np.float32) for values in axes.values()), indexing="ij")
    return {name: grid.ravel() for name, grid in zip(axes, grids, strict=True)}


def cases(variances: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """List all combinations of an activation's index, one of its variances (p,) and a rate, in this order."""
    parts = [
        product(activation=[index], variance=values.tolist(), rate=RATES)
        for index, values in enumerate(variances.values())
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def maps(context: Context, seeds: np.ndarray, depths: Sequence[int], epochs: int) -> xr.Dataset:
    """Train with each activation, depth, variance and rate; return losses relative to the best constant's."""
    variances = {name: np.geomspace(*ends, PLACES) for name, ends in VARIANCES.items()}
    settings, losses = cases(variances), []
    for done, depth in enumerate(depths, start=1):
        found = context.sweep(f"{depth} hidden layers", learner(depth, epochs), seeds, settings)
        losses.append(found.reshape(len(seeds), len(VARIANCES), PLACES, len(RATES)))
        context.report(done, len(depths) + 1)
    axes = {"depth": list(depths), "seed": seeds, "activation": list(VARIANCES), "rate": list(RATES)}
    text = {"long_name": "loss at the end / loss of the best constant answer"}
    dims = ("depth", "seed", "activation", "place", "rate")
    loss = xr.DataArray(np.stack(losses), axes, dims, attrs=text)
    known = xr.concat([theory.scales(name, variances[name]) for name in VARIANCES], "activation")
    found = xr.Dataset({"loss": loss.transpose("activation", "depth", "seed", "place", "rate")})
    return found.merge(known).assign_attrs(epochs=epochs)

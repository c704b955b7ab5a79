"""Barriers: how high the loss rises on the line between two trained networks, before and after aligning."""

from collections.abc import Callable

import jax
import numpy as np
import optax
import xarray as xr

import nnjax
from experiments.runner import certificates
from experiments.runner.context import Context
from nnjax import datasets

NETWORK = nnjax.mlp((64, 64, 10))
RATE = 0.05
ORDER = 1 << 20
"""Folded into a seed's key, so that the order of the rows does not share a key with the weights."""


def learner(epochs: int) -> Callable[[jax.Array], nnjax.Params]:
    """Make a function that maps a key to a 64-64-10 network trained on the digits in batches of 10."""
    train, _ = datasets.digits()

    def end(key: jax.Array) -> nnjax.Params:
        return nnjax.train(
            NETWORK,
            nnjax.init(NETWORK, key, "lecun_normal", "zeros"),
            *train,
            optimizer=optax.sgd(RATE),
            epochs=epochs,
            batch_size=10,
            key=jax.random.fold_in(key, ORDER),
        )[0]

    return end


def barriers(context: Context, seeds: np.ndarray, epochs: int) -> xr.Dataset:
    """Measure the barrier per row between the trained networks of each pair of seeds."""
    train, _ = datasets.digits()
    params = context.sweep("64-64-10", learner(epochs), seeds)
    pairs, heights = certificates.barriers(NETWORK, params, *train)
    heights = heights / len(train.xs)
    long_name = "barrier, SSE per row above the line between the two losses"
    return xr.Dataset(
        {
            "before": ("pair", heights[:, 0], {"long_name": f"{long_name}, as trained"}),
            "after": ("pair", heights[:, 1], {"long_name": f"{long_name}, nodes aligned"}),
        },
        {"first_seed": ("pair", seeds[pairs[:, 0]]), "second_seed": ("pair", seeds[pairs[:, 1]])},
    )

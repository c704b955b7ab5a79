"""XOR from several ranges of initial weights at several learning rates.

Which seeds learn XOR, which are stuck on a plateau, and which are merely slow?
"""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
import optax
import xarray as xr

import nnjax
from experiments.initialisation.training import start
from experiments.runner.context import Context
from nnjax import datasets

SIZES = (2, 2, 1)
RATES = (1.0, 2.0, 3.0, 4.0)
MAIN_RATE = 2.0
"""The rate that the other tables use; the best range depends on the rate."""
LONGER = 3
"""How many times as many epochs the second budget has as the first."""
SOLVED, PLATEAUS, WIDTH = 0.1, (1 / 2, 2 / 3), 0.02
"""XOR counts as learnt if the loss is below SOLVED. PLATEAUS are the infima of the loss on plateaus that fall
towards infinity; a run is stuck if its loss is within WIDTH of one of them. None of the other runs has
finished; most of them creep along at SSE 1, where all outputs are ½."""


def learner(epochs: int) -> Callable[..., jax.Array]:
    """Make a function that maps a key, a range and a rate to the loss after each of the two budgets, (2,)."""
    network = nnjax.mlp(SIZES)

    def losses(key: jax.Array, reach: jax.Array, rate: jax.Array) -> jax.Array:
        params, found = start(SIZES, key, reach, jnp.zeros_like(reach)), []
        for more in (epochs, (LONGER - 1) * epochs):
            options = {"optimizer": optax.sgd(rate), "epochs": more, "view": "nodes"}
            params, history = nnjax.train(network, params, *datasets.xor(), **options)
            found.append(history.loss)
        return jnp.stack(found)

    return losses


def measure(context: Context, seeds: np.ndarray, ranges: Sequence[float], epochs: int) -> xr.Dataset:
    """Train sigmoid nets with biases, from uniform weights; return the losses (seed, range, rate, epochs)."""
    pairs = np.array([(reach, rate) for reach in ranges for rate in RATES], np.float32)
    settings = {"reach": pairs[:, 0], "rate": pairs[:, 1]}
    losses = context.sweep("XOR by range and rate", learner(epochs), seeds, settings)
    return xr.Dataset(
        {
            "loss": (
                ("seed", "range", "rate", "epochs"),
                losses.reshape(len(seeds), len(ranges), len(RATES), 2),
                {"long_name": "SSE summed over the rows"},
            )
        },
        {
            "seed": seeds,
            "range": list(ranges),
            "rate": list(RATES),
            "epochs": ("epochs", [epochs, LONGER * epochs], {"long_name": "epochs of training"}),
        },
    )


def solved(rates: xr.Dataset) -> xr.DataArray:
    """Return which runs have learnt XOR."""
    return rates["loss"] < SOLVED


def stuck(rates: xr.Dataset) -> xr.DataArray:
    """Return which runs are on a plateau at ½ or ⅔."""
    half, two_thirds = (abs(rates["loss"] - level) <= WIDTH for level in PLATEAUS)
    return half | two_thirds

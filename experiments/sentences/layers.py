"""The handout's last exercise: a network of your own with one or two hidden layers, on the handout's row."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import xarray as xr

import nnjax
from experiments.runner.context import Context
from nnjax import datasets

NETWORKS = {"3-4-1": nnjax.mlp((3, 4, 1)), "3-4-4-1": nnjax.mlp((3, 4, 4, 1))}
RATE, EVERY = 0.1, 10
CLOSE = 0.01
"""A network has learnt the row once its squared error is below this."""


def losses(context: Context, seeds: np.ndarray, epochs: int) -> xr.Dataset:
    """Train each network on (1, 3, 5) → 1 from N(0, 1) weights and biases, and return its squared errors."""
    xs, ys = datasets.handout()

    def curves(key: jax.Array) -> jax.Array:
        found = []
        for network in NETWORKS.values():
            params = nnjax.init(network, key, "normal", "normal")

            def on(
                now: nnjax.Params, _: None, network: nnjax.Network = network
            ) -> tuple[nnjax.Params, jax.Array]:
                after, history = nnjax.train(network, now, xs, ys, optimizer=optax.sgd(RATE), epochs=EVERY)
                return after, history.loss

            first = nnjax.total_loss(network, params, xs, ys)
            found.append(jnp.append(first, jax.lax.scan(on, params, length=epochs // EVERY)[1]))
        return jnp.stack(found)

    loss = context.sweep("layers", curves, seeds)
    return xr.Dataset(
        {"loss": (("seed", "network", "look"), loss, {"long_name": "squared error"})},
        {"seed": seeds, "network": list(NETWORKS), "epoch": ("look", EVERY * np.arange(loss.shape[-1]))},
    )


def first_close(loss: np.ndarray) -> np.ndarray:
    """Return the first recorded epoch at which loss (..., k) is below `CLOSE`; inf if it never is."""
    below = loss < CLOSE
    return np.where(below.any(axis=-1), EVERY * np.argmax(below, axis=-1), np.inf)

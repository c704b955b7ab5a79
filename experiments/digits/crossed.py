"""All initial weights combined with all orders of the rows: which of the two makes seeds differ?"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import optax
import xarray as xr

import nnjax
from experiments.digits.networks import accuracy, load, network_for
from experiments.digits.training import LECUN, NIELSEN, ORDER, STARTS
from experiments.runner.context import Context

CROSSED = (LECUN, NIELSEN)


def learner(name: str, epochs: int) -> Callable[..., tuple[jax.Array, jax.Array]]:
    """Make a function that maps a key for the weights and a number for the order to a loss and an accuracy.

    Unlike in `training.learner`, a given number means the same order for every key.
    """
    start, data = STARTS[name], load()
    network = network_for(data, start.loss)

    def end(key: jax.Array, order: jax.Array) -> tuple[jax.Array, jax.Array]:
        params, _ = nnjax.train(
            network,
            nnjax.init(network, key, start.weights, start.biases),
            *data.train,
            optimizer=optax.sgd(start.rate),
            epochs=epochs,
            batch_size=10,
            key=jax.random.fold_in(nnjax.key(ORDER), order),
            loss=start.loss,
        )
        loss = nnjax.total_loss(network, params, *data.train, start.loss) / len(data.train.xs)
        return jnp.asarray(loss), accuracy(network, params, data.test)

    return end


def measure(context: Context, seeds: np.ndarray, epochs: int) -> xr.Dataset:
    """Train each seed's weights with each order; return losses and accuracies (start, seed, order)."""
    orders = seeds.astype(np.uint32)
    ends = [
        context.sweep(f"crossed, {name}", learner(name, epochs), seeds, {"order": orders}) for name in CROSSED
    ]
    losses, accuracies = (np.stack(leaves) for leaves in zip(*ends, strict=True))
    dims = ("start", "seed", "order")
    return xr.Dataset(
        {
            "training_loss": (dims, losses, {"long_name": "loss per training row at the end"}),
            "accuracy": (dims, accuracies, {"long_name": "share of the test rows labelled right"}),
        },
        {"start": list(CROSSED), "seed": seeds, "order": orders},
    )

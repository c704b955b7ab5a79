"""Training on XOR and on the digits at each learning rate, with four optimisers."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

import nnjax
from nnjax import datasets

Make = Callable[[Any], optax.GradientTransformation]
OPTIMIZERS: dict[str, Make] = {
    "sgd": lambda rate: optax.sgd(rate),
    "momentum 0.9": lambda rate: optax.sgd(rate, 0.9),
    "rmsprop": lambda rate: optax.rmsprop(rate),
    "adam": lambda rate: optax.adam(rate),
}


def xor(make: Make, steps: int) -> Callable[..., jax.Array]:
    """Make a function that maps a key and a rate to a 2-2-1 sigmoid network's final loss on XOR."""
    network = nnjax.mlp((2, 2, 1))

    def last_loss(key: jax.Array, rate: jax.Array) -> jax.Array:
        params, data = nnjax.init(network, key, "normal", "normal"), datasets.xor()
        return nnjax.train(network, params, *data, optimizer=make(rate), epochs=steps, view="nodes")[1].loss

    return last_loss


def digits(make: Make, epochs: int) -> Callable[..., jax.Array]:
    """Make a function that maps a key and a rate to a network's test accuracy on the digits.

    The network is 64-30-10, sigmoid, and learns from batches of 10 rows.
    """
    train, test = datasets.digits()
    network = nnjax.mlp((64, 30, 10))
    xs, labels = jnp.asarray(test.xs, jnp.float32), np.argmax(test.ys, axis=1)

    def accuracy(key: jax.Array, rate: jax.Array) -> jax.Array:
        options = {"optimizer": make(rate), "epochs": epochs, "batch_size": 10}
        params, _ = nnjax.train(network, nnjax.init(network, key), *train, **options, key=nnjax.key(0))
        y_hats = jax.vmap(lambda x: nnjax.predict(network, params, x))(xs)
        return jnp.mean(jnp.argmax(y_hats, axis=1) == labels, dtype=jnp.float32)

    return accuracy

"""The data and the networks of the experiment on digits, and the measurements of a network."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import nnjax
from nnjax import datasets

HIDDEN = 30


class Look(NamedTuple):
    """Measurements on the test rows after an epoch.

    Attributes:
        accuracy: Share of the rows labelled correctly.
        said: Mean output of node c, a or σ(ŷ), over the rows of digit c, (c,).
        delta: Mean δ of node c over the rows of digit c, (c,).
    """

    accuracy: Any
    said: Any
    delta: Any


@functools.cache
def load() -> datasets.Split:
    """Load scikit-learn's digits."""
    return datasets.digits()


def network_for(data: datasets.Split, loss: str = "sse") -> nnjax.Network:
    """Make a network with 30 hidden nodes; its outputs are logits if the loss takes logits."""
    sizes = (data.train.xs.shape[1], HIDDEN, data.train.ys.shape[1])
    return nnjax.mlp(sizes, output="identity" if nnjax.LOSSES[loss].logits else "sigmoid")


def look(network: nnjax.Network, params: nnjax.Params, test: datasets.Data, loss: str) -> Look:
    """Measure a network on the test rows (n, ...)."""
    xs, ys = (jnp.asarray(values, jnp.float32) for values in test)
    traces = jax.vmap(lambda x: nnjax.forward(network, params, x))(xs)
    deltas = jax.vmap(lambda trace, y: nnjax.deltas(network, params, trace, y, loss)[-1])(traces, ys)
    said = nnjax.probabilities(loss, traces.activations[-1])
    right = jnp.argmax(said, axis=1) == jnp.argmax(ys, axis=1)
    rows = jnp.sum(ys, axis=0)
    means = [jnp.sum(values * ys, axis=0) / rows for values in (said, deltas)]
    return Look(jnp.mean(right, dtype=jnp.float32), *means)


def labels(network: nnjax.Network, params: nnjax.Params, test: datasets.Data) -> jax.Array:
    """Label each test row with the digit whose output node has the largest output, (n,)."""
    xs = jnp.asarray(test.xs, jnp.float32)
    return jnp.argmax(jax.vmap(lambda x: nnjax.predict(network, params, x))(xs), axis=1).astype(jnp.int8)


def accuracy(network: nnjax.Network, params: nnjax.Params, test: datasets.Data) -> jax.Array:
    """Return the share of the test rows that are labelled correctly."""
    right = labels(network, params, test) == np.argmax(test.ys, axis=1).astype(np.int8)
    return jnp.mean(right, dtype=jnp.float32)

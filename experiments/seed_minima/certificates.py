"""Certify many networks at once: polish their ends by Newton's method, and tell what points they are."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import nnjax
from nnjax import minima

VERDICT_FLAGS = {
    "flag_values": np.arange(len(minima.VERDICTS), dtype=np.int8),
    "flag_meanings": " ".join(verdict.replace(" ", "_") for verdict in minima.VERDICTS),
}
"""What a stored verdict means, as netCDF attributes."""


def over_networks(fn: Callable, params: Any, width: int = 1024) -> Any:
    """Apply fn to every network of params (s, ...) in float64, `width` of them at a time."""
    double = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), params)
    program = jax.jit(lambda many: jax.lax.map(fn, many, batch_size=width))
    return jax.tree.map(np.array, program(double))


def loss_and_gradient(network: nnjax.Network, xs: Any, ys: Any) -> tuple[Callable, Callable]:
    """Return the SSE summed over the rows, and its manual gradients, as functions of the parameters."""
    return (
        lambda params: nnjax.total_loss(network, params, xs, ys),
        lambda params: nnjax.gradients(network, params, xs, ys),
    )


def certificates(network: nnjax.Network, params: Any, xs: Any, ys: Any) -> minima.Certificate:
    """Certify every network (s, ...) in float64 by the manual gradients."""
    loss, gradient = loss_and_gradient(network, xs, ys)
    return over_networks(lambda one: minima.certify(loss, one, gradient), params)


def polished(network: nnjax.Network, params: Any, xs: Any, ys: Any, steps: int = 40) -> minima.Polished:
    """Polish every network (s, ...) in float64: `steps` steps of Newton's method."""
    loss, gradient = loss_and_gradient(network, xs, ys)
    return over_networks(lambda one: minima.polish(loss, one, gradient, steps, 3.0), params, 256)


def as_rows(params: Any, count: int) -> np.ndarray:
    """Flatten the parameters of `count` networks (s, ...) into rows (s, p)."""
    return np.concatenate([np.reshape(leaf, (count, -1)) for leaf in jax.tree.leaves(params)], axis=1)

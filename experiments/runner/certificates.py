"""What kind of point each network ends at (after Newton's method), and the barriers between networks."""

import itertools
import threading
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import nnjax
from nnjax import minima

_DECOMPOSING = threading.Lock()
"""Held while a program may decompose matrices: on CPUs, two such programs that run at the same time could
wait for each other for ever (see `nnjax.linalg`)."""
VERDICT_FLAGS = {
    "flag_values": np.arange(len(minima.VERDICTS), dtype=np.int8),
    "flag_meanings": " ".join(verdict.replace(" ", "_") for verdict in minima.VERDICTS),
}
"""The meanings of the stored verdicts, as netCDF attributes."""


def over_networks(fn: Callable, params: Any, width: int = 1024) -> Any:
    """Apply `fn` in float64 to every network in params (s, ...), at most `width` networks at a time.

    All batches have the same size, since XLA would compile `fn` again for a smaller one at the end; the last
    batch is filled up with copies of the last network.
    """
    count = len(jax.tree.leaves(params)[0])
    batches = -(-count // width)
    size = -(-count // batches)
    rows = np.minimum(np.arange(batches * size), count - 1)
    double = jax.tree.map(lambda leaf: jnp.asarray(np.asarray(leaf)[rows], jnp.float64), params)
    program = jax.jit(lambda many: jax.lax.map(fn, many, batch_size=size)).lower(double).compile()
    with _DECOMPOSING:
        return jax.tree.map(lambda leaf: np.array(leaf[:count]), program(double))


def loss_and_gradient(
    network: nnjax.Network, xs: Any, ys: Any, loss: str = "sse"
) -> tuple[Callable, Callable]:
    """Return the loss summed over the rows, and its manual gradients, as functions of the parameters."""
    return (
        lambda params: nnjax.total_loss(network, params, xs, ys, loss),
        lambda params: nnjax.gradients(network, params, xs, ys, loss),
    )


def certificates(
    network: nnjax.Network, params: Any, xs: Any, ys: Any, loss: str = "sse", width: int = 1024
) -> minima.Certificate:
    """Certify every network in params (s, ...) in float64, by manual gradients, `width` at a time."""
    value, gradient = loss_and_gradient(network, xs, ys, loss)
    return over_networks(lambda one: minima.certify(value, one, gradient), params, width)


def polished(
    network: nnjax.Network,
    params: Any,
    xs: Any,
    ys: Any,
    loss: str = "sse",
    *,
    steps: int = 40,
    width: int = 256,
) -> minima.Polished:
    """Polish every network in params (s, ...) in float64 by `steps` steps of Newton's method."""
    value, gradient = loss_and_gradient(network, xs, ys, loss)
    return over_networks(lambda one: minima.polish(value, one, gradient, steps, 3.0), params, width)


def barriers(
    network: nnjax.Network, params: Any, xs: Any, ys: Any, loss: str = "sse", points: int = 25
) -> tuple[np.ndarray, np.ndarray]:
    """Measure the barrier between each pair of networks in params (s, ...), both as they are and aligned.

    Returns:
        The pairs (pair, 2), and how far the summed loss rises above the line between the two losses, before
        and after aligning (pair, 2).
    """
    double = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), params)
    count = len(jax.tree.leaves(double)[0])

    @jax.jit
    def before_and_after(a: nnjax.Params, b: nnjax.Params) -> jax.Array:
        aligned = minima.align(network, b, a)
        ends = (b, aligned)
        return jnp.stack([minima.barrier(network, a, end, xs, ys, loss, points) for end in ends])

    ends = [jax.tree.map(lambda leaf, s=s: leaf[s], double) for s in range(count)]
    pairs = np.array(list(itertools.combinations(range(count), 2)))
    return pairs, np.array([before_and_after(ends[a], ends[b]) for a, b in pairs])


def as_rows(params: Any, count: int) -> np.ndarray:
    """Flatten the parameters of `count` networks (s, ...) into rows (s, p)."""
    return np.concatenate([np.reshape(leaf, (count, -1)) for leaf in jax.tree.leaves(params)], axis=1)

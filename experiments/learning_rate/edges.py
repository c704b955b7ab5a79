"""Minima that are known exactly, and the rates up to which gradient descent returns to them."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import xarray as xr

import nnjax
from nnjax import datasets, minima

AROUND_EDGE = 1 + 0.005 * (np.arange(-15, 15) + 0.5)
"""Rates around the predicted edge, relative to it; none is exactly on it."""

ROWS = 200
"""Rows of the digits; with more of them, λ_max is larger, but the edge is still 2 / λ_max."""


class Minimum(NamedTuple):
    """A minimum that is known exactly: its place, gradient, and λ_max, the Hessian's largest eigenvalue."""

    params: Any
    gradient: Callable[[Any], Any]
    steepest: float


def known_minima() -> dict[str, Minimum]:
    """List minima of a quadratic, of a linear regression, and of networks that learn their own outputs."""
    linear = nnjax.mlp((64, 10), output="identity", biases=False)
    xs, ys = (values[:ROWS] for values in datasets.digits().train)
    regression = nnjax.Layer(jnp.asarray(np.linalg.lstsq(xs, ys, rcond=None)[0]), jnp.zeros(10))
    gradient = functools.partial(nnjax.gradients, linear, xs=xs, ys=ys)
    small = nnjax.mlp((64, 4, 10))
    handout = datasets.teacher(nnjax.mlp((3, 4, 1)), nnjax.key(1), 80, jnp.float64)
    return {
        "quadratic": Minimum(jnp.array([0.0]), lambda p: 3.0 * p, 3.0),
        "digits, linear regression": Minimum((regression,), gradient, 2 * np.linalg.eigvalsh(xs.T @ xs)[-1]),
        "the handout's 3-4-1": at_teacher(nnjax.mlp((3, 4, 1)), handout.params, handout.xs),
        "digits, 64-4-10": at_teacher(small, nnjax.init(small, nnjax.key(1), dtype=jnp.float64), xs),
    }


def at_teacher(network: nnjax.Network, params: nnjax.Params, xs: Any) -> Minimum:
    """Return the minimum, with SSE 0, of a network that learns its own outputs."""
    xs = jnp.asarray(xs)
    ys = jax.vmap(lambda x: nnjax.predict(network, params, x))(xs)

    loss = functools.partial(nnjax.total_loss, network, xs=xs, ys=ys)
    gradient = functools.partial(nnjax.gradients, network, xs=xs, ys=ys)
    hessian = jax.jit(lambda p: minima.hessian(loss, p, gradient))(params)
    return Minimum(params, gradient, np.linalg.eigvalsh(hessian)[-1])


def comes_back(minimum: Minimum, steps: int = 1000) -> np.ndarray:
    """Return whether descent that starts just off a minimum ends nearer to it, for rates around 2 / λ_max."""

    def distance(params: Any) -> jax.Array:
        return optax.tree.norm(jax.tree.map(jnp.subtract, params, minimum.params))

    def aside(leaf: jax.Array) -> jax.Array:
        return leaf + 1e-6 * jnp.cos(jnp.arange(leaf.size, dtype=leaf.dtype)).reshape(leaf.shape)

    start = jax.tree.map(aside, minimum.params)

    def last_distance(rate: jax.Array) -> jax.Array:
        def step(_: int, params: Any) -> Any:
            return jax.tree.map(lambda w, g: w - rate * g, params, minimum.gradient(params))

        return distance(jax.lax.fori_loop(0, steps, step, start))

    rates = jnp.asarray(2 * AROUND_EDGE / minimum.steepest)
    return np.array(jax.jit(jax.vmap(last_distance))(rates) < distance(start))


def edges() -> xr.Dataset:
    """Measure at which rates around 2 / λ_max descent returns to each known minimum."""
    known = known_minima()
    back = np.array([comes_back(minimum) for minimum in known.values()])
    steepest = [float(minimum.steepest) for minimum in known.values()]
    columns = {"back": (("minimum", "relative_rate"), back), "steepest": ("minimum", steepest)}
    return xr.Dataset(columns, {"minimum": list(known), "relative_rate": AROUND_EDGE})

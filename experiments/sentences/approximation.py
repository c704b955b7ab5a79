"""Footnote 4's universal approximators, 1-h-1 networks: what theory promises and what training finds."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import xarray as xr

import nnjax
from experiments.runner.context import Context

WIDEST = 16
NETWORK = nnjax.mlp((1, WIDEST, 1), output="identity")
"""A narrower network uses only the first nodes of the widest one: the others' weights to the output are 0."""
WIDTHS = (1, 2, 4, 8, WIDEST)
POINTS = np.linspace(-1, 1, 65)
"""The points at which functions are learnt; errors are measured on a grid four times as fine."""
FINE = np.linspace(-1, 1, 257)
BETWEEN = 998
"""Points at which staircases are evaluated."""
RATE, SPREAD = 0.03, 6.0
"""Adam's learning rate, and the standard deviation of the initial weights. With these weights, a node's
curve bends within 1/6 of the interval."""
Function = Callable[[np.ndarray], np.ndarray]
FUNCTIONS: dict[str, tuple[Function, float]] = {
    "sin 2πx": (lambda x: np.sin(2 * np.pi * x), 2 * np.pi),
    "|x|": (np.abs, 1.0),
    "1 / (1 + 25x²)": (lambda x: 1 / (1 + 25 * x**2), 5 * 3**1.5 / 8),
}
"""The functions and their steepest slopes; the third is Runge's, on which polynomials of high degree fail."""


def errors(context: Context, seeds: np.ndarray, epochs: int) -> xr.Dataset:
    """Train networks of every width on every function, and return their largest and RMS errors."""
    xs = jnp.asarray(POINTS[:, None], jnp.float32)
    targets, truths = (
        jnp.asarray(np.stack([f(grid) for f, _ in FUNCTIONS.values()])[:, :, None], jnp.float32)
        for grid in (POINTS, FINE)
    )

    def error(key: jax.Array, width: jax.Array, function: jax.Array) -> tuple[jax.Array, ...]:
        keep = jnp.arange(WIDEST, dtype=jnp.float32)[:, None] < width
        start = nnjax.init(NETWORK, key, "normal", "normal")
        first, last = start
        wide = nnjax.Layer(SPREAD * first.weights, SPREAD * first.biases)
        params = (wide, nnjax.Layer(jnp.where(keep, last.weights, 0.0) / jnp.sqrt(width), 0 * last.biases))
        optimizer = optax.chain(optax.adam(RATE), _only(keep))
        trained, _ = nnjax.train(NETWORK, params, xs, targets[function], optimizer=optimizer, epochs=epochs)
        said = nnjax.predict_batch(NETWORK, trained, jnp.asarray(FINE[:, None], jnp.float32))
        off = said - truths[function]
        return jnp.max(jnp.abs(off)), jnp.sqrt(jnp.mean(off**2)), said[:, 0]

    pairs = [(width, k) for k in range(len(FUNCTIONS)) for width in WIDTHS]
    widths, numbers = np.array(pairs).T
    settings = {"width": widths.astype(np.float32), "function": numbers}
    largest, typical, said = context.sweep("widths", error, seeds, settings)
    shape = (len(seeds), len(FUNCTIONS), len(WIDTHS))
    dims = ("seed", "function", "width")
    return xr.Dataset(
        {
            "largest": (dims, largest.reshape(shape), {"long_name": "largest |error|"}),
            "typical": (dims, typical.reshape(shape), {"long_name": "root of the mean squared error"}),
            "said": ((*dims[1:], "x"), said[0].reshape(*shape[1:], -1), {"long_name": "first seed's output"}),
            "truth": (("function", "x"), np.asarray(truths)[..., 0], {"long_name": "the function itself"}),
            "line": (
                "function",
                [line_error(f) for f, _ in FUNCTIONS.values()],
                {"long_name": "best line's"},
            ),
        },
        {"seed": seeds, "function": list(FUNCTIONS), "width": list(WIDTHS), "x": FINE},
    ).merge(promises())


def _only(keep: jax.Array) -> optax.GradientTransformation:
    """Let the last layer's weights change only where `keep` is true."""

    def kept(updates: Any) -> Any:
        first, last = updates
        return first, last._replace(weights=jnp.where(keep, last.weights, 0.0))

    return optax.stateless(lambda updates, params: kept(updates))


def line_error(f: Function) -> float:
    """Compute the root-mean-square error, on the fine grid, of the line that fits f best at POINTS."""
    slope, intercept = np.polyfit(POINTS, f(POINTS), 1)
    return float(np.sqrt(np.mean((slope * FINE + intercept - f(FINE)) ** 2)))


def staircase(f: Function, width: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Build a network of `width` steep nodes that follows a function in steps, without any training.

    The interval is cut into width + 1 pieces; at each cut, one node steps from f's value in the middle of one
    piece to its value in the middle of the next. Half a piece is 1 / (width + 1) long, so the error is at
    most (steepest slope) / (width + 1).

    Returns:
        The cuts (h,), the heights of the steps (h,), and the value at the left end.
    """
    edges = np.linspace(-1, 1, width + 2)
    middles = f((edges[:-1] + edges[1:]) / 2)
    return edges[1:-1], np.diff(middles), float(middles[0])


def stepped(f: Function, width: int, xs: np.ndarray, steepness: float = 1e6) -> np.ndarray:
    """Evaluate `staircase` at xs (n,), as a 1-h-1 sigmoid network with an identity output."""
    cuts, heights, left = staircase(f, width)
    network = nnjax.mlp((1, width, 1), output="identity")
    params = nnjax.params(
        network, [np.full((1, width), steepness), heights[:, None]], [-steepness * cuts, np.array([left])]
    )
    return np.asarray(nnjax.predict_batch(network, params, xs[:, None]))[:, 0]


def promises() -> xr.Dataset:
    """Measure the staircase's largest error, and compute its promised bound, for each function and width."""
    grid = np.linspace(-1, 1, BETWEEN)
    built = [[np.abs(stepped(f, w, grid) - f(grid)).max() for w in WIDTHS] for f, _ in FUNCTIONS.values()]
    bound = [[steepest / (w + 1) for w in WIDTHS] for _, steepest in FUNCTIONS.values()]
    return xr.Dataset(
        {
            "built": (("function", "width"), built, {"long_name": "largest |error| of the staircase"}),
            "bound": (("function", "width"), bound, {"long_name": "steepest slope / (h + 1)"}),
        }
    )

"""Maps of XOR: two initial weights are varied, all else stays fixed, and every point is a trained network."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import xarray as xr

import nnjax
from experiments.runner.context import Context
from experiments.xor_map.boxes import border
from nnjax import datasets

NETWORK = nnjax.mlp((2, 2, 1))
REACH = 10.0
"""In the whole plane, both weights run from -REACH to REACH."""
RATES = (1.0, 10.0)
"""A usual learning rate, and one at which descent jumps.

In float64 the same cells learn at the usual rate. At the large rate, 5 to 10 % of the cells end differently,
and the dimension of the border is the same to within 0.02 (six planes)."""
ZOOM = 64
"""How many times narrower the second window is; it spans 2 of 128 cells along a side of the first one."""
LEARNT, RECORDS = 0.1, 50
"""The SSE below which XOR is learnt, and the number of times that the loss is recorded in a run."""
LEVELS, WIDTH = (0.0, 1 / 2, 2 / 3, 1.0), 0.02
"""Infima of XOR's SSE for a logistic 2-2-1 network; a loss belongs to the highest one below loss + WIDTH.

At a large rate, a run on a plateau stays a little above the infimum of that plateau."""
ELSEWHERE = -1
LEVEL_FLAGS = {
    "flag_values": np.arange(ELSEWHERE, len(LEVELS), dtype=np.int8),
    "flag_meanings": "unfinished learnt half two_thirds one",
}


class Window(NamedTuple):
    """A square of the plane: its centre, and half the length of a side."""

    x: float
    y: float
    half: float = REACH

    def axes(self, side: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the midpoints of `side` cells along x and along y."""
        steps = (2 * np.arange(side) + 1 - side) / side * self.half
        return (self.x + steps).astype(np.float32), (self.y + steps).astype(np.float32)


WHOLE = Window(0.0, 0.0)


def learner(epochs: int, longer: int = 1) -> Callable[..., tuple[jax.Array, jax.Array]]:
    """Make a function that maps key, two weights and rate to the last SSE and the epochs until SSE < LEARNT.

    x and y replace the weights x₁ → h₁ and x₂ → h₂; the other seven parameters are drawn from N(0, 1) by the
    key. The function trains for `longer` times as many epochs, but the interval between recorded losses
    does not depend on `longer`.
    """
    every, epochs = max(epochs // RECORDS, 1), longer * epochs

    def end(key: jax.Array, x: jax.Array, y: jax.Array, rate: jax.Array) -> tuple[jax.Array, jax.Array]:
        first, last = nnjax.init(NETWORK, key, "normal", "normal")
        start = first._replace(weights=first.weights.at[0, 0].set(x).at[1, 1].set(y)), last
        _, history = nnjax.train(
            NETWORK,
            start,
            *datasets.xor(),
            optimizer=optax.sgd(rate),
            epochs=epochs,
            view="nodes",
            record_every=every,
        )
        below = history.curves["loss"] < LEARNT
        wait = jnp.where(jnp.any(below), every * jnp.argmax(below), epochs)
        return history.loss, wait.astype(jnp.int32)

    return end


Learner = Callable[..., tuple[jax.Array, jax.Array]]


class Look(NamedTuple):
    """One map: the level at which each network ends and the epochs until it learns XOR, both (y, x)."""

    level: np.ndarray
    wait: np.ndarray


def look(
    context: Context, name: str, learn: Learner, seed: int, rate: float, window: Window, side: int
) -> Look:
    """Train one network for every cell of a window."""
    x, y = (values.ravel() for values in np.meshgrid(*window.axes(side)))
    settings = {"x": x, "y": y, "rate": np.full(x.size, rate, np.float32)}
    loss, wait = context.sweep(name, learn, np.array([seed]), settings)
    return Look(level(loss).reshape(side, side), wait.reshape(side, side))


def level(losses: np.ndarray) -> np.ndarray:
    """Find the index of each loss in `LEVELS`: 0 if XOR is learnt, `ELSEWHERE` if it is nearly learnt."""
    losses = np.asarray(losses)
    found = np.searchsorted(np.array(LEVELS) - WIDTH, losses, side="right") - 1
    unfinished = np.isnan(losses) | ((losses >= LEARNT) & (found == 0))
    return np.where(unfinished, ELSEWHERE, found).astype(np.int8)


def closer(level: np.ndarray, window: Window, seed: int) -> Window:
    """Choose a random place on the border, and a window around it that is ZOOM times narrower."""
    places = np.argwhere(border(level == 0))
    if not len(places):
        return window._replace(half=window.half / ZOOM)
    row, column = places[np.random.default_rng(seed).integers(len(places))]
    x, y = window.axes(len(level))
    return Window(float(x[column]), float(y[row]), window.half / ZOOM)


def planes(context: Context, seeds: np.ndarray, side: int, epochs: int) -> xr.Dataset:
    """Map a plane for each seed at each rate, as a whole and through a window on its border."""
    learn, looks, windows = learner(epochs), [], []
    for done, (rate, seed) in enumerate((rate, int(seed)) for rate in RATES for seed in seeds):
        context.report(done, len(RATES) * len(seeds) + 2)
        name, window = f"rate {rate:g}, plane {seed}", WHOLE
        looks.append(look(context, name, learn, seed, rate, window, side))
        window = closer(looks[-1].level, window, seed)
        looks.append(look(context, f"{name}, closer", learn, seed, rate, window, side))
        windows += [WHOLE, window]
    dims = {"rate": list(RATES), "seed": seeds, "zoom": [1, ZOOM]}
    shape = tuple(len(values) for values in dims.values())
    data = _dataset(tuple(dims), shape, looks, epochs).assign_coords(dims)
    named = zip(("x", "y", "half"), np.array(windows).T, strict=True)
    texts = {"x": "middle of the window, x₁ → h₁", "y": "middle, x₂ → h₂", "half": "half its side"}
    return data.assign(
        {f"window_{k}": (tuple(dims), v.reshape(shape), {"long_name": texts[k]}) for k, v in named}
    )


def wall(context: Context, seed: int, side: int, epochs: int) -> xr.Dataset:
    """Map one seed's plane in more detail, at the larger rate."""
    found = look(context, "wall", learner(epochs), seed, RATES[-1], WHOLE, side)
    x, y = WHOLE.axes(side)
    data = _dataset((), (), [found], epochs)
    return data.assign_coords({"column": x, "row": y}).assign_attrs(rate=RATES[-1], seed=seed)


def _dataset(dims: tuple[str, ...], shape: tuple[int, ...], looks: list[Look], epochs: int) -> xr.Dataset:
    """Label the axes of maps that are stacked along `dims`."""
    level, wait = (np.stack(leaves).reshape(*shape, *leaves[0].shape) for leaves in zip(*looks, strict=True))
    axes = (*dims, "row", "column")
    text = "epochs until the SSE was below 0.1, or all epochs"
    return xr.Dataset(
        {
            "level": (axes, level, {"long_name": "highest infimum below the last SSE"} | LEVEL_FLAGS),
            "wait": (axes, wait, {"long_name": text, "units": "epochs"}),
        },
        attrs={"epochs": epochs},
    )

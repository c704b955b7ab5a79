"""Neighbours on the map, one that learns and one that does not: does the second learn if trained longer?"""

from collections.abc import Callable

import jax
import numpy as np
import xarray as xr

from experiments.runner.context import Context
from experiments.xor_map.maps import WHOLE, learner

PAIRS, LONGER = 256, 10
"""The number of pairs in each plane, and how many times longer networks that did not learn are trained."""


def longer_learner(epochs: int) -> Callable[..., jax.Array]:
    """Make a function that maps key, seed of a plane, two weights and rate to the epochs until XOR is learnt.

    The seed is a setting, so that neighbours from all planes run together; the key is not used.
    """
    learn = learner(epochs, LONGER)

    def wait(key: jax.Array, plane: jax.Array, x: jax.Array, y: jax.Array, rate: jax.Array) -> jax.Array:
        return learn(jax.random.key(plane, impl="threefry2x32"), x, y, rate)[1]

    return wait


def neighbours(level: np.ndarray, seed: int) -> np.ndarray:
    """Choose random pairs of neighbours, in each of which one learns and one does not: (pair, 2, 2).

    The last axis holds a row number and a column number. There are at most PAIRS pairs, and fewer if the
    border is short.
    """
    inside, found = level == 0, []
    places = np.indices(level.shape)
    for one, other in ((np.s_[:-1, :], np.s_[1:, :]), (np.s_[:, :-1], np.s_[:, 1:])):
        for own, next_to in ((one, other), (other, one)):
            chosen = inside[own] & ~inside[next_to]
            both = [places[(slice(None), *side)][:, chosen].T for side in (own, next_to)]
            found.append(np.stack(both, axis=1))
    pairs = np.concatenate(found)
    return np.random.default_rng(seed).permutation(pairs)[:PAIRS]


def follow(context: Context, planes: xr.Dataset) -> xr.Dataset:
    """Train some neighbours longer; return the epochs until each of a pair learns, -1 if there is no pair."""
    cases = [(rate, int(seed)) for rate in planes["rate"].values for seed in planes["seed"].values]
    waits, settings = np.full((len(cases), PAIRS, 2), -1, np.int32), []
    x, y = WHOLE.axes(planes.sizes["row"])
    for number, (rate, seed) in enumerate(cases):
        plane = planes.sel(rate=rate, seed=seed, zoom=1)
        level, wait = (plane[name].transpose("row", "column").values for name in ("level", "wait"))
        pairs = neighbours(level, seed)
        waits[number, : len(pairs), 0] = wait[tuple(pairs[:, 0].T)]
        settings += [(seed, x[column], y[row], rate) for row, column in pairs[:, 1]]
    if settings:
        columns = zip(("plane", "x", "y", "rate"), zip(*settings, strict=True), strict=True)
        kinds = {"plane": np.uint32}
        given = {name: np.array(values, kinds.get(name, np.float32)) for name, values in columns}
        learn = longer_learner(planes.attrs["epochs"])
        waits[..., 1][waits[..., 0] >= 0] = context.sweep("neighbours", learn, np.array([0]), given)[0]
    shape = planes.sizes["rate"], planes.sizes["seed"], PAIRS, 2
    text = {"long_name": "epochs until XOR is learnt, -1 where there is no pair", "units": "epochs"}
    axes = {"rate": planes["rate"].values, "seed": planes["seed"].values}
    column = ("rate", "seed", "pair", "of_pair"), waits.reshape(shape), text
    return xr.Dataset({"wait": column}, axes | {"of_pair": ["learns", "does not"]})

"""Functions that read the data of the experiment on one's own table, for findings, tables and figures."""

from typing import NamedTuple

import numpy as np
import xarray as xr

from experiments.own.ends import best
from experiments.runner import statistics
from nnjax import minima

LEARNT = 0.9
"""A network has learnt if its loss ends below this share of the best constant answer's loss."""
NEAR = 0.01
"""An end is as good as the best one if its loss is higher by at most this share of the best constant
answer's loss."""
AWAY = "moved away"
"""Name of an end that Newton's method left for another point, whose kind says nothing about the end."""


class Best(NamedTuple):
    """The networks of one activation at its best setting.

    Attributes:
        data: The networks, (seed,) or (depth, seed).
        name: The setting (or the two settings) in words: initial weights and rate.
    """

    data: xr.Dataset
    name: str


def at_best(part: xr.Dataset, activation: str) -> Best:
    """Return the networks of one activation at the setting with the smallest median training loss.

    Each half of the seeds uses the setting that is best on the other half. If a setting were chosen and
    judged on the same seeds, the best of several settings would look better than it is.
    """
    one, found, names = part.sel(activation=activation), [], {}
    for own, others in statistics.halves(one.sizes["seed"]):
        losses = one["loss"].isel(seed=others).transpose("seed", "weights", "rate")
        chosen = best(losses.values)._asdict()
        names[f"{one['weights'].values[chosen['weights']]}, rate {one['rate'].values[chosen['rate']]:g}"] = 0
        found.append(one.isel(seed=own, **chosen, drop=True))
    return Best(xr.concat(found, "seed").sortby("seed"), " or ".join(names))


def relative_delta(depth: xr.Dataset) -> xr.DataArray:
    """Compute |δ₁|/|δ_L| before training, (activation, depth, seed, weights)."""
    delta = depth["delta"]
    top = xr.concat(
        [delta.sel(depth=d, layer=int(d) + 1, drop=True) for d in depth["depth"].values], depth["depth"]
    )
    first = delta.sel(layer=1, drop=True).transpose(*top.dims)
    return first / top.where(top > 0)


def has_learnt(part: xr.Dataset, constant: float) -> np.ndarray:
    """Return whether a network's training loss is below `LEARNT` times the best constant answer's."""
    return part["loss"].values < LEARNT * constant


def as_good_as_best(ends: xr.Dataset, constant: float) -> xr.DataArray:
    """Return whether a network ends within `NEAR` of the best end that its activation has reached."""
    lowest = ends["loss"].min(("seed", "weights", "rate"), skipna=True)
    return ends["loss"] <= lowest + NEAR * constant


class Difference(NamedTuple):
    """How far apart two seeds' answers are.

    Attributes:
        value: For classes the share of rows on which the two disagree; for numbers the root mean square of
            the differences.
        interval: The 99.9 % interval of `value`, over seeds.
    """

    value: float
    interval: statistics.Interval


def difference(said: np.ndarray, has_classes: bool) -> Difference:
    """Measure how far apart answers (seed, probe) are: the mean over pairs that have no seed in common.

    The mean over all pairs would be nearer to the truth, but such pairs share seeds. If all seeds are equally
    far from the others, as when half of them reach one end and half another, no interval for the mean
    over all pairs is valid.
    """
    first, second = said[: len(said) - len(said) % 2].reshape(-1, 2, said.shape[1]).swapaxes(0, 1)
    pairs = np.mean(first != second if has_classes else (first - second) ** 2, axis=1)
    found = np.maximum([pairs.mean(), *statistics.of_mean(pairs)], 0)
    value, low, high = map(float, found if has_classes else np.sqrt(found))
    return Difference(value, (low, high))


def counted(verdicts: np.ndarray, near: np.ndarray) -> str:
    """Count the kinds of ends, as in "3 plateau, 1 saddle"; an end that Newton's method left has no kind."""
    counts = [int(np.sum(near & (verdicts == kind))) for kind in range(len(minima.VERDICTS))]
    named = zip([*counts, int(np.sum(~near))], [*minima.VERDICTS, AWAY], strict=True)
    return ", ".join(f"{count} {name}" for count, name in sorted(named, reverse=True) if count)

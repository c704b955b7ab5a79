"""Reading the data of the experiment on a person's own table: what its findings, tables and figures share."""

from typing import NamedTuple

import numpy as np
import xarray as xr

from experiments.own.ends import best
from nnjax import minima

LEARNT = 0.9
"""A network has learnt if its loss ends below this share of the best constant answer's."""
NEAR = 0.01
"""An end is as good as the best one if it is within this share of the best constant answer's loss."""


class Best(NamedTuple):
    """One activation at its best setting.

    Attributes:
        data: Its networks, (seed,), or (depth, seed).
        name: The setting in words: initial weights and rate.
    """

    data: xr.Dataset
    name: str


def at_best(part: xr.Dataset, activation: str) -> Best:
    """The networks of one activation at the setting with the least median training loss."""
    one = part.sel(activation=activation)
    weights, rate = best(one["loss"].transpose("seed", "weights", "rate").values)
    chosen = one.isel(weights=weights, rate=rate)
    return Best(chosen, f"{chosen['weights'].item()}, rate {chosen['rate'].item():g}")


def relative_delta(depth: xr.Dataset) -> xr.DataArray:
    """|δ₁|/|δ_L| before training, (activation, depth, seed, weights)."""
    delta = depth["delta"]
    top = xr.concat(
        [delta.sel(depth=d, layer=int(d) + 1, drop=True) for d in depth["depth"].values], depth["depth"]
    )
    first = delta.sel(layer=1, drop=True).transpose(*top.dims)
    return first / top.where(top > 0)


def has_learnt(part: xr.Dataset, constant: float) -> np.ndarray:
    """Whether a network's training loss is below `LEARNT` of the best constant answer's."""
    return part["loss"].values < LEARNT * constant


def as_good_as_best(ends: xr.Dataset, constant: float) -> xr.DataArray:
    """Whether a network ends within `NEAR` of the best end that any of the same activation has reached."""
    lowest = ends["loss"].min(("seed", "weights", "rate"), skipna=True)
    return ends["loss"] <= lowest + NEAR * constant


def difference(said: np.ndarray, has_classes: bool) -> np.ndarray:
    """How far each seed's answers (seed, probe) are from those of the others, mean over probes, (seed,).

    Classes: the share of the other seeds that say another one. Numbers: the root of the mean square.
    """
    others = len(said) - 1
    if not has_classes:
        centred = said - said.mean(axis=0)
        squares = (centred**2 * len(said) + (centred**2).sum(axis=0)) / others
        return np.sqrt(squares.mean(axis=1))
    same = np.zeros(said.shape)
    for value in np.unique(said):
        here = said == value
        same += here * (here.sum(axis=0) - 1)
    return 1 - same.mean(axis=1) / others


def counted(verdicts: np.ndarray) -> str:
    """How many ends are what: "3 plateau, 1 saddle"."""
    counts = np.bincount(verdicts, minlength=len(minima.VERDICTS))
    named = sorted(zip(counts.tolist(), minima.VERDICTS, strict=True), reverse=True)
    return ", ".join(f"{count} {name}" for count, name in named if count)

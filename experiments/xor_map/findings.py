"""What XOR's map shows: how crooked its borders are, and how steep."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import xarray as xr

from experiments.runner import expectations, statistics
from experiments.runner.experiment import Table
from experiments.runner.findings import Finding, exact, mean
from experiments.xor_map import boxes
from experiments.xor_map.cliffs import LONGER

EXPECTED = expectations.of("xor_map")
SPEED = ("small", "large")
"""What the two learning rates are called in the ids of findings."""
TIMES = 10
"""At a cliff, one of two neighbours takes more than this many times as long to learn as the other."""
FEWEST = 3
"""The smallest number of planes whose mean is judged."""


class Fit(NamedTuple):
    """The boxes counted on the borders of some planes.

    Attributes:
        sizes: Sides ε of the boxes, in cells, (b,).
        counts: Numbers of boxes that contain a piece of the border, (plane, b).
        dimensions: Minus the slope of ln N against ln ε, (plane,).
    """

    sizes: np.ndarray
    counts: np.ndarray
    dimensions: np.ndarray


def learnt(planes: xr.Dataset, rate: float, zoom: int) -> np.ndarray:
    """Return which networks have learnt XOR, (plane, y, x)."""
    return planes["level"].sel(rate=rate, zoom=zoom).transpose("seed", "row", "column").values == 0


def fit(planes: xr.Dataset, rate: float, zoom: int) -> Fit:
    """Count the boxes on those borders that have at least as many cells as a line across the plane."""
    borders = [boxes.border(inside) for inside in learnt(planes, rate, zoom)]
    side = planes.sizes["row"]
    sizes, kept = boxes.sizes(side), [marked for marked in borders if marked.sum() >= side]
    counts = np.array([boxes.counts(marked, sizes) for marked in kept]).reshape(len(kept), len(sizes))
    return Fit(sizes, counts, np.array([boxes.dimension(marked, sizes) for marked in kept]))


def most_crooked(planes: xr.Dataset) -> int:
    """Return the seed of the plane whose border has the largest dimension at the larger rate."""
    insides = learnt(planes, planes["rate"].values[-1], 1)
    sizes = boxes.sizes(planes.sizes["row"])
    found = [boxes.dimension(boxes.border(inside), sizes) for inside in insides]
    return int(planes["seed"].values[np.argmax(np.nan_to_num(found))])


def circle(side: int) -> float:
    """Return the dimension that box counting finds for a circle on `side` × `side` cells."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    return boxes.dimension(boxes.border(np.hypot(x, y) < 0.37 * side), boxes.sizes(side))


def steep(neighbours: xr.Dataset, rate: float) -> np.ndarray:
    """Return the share of pairs in which one network takes more than TIMES times as long, or never learns."""
    waits = neighbours["wait"].sel(rate=rate).transpose("seed", "pair", "of_pair").values
    found = [pairs[pairs[:, 0] >= 0] for pairs in waits]
    return np.array(
        [np.mean(late > TIMES * np.maximum(soon, 1)) for soon, late in (p.T for p in found if len(p))]
    )


def findings(data: xr.DataTree) -> list[Finding]:
    """Judge the dimension of the borders at both rates, and how abruptly learning stops at them."""
    planes = data["planes"].to_dataset()
    side = planes.sizes["row"]
    judged = [
        exact(
            EXPECTED["dimension-circle"],
            "box-counting dimension of a circle on a grid of the same size",
            circle(side),
            note=f"{side} × {side} cells, boxes of {_listed(boxes.sizes(side))} cells",
        )
    ]
    return [*judged, *dimensions(planes), *_cliffs(data["neighbours"].to_dataset(), planes.attrs["epochs"])]


def dimensions(planes: xr.Dataset) -> Iterator[Finding]:
    """Judge the dimension of the borders at each rate, over whole planes and zoomed in."""
    for rate, speed in zip(planes["rate"].values, SPEED, strict=True):
        for zoom, where in ((1, ""), (int(planes["zoom"].values[-1]), "-closer")):
            found = fit(planes, rate, zoom).dimensions
            if len(found) < FEWEST:
                continue
            through = f", through a window {zoom} times narrower" if where else ""
            yield mean(
                EXPECTED[f"dimension-{speed}-rate{where}"],
                f"XOR at learning rate {rate:g}: dimension of the border between the networks that learn and "
                f"those that do not{through}",
                found,
                note=f"mean of {len(found)} of {planes.sizes['seed']} planes, those whose border is long "
                f"enough; from {found.min():.2f} to {found.max():.2f}",
            )


def _cliffs(neighbours: xr.Dataset, epochs: int) -> Iterator[Finding]:
    for rate, speed in zip(neighbours["rate"].values, SPEED, strict=True):
        found = steep(neighbours, rate)
        if len(found) < FEWEST:
            continue
        yield mean(
            EXPECTED[f"cliff-{speed}-rate"],
            f"XOR at learning rate {rate:g}: share of the pairs of neighbours on the map, one that has "
            f"learnt and one that has not, in which the second takes more than {TIMES} times as long, or "
            "never learns",
            found,
            note=f"mean over {len(found)} planes; {epochs} epochs, and {LONGER} times as many for networks "
            "that did not learn",
        )


def _listed(values: np.ndarray) -> str:
    return ", ".join(f"{value}" for value in values)


def tables(data: xr.DataTree) -> Mapping[str, Table]:
    """Tabulate the shares of the networks that end at each level, and the dimensions, for each rate."""
    planes = data["planes"].to_dataset()
    rows = []
    for rate in planes["rate"].values:
        level = planes["level"].sel(rate=rate, zoom=1).values
        for zoom in planes["zoom"].values:
            found = fit(planes, rate, int(zoom)).dimensions
            spread = np.quantile(found, (0, 0.5, 1)) if len(found) else np.full(3, np.nan)
            shares = [f"{np.mean(level == k):.1%}" for k in (0, 1, 2, 3)] if zoom == 1 else [""] * 4
            cells = [f"{len(found)}", *(f"{value:.2f}" for value in spread)]
            rows.append([f"{rate:g}", "whole" if zoom == 1 else f"× {zoom}", *shares, *cells])
    ends, spread = ("learn", "end at ½", "at ⅔", "at 1"), ("least dimension", "median", "largest")
    head = ("rate", "window", *ends, "planes", *spread)
    return {"Ends and borders on the map": (head, rows)}


def interval(values: np.ndarray) -> tuple[float, float]:
    """Return the 99.9 % interval of the mean of a few planes."""
    return statistics.of_mean(values)

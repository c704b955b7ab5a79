"""Figures of the spurious minima, beside Safran and Shamir's published table."""

from collections.abc import Iterator, Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from experiments.runner import style
from experiments.runner.experiment import Drawing
from experiments.spurious_minima.cells import SPURIOUS
from experiments.spurious_minima.findings import PUBLISHED, interval, published_cells

SHARE = (
    "In each run, n neurons learn to imitate k others. Bars are 99.9 % intervals; crosses are from Safran "
    "and Shamir (2018), who give no intervals."
)
MEANS = (
    "The spurious minima in which runs end: their height F above the global minimum, at which F = 0, and "
    "their least curvature (the smallest eigenvalue of the Hessian; if it is above 0, all directions lead "
    "up). Dots are means with 99.9 % intervals (none if all ends are copies of one minimum); crosses are "
    "published values."
)
MINIMA = (
    "The distinct minima: ends of equal F and equal Hessian spectra count as copies of one minimum. The "
    "larger a dot, the more seeds reached it; three sizes are labelled. F = 0 is the global minimum."
)
DOT = 400
"""The area, in square points, of the dot for a minimum that all seeds reach."""
NAMED = (0.01, 0.1, 0.5)
"""Shares of the seeds for which dots are shown as examples."""


def figures(data: xr.DataTree) -> Mapping[str, Drawing]:
    """Draw shares and means beside the published values, and the distinct minima."""
    cells, runs, minima = (data[name].to_dataset() for name in ("cells", "runs", "minima"))
    means = [
        _means(cells, runs, "objective", 2, "mean F of the spurious minima"),
        _means(cells, runs, "smallest_eigenvalue", 1, "mean smallest eigenvalue of the Hessian"),
    ]
    return {
        "table": Drawing(
            "The more neurons, the more runs end in a spurious minimum", [_shares(cells)], SHARE
        ),
        "means": Drawing("The spurious minima lie low, and they curve up in every direction", means, MEANS),
        "minima": Drawing("More neurons also mean more kinds of minima", [_distinct(cells, minima)], MINIMA),
    }


def _kinds(cells: xr.Dataset) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield the label, the colour, and the cells by increasing k, for each n − k in the data."""
    k, more = cells["k"].values, cells["n"].values - cells["k"].values
    for colour, value in zip(style.COLOURS, np.unique(more), strict=False):
        chosen = np.flatnonzero(more == value)
        chosen = chosen[np.argsort(k[chosen], kind="stable")]
        yield "n = k" if value == 0 else f"n = k + {value}", colour, chosen


def _shares(cells: xr.Dataset) -> Figure:
    figure, axes = style.panel()
    intervals = 100 * np.array([interval(cells, index) for index in range(cells.sizes["cell"])])
    for label, colour, chosen in _kinds(cells):
        share = 100 * cells["share"].values[chosen]
        _dots(axes, cells["k"].values[chosen], share, np.abs(intervals[chosen].T - share), label, colour)
    _published(axes, cells, 0, "spurious runs, %")
    return figure


def _means(cells: xr.Dataset, runs: xr.Dataset, name: str, column: int, title: str) -> Figure:
    """Draw the means over each cell's spurious runs, with 99.9 % intervals from their spread."""
    figure, axes = style.panel()
    for label, colour, chosen in _kinds(cells):
        part = runs.isel(cell=chosen)
        values = np.where(part["outcome"].values == SPURIOUS, part[name].values, np.nan)
        count, some = np.maximum(np.isfinite(values).sum(axis=1), 1), np.isfinite(values).any(axis=1)
        mean = np.nansum(values, axis=1) / count
        spread = np.sqrt(np.nansum((values - mean[:, None]) ** 2, axis=1) / np.maximum(count - 1, 1))
        half = np.where(some, 3.29 * spread / np.sqrt(count), np.nan)
        _dots(axes, cells["k"].values[chosen], np.where(some, mean, np.nan), half, label, colour)
    _published(axes, cells, column, title)
    return figure


def _dots(axes: Axes, k: np.ndarray, value: np.ndarray, bars: np.ndarray, label: str, colour: str) -> None:
    """Draw dots with bars, and a name beside the last dot."""
    axes.errorbar(k, value, bars, fmt="o", color=colour, capsize=3, ms=4)
    seen = np.flatnonzero(np.isfinite(value))
    if len(seen):
        at = k[seen[-1]], value[seen[-1]]
        axes.annotate(
            label, at, (7, 0), textcoords="offset points", va="center", color=colour, fontsize=style.SMALL
        )


def _published(axes: Axes, cells: xr.Dataset, column: int, title: str) -> None:
    """Draw the published numbers, and label the axes."""
    ks = [k for k, _ in published_cells(cells)]
    values = [PUBLISHED[k][column] for k in ks]
    axes.plot(ks, values, "x", color=style.COLOURS[-1], ms=8)
    axes.set(title=title, xlabel="target neurons k", ylim=(0, 1.08 * axes.get_ylim()[1]))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    look = {"va": "top", "fontsize": style.SMALL, "transform": axes.transAxes}
    axes.text(0.03, 0.98, "● measured here", color=style.COLOURS[0], **look)
    if ks:
        axes.text(0.03, 0.91, "× published, n = k", **look)


def _distinct(cells: xr.Dataset, minima: xr.Dataset) -> Figure:
    figure, axes = style.panel(height=300)
    share = minima["count"].values / cells["runs"].values[minima["cell"].values]
    for index, (label, colour, chosen) in enumerate(_kinds(cells)):
        there = np.isin(minima["cell"].values, chosen)
        look = {"color": colour, "alpha": 0.6, "lw": 0}
        x, y = minima["k"].values[there] + 0.3 * index, minima["objective"].values[there]
        axes.scatter(x, y, s=4 + DOT * share[there], **look)
        axes.text(0.03 + 0.2 * index, 0.97, label, color=colour, va="top", transform=axes.transAxes)
    top = 1.35 * max(0.01, float(np.max(minima["objective"].values, initial=0)))
    for place, part in zip((0.06, 0.22, 0.42), NAMED, strict=True):
        at = {"transform": axes.transAxes, "color": style.GREY}
        axes.scatter(place - 0.03 - 0.02 * part, 0.85, s=4 + DOT * part, alpha=0.6, lw=0, **at)
        more = " of the seeds" if part == NAMED[-1] else ""
        axes.text(place, 0.85, f" {100 * part:g} %{more}", va="center", fontsize=style.SMALL, **at)
    axes.axhline(0, color=style.GREY, lw=0.8)
    axes.set(xlabel="target neurons k", ylabel="F at the minimum", ylim=(-0.005, top))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    return figure

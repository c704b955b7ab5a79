"""What the spurious minima look like, beside Safran and Shamir's published table."""

from collections.abc import Iterator, Mapping

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from experiments.runner import style
from experiments.spurious_minima.cells import SPURIOUS
from experiments.spurious_minima.findings import PUBLISHED, interval, published_cells

TABLE = (
    "Share of the seeds whose descent ends in a spurious minimum, mean F and mean smallest Hessian "
    "eigenvalue of those ends, against the number k of target neurons. Bars are 99.9 % intervals (none where "
    "all ends are copies of one minimum); crosses are Safran and Shamir's published values, which have none."
)
MINIMA = (
    "The distinct minima: equal F and equal Hessian spectra count as copies of one. The "
    "larger a dot, the more seeds reached it. F = 0 is the global minimum."
)
DOT = 400
"""Area of a dot that all seeds reach, in square points."""


def figures(data: xr.DataTree) -> Mapping[str, tuple[Figure, str]]:
    """Draw shares and means beside the published ones, and the distinct minima."""
    cells, runs, minima = (data[name].to_dataset() for name in ("cells", "runs", "minima"))
    return {"table": (_table(cells, runs), TABLE), "minima": (_distinct(cells, minima), MINIMA)}


def _kinds(cells: xr.Dataset) -> Iterator[tuple[int, str, str]]:
    """Give each n − k of the data, its label and colour."""
    for colour, more in zip(style.COLOURS, np.unique(cells["n"].values - cells["k"].values), strict=False):
        yield int(more), "n = k" if more == 0 else f"n = k + {more}", colour


def _means(part: xr.Dataset, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Average a number over each cell's spurious runs; and half its 99.9 % interval by their spread."""
    values = np.where(part["outcome"].values == SPURIOUS, part[name].values, np.nan)
    count = np.maximum(np.isfinite(values).sum(axis=1), 1)
    mean = np.nansum(values, axis=1) / count
    spread = np.sqrt(np.nansum((values - mean[:, None]) ** 2, axis=1) / np.maximum(count - 1, 1))
    some = np.isfinite(values).any(axis=1)
    return np.where(some, mean, np.nan), np.where(some, 3.29 * spread / np.sqrt(count), np.nan)


def _table(cells: xr.Dataset, runs: xr.Dataset) -> Figure:
    figure = Figure(figsize=(11, 3.8), layout="constrained")
    axes = figure.subplots(1, 3)
    intervals = np.array([interval(cells, index) for index in range(cells.sizes["cell"])]).T
    for more, label, colour in _kinds(cells):
        chosen = np.flatnonzero(cells["n"].values - cells["k"].values == more)
        chosen = chosen[np.argsort(cells["k"].values[chosen], kind="stable")]
        k, share = cells["k"].values[chosen], 100 * cells["share"].values[chosen]
        bars = np.abs(100 * intervals[:, chosen] - share)
        look = {"fmt": "o", "color": colour, "capsize": 3, "ms": 4}
        axes[0].errorbar(k, share, bars, label=label, **look)
        for axis, name in zip(axes[1:], ("objective", "smallest_eigenvalue"), strict=True):
            axis.errorbar(k, *_means(runs.isel(cell=chosen), name), **look)
    ks = [k for k, _ in published_cells(cells)]
    for axis, column in zip(axes, (0, 2, 1), strict=True):
        published = [PUBLISHED[k][column] for k in ks]
        if ks:
            axis.plot(ks, published, "x", color="black", ms=8, label="published, n = k")
        axis.set_xlabel("target neurons k")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    for axis, title in zip(axes, ("spurious runs, %", "mean F", "mean smallest eigenvalue"), strict=True):
        axis.set(title=title, ylim=(0, 1.08 * axis.get_ylim()[1]))
    axes[0].legend(loc="upper left")
    return figure


def _distinct(cells: xr.Dataset, minima: xr.Dataset) -> Figure:
    figure = Figure(figsize=(7.6, 4), layout="constrained")
    axis = figure.subplots()
    share = minima["count"].values / cells["runs"].values[minima["cell"].values]
    k, more = minima["k"].values, minima["n"].values - minima["k"].values
    for index, (which, label, colour) in enumerate(_kinds(cells)):
        chosen = more == which
        value, look = minima["objective"].values, {"color": colour, "alpha": 0.6, "lw": 0}
        axis.scatter(k[chosen] + 0.3 * index, value[chosen], s=4 + DOT * share[chosen], **look)
        axis.scatter([], [], s=30, label=label, **look)
    for part in (0.01, 0.1, 0.5):
        axis.scatter([], [], s=4 + DOT * part, color="grey", lw=0, label=f"{part:.0%} of the seeds")
    axis.axhline(0, color="grey", lw=0.8)
    axis.set(xlabel="target neurons k", ylabel="F at the minimum", ylim=(-0.005, None))
    axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    figure.legend(loc="outside right upper", labelspacing=1.2)
    return figure

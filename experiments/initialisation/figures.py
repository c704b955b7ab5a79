"""The figure of the experiment on initial weights."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib import ticker
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.initialisation.findings import hits, share_intervals, waits
from experiments.initialisation.training import BIASES, HIDDEN, NETWORKS
from experiments.runner import statistics, style

CAPTION = (
    "Above: share of the seeds that converge, from uniform weights in [−r, r] (lines, 99.9 % intervals) and "
    "from normal weights of the same standard deviation, r / √3 (circles). Below: median epochs until then, "
    "uniform weights, with 99.9 % intervals. The median is over all seeds: those that do not converge count "
    "as infinitely late, and where they are half or more there is no point. Dotted: the last epoch tried."
)


def figures(data: xr.DataTree) -> Mapping[str, tuple[Figure, str]]:
    """Draw the share that converges, and median epochs, against the range."""
    random = data["random"].to_dataset()
    figure = Figure(figsize=(9, 6.4), layout="constrained")
    axes = figure.subplots(2, random.sizes["task"], sharex=True)
    for task, (above, below) in zip(random["task"].values, axes.T, strict=True):
        for network in NETWORKS:
            _shares(above, random, task, *network)
            _medians(below, random, task, *network)
        _label(above, below, random.sel(task=task))
    axes[0, 0].set_ylabel("share that converges")
    axes[1, 0].set_ylabel("median epochs to converge")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=9)
    return {"ranges": (figure, CAPTION)}


def _label(above: Axes, below: Axes, part: xr.Dataset) -> None:
    ranges, nodes = part["range"].values, "-".join(map(str, part["nodes"].values))
    above.set(title=f"{part['task'].item()} {nodes}", ylim=(-0.03, 1.03), xscale="log")
    below.axhline(int(part["most_epochs"]), color="grey", ls=":")
    below.set(yscale="log", xlabel="range r of the initial weights")
    below.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    below.yaxis.set_major_formatter("{x:.0f}")
    below.set_xticks(ranges, [f"{r:g}" for r in ranges])
    below.minorticks_off()


def _look(hidden: str, biases: str) -> dict[str, Any]:
    colour = style.COLOURS[list(HIDDEN).index(hidden)]
    return {"color": colour, "ls": "-" if BIASES[biases] else "--"}


def _shares(axis: Axes, random: xr.Dataset, task: str, hidden: str, biases: str) -> None:
    converged, ranges, look = (
        hits(random, task, hidden, biases),
        random["range"].values,
        _look(hidden, biases),
    )
    axis.plot(ranges, converged.mean(axis=0), **look, label=f"{hidden}, {biases} biases")
    axis.fill_between(ranges, *share_intervals(converged).T, color=look["color"], alpha=0.15, lw=0)
    normal = hits(random, task, hidden, biases, "normal").mean(axis=0)
    axis.plot(ranges, normal, "o", color=look["color"], mfc="none", ms=5)


def _medians(axis: Axes, random: xr.Dataset, task: str, hidden: str, biases: str) -> None:
    wait, ranges, look = waits(random, task, hidden, biases), random["range"].values, _look(hidden, biases)
    middle, most = np.median(wait, axis=0), int(random["most_epochs"].sel(task=task))
    low, high = np.clip([statistics.of_median(column, 0.0) for column in wait.T], 1, most).T
    axis.plot(ranges, np.where(np.isfinite(middle), middle, np.nan), **look, marker=".")
    axis.fill_between(ranges, low, high, where=np.isfinite(middle), color=look["color"], alpha=0.15, lw=0)

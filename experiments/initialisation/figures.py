"""The figures of the experiment on initial weights."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from experiments.initialisation.findings import hits, share_intervals
from experiments.initialisation.rates import solved, stuck
from experiments.initialisation.training import BIASES, HIDDEN, NETWORKS
from experiments.runner import style
from experiments.runner.experiment import Drawing

BY_RATE = (
    "Sigmoid 2-2-1 networks on XOR, started from uniform weights in [−r, r]; bands are 99.9 % intervals. "
    "“Stuck” means at a loss of ½ or ⅔. All other networks that have not learnt XOR are slow."
)
RANGES = (
    "Share of the seeds that converge, started from uniform weights in [−r, r] (lines, with 99.9 % "
    "intervals) and from normal weights of the same standard deviation, r / √3 (circles). The data and the "
    "table show how many epochs the networks take."
)


def figures(data: xr.DataTree) -> Mapping[str, Drawing]:
    """Draw the effect of the range at each rate on XOR, and the share that converges on every task."""
    random, by_rate = data["random"].to_dataset(), data["rates"].to_dataset()
    title = "Which range of initial weights is best depends on the learning rate"
    tasks = [_shares(random.sel(task=[task])) for task in random["task"].values]
    return {
        "rates": Drawing(title, _by_rate(by_rate), BY_RATE),
        "ranges": Drawing("Without biases far fewer networks learn, whatever the range", tasks, RANGES),
    }


def _by_rate(by_rate: xr.Dataset) -> list[Figure]:
    """Draw the share of seeds that are stuck in the end, and the share that soon learns XOR."""
    short, long = by_rate["epochs"].values
    shown = {
        f"stuck on a plateau after {long:,} epochs, %": stuck(by_rate).sel(epochs=long),
        f"learnt XOR within {short:,} epochs, %": solved(by_rate).sel(epochs=short),
    }
    panels = []
    for title, flags in shown.items():
        figure, axes = style.panel()
        lines = {}
        for rank, rate in enumerate(by_rate["rate"].values):
            found = flags.sel(rate=rate).transpose("seed", "range").values
            lines[f"rate {rate:g}"] = _share(axes, by_rate["range"].values, found, color=style.COLOURS[rank])
        _finish(axes, title, by_rate["range"].values, lines)
        panels.append(figure)
    return panels


def _share(axes: Axes, ranges: np.ndarray, found: np.ndarray, **look: Any) -> Line2D:
    """Draw, from flags (seed, range), the share of flagged seeds at each range as a line, with intervals."""
    axes.fill_between(ranges, *100 * share_intervals(found).T, color=look["color"], alpha=0.15, lw=0)
    return axes.plot(ranges, 100 * found.mean(axis=0), **look)[0]


def _finish(
    axes: Axes, title: str, ranges: np.ndarray, lines: Mapping[str, Line2D], lowest: float = -3
) -> None:
    axes.set(title=title, ylim=(lowest, 103), xscale="log", xlabel="range r of the initial weights")
    axes.set_xticks(ranges, [f"{r:g}" for r in ranges])
    axes.minorticks_off()
    for name, line in lines.items():
        style.label_end(axes, line, name)


def _shares(random: xr.Dataset) -> Figure:
    """Draw one task: a line for each activation, with and without biases."""
    task, nodes = random["task"].item(), "-".join(map(str, random["nodes"].values.ravel()))
    figure, axes = style.panel()
    ranges, lines = random["range"].values, {}
    for hidden, biases in NETWORKS:
        colour = style.COLOURS[list(HIDDEN).index(hidden)]
        found = hits(random, task, hidden, biases)
        look = {"color": colour, "ls": "-" if BIASES[biases] else "--"}
        name = hidden if BIASES[biases] else f"{hidden}, no biases"
        lines[name] = _share(axes, ranges, found, **look)
        normal = 100 * hits(random, task, hidden, biases, "normal").mean(axis=0)
        axes.plot(ranges, normal, "o", color=colour, mfc="none", ms=4)
    _finish(axes, f"{task} {nodes}: converged, %", ranges, lines, lowest=-12)
    return figure

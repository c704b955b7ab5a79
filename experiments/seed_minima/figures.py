"""What the experiment on seeds and minima shows."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.runner import style
from experiments.seed_minima.findings import LEVEL_NAMES
from experiments.seed_minima.xor import ELSEWHERE

FLOOR = 1e-2
"""Losses below this share the darkest colour."""
XOR = (
    "XOR: share of the seeds whose summed squared error ends near each of the values that a plateau can "
    "have; “elsewhere” is further than 0.02 from all four. The settings name the initial weights and biases "
    "and the learning rate. All networks start from the same seeds."
)
PLANE = (
    "The loss of a tanh 2-2-1 student, one colour scale. Left: around one end state, along two random "
    "directions as long as the nodes' own weights. Right: the plane through three end states (crosses), "
    "which are copies of one another: loss 0 at all three. White: the paths of the seeds that end there, "
    "projected onto the plane (dots: starts)."
)
CAN_SHOW = (
    "A slice through 2 of 9 dimensions can show that points are low and what lies straight between them. It "
    "cannot show\nthat a hollow is a minimum or a wall a barrier: both may have a way out in the other 7. "
    "Paths start and run outside the plane."
)
BARRIERS = (
    "Digits, 64-64-10: loss per row on the straight line between two seeds' ends, at its worst, above the "
    "line between their losses; as trained, and with the nodes of one brought into the other's order."
)


def figures(data: xr.DataTree) -> Mapping[str, tuple[Figure, str]]:
    """Draw the ends on XOR, the students' plane, and the barriers."""
    return {
        "xor": (_levels(data["conditions"].to_dataset()), XOR),
        "plane": (
            _slices(data["landscape/plane"].to_dataset(), data["landscape/random"].to_dataset()),
            PLANE,
        ),
        "barriers": (_barriers(data["barriers"].to_dataset()), BARRIERS),
    }


def _levels(conditions: xr.Dataset) -> Figure:
    figure = Figure(figsize=(9.6, 6), layout="constrained")
    axes = figure.subplots(2, 2, sharex=True, sharey=True).ravel()
    settings = list(conditions["setting"].values)
    for axis, network in zip(axes, conditions["network"].values, strict=True):
        levels = conditions["level"].sel(network=network).transpose("seed", "setting").values
        left = np.zeros(len(settings))
        for (k, name), colour in zip(LEVEL_NAMES.items(), (*style.COLOURS[:4], "#999999"), strict=True):
            share = np.mean(levels == k, axis=0)
            label = name if k == ELSEWHERE else f"SSE {name}"
            axis.barh(settings, share, left=left, color=colour, label=label)
            left += share
        axis.set_title(network)
        axis.grid(False)
    axes[0].invert_yaxis()
    for axis in axes[2:]:
        axis.set_xlabel("share of the seeds")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=5, fontsize=9)
    return figure


def _slices(plane: xr.Dataset, random: xr.Dataset) -> Figure:
    figure = Figure(figsize=(9.8, 5), layout="constrained")
    left, right = figure.subplots(1, 2)
    heights = [np.log10(np.maximum(part["loss"].values, FLOOR)) for part in (random, plane)]
    levels = np.linspace(np.log10(FLOOR), max(map(np.max, heights)), 25)
    for axis, part, height in zip((left, right), (random, plane), heights, strict=True):
        steps = part["step"].values
        shown = axis.contourf(steps, steps, height, levels=levels, cmap="cividis")
        axis.grid(False)
        axis.set_aspect("equal")
    ticks = np.arange(np.ceil(levels[0]), np.ceil(levels[-1]))
    bar = figure.colorbar(shown, ax=[left, right], label="summed loss", ticks=ticks)
    bar.ax.set_yticklabels([f"≤ {10.0**t:g}" if t == ticks[0] else f"{10.0**t:g}" for t in ticks])
    _paths(right, plane)
    left.plot(0, 0, "x", color=style.COLOURS[1], ms=9, mew=2.5)
    left.set(
        title="random directions from an end state",
        xlabel="1st, in node lengths",
        ylabel="2nd, in node lengths",
    )
    figure.supxlabel(CAN_SHOW, fontsize=9)
    return figure


def _paths(axis: Axes, plane: xr.Dataset) -> None:
    for path in plane["path"].values[plane["joins"].values]:
        axis.plot(path[:, 0], path[:, 1], color="white", lw=0.8, alpha=0.8)
        axis.plot(*path[0], "o", color="white", ms=3)
    axis.plot(*plane["end"].values.T, "x", color=style.COLOURS[1], ms=9, mew=2.5)
    reach = float(plane["step"].values[-1])
    axis.set(xlim=(-reach, reach), ylim=(-reach, reach), title="plane through three end states")
    axis.set(xlabel="1st principal direction of the three", ylabel="2nd principal direction")


def _barriers(barriers: xr.Dataset) -> Figure:
    figure = Figure(figsize=(5, 3.4), layout="constrained")
    axis = figure.subplots()
    pairs = np.stack([barriers["before"].values, barriers["after"].values])
    axis.semilogy(["as trained", "aligned"], pairs, "o-", color=style.COLOURS[0], alpha=0.5)
    axis.set(ylabel="barrier, SSE per row", xlim=(-0.4, 1.4))
    style.plain_ticks(axis.yaxis, (0.01, 0.02, 0.05, 0.1, 0.2, 0.5))
    return figure

"""What the experiment on seeds and minima shows."""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from experiments.runner import style
from experiments.seed_minima.findings import COUNTED, NAMES
from experiments.seed_minima.xor import level

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
    "which are copies of one another: loss 0 at all three. White: the ways of the seeds that end there, as "
    "their shadows in the plane (dots: starts)."
)
CAN_SHOW = (
    "A slice through 2 of 9 dimensions can show that points are low and what lies straight between them. It "
    "cannot show\nthat a hollow is a minimum or a wall a barrier: both may have a way out in the other 7. "
    "Ways start and run off the plane."
)
DIGITS = (
    "Digits, 64-30-10, two kinds of initial weights. Left: each seed's loss on the training rows and its "
    "accuracy on the test rows; the seeds apart from the crowd have lost a digit. Right: how many of the "
    "test rows two seeds label differently, over pairs without a common seed."
)
BARRIERS = (
    "Digits, 64-64-10: loss per row on the straight line between two seeds' ends, at its worst, above the "
    "line between their losses; as trained, and with the nodes of one brought into the other's order."
)


def figures(data: xr.Dataset) -> Mapping[str, tuple[Figure, str]]:
    """Ends on XOR, the students' plane, the digits, barriers."""
    return {
        "xor": (_levels(data), XOR),
        "plane": (_plane(data), PLANE),
        "digits": (_digits(data), DIGITS),
        "barriers": (_barriers(data), BARRIERS),
    }


def _levels(data: xr.Dataset) -> Figure:
    figure = Figure(figsize=(9.6, 6), layout="constrained")
    axes = figure.subplots(2, 2, sharex=True, sharey=True).ravel()
    settings = list(data["setting"].values)
    for axis, network in zip(axes, data["network"].values, strict=True):
        found = level(data["condition_loss"].sel(network=network).values)
        left = np.zeros(len(settings))
        for k, colour, name in zip(COUNTED, (*style.COLOURS[:4], "#999999"), NAMES, strict=True):
            share = np.mean(found == k, axis=0)
            label = name if k < 0 else f"SSE {name}"
            axis.barh(settings, share, left=left, color=colour, label=label)
            left += share
        axis.set_title(network)
        axis.grid(False)
    axes[0].invert_yaxis()
    for axis in axes[2:]:
        axis.set_xlabel("share of the seeds")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=5, fontsize=9)
    return figure


def _plane(data: xr.Dataset) -> Figure:
    figure = Figure(figsize=(9.8, 5), layout="constrained")
    axes = figure.subplots(1, 2)
    heights = [np.log10(np.maximum(data[f"{name}_loss"].values, FLOOR)) for name in ("random", "plane")]
    levels = np.linspace(np.log10(FLOOR), max(map(np.max, heights)), 25)
    for axis, name, height in zip(axes, ("random", "plane"), heights, strict=True):
        steps = data[f"{name}_step"].values
        shown = axis.contourf(steps, steps, height, levels=levels, cmap="cividis")
        axis.grid(False)
        axis.set_aspect("equal")
    ticks = np.arange(np.ceil(levels[0]), np.ceil(levels[-1]))
    bar = figure.colorbar(shown, ax=list(axes), label="summed loss", ticks=ticks)
    bar.ax.set_yticklabels([f"≤ {10.0**t:g}" if t == ticks[0] else f"{10.0**t:g}" for t in ticks])
    left, right = axes
    for path in data["plane_path"].values[data["plane_joins"].values]:
        right.plot(path[:, 0], path[:, 1], color="white", lw=0.8, alpha=0.8)
        right.plot(*path[0], "o", color="white", ms=3)
    right.plot(*data["plane_end"].values.T, "x", color=style.COLOURS[1], ms=9, mew=2.5)
    left.plot(0, 0, "x", color=style.COLOURS[1], ms=9, mew=2.5)
    reach = float(data["plane_step"].values[-1])
    right.set(xlim=(-reach, reach), ylim=(-reach, reach), title="plane through three end states")
    right.set(xlabel="1st principal direction of the three", ylabel="2nd principal direction")
    left.set(
        title="random directions from an end state",
        xlabel="1st, in node lengths",
        ylabel="2nd, in node lengths",
    )
    figure.supxlabel(CAN_SHOW, fontsize=9)
    return figure


def _digits(data: xr.Dataset) -> Figure:
    figure = Figure(figsize=(9.4, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    apart = 100 * data["digits_apart"].values
    bins = np.linspace(0, apart.max() + 0.5, 40)
    for k, start in enumerate(data["digits_start"].values):
        part = data.sel(digits_start=start)
        loss, accuracy = part["digits_loss"].values, 100 * part["digits_accuracy"].values
        look = {"color": style.COLOURS[k], "label": f"{start} weights"}
        left.plot(loss, accuracy, "ox"[k % 2], ms=3, alpha=0.6, zorder=3 - k, **look)
        right.hist(apart[k], bins, alpha=0.7, **look)
    left.set(xlabel="training loss, SSE per row", ylabel="test accuracy, %", xscale="log")
    _plain(left.xaxis, (0.01, 0.02, 0.05, 0.1, 0.2, 0.5))
    left.legend(loc="lower left")
    right.legend()
    right.set(xlabel="test rows that two seeds label differently, %", ylabel="pairs of seeds")
    return figure


def _barriers(data: xr.Dataset) -> Figure:
    figure = Figure(figsize=(5, 3.4), layout="constrained")
    axis = figure.subplots()
    pairs = np.stack([data["barrier_before"].values, data["barrier_after"].values])
    axis.semilogy(["as trained", "aligned"], pairs, "o-", color=style.COLOURS[0], alpha=0.5)
    axis.set(ylabel="barrier, SSE per row", xlim=(-0.4, 1.4))
    _plain(axis.yaxis, (0.01, 0.02, 0.05, 0.1, 0.2, 0.5))
    return figure


def _plain(axis: Axis, ticks: Sequence[float]) -> None:
    """Ticks in plain numbers on a logarithmic axis, those within its limits."""
    low, high = axis.get_view_interval()
    axis.set_ticks([tick for tick in ticks if low <= tick <= high])
    axis.set_major_formatter("{x:g}")
    axis.set_minor_locator(NullLocator())

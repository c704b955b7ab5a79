"""What the experiment on a person's own table shows."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from experiments.own.readers import at_best
from experiments.runner import style

DELTA = (
    "|δ| in each layer of the deepest networks before training, as a share of the last layer's: median of "
    "the seeds, and the range of nine in ten. A line that falls to the left is a δ that vanishes."
)
DEPTH = (
    "Loss per training row after training by the number of hidden layers, as a share of the best constant "
    "answer's (1: nothing is learnt): median and range of the seeds, at each depth's best setting."
)
ENDS = (
    "Where the seeds end: the share of the seeds whose loss per training row, as a share of the best "
    "constant answer's, is at most that on the axis. A step is an end that many seeds reach."
)
BARRIERS = (
    "Loss per row on the straight line between two seeds' ends, at its worst, above the line between their "
    "losses: as trained, and with the nodes of one brought into the other's order."
)


def figures(data: xr.DataTree) -> Mapping[str, tuple[Figure, str]]:
    """Draw δ by layer, what is learnt by depth, where the seeds end, and what is between them."""
    constant = float(data.attrs["constant"])
    depth = data["depth"].to_dataset()
    return {
        "delta": (_delta(depth), DELTA),
        "depth": (_depth(depth, constant), DEPTH),
        "ends": (_ends(data["ends"].to_dataset(), constant), ENDS),
        "barriers": (_barriers(data["pairs"].to_dataset()), BARRIERS),
    }


def _panels(part: xr.Dataset, height: float = 3.6) -> tuple[Figure, dict[str, Axes]]:
    """One panel for each activation."""
    names = [str(name) for name in part["activation"].values]
    figure = Figure(figsize=(max(5.0, 4.2 * len(names)), height), layout="constrained")
    axes = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
    for axis, name in zip(axes, names, strict=True):
        axis.set_title(name)
    return figure, dict(zip(names, axes, strict=True))


def _delta(depth: xr.Dataset) -> Figure:
    deepest = depth["delta"].isel(depth=-1)
    deepest = deepest.sel(layer=slice(1, int(deepest["depth"]) + 1))
    figure, panels = _panels(depth)
    for name, axis in panels.items():
        for weights in depth["weights"].values:
            part = deepest.sel(activation=name, weights=weights).transpose("seed", "layer").values
            share = part / np.where(part[:, -1:] > 0, part[:, -1:], np.nan)
            low, middle, high = np.nanquantile(share, (0.05, 0.5, 0.95), axis=0)
            layers = deepest["layer"].values
            axis.semilogy(layers, np.where(middle > 0, middle, np.nan), "o-", ms=4, label=weights)
            axis.fill_between(layers, np.where(low > 0, low, np.nan), high, alpha=0.2)
        axis.set_xlabel("layer, from the input")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    first = next(iter(panels.values()))
    first.set_ylabel("|δ| over the last layer's")
    first.legend(fontsize=9)
    return figure


def _depth(depth: xr.Dataset, constant: float) -> Figure:
    figure = Figure(figsize=(5.6, 3.6), layout="constrained")
    axis = figure.subplots()
    depths = depth["depth"].values
    for place, name in enumerate(depth["activation"].values):
        losses = [at_best(depth.sel(depth=d), name).data["loss"].values / constant for d in depths]
        losses = np.where(np.isfinite(losses), losses, np.nan)
        low, middle, high = np.nanquantile(losses, (0.0, 0.5, 1.0), axis=1)
        colour = style.COLOURS[place % len(style.COLOURS)]
        axis.plot(depths, middle, "o-", color=colour, label=name)
        axis.fill_between(depths, low, high, color=colour, alpha=0.2)
    axis.axhline(1, color="black", lw=1, ls=":")
    axis.set(xlabel="hidden layers", ylabel="loss over the best constant's", ylim=(0, None))
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.legend()
    return figure


def _ends(ends: xr.Dataset, constant: float) -> Figure:
    figure, panels = _panels(ends)
    dashes = ("-", "--", ":", "-.")
    for name, axis in panels.items():
        for start, weights in enumerate(ends["weights"].values):
            for place, rate in enumerate(ends["rate"].values):
                losses = ends["loss"].sel(activation=name, weights=weights, rate=rate).values / constant
                axis.ecdf(
                    np.where(np.isfinite(losses), losses, np.inf),
                    color=style.COLOURS[place % len(style.COLOURS)],
                    ls=dashes[start % len(dashes)],
                    label=f"{weights}, rate {rate:g}",
                )
        axis.set(xlim=(-0.02, 1.25), xlabel="loss over the best constant's")
    first = next(iter(panels.values()))
    first.set_ylabel("share of the seeds")
    figure.legend(*first.get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=8)
    return figure


def _barriers(pairs: xr.Dataset) -> Figure:
    figure, panels = _panels(pairs, height=3.4)
    for name, axis in panels.items():
        part = pairs.sel(activation=name)
        heights = np.stack([part["before"].values, part["after"].values])
        axis.plot(["as trained", "aligned"], heights, "o-", color=style.COLOURS[0], alpha=0.5)
        axis.set(xlim=(-0.4, 1.4))
    first = next(iter(panels.values()))
    first.set_ylabel("barrier, loss per row")
    first.set_ylim(bottom=0)
    return figure

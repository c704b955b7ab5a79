"""The figures of the experiment on a person's own table."""

from collections.abc import Iterator, Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from experiments.own.ends import best
from experiments.own.readers import at_best
from experiments.runner import style
from experiments.runner.experiment import Drawing

DELTA = (
    "|δ| in each layer of the deepest networks before training, as a share of the last layer's: medians of "
    "the seeds, and bands that contain nine in ten seeds. Where a line falls, δ vanishes."
)
DEPTH = (
    "Loss per training row after training for each number of hidden layers, as a share of the best constant "
    "answer's loss: medians, and bars that span all seeds, at each depth's best setting."
)
ENDS = (
    "The share of the seeds whose loss per training row, as a share of the best constant answer's loss, "
    "is at most the value on the axis. There is a line for each kind of initial weights, at its best rate. A "
    "step in a line shows an end that many seeds reach. The other rates are in the data."
)
BARRIERS = (
    "How far the loss per row on the straight line between two seeds' ends rises above the line between "
    "their losses: as trained, and with one network's nodes in the other's order. Each line stands "
    "for a pair of seeds."
)


def figures(data: xr.DataTree) -> Mapping[str, Drawing]:
    """Draw δ by layer, what is learnt by depth, where the seeds end, and the barriers between ends."""
    constant = float(data.attrs["constant"])
    depth, ends = data["depth"].to_dataset(), data["ends"].to_dataset()
    return {
        "delta": Drawing("Does δ vanish on this table?", list(_delta(depth)), DELTA),
        "depth": Drawing("What is learnt, by depth", [_depth(depth, constant)], DEPTH),
        "ends": Drawing("Where the seeds end", list(_ends(ends, constant)), ENDS),
        "barriers": Drawing(
            "What lies between two ends", list(_barriers(data["pairs"].to_dataset())), BARRIERS
        ),
    }


def _panels(part: xr.Dataset) -> Iterator[tuple[str, Figure, Axes]]:
    """Yield a panel for each activation, with the activation's name as its title."""
    for name in part["activation"].values:
        figure, axes = style.panel()
        axes.set_title(str(name))
        yield str(name), figure, axes


def _delta(depth: xr.Dataset) -> Iterator[Figure]:
    deepest = depth["delta"].isel(depth=-1)
    deepest = deepest.sel(layer=slice(1, int(deepest["depth"]) + 1))
    below = len(deepest["layer"]) - np.arange(1, len(deepest["layer"]) + 1)
    for name, figure, axes in _panels(depth):
        lines = {}
        for colour, weights in zip(style.COLOURS, depth["weights"].values, strict=False):
            part = deepest.sel(activation=name, weights=weights).transpose("seed", "layer").values
            share = part / np.where(part[:, -1:] > 0, part[:, -1:], np.nan)
            low, middle, high = np.nanquantile(share, (0.05, 0.5, 0.95), axis=0)
            seen = np.where(middle > 0, middle, np.nan)
            (lines[weights],) = axes.semilogy(below[::-1], seen[::-1], "o-", ms=4, color=colour)
            axes.fill_between(below, np.where(low > 0, low, np.nan), high, alpha=0.2, color=colour, lw=0)
        axes.set(xlabel="layers below the output", ylabel="|δ| over the last layer's")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        style.power_ticks(axes.yaxis)
        _name(axes, lines)
        yield figure


def _name(axes: Axes, lines: Mapping[str, Line2D]) -> None:
    for label, line in lines.items():
        if np.isfinite(np.asarray(line.get_ydata(), float)).any():
            style.label_end(axes, line, str(label))


def _depth(depth: xr.Dataset, constant: float) -> Figure:
    figure, axes = style.panel()
    depths, lines = depth["depth"].values, {}
    for place, name in enumerate(depth["activation"].values):
        losses = [at_best(depth.sel(depth=d), name).data["loss"].values / constant for d in depths]
        losses = np.where(np.isfinite(losses), losses, np.nan)
        low, middle, high = np.nanquantile(losses, (0.0, 0.5, 1.0), axis=1)
        bars, look = np.stack([middle - low, high - middle]), {"color": style.COLOURS[place], "capsize": 3}
        lines[name] = axes.errorbar(depths + 0.1 * place, middle, bars, fmt="o-", ms=4, **look)[0]
    axes.axhline(1, color=style.GREY, lw=1, ls="--")
    axes.set(xlabel="hidden layers", ylabel="loss over the best constant's", ylim=(0, None))
    axes.text(depths[0], 0.98, "dashes: nothing is learnt", color=style.GREY, va="top", fontsize=style.SMALL)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _name(axes, lines)
    return figure


def _ends(ends: xr.Dataset, constant: float) -> Iterator[Figure]:
    for name, figure, axes in _panels(ends):
        lines = {}
        for colour, weights in zip(style.COLOURS, ends["weights"].values, strict=False):
            part = ends["loss"].sel(activation=name, weights=[weights]).transpose("seed", "weights", "rate")
            rate = best(part.values).rate
            losses = part.values[:, 0, rate] / constant
            finite = np.where(np.isfinite(losses), losses, np.inf)
            label = f"{weights},\nrate {part['rate'].values[rate]:g}"
            lines[label] = axes.ecdf(finite, color=colour)
        axes.set(xlim=(-0.02, 1.25), xlabel="loss over the best constant's", ylabel="share of the seeds")
        for place, (label, line) in enumerate(lines.items()):
            at = {"transform": axes.transAxes, "color": line.get_color(), "va": "top", "ha": "right"}
            axes.text(0.99, 0.75 - 0.2 * place, label, fontsize=style.SMALL, **at)
        yield figure


def _barriers(pairs: xr.Dataset) -> Iterator[Figure]:
    top = 1.05 * max(float(pairs[name].max()) for name in ("before", "after"))
    for name, figure, axes in _panels(pairs):
        part = pairs.sel(activation=name)
        heights = np.stack([part["before"].values, part["after"].values])
        axes.plot(["as trained", "aligned"], heights, "o-", color=style.COLOURS[0], alpha=0.5)
        axes.set(xlim=(-0.4, 1.4), ylim=(0, top), ylabel="barrier, loss per row")
        yield figure

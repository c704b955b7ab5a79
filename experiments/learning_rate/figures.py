"""Figures of what each optimiser learns at each rate, and of the edge of stability."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.learning_rate.findings import SOLVED
from experiments.runner import statistics, style
from experiments.runner.experiment import Drawing

NAMES = {"sgd": "plain", "momentum 0.9": "momentum", "rmsprop": "RMSProp", "adam": "Adam"}
"""{optimiser: its name on a line}."""
SIDES = {"rmsprop": "left", "adam": "right"}
"""{optimiser: the horizontal alignment of its name at the top of its line, if other names are near}."""
RATES = (
    "First: share of the seeds that learn XOR, with 99.9 % intervals. Second: median test accuracy on the "
    "digits after two epochs. Each optimiser's name is at the top of its line."
)
EDGES = (
    "Gradient descent, started a little off a minimum, at rates around the predicted edge 2 / λₘₐₓ "
    "(dashed). At the rates with a blue dot it returns to the minimum; at those with an orange cross it "
    "leaves. λₘₐₓ is the largest curvature at the minimum."
)


def figures(data: xr.DataTree) -> Mapping[str, Drawing]:
    """Draw what is learnt at each rate, and the edge of stability."""
    return {
        "rates": Drawing(
            "Each optimiser has its own range of good rates, and Adam's peak is not the highest on XOR",
            [xor_figure(data["xor"].to_dataset()), digits_figure(data["digits"].to_dataset())],
            RATES,
        ),
        "edge": Drawing(
            "Descent leaves a minimum exactly where theory predicts",
            [edge_figure(data["edges"].to_dataset())],
            EDGES,
        ),
    }


def xor_figure(xor: xr.Dataset) -> Figure:
    """Draw the share of the seeds that learn XOR at each rate."""
    figure, axes = style.panel()
    axes.set(xlabel="learning rate", ylabel="share that learns XOR", ylim=(0, 1), xscale="log")
    for colour, name in zip(style.COLOURS, xor["optimizer"].values, strict=False):
        learnt = xor["loss"].sel(optimizer=name).transpose("rate", "seed").values < SOLVED
        bounds = np.array([statistics.share(int(seeds.sum()), len(seeds)) for seeds in learnt])
        axes.fill_between(xor["rate"], *bounds.T, color=colour, alpha=0.15, lw=0)
        draw(axes, xor["rate"].values, learnt.mean(axis=1), colour, str(name))
    style.power_ticks(axes.xaxis)
    return figure


def digits_figure(digits: xr.Dataset) -> Figure:
    """Draw the accuracy on the digits at each rate."""
    figure, axes = style.panel()
    axes.set(xlabel="learning rate", ylabel="test accuracy on digits", ylim=(0, 1.12), xscale="log")
    for colour, name in zip(style.COLOURS, digits["optimizer"].values, strict=False):
        accuracy = digits["accuracy"].sel(optimizer=name).median("seed").values
        draw(axes, digits["rate"].values, accuracy, colour, str(name))
    style.power_ticks(axes.xaxis)
    return figure


def draw(axes: Axes, rates: np.ndarray, values: np.ndarray, colour: str, name: str) -> None:
    """Draw a line with its name at its highest point."""
    axes.plot(rates, values, color=colour)
    top = float(np.exp(np.mean(np.log(rates[values >= 0.98 * values.max()])))), float(values.max())
    words = {
        "textcoords": "offset points",
        "fontsize": style.SMALL,
        "color": colour,
        "ha": SIDES.get(name, "center"),
    }
    axes.annotate(NAMES.get(name, name), top, (0, 5), **words)


def edge_figure(edges: xr.Dataset) -> Figure:
    """Draw the rates at which descent returns to each minimum."""
    figure, axes = style.panel(height=220)
    count, rates = edges.sizes["minimum"], edges["relative_rate"].values
    for y, back in enumerate(edges["back"].transpose("minimum", "relative_rate").values):
        axes.plot(rates[back], np.full(back.sum(), y), "o", color=style.COLOURS[0], ms=4)
        axes.plot(rates[~back], np.full((~back).sum(), y), "x", color=style.COLOURS[1], ms=4)
    axes.axvline(1, color=style.GREY, ls="--", zorder=0)
    names = [str(name).replace(", ", ",\n").replace(" 3-4-1", "\n3-4-1") for name in edges["minimum"].values]
    axes.set_yticks(range(count), names)
    axes.set(xlabel="learning rate · λₘₐₓ / 2", ylim=(-0.5, count - 0.5))
    return figure

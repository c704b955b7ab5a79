"""Figures of Nielsen's networks from many seeds."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments.digits.mnist.findings import PRINTED, SPEEDS
from experiments.runner import style
from experiments.runner.experiment import Drawing
from experiments.runner.mnist import MNIST

ACCURACY = (
    "Nielsen's networks, 784-30-10 and 784-100-10, with N(0, 1) weights and biases and squared error: test "
    "accuracy after each epoch, one line for each seed. Dashed: the number that Nielsen prints for his one "
    "run on MNIST."
)
BIRTHS = (
    "How fast each hidden layer would start to learn, before any training: |δ|, with δ averaged over 1000 "
    "rows. Bars show 90 % of the seeds, and the median. Circles show Nielsen's single network of each depth "
    "(chapter 5)."
)


def figures(mnist: xr.Dataset, births: xr.Dataset) -> Mapping[str, Drawing]:
    """Draw accuracies by epoch, and speeds at birth by layer."""
    his = mnist.attrs["pictures"] == MNIST
    accuracies = [_accuracy(mnist, hidden, his) for hidden in mnist["hidden_nodes"].values]
    speeds = [_births(births, depth, his) for depth in SPEEDS]
    return {
        "mnist": Drawing(
            "Nielsen's networks end at different accuracies from different seeds", accuracies, ACCURACY
        ),
        "births": Drawing(
            "At birth the early layers of Nielsen's deep networks would learn the most slowly",
            speeds,
            BIRTHS,
        ),
    }


def _accuracy(mnist: xr.Dataset, hidden: int, his: bool) -> Figure:
    figure, axes = style.panel()
    values = 100 * mnist["accuracy"].sel(hidden_nodes=hidden).values
    axes.plot(mnist["epoch"], values.T, color=style.COLOURS[0], lw=0.8, alpha=0.6)
    if his:
        axes.axhline(100 * PRINTED[hidden], color=style.COLOURS[1], ls="--")
        at = {"ha": "right", "transform": axes.transAxes, "color": style.COLOURS[1]}
        axes.text(0.97, 0.05, f"dashes: Nielsen's {100 * PRINTED[hidden]:g} %", **at)
    axes.set(title=f"{hidden} hidden nodes", xlabel="epoch", ylabel="test accuracy, %")
    return figure


def _births(births: xr.Dataset, depth: int, his: bool) -> Figure:
    figure, axes = style.panel()
    layers = np.arange(1, depth + 1)
    found = births["speed"].sel(depth=depth, layer=layers).transpose("seed", "layer").values
    low, middle, high = np.quantile(found, (0.05, 0.5, 0.95), axis=0)
    bars = np.stack([middle - low, high - middle])
    axes.errorbar(layers, middle, bars, fmt="_", color=style.COLOURS[0], lw=2, capsize=4)
    if his:
        axes.plot(layers, SPEEDS[depth], "o", color=style.COLOURS[1], mfc="none")
        axes.text(0.03, 0.97, "○ Nielsen's", va="top", color=style.COLOURS[1], transform=axes.transAxes)
    axes.set(title=f"{depth} hidden layers", xlabel="hidden layer", yscale="log", xticks=layers)
    axes.set_ylabel("|δ| at birth")
    style.plain_ticks(axes.yaxis, (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1))
    return figure

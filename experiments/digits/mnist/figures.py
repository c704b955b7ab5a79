"""Nielsen's networks from many seeds, drawn."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments.digits.mnist.findings import PRINTED, SPEEDS
from experiments.digits.mnist.pictures import MNIST
from experiments.runner import style

ACCURACY = (
    "Nielsen's networks, 784-30-10 and 784-100-10, with N(0, 1) weights and biases and squared error: test "
    "accuracy after each epoch, one line per seed. Dashed: the number he prints for his one run on MNIST."
)
BIRTHS = (
    "How fast each hidden layer would learn at birth, before any training: |δ|, δ averaged over 1000 rows. "
    "Bars: 90 % of the seeds, and the median; circles: Nielsen's one network of each depth (chapter 5)."
)


def figures(mnist: xr.Dataset, births: xr.Dataset) -> Mapping[str, tuple[Figure, str]]:
    """Draw accuracies by epoch, and speeds at birth by layer."""
    his = mnist.attrs["pictures"] == MNIST
    return {"mnist": (_accuracy(mnist, his), ACCURACY), "births": (_births(births, his), BIRTHS)}


def _accuracy(mnist: xr.Dataset, his: bool) -> Figure:
    figure = Figure(figsize=(9.4, 3.6), layout="constrained")
    hidden_nodes = mnist["hidden_nodes"].values
    for axis, hidden in zip(figure.subplots(1, len(hidden_nodes), sharey=True), hidden_nodes, strict=True):
        values = 100 * mnist["accuracy"].sel(hidden_nodes=hidden).values
        axis.plot(mnist["epoch"], values.T, color=style.COLOURS[0], lw=0.8, alpha=0.6)
        if his:
            axis.axhline(100 * PRINTED[hidden], color=style.COLOURS[1], ls="--")
        axis.set(title=f"{hidden} hidden nodes", xlabel="epoch")
    figure.axes[0].set_ylabel("test accuracy, %")
    return figure


def _births(births: xr.Dataset, his: bool) -> Figure:
    figure = Figure(figsize=(9.4, 3.4), layout="constrained")
    for axis, (depth, speeds) in zip(
        figure.subplots(1, len(SPEEDS), sharey=True), SPEEDS.items(), strict=True
    ):
        layers = np.arange(1, depth + 1)
        found = births["speed"].sel(depth=depth, layer=layers).transpose("seed", "layer").values
        low, middle, high = np.quantile(found, (0.05, 0.5, 0.95), axis=0)
        bars = np.stack([middle - low, high - middle])
        axis.errorbar(layers, middle, bars, fmt="_", color=style.COLOURS[0], lw=2, capsize=4)
        if his:
            axis.plot(layers, speeds, "o", color=style.COLOURS[1], mfc="none")
        axis.set(title=f"{depth} hidden layers", xlabel="hidden layer", yscale="log", xticks=layers)
    figure.axes[0].set_ylabel("|δ| at birth")
    return figure

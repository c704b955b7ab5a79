"""What each optimiser learns at each rate, and the edge of stability."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments.learning_rate.edges import AROUND_EDGE
from experiments.learning_rate.findings import SOLVED
from experiments.runner import statistics

RATES = (
    "Too small, good, too large. Left: share of the seeds whose summed loss on XOR is below 0.1, with 99.9 "
    "% intervals. Right: test accuracy on the digits after few epochs; bands span all seeds."
)
EDGES = (
    "Gradient descent started a little off a minimum: blue comes back to it, orange leaves. The dashed line "
    "is the predicted edge, 2 / (largest eigenvalue of the Hessian)."
)


def figures(data: xr.DataTree) -> Mapping[str, tuple[Figure, str]]:
    """Draw rate against what is learnt; the edge."""
    rates = rate_figure(data["xor"].to_dataset(), data["digits"].to_dataset()["accuracy"])
    return {"rates": (rates, RATES), "edge": (edge_figure(data["edges"].to_dataset()), EDGES)}


def rate_figure(xor: xr.Dataset, accuracy: xr.DataArray) -> Figure:
    """What each optimiser learns at each rate."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    for number, name in enumerate(xor["optimizer"].values):
        learnt = xor["loss"].sel(optimizer=name).transpose("rate", "seed").values < SOLVED
        accuracies = accuracy.sel(optimizer=name).transpose("seed", "rate").values
        bounds = np.array([statistics.share(int(seeds.sum()), len(seeds)) for seeds in learnt])
        spans = accuracies.min(axis=0), accuracies.max(axis=0)
        for axis, middle, band in (
            (left, learnt.mean(1), bounds.T),
            (right, np.median(accuracies, 0), spans),
        ):
            axis.semilogx(xor["rate"], middle, color=f"C{number}", label=name)
            axis.fill_between(xor["rate"], *band, color=f"C{number}", alpha=0.2, lw=0)
    left.set(xlabel="learning rate", ylabel="share of the seeds that learn", title="XOR", ylim=(0, 1))
    right.set(xlabel="learning rate", ylabel="test accuracy", title="digits", ylim=(0, 1))
    left.legend()
    return figure


def edge_figure(edges: xr.Dataset) -> Figure:
    """Which rates come back to each minimum."""
    figure, count = Figure(figsize=(7, 2.4), layout="constrained"), edges.sizes["minimum"]
    axis = figure.subplots()
    for y, back in enumerate(edges["back"].transpose("minimum", "relative_rate").values):
        for kind, colour in ((back, "C0"), (~back, "C1")):
            axis.plot(AROUND_EDGE[kind], np.full(kind.sum(), y), "o", color=colour, ms=4)
    axis.axvline(1, color="grey", ls="--", zorder=0)
    axis.set_yticks(range(count), edges["minimum"].values)
    axis.set(xlabel="learning rate, relative to 2 / (largest eigenvalue)", ylim=(-0.5, count - 0.5))
    return figure

"""What the sentences' figures show."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments.runner import style
from experiments.sentences import one_row, xor

SMALLER = (
    "“Even smaller”? The change of x₃ → h₁ over that of h₁ → o in the first update of random networks. Left "
    "of the line the sentence holds. With inputs of at most 1 it holds far more often."
)
WIDTHS = (
    "What is promised and what training finds: the largest error of trained 1-h-1 networks (thin: each seed; "
    "thick: their median), of a staircase that is built without training, and the bound promised for it."
)
LEARNT = "The first seed's network with 2 and with 16 hidden nodes, and the function that it learns."
CURVES = (
    "XOR with and without momentum 0.9: share of the networks that have learnt it by then. At equal "
    "α / (1 − μ), momentum is slow to start and then does as plain descent does."
)
FIGURE_3 = (
    "The handout's Figure 3 with real minima. Left: the loss on the plane through a strict local minimum "
    "(orange), the nearest copy of the global one (blue) and the point where the first path begins, with a "
    "path of descent into each, seen from above: the paths lie outside of the plane. Right: the loss along "
    "the straight line from one to the other."
)


def figures(data: xr.DataTree) -> Mapping[str, tuple[Figure, str]]:
    """Draw changes, widths, learnt functions, momentum, and Figure 3."""
    parts = {name: data[name].to_dataset() for name in ("one_row", "approximation", "xor", "figure_3")}
    return {
        "even_smaller": (smaller_figure(parts["one_row"]), SMALLER),
        "widths": (width_figure(parts["approximation"]), WIDTHS),
        "learnt": (learnt_figure(parts["approximation"]), LEARNT),
        "momentum": (curve_figure(parts["xor"]), CURVES),
        "figure_3": (minima_figure(parts["figure_3"]), FIGURE_3),
    }


def smaller_figure(row: xr.Dataset) -> Figure:
    """Histograms of the ratio for both sizes of the row."""
    figure = Figure(figsize=(7.5, 3.2), layout="constrained")
    axis = figure.subplots()
    bins = np.linspace(-4, 2, 61).tolist()
    names = ("inputs 1, 3, 5", "inputs 0.2, 0.6, 1")
    for size, name in zip(one_row.SIZES, names, strict=True):
        ratio = row["x3_to_h1"].sel(size=size).values
        axis.hist(
            np.log10(np.maximum(ratio, 1e-4)),
            bins,
            histtype="step",
            lw=2,
            label=f"{name}: {np.mean(ratio < 1):.0%} smaller",
        )
    axis.axvline(0, color="black", ls="--", lw=1)
    axis.set_xticks(range(-4, 3), ["10⁻⁴ or less", "10⁻³", "0.01", "0.1", "1", "10", "100"])
    axis.set(xlabel="|change of x₃ → h₁| / |change of h₁ → o|", ylabel="networks")
    axis.legend(loc="upper left")
    return figure


def width_figure(part: xr.Dataset) -> Figure:
    """Largest error against width, for each function."""
    figure = Figure(figsize=(9.5, 3.6), layout="constrained")
    for axis, name in zip(figure.subplots(1, 3, sharey=True), part["function"].values, strict=True):
        one = part.sel(function=name)
        errors = one["largest"].transpose("seed", "width").values
        axis.plot(one["width"], errors[:40].T, color="C0", alpha=0.15, lw=0.8)
        axis.plot(one["width"], np.median(errors, axis=0), color="C0", lw=2.5, label="trained")
        axis.plot(one["width"], one["built"], "s-", color="C1", ms=4, label="built")
        axis.plot(one["width"], one["bound"], "--", color="black", label="promised")
        axis.set(xscale="log", yscale="log", xlabel="hidden nodes", title=name)
        style.plain_ticks(axis.xaxis, one["width"].values.tolist())
    figure.axes[0].set_ylabel("largest error")
    style.plain_ticks(figure.axes[0].yaxis, (0.01, 0.1, 1))
    figure.axes[0].legend()
    return figure


def learnt_figure(part: xr.Dataset) -> Figure:
    """What one seed's networks say, few nodes and many."""
    figure = Figure(figsize=(9.5, 3.0), layout="constrained")
    for axis, name in zip(figure.subplots(1, 3), part["function"].values, strict=True):
        one = part.sel(function=name)
        axis.plot(one["x"], one["truth"], color="black", lw=3, alpha=0.3, label="the function")
        for colour, width in (("C1", 2), ("C0", int(part["width"][-1]))):
            axis.plot(one["x"], one["said"].sel(width=width), color=colour, label=f"{width} hidden nodes")
        axis.set(xlabel="x", title=name)
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def curve_figure(part: xr.Dataset) -> Figure:
    """Share learnt by epoch."""
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    axis = figure.subplots()
    for way in part["way"].values:
        for rate, style_of_line in ((xor.EFFECTIVE[0], ":"), (xor.SHOWN, "-")):
            learnt = (part["loss"].sel(way=way, rate=rate) < xor.SOLVED).mean("seed")
            colour = "C1" if way == xor.WITH else "C0"
            axis.plot(
                part["epoch"], learnt, style_of_line, color=colour, label=f"{way}, α / (1 − μ) = {rate:g}"
            )
    axis.set(xlabel="epochs", ylabel="share learnt", ylim=(0, 1), xlim=(0, min(2000, int(part["epoch"][-1]))))
    axis.legend(loc="lower right")
    return figure


def minima_figure(part: xr.Dataset) -> Figure:
    """The landscape with both paths, and the line between the minima."""
    figure = Figure(figsize=(10, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
    steps, loss = part["step"].values, part["loss"].transpose("across", "along").values
    shade = left.contourf(steps, steps, np.log10(loss + 0.1), 24, cmap="Greys_r")
    bar = figure.colorbar(shade, ax=left, label="SSE + 0.1", ticks=[-1, 0, 1, 2, 3])
    bar.ax.set_yticklabels(["0.1", "1", "10", "100", "1000"])
    for kind, colour in (("local", "C1"), ("global", "C0")):
        way = part["path"].sel(kind=kind).values
        left.plot(*way.T, color="white", lw=3.5)
        left.plot(*way.T, color=colour, lw=2)
        left.plot(*way[0], "o", mfc="white", mec=colour, mew=2, ms=8)
        loss_there = float(part["end_loss"].sel(kind=kind))
        left.plot(*way[-1], "o", color=colour, mec="white", ms=10, label=f"{kind}: {abs(loss_there):.3f}")
    left.set(aspect="equal", xlim=steps[[0, -1]], ylim=steps[[0, -1]], xticks=[], yticks=[])
    left.grid(visible=False)
    left.legend(title="SSE at the minimum", loc="best", frameon=True)
    between = part["between"].values
    right.plot(np.linspace(0, 1, len(between)), between, color="black")
    right.plot(0, between[0], "o", color="C1", ms=9)
    right.plot(1, between[-1], "o", color="C0", ms=9)
    right.set(
        xlabel="from the local to the global minimum", ylabel="SSE summed over the rows", ylim=(0, None)
    )
    return figure

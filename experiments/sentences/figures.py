"""The figures of the experiment on sentences."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments.runner import style
from experiments.runner.experiment import Drawing
from experiments.sentences import one_row, xor

BLUE, ORANGE = style.COLOURS[:2]
SMALLER = (
    "The first update of random networks, on the handout's row and on a row with smaller inputs. The "
    "handout's sentence holds left of the dashed line."
)
WIDTHS = (
    "The largest error of trained 1-h-1 networks (thin lines: 40 of the seeds; thick line: the median of "
    "all) and of a staircase built without training, and the bound promised for the staircase."
)
LEARNT = "The first seed's network with 2 and with 16 hidden nodes, and the function that it learns (grey)."
CURVES = (
    "The share of networks that have learnt XOR by each epoch, with momentum 0.9 and without, at two sizes "
    "of α / (1 − μ), which is how far a long, steady pull moves the weights. Where this quotient is equal, "
    "both curves end at about the same share."
)
FIGURE_3 = (
    "First: the loss, greyer where it is higher, on the plane through a strict local minimum (orange), a "
    "copy of the global one (blue) and a start (ring), with a path of descent into each minimum, projected "
    "onto the plane. Second: the loss on the straight line between the two minima."
)


def figures(data: xr.DataTree) -> Mapping[str, Drawing]:
    """Draw weight changes, Figure 3, momentum, widths, and learnt functions."""
    parts = {name: data[name].to_dataset() for name in ("one_row", "approximation", "xor", "figure_3")}
    row, approximation, figure_3 = parts["one_row"], parts["approximation"], parts["figure_3"]
    functions = [str(name) for name in approximation["function"].values]
    return {
        "even_smaller": Drawing("“Even smaller” is a toss-up for x₃ = 5", [smaller_figure(row)], SMALLER),
        "figure_3": Drawing(
            "A real local minimum lies beside the global one",
            [plane_figure(figure_3), line_figure(figure_3)],
            FIGURE_3,
        ),
        "momentum": Drawing("Momentum does what a larger rate does", [curve_figure(parts["xor"])], CURVES),
        "widths": Drawing(
            "Training finds far better networks than the proof builds",
            [width_figure(approximation.sel(function=name)) for name in functions],
            WIDTHS,
        ),
        "learnt": Drawing(
            "Sixteen hidden nodes can bend where two cannot",
            [learnt_figure(approximation.sel(function=name)) for name in functions],
            LEARNT,
        ),
    }


def smaller_figure(row: xr.Dataset) -> Figure:
    """Draw a histogram of the ratio of weight changes for each size of the row."""
    figure, axes = style.panel(height=290)
    bins = np.linspace(-3, 2, 51).tolist()
    names = ("inputs 1, 3, 5", "inputs 0.2, 0.6, 1")
    for place, (size, name) in enumerate(zip(one_row.SIZES, names, strict=True)):
        ratio, colour = row["x3_to_h1"].sel(size=size).values, style.COLOURS[1 - place]
        share = np.full(len(ratio), 1 / len(ratio))
        axes.hist(
            np.log10(np.clip(ratio, 1e-3, 100)), bins, weights=share, histtype="step", lw=2, color=colour
        )
        words = f"{name}: {np.mean(ratio < 1):.0%} smaller"
        axes.text(
            0.03,
            0.97 - 0.08 * place,
            words,
            color=colour,
            va="top",
            fontsize=style.SMALL,
            transform=axes.transAxes,
        )
    axes.axvline(0, color=style.GREY, ls="--", lw=1)
    axes.set_xticks(range(-3, 3), ["≤ 0.001", "0.01", "0.1", "1", "10", "100"])
    axes.set(xlabel="change of x₃ → h₁ / change of h₁ → o", ylabel="share of the networks")
    axes.set_ylim(0, 1.3 * axes.get_ylim()[1])
    return figure


def width_figure(one: xr.Dataset) -> Figure:
    """Draw the largest error against the width, for one function."""
    figure, axes = style.panel()
    errors = one["largest"].transpose("seed", "width").values
    axes.plot(one["width"], errors[:40].T, color=BLUE, alpha=0.15, lw=0.8)
    axes.set(xscale="log", yscale="log", xlabel="hidden nodes", ylabel="largest error", ylim=(0.003, 6))
    axes.set(title=str(one["function"].values))
    lines = {
        "trained": axes.plot(one["width"], np.median(errors, axis=0), color=BLUE, lw=2.5)[0],
        "built": axes.plot(one["width"], one["built"], "s-", color=ORANGE, ms=4)[0],
        "promised": axes.plot(one["width"], one["bound"], "--", color="black")[0],
    }
    style.plain_ticks(axes.xaxis, one["width"].values.tolist())
    style.plain_ticks(axes.yaxis, (0.01, 0.1, 1))
    for name, line in lines.items():
        style.label_end(axes, line, name)
    return figure


def learnt_figure(one: xr.Dataset) -> Figure:
    """Draw the output of one seed's networks, with few nodes and with many."""
    figure, axes = style.panel()
    axes.plot(one["x"], one["truth"], color=style.GREY, lw=4, alpha=0.4)
    axes.set(xlabel="x", title=str(one["function"].values))
    for colour, width in ((ORANGE, 2), (BLUE, int(one["width"][-1]))):
        (line,) = axes.plot(one["x"], one["said"].sel(width=width), color=colour)
        style.label_end(axes, line, f"{width} nodes")
    return figure


def curve_figure(part: xr.Dataset) -> Figure:
    """Draw the share of networks that have learnt XOR, by epoch."""
    figure, axes = style.panel(style.WIDE, 300)
    axes.set(xlabel="epochs", ylabel="share learnt", ylim=(0, 1), xlim=(0, min(2000, int(part["epoch"][-1]))))
    for way in part["way"].values:
        for rate, dash in ((xor.EFFECTIVE[0], ":"), (xor.SHOWN, "-")):
            learnt = (part["loss"].sel(way=way, rate=rate) < xor.SOLVED).mean("seed")
            colour = ORANGE if way == xor.WITH else BLUE
            (line,) = axes.plot(part["epoch"], learnt, dash, color=colour)
            style.label_end(axes, line, f"{'with' if way == xor.WITH else 'without'}, α / (1 − μ) = {rate:g}")
    return figure


def plane_figure(part: xr.Dataset) -> Figure:
    """Draw the landscape with both paths."""
    figure, axes = style.panel(height=320)
    steps, loss = part["step"].values, part["loss"].transpose("across", "along").values
    levels = np.linspace(np.log10(0.1), np.log10(loss + 0.1).max(), 11)
    shades = [(style.GREY, depth) for depth in np.linspace(0, 0.8, len(levels) - 1)]
    axes.contourf(steps, steps, np.log10(loss + 0.1), levels, colors=shades)
    for kind, colour in (("local", ORANGE), ("global", BLUE)):
        way = part["path"].sel(kind=kind).values
        axes.plot(*way.T, color=style.PAPER, lw=3.5)
        axes.plot(*way.T, color=colour, lw=2)
        axes.plot(*way[0], "o", mfc=style.PAPER, mec=colour, mew=2, ms=8)
        axes.plot(*way[-1], "o", color=colour, mec=style.PAPER, ms=10)
        there = abs(float(part["end_loss"].sel(kind=kind)))
        box = {"facecolor": style.PAPER, "edgecolor": "none", "pad": 2}
        words = {"textcoords": "offset points", "fontsize": style.SMALL, "color": colour, "bbox": box}
        axes.annotate(f"{kind}: SSE {round(there, 2):g}", way[-1], (0, -20), ha="center", **words)
    axes.set(aspect="equal", xlim=steps[[0, -1]], ylim=steps[[0, -1]], xticks=[], yticks=[])
    axes.grid(visible=False)
    return figure


def line_figure(part: xr.Dataset) -> Figure:
    """Draw the loss on the line between the minima."""
    figure, axes = style.panel(height=320)
    between = part["between"].values
    axes.plot(np.linspace(0, 1, len(between)), between, color="black")
    axes.plot(0, between[0], "o", color=ORANGE, ms=9, clip_on=False)
    axes.plot(1, between[-1], "o", color=BLUE, ms=9, clip_on=False)
    axes.set(xlabel="from the local to the global minimum", ylabel="SSE", ylim=(0, None), xlim=(0, 1))
    axes.set_xticks([0, 0.5, 1], ["local", "halfway", "global"])
    return figure

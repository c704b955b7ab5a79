"""Panels that compare ReLU networks with one exact law each: dots are measured, lines are exact."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from experiments.runner import style
from experiments.runner.experiment import Drawing
from experiments.vanishing_gradients.exact_laws import log_moments, squared_spread
from experiments.vanishing_gradients.readers import first_delta, has_relu_pair, weight_gradient
from nnjax import signal_propagation

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

PAIR = {"he_normal": "He", "glorot_normal": "Glorot"}
"""{initial weights that are compared: whose they are}."""
CAPTION = (
    "ReLU networks at birth; dots (and the thick line) are measured, thin lines are exact laws. The shaded "
    "area in the third panel contains 95 % of the means of the widest networks over as many seeds as each "
    "dot stands for. Means of narrow deep networks fall below 1, since the mean depends on rare networks "
    "that samples miss."
)


def drawing(birth: xr.Dataset, laws: xr.DataTree) -> Drawing:
    """Draw every law for which there is data."""
    panels = [draw(birth) for draw in (_flat, _shrinking, _mean, _spread)] if has_relu_pair(birth) else []
    panels += [_step(laws["one_layer"].to_dataset()), _dead(laws["dead"].to_dataset())]
    return Drawing("Six exact laws of random ReLU networks hold", panels, CAPTION)


def _flat(birth: xr.Dataset) -> "Figure":
    figure, axes = style.panel()
    width, depth = int(birth["width"].values[-1]), birth.sizes["layer"]
    lines = {}
    for colour, (init, name) in zip(style.COLOURS, PAIR.items(), strict=False):
        gradient = weight_gradient(birth, init, width).astype(float)
        middle = np.sqrt(np.mean(gradient**2, axis=1))
        axes.semilogy(birth["layer"], middle, "o", color=colour, ms=3)
        exact = np.sqrt(width) * (1 if init == "he_normal" else 2 ** (-(depth - 1) / 2))
        (lines[name],) = axes.plot([1, depth], [exact, exact], color=colour, lw=0.8)
    axes.set(
        xlabel="layer", ylabel="|∂f/∂W|, root mean square", title="The gradient is the same in all layers"
    )
    axes.text(0.5, 0.5, "dots: measured\nlines: exact", color=style.GREY, transform=axes.transAxes)
    return _labelled(figure, lines)


def _shrinking(birth: xr.Dataset) -> "Figure":
    figure, axes = style.panel()
    width, depths = int(birth["width"].values[-1]), birth["depth"].values
    lines = {}
    for colour, (init, name) in zip(style.COLOURS, PAIR.items(), strict=False):
        first = first_delta(birth, init)[-1]
        axes.semilogy(depths, np.sqrt(width * np.mean(first**2, axis=1)), "o", color=colour, ms=4)
        halved = np.ones(len(depths)) if init == "he_normal" else 2 ** (-(depths - 1) / 2)
        (lines[name],) = axes.plot(depths, np.sqrt(width) * halved, color=colour, lw=0.8)
    axes.set(
        xlabel="layers in all",
        ylabel="|∂f/∂W₁|, root mean square",
        title="Glorot: the gradient vanishes with depth",
    )
    return _labelled(figure, lines)


def _mean(birth: xr.Dataset) -> "Figure":
    figure, axes = style.panel()
    depths, seeds, widths = birth["depth"].values, birth.sizes["seed"], birth["width"].values
    lines = {}
    for colour, width, first in zip(style.COLOURS, widths, first_delta(birth, "he_normal"), strict=False):
        mean = np.mean(first**2, axis=1)
        (lines[f"width {width}"],) = axes.plot(
            depths, np.where(mean > 0, mean, np.nan), "o", color=colour, ms=4
        )
    error = np.array([squared_spread(int(widths[-1]), int(d)) for d in depths]) / seeds**0.5
    shade = {"color": style.COLOURS[len(widths) - 1], "alpha": 0.2, "lw": 0}
    axes.fill_between(depths, np.maximum(1 - 2 * error, 0.01), 1 + 2 * error, **shade)
    axes.axhline(1, color=style.COLOURS[-1], lw=0.8)
    axes.set(
        yscale="log",
        xlabel="layers in all",
        ylabel=f"mean of |δ₁|², {seeds} seeds",
        title="He's weights keep the mean of |δ|² at 1",
    )
    return _labelled(figure, lines)


def _spread(birth: xr.Dataset) -> "Figure":
    figure, axes = style.panel()
    steps = birth.sizes["layer"] - birth["layer"].values
    part = birth["delta"].sel(activation="relu", init="he_normal").transpose("width", "layer", "seed")
    lines = {}
    for colour, width, delta in zip(style.COLOURS, birth["width"].values, part.values, strict=False):
        alive = delta[:, delta[0] > 0].astype(float)
        measured = np.var(2 * np.log(alive), axis=1, ddof=1) if alive.shape[1] > 1 else steps * np.nan
        axes.plot(steps, measured, "o", color=colour, ms=3)
        exact = steps * log_moments(int(width))[1]
        (lines[f"width {width}"],) = axes.plot(steps[::-1], exact[::-1], color=colour, lw=0.8)
    axes.set(
        xlabel="layers above",
        ylabel="variance of log |δ|²",
        title="He's weights: narrow networks vary more",
    )
    return _labelled(figure, lines)


def _labelled(figure: "Figure", lines: "Mapping[str, Line2D]") -> "Figure":
    if figure.axes[0].get_yscale() == "log":
        style.power_ticks(figure.axes[0].yaxis)
    for label, line in lines.items():
        style.label_end(figure.axes[0], line, label)
    return figure


def _step(sample: xr.Dataset) -> "Figure":
    figure, axes = style.panel()
    width, ratios = int(sample["width"]), sample["ratio"].values
    alive = np.sort(ratios[ratios > 0])
    share = np.arange(1, len(alive) + 1) / len(alive)
    every = np.unique(np.linspace(0, len(alive) - 1, 300).astype(int))
    axes.plot(alive[every], share[every], lw=5, alpha=0.4)
    grid = np.linspace(0, float(alive[-1]), 200)
    axes.plot(grid, signal_propagation.relu_step_cdf(width, grid), color=style.COLOURS[-1], lw=1)
    axes.set(xlabel="|δ|² below the layer / |δ|² above it", ylabel="share of networks with less")
    axes.set_title(f"One layer of {width} changes |δ|² by a known law")
    return figure


def _dead(sample: xr.Dataset) -> "Figure":
    figure, axes = style.panel()
    width, layers = int(sample["width"]), sample["layer"].values
    axes.plot(layers, sample["is_dead"].mean("seed").values, "o", color=style.COLOURS[0])
    exact = [signal_propagation.dead_at_birth(width, int(layer)) for layer in layers]
    axes.plot(layers, exact, color=style.COLOURS[-1], lw=1)
    axes.set(xlabel="layers", ylabel="share of networks dead for one input")
    axes.set(title=f"Layers of {width}: some are dead at birth", xticks=layers, ylim=(0, None))
    return figure

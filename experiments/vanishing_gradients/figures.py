"""Figures of the vanishing-gradients experiment."""

from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.runner import style
from experiments.vanishing_gradients.draws import distinct
from experiments.vanishing_gradients.exact_laws import log_moments, squared_spread
from experiments.vanishing_gradients.readers import (
    LEARNT,
    ROUNDING,
    TITLES,
    best,
    first_delta,
    has_relu_pair,
    last,
    weight_gradient,
)
from experiments.vanishing_gradients.recipes import SATURATED_CROSS_ENTROPY, SATURATED_SSE
from nnjax import signal_propagation

SMALLEST = float(np.finfo(np.float32).tiny)
"""Smallest normal float32."""
COMMON_RATE = 0.01
"""Rate at which changes of weights are compared, or the nearest that was tried."""


def figures(data: xr.DataTree) -> Mapping[str, tuple[Figure, str]]:
    """Draw networks at birth, the exact laws, training, and what helps."""
    birth, digits = data["birth"].to_dataset(), data["digits"].to_dataset()
    chosen = {name: best(data[name].to_dataset()) for name in TITLES}
    drawn = {
        "birth": _birth(birth),
        "laws": (_laws(birth, data.children["laws"]), LAWS),
        "depths": (_depths(chosen), DEPTHS + (ONE if 1 in digits["depth"] else "")),
        "changes": _changes(digits),
        "stall": (_stall(best(data["stall"].to_dataset())), STALL),
    }
    if "remedies" in data.children:
        drawn["remedies"] = (_remedies(best(data["remedies"].to_dataset())), REMEDIES)
    return drawn


BIRTH = (
    "Networks at birth: the length of each layer's δ, divided by the last layer's, against the layer. One "
    "panel for each choice of initial weights, in the widest networks drawn with it. Lines are root mean "
    "squares over the seeds, bands hold 90 % of the seeds, black dots are mean-field theory. ReLU's line is "
    "thick, so that leaky ReLU's can be seen on top of it."
)
BAND = " In the grey band float32 holds only some digits of a number, or none."
LAWS = (
    "ReLU networks held against exact laws; dots are measured, lines exact. Top left: the length of each "
    "layer's weight gradient is the same in all layers, with He's and with Glorot's weights. Top middle: yet "
    "with Glorot's the first layer's gradient shrinks as the network has more layers. Top right: with He's "
    "the mean of |δ₁|² stays at 1; 95 in 100 means of as many seeds of the widest networks lie in the shade. "
    "Means of narrow deep networks fall below, since rare networks that no sample holds make up the mean. "
    "Bottom left: the spread of |δ|² over seeds grows with layers/width. Bottom middle: by how much one "
    "narrow layer changes |δ|², as shares of networks. Bottom right: the share of narrow networks in which, "
    "for one input, some layer has no active node."
)
DEPTHS = (
    "Training: loss per row (top) and accuracy on test rows (bottom) after the last epoch against the number "
    "of layers with weights, each at the best of its learning rates; bars span all seeds. Dashes: the best "
    "constant answer, which a network that learns nothing gives; dots: below them a depth counts as learnt."
)
ONE = " With one layer there is no hidden node: the two lines then differ in the initial weights alone."
CHANGES = (
    "How much each layer's weights change in the first epoch, relative to their length, on the digits, with "
    "the learning rate {rate:g} for all; medians over the seeds. Layer 1 is next to the input; the number at "
    "a line's end is how many layers the network has. In the grey band a change is about as small as "
    "float32's rounding of the weight."
)
UNMOVED = " Hollow marks at the bottom: no weight changed at all."
STALL = (
    "Very deep ReLU networks on the digits: loss per row after each epoch; each line is a seed, at the best "
    "of the learning rates. Dashes: the best constant answer."
)
REMEDIES = (
    "What helps a sigmoid network of five layers that learns nothing: test accuracy on the digits after the "
    "last epoch, each at the best of its rates; dots are medians, bars span all seeds. Orange: two networks "
    "of two layers that start with saturated outputs, to be compared with each other. Dashes: the accuracy "
    "of one answer for all rows."
)


def _birth(birth: xr.Dataset) -> tuple[Figure, str]:
    labels = distinct(birth["init"].values, int(birth["width"].values[-1]))
    rows = (len(labels) + 2) // 3
    figure = Figure(figsize=(10, 0.6 + 3.2 * rows), layout="constrained")
    axes = figure.subplots(rows, min(3, len(labels)), sharex=True, sharey=True, squeeze=False).ravel()
    lowest = max(float(birth["delta"].where(birth["delta"] > 0).min()), SMALLEST / 1e4)
    for axis, (label, init) in zip(axes, labels.items(), strict=False):
        part = birth.sel(init=init).dropna("width", how="all", subset=["delta"]).isel(width=-1)
        for rank, name in enumerate(birth["activation"].values):
            _line(axis, part.sel(activation=name), name, rank)
        axis.set(yscale="log", title=f"{label}\nwidth {int(part['width'])}")
        if lowest < SMALLEST * 1e3:
            axis.axhspan(lowest / 10, SMALLEST, color="#cccccc", zorder=0)
    axes[0].set_ylim(lowest / 10, None)  # all share it, so only once all are drawn
    for axis in axes[len(labels) :]:
        axis.axis("off")
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=len(names), fontsize=10)
    figure.supxlabel("layer (1 is next to the input)")
    figure.supylabel("|δ| / |δ of the last layer|")
    return figure, BIRTH + (BAND if lowest < SMALLEST * 1e3 else "")


def _line(axis: Axes, part: xr.Dataset, name: str, rank: int) -> None:
    colour, layers = style.COLOURS[rank % len(style.COLOURS)], part["layer"].values
    delta = part["delta"].transpose("layer", "seed").values.astype(float)
    held = bool(np.isfinite(delta).all())
    middle = np.sqrt(np.mean(delta**2, axis=1)) if held else np.full(len(layers), np.nan)
    middle = np.where(middle > 0, middle, np.nan)
    lw, zorder = (5, 2) if name == "relu" else (1.8, 3)
    axis.plot(layers, middle, color=colour, label=name, lw=lw, zorder=zorder)
    if not held:
        axis.text(
            0.97,
            0.05 + 0.1 * rank,
            f"{name}: beyond float32",
            transform=axis.transAxes,
            ha="right",
            fontsize=9,
        )
        return
    low, high = np.maximum(np.quantile(delta, [0.05, 0.95], axis=1), 1e-45)
    axis.fill_between(layers, low, high, color=colour, alpha=0.2, lw=0)
    theory = np.sqrt(part["predicted"].values)
    every = slice(None, None, max(1, len(layers) // 12))
    axis.plot(layers[every], np.where(theory > SMALLEST, theory, np.nan)[every], "k.", ms=3.5, zorder=4)


def _laws(birth: xr.Dataset, laws: xr.DataTree) -> Figure:
    figure = Figure(figsize=(12, 7), layout="constrained")
    axes = figure.subplots(2, 3).ravel()
    if has_relu_pair(birth):
        for axis, draw in zip(axes, (_flat, _shrinking, _mean, _spread), strict=False):
            draw(axis, birth)
    _step(axes[4], laws["one_layer"].to_dataset())
    _dead(axes[5], laws["dead"].to_dataset())
    return figure


def _flat(axis: Axes, birth: xr.Dataset) -> None:
    width, depth = int(birth["width"].values[-1]), birth.sizes["layer"]
    for colour, init in zip(style.COLOURS, ("he_normal", "glorot_normal"), strict=False):
        gradient = weight_gradient(birth, init, width).astype(float)
        middle = np.sqrt(np.mean(gradient**2, axis=1))
        axis.semilogy(birth["layer"], middle, "o", color=colour, ms=3, label=init)
        exact = np.sqrt(width) * (1 if init == "he_normal" else 2 ** (-(depth - 1) / 2))
        axis.axhline(exact, color=colour, lw=0.8)
    axis.set(xlabel="layer", ylabel="|∂f/∂W|, root mean square", title=f"{depth} layers of {width}: flat")
    axis.legend(fontsize=9)


def _shrinking(axis: Axes, birth: xr.Dataset) -> None:
    width, depths = int(birth["width"].values[-1]), birth["depth"].values
    for colour, init in zip(style.COLOURS, ("he_normal", "glorot_normal"), strict=False):
        first = first_delta(birth, init)[-1]
        axis.semilogy(depths, np.sqrt(width * np.mean(first**2, axis=1)), "o", color=colour, ms=5, label=init)
        halved = np.ones(len(depths)) if init == "he_normal" else 2 ** (-(depths - 1) / 2)
        axis.plot(depths, np.sqrt(width) * halved, color=colour, lw=0.8)
    axis.set(xlabel="layers in all", ylabel="|∂f/∂W₁|, root mean square", title=f"width {width}: vanishing")
    axis.legend(fontsize=9)


def _mean(axis: Axes, birth: xr.Dataset) -> None:
    depths, seeds, widths = birth["depth"].values, birth.sizes["seed"], birth["width"].values
    for colour, width, first in zip(style.COLOURS, widths, first_delta(birth, "he_normal"), strict=False):
        mean = np.mean(first**2, axis=1)
        axis.plot(depths, np.where(mean > 0, mean, np.nan), "o", color=colour, ms=5, label=f"width {width}")
    error = np.array([squared_spread(int(widths[-1]), int(d)) for d in depths]) / seeds**0.5
    shade = {"color": style.COLOURS[len(widths) - 1], "alpha": 0.2, "lw": 0}
    axis.fill_between(depths, np.maximum(1 - 2 * error, 0.01), 1 + 2 * error, **shade)
    axis.axhline(1, color="black", lw=0.8)
    axis.set(yscale="log", xlabel="layers in all", ylabel="mean of |δ₁|²", title=f"He: mean of {seeds} seeds")
    axis.legend(fontsize=9)


def _spread(axis: Axes, birth: xr.Dataset) -> None:
    steps = birth.sizes["layer"] - birth["layer"].values
    part = birth["delta"].sel(activation="relu", init="he_normal").transpose("width", "layer", "seed")
    for colour, width, delta in zip(style.COLOURS, birth["width"].values, part.values, strict=False):
        alive = delta[:, delta[0] > 0].astype(float)
        measured = np.var(2 * np.log(alive), axis=1, ddof=1) if alive.shape[1] > 1 else steps * np.nan
        axis.plot(steps, measured, "o", color=colour, ms=3, label=f"width {width}")
        axis.plot(steps, steps * log_moments(int(width))[1], color=colour, lw=0.8)
    axis.set(xlabel="layers above", ylabel="variance of log |δ|²", title="He: spread over seeds")
    axis.legend(fontsize=9)


def _step(axis: Axes, sample: xr.Dataset) -> None:
    width, ratios = int(sample["width"]), sample["ratio"].values
    alive = np.sort(ratios[ratios > 0])
    axis.plot(alive, np.arange(1, len(alive) + 1) / len(alive), lw=5, alpha=0.4, label="measured")
    grid = np.linspace(0, float(alive[-1]), 200)
    axis.plot(grid, signal_propagation.relu_step_cdf(width, grid), "k--", lw=1, label="exact")
    title = f"He: one layer of {width}"
    axis.set(xlabel="r = |δ₁|² / |δ₂|²", ylabel="share of networks with less", title=title)
    axis.legend(fontsize=9)


def _dead(axis: Axes, sample: xr.Dataset) -> None:
    width, layers = int(sample["width"]), sample["layer"].values
    axis.plot(layers, sample["is_dead"].mean("seed").values, "o", color=style.COLOURS[0], label="measured")
    exact = [signal_propagation.dead_at_birth(width, int(layer)) for layer in layers]
    axis.plot(layers, exact, "k--", lw=1, label="exact")
    axis.set(xlabel="layers", ylabel="share of networks dead", title=f"width {width}: dead at birth")
    axis.set(xticks=layers, ylim=(0, None))
    axis.legend(fontsize=9)


def _depths(chosen: Mapping[str, xr.Dataset]) -> Figure:
    figure = Figure(figsize=(9, 6), layout="constrained")
    for column, (group, part) in zip(figure.subplots(2, 2, sharex="col").T, chosen.items(), strict=True):
        for axis, name in zip(column, ("loss", "accuracy"), strict=True):
            _against_depth(axis, part, name)
        constant, epochs = float(part["constant"]), part.sizes["epoch"] - 1
        column[0].axhline(constant, color="grey", ls="--", zorder=0)
        column[0].axhline(LEARNT * constant, color="grey", ls=":", zorder=0)
        column[0].set(title=f"{TITLES[group]}, {epochs} epochs", ylim=(0, 1.15 * constant))
        column[1].axhline(_guessing(part), color="grey", ls="--", zorder=0)
        column[1].set(ylim=(0, 1.05), xlabel="layers with weights")
    for axis, text in zip(figure.axes[::2], ("SSE per row", "test accuracy"), strict=True):
        axis.set_ylabel(text)
    figure.axes[3].legend(loc="lower left", fontsize=10)
    return figure


def _guessing(part: xr.Dataset) -> float:
    """Accuracy of one answer for all rows, where the classes are about equally frequent."""
    return 1 / int(part["classes"])


def _against_depth(axis: Axes, chosen: xr.Dataset, name: str) -> None:
    depths, values = chosen["depth"].values, last(chosen, name)
    for rank, (start, part) in enumerate(zip(chosen["start"].values, values, strict=True)):
        middle = np.median(part, axis=1)
        ends = np.abs(np.stack([part.min(axis=1), part.max(axis=1)]) - middle)
        shape = {"fmt": "os"[rank % 2] + "-", "color": style.COLOURS[rank], "label": start}
        axis.errorbar(depths * (1 + 0.03 * rank), middle, ends, capsize=3, ms=5, **shape)
    axis.set(xscale="log")
    axis.set_xticks(depths, [str(depth) for depth in depths])
    axis.minorticks_off()


def _changes(digits: xr.Dataset) -> tuple[Figure, str]:
    rates = digits["rate"].isel(start=0, depth=0).values
    setting = int(np.argmin(np.abs(np.log(rates / COMMON_RATE))))
    changes = digits["change"].isel(during=0, setting=setting).median("seed")
    lowest = min(float(changes.where(changes > 0).min()), ROUNDING) / 30
    figure = Figure(figsize=(9, 4), layout="constrained")
    axes = figure.subplots(1, digits.sizes["start"], sharey=True, squeeze=False).ravel()
    colours = mpl.colormaps["viridis"](np.linspace(0, 0.8, digits.sizes["depth"]))
    for axis, start in zip(axes, digits["start"].values, strict=True):
        axis.axhspan(lowest, ROUNDING, color="#dddddd", zorder=0)
        for colour, depth in zip(colours, digits["depth"].values, strict=True):
            _layers(axis, changes.sel(start=start, depth=depth).values[:depth], colour, lowest * 2)
        axis.set(yscale="log", ylim=(lowest, None), xlabel="layer", title=start)
    axes[0].set_ylabel("|ΔW| / |W| in the first epoch")
    return figure, CHANGES.format(rate=rates[setting]) + (UNMOVED if (changes == 0).any() else "")


def _layers(axis: Axes, values: np.ndarray, colour: np.ndarray, floor: float) -> None:
    numbers, moved = np.arange(1, len(values) + 1), values > 0
    axis.plot(numbers, np.where(moved, values, np.nan), "o-", ms=4, color=colour)
    axis.plot(numbers[~moved], np.full((~moved).sum(), floor), "v", mfc="none", ms=6, color=colour)
    axis.annotate(
        str(len(values)),
        (len(values), values[-1] if moved[-1] else floor),
        xytext=(5, 3),
        textcoords="offset points",
        fontsize=9,
        color=colour,
    )


def _stall(chosen: xr.Dataset) -> Figure:
    figure = Figure(figsize=(6.5, 3.8), layout="constrained")
    axis = figure.subplots()
    for colour, init in zip(style.COLOURS, chosen["init"].values, strict=False):
        losses = chosen["loss"].sel(init=init).transpose("epoch", "seed")[1:]
        axis.plot(losses["epoch"], losses, color=colour, lw=1)[0].set_label(init)
    axis.axhline(float(chosen["constant"]), color="black", ls="--", lw=0.8, zorder=3)
    axis.set(xlabel="epoch", ylabel="SSE per row")
    axis.set_ylim(0, 1.05 * axis.get_ylim()[1])
    axis.set_title(f"{chosen.sizes['layer']} ReLU layers")
    axis.legend()
    return figure


def _remedies(chosen: xr.Dataset) -> Figure:
    names, accuracy = list(chosen["remedy"].values), last(chosen, "accuracy")
    figure = Figure(figsize=(8, 0.9 + 0.36 * len(names)), layout="constrained")
    axis = figure.subplots()
    axis.axvline(_guessing(chosen), color="grey", ls="--", zorder=0)
    for y, (name, values) in enumerate(zip(names, accuracy, strict=True)):
        colour = style.COLOURS[1 if name in (SATURATED_SSE, SATURATED_CROSS_ENTROPY) else 0]
        axis.plot([values.min(), values.max()], [y, y], color=colour, lw=3, alpha=0.4)
        axis.plot([np.median(values)], [y], "o", color=colour)
    axis.set_yticks(range(len(names)), names)
    axis.set(xlabel="test accuracy", xlim=(0, 1))
    axis.invert_yaxis()
    return figure

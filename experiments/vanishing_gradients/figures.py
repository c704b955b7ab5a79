"""What the vanishing-gradients experiment shows."""

from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.runner import style
from experiments.vanishing_gradients import at_birth as birth
from experiments.vanishing_gradients import exact_laws as birth_laws
from experiments.vanishing_gradients.training import LEARNT, TASKS, best, last
from nnjax import signal_propagation

SMALLEST = float(np.finfo(np.float32).tiny)
"""Smallest normal float32."""
ROUNDING = 2.0**-24
COMMON_RATE = 0.01
"""The rate at which changes of weights are compared, or the nearest that was tried."""


def figures(data: xr.Dataset) -> Mapping[str, tuple[Figure, str]]:
    """At birth, the exact laws, in training, and what helps."""
    drawn = {
        "birth": _birth(data),
        "laws": (_laws(data), LAWS),
        "depths": (_depths(data), DEPTHS + (ONE if 1 in data["deep_depth"] else "")),
        "changes": _changes(data),
        "stall": (_stall(data), STALL),
    }
    return drawn | ({"remedies": (_remedies(data), REMEDIES)} if "remedy" in data.dims else {})


BIRTH = (
    "Networks at birth: the length of each layer's δ, divided by the last layer's, against the layer. One "
    "panel for each choice of initial weights, in the widest networks drawn with it. Lines are root mean "
    "squares over the seeds, bands hold 90 % of the seeds, black dots are mean-field theory. ReLU's line is "
    "thick, so that leaky ReLU's can be seen on top of it."
)
BAND = " In the grey band float32 does not hold all digits of a number, or nothing of it."
LAWS = (
    "ReLU networks held against exact laws; dots are measured, lines exact. Top left: the length of each "
    "layer's weight gradient is the same in all layers, with He's and with Glorot's weights. Top middle: yet "
    "with Glorot's the first layer's gradient shrinks as the network has more layers. Top right: with He's "
    "the mean of |δ₁|² stays at 1; the shade is where the mean of so many seeds lies 95 times in 100 if wide "
    "networks are sampled. Means of narrow deep networks fall below, since rare networks that no sample "
    "holds make up the mean. Bottom left: the spread of |δ|² over seeds grows with layers/width. Bottom "
    "middle: by how much one layer of 8 changes |δ|², as shares of networks. Bottom right: the share of "
    "narrow networks of which one input lets no node of a layer be active."
)
DEPTHS = (
    "Training: loss per row (top) and accuracy on test rows (bottom) after the last epoch against the number "
    "of layers with weights, each at the best of its learning rates; bars span all seeds. Dashes: the best "
    "constant answer, what a network has that learns nothing; dots: where a depth counts as learnt."
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
    "last epoch, each at the best of its rates; dots are medians, bars span all seeds. Orange: a pair of its "
    "own, networks of two layers that start with saturated outputs. Dashes: the accuracy of one answer for "
    "all rows."
)


def _birth(data: xr.Dataset) -> tuple[Figure, str]:
    labels = birth.distinct(data["init"].values, int(data["width"].values[-1]))
    rows = (len(labels) + 2) // 3
    figure = Figure(figsize=(10, 0.6 + 3.2 * rows), layout="constrained")
    axes = figure.subplots(rows, min(3, len(labels)), sharex=True, sharey=True, squeeze=False).ravel()
    lowest = max(float(data["delta"].where(data["delta"] > 0).min()), SMALLEST / 1e4)
    for axis, (label, init) in zip(axes, labels.items(), strict=False):
        part = data.sel(init=init).dropna("width", how="all", subset=["delta"]).isel(width=-1)
        for rank, name in enumerate(data["activation"].values):
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


def _laws(data: xr.Dataset) -> Figure:
    figure = Figure(figsize=(12, 7), layout="constrained")
    axes = figure.subplots(2, 3).ravel()
    if {"he_normal", "glorot_normal"} <= set(data["init"].values) and "relu" in data["activation"].values:
        for axis, draw in zip(axes, (_flat, _shrinking, _mean, _spread), strict=False):
            draw(axis, data)
    _step(axes[4], data["one_step"].values)
    _dead(axes[5], data["is_dead"].values)
    return figure


def _flat(axis: Axes, data: xr.Dataset) -> None:
    width, depth = int(data["width"].values[-1]), data.sizes["layer"]
    for colour, init in zip(style.COLOURS, ("he_normal", "glorot_normal"), strict=False):
        gradient = birth.weight_gradient(data, init, width).astype(float)
        middle = np.sqrt(np.mean(gradient**2, axis=1))
        axis.semilogy(data["layer"], middle, "o", color=colour, ms=3, label=init)
        exact = np.sqrt(width) * (1 if init == "he_normal" else 2 ** (-(depth - 1) / 2))
        axis.axhline(exact, color=colour, lw=0.8)
    axis.set(xlabel="layer", ylabel="|∂f/∂W|, root mean square", title=f"{depth} layers of {width}: flat")
    axis.legend(fontsize=9)


def _shrinking(axis: Axes, data: xr.Dataset) -> None:
    width, depths = int(data["width"].values[-1]), data["depth"].values
    for colour, init in zip(style.COLOURS, ("he_normal", "glorot_normal"), strict=False):
        first = _first(data, init)[-1]
        axis.semilogy(depths, np.sqrt(width * np.mean(first**2, axis=1)), "o", color=colour, ms=5, label=init)
        halved = np.ones(len(depths)) if init == "he_normal" else 2 ** (-(depths - 1) / 2)
        axis.plot(depths, np.sqrt(width) * halved, color=colour, lw=0.8)
    axis.set(xlabel="layers in all", ylabel="|∂f/∂W₁|, root mean square", title=f"width {width}: vanishing")
    axis.legend(fontsize=9)


def _first(data: xr.Dataset, init: str) -> np.ndarray:
    """|δ₁| of ReLU networks, (width, depth, seed)."""
    part = data["first"].sel(activation="relu", init=init)
    return part.transpose("width", "depth", "seed").values.astype(float)


def _mean(axis: Axes, data: xr.Dataset) -> None:
    depths, seeds, widths = data["depth"].values, data.sizes["seed"], data["width"].values
    for colour, width, first in zip(style.COLOURS, widths, _first(data, "he_normal"), strict=False):
        mean = np.mean(first**2, axis=1)
        axis.plot(depths, np.where(mean > 0, mean, np.nan), "o", color=colour, ms=5, label=f"width {width}")
    error = np.array([birth_laws.squared_spread(int(widths[-1]), int(d)) for d in depths]) / seeds**0.5
    shade = {"color": style.COLOURS[len(widths) - 1], "alpha": 0.2, "lw": 0}
    axis.fill_between(depths, np.maximum(1 - 2 * error, 0.01), 1 + 2 * error, **shade)
    axis.axhline(1, color="black", lw=0.8)
    axis.set(yscale="log", xlabel="layers in all", ylabel="mean of |δ₁|²", title=f"He: mean of {seeds} seeds")
    axis.legend(fontsize=9)


def _spread(axis: Axes, data: xr.Dataset) -> None:
    steps = data.sizes["layer"] - data["layer"].values
    part = data["delta"].sel(activation="relu", init="he_normal").transpose("width", "layer", "seed")
    for colour, width, delta in zip(style.COLOURS, data["width"].values, part.values, strict=False):
        alive = delta[:, delta[0] > 0].astype(float)
        measured = np.var(2 * np.log(alive), axis=1, ddof=1) if alive.shape[1] > 1 else steps * np.nan
        axis.plot(steps, measured, "o", color=colour, ms=3, label=f"width {width}")
        axis.plot(steps, steps * birth_laws.log_moments(int(width))[1], color=colour, lw=0.8)
    axis.set(xlabel="layers above", ylabel="variance of log |δ|²", title="He: spread over seeds")
    axis.legend(fontsize=9)


def _step(axis: Axes, ratio: np.ndarray) -> None:
    alive = np.sort(ratio[ratio > 0])
    axis.plot(alive, np.arange(1, len(alive) + 1) / len(alive), lw=5, alpha=0.4, label="measured")
    grid = np.linspace(0, float(alive[-1]), 200)
    exact = signal_propagation.relu_step_cdf(birth_laws.STEP_WIDTH, grid)
    axis.plot(grid, exact, "k--", lw=1, label="exact")
    axis.set(xlabel="r = |δ₁|² / |δ₂|²", ylabel="share of networks with less", title="He: one layer of 8")
    axis.legend(fontsize=9)


def _dead(axis: Axes, dead: np.ndarray) -> None:
    width, layers = birth_laws.DEAD
    numbers = np.arange(1, layers + 1)
    axis.plot(numbers, dead.mean(axis=0), "o", color=style.COLOURS[0], label="measured")
    exact = [signal_propagation.dead_at_birth(width, int(number)) for number in numbers]
    axis.plot(numbers, exact, "k--", lw=1, label="exact")
    axis.set(xlabel="layers", ylabel="share of networks dead", title=f"width {width}: dead at birth")
    axis.set(xticks=numbers, ylim=(0, None))
    axis.legend(fontsize=9)


def _depths(data: xr.Dataset) -> Figure:
    figure = Figure(figsize=(9, 6), layout="constrained")
    for column, (prefix, title) in zip(figure.subplots(2, 2, sharex="col").T, TASKS.items(), strict=True):
        for axis, name in zip(column, ("loss", "accuracy"), strict=True):
            _against_depth(axis, data, prefix, name)
        constant = float(data[f"{prefix}_constant"])
        column[0].axhline(constant, color="grey", ls="--", zorder=0)
        column[0].axhline(LEARNT * constant, color="grey", ls=":", zorder=0)
        epochs = data.sizes[f"{prefix}_epoch"] - 1
        column[0].set(title=f"{title}, {epochs} epochs", ylim=(0, 1.15 * constant))
        column[1].axhline(1 / CLASSES[prefix], color="grey", ls="--", zorder=0)
        column[1].set(ylim=(0, 1.05), xlabel="layers with weights")
    for axis, text in zip(figure.axes[::2], ("SSE per row", "test accuracy"), strict=True):
        axis.set_ylabel(text)
    figure.axes[3].legend(loc="lower left", fontsize=10)
    return figure


CLASSES = {"deep": 10, "iris": 3}
"""Classes of each task, about equally frequent."""


def _against_depth(axis: Axes, data: xr.Dataset, prefix: str, name: str) -> None:
    depths, values = data[f"{prefix}_depth"].values, last(data, prefix, name)
    for rank, (start, part) in enumerate(zip(data["start"].values, values, strict=True)):
        middle = np.median(part, axis=1)
        ends = np.abs(np.stack([part.min(axis=1), part.max(axis=1)]) - middle)
        shape = {"fmt": "os"[rank % 2] + "-", "color": style.COLOURS[rank], "label": start}
        axis.errorbar(depths * (1 + 0.03 * rank), middle, ends, capsize=3, ms=5, **shape)
    axis.set(xscale="log")
    axis.set_xticks(depths, [str(depth) for depth in depths])
    axis.minorticks_off()


def _changes(data: xr.Dataset) -> tuple[Figure, str]:
    rates = data["deep_rate"].isel(start=0, deep_depth=0).values
    setting = int(np.argmin(np.abs(np.log(rates / COMMON_RATE))))
    chosen = data["deep_change"].isel(deep_after=0, deep_setting=setting).median("deep_seed")
    lowest = min(float(chosen.where(chosen > 0).min()), ROUNDING) / 30
    figure = Figure(figsize=(9, 4), layout="constrained")
    axes = figure.subplots(1, data.sizes["start"], sharey=True, squeeze=False).ravel()
    colours = mpl.colormaps["viridis"](np.linspace(0, 0.8, data.sizes["deep_depth"]))
    for axis, start in zip(axes, data["start"].values, strict=True):
        axis.axhspan(lowest, ROUNDING, color="#dddddd", zorder=0)
        for colour, depth in zip(colours, data["deep_depth"].values, strict=True):
            values = chosen.sel(start=start, deep_depth=depth).values[:depth]
            _layers(axis, values, colour, lowest * 2)
        axis.set(yscale="log", ylim=(lowest, None), xlabel="layer", title=start)
    axes[0].set_ylabel("|ΔW| / |W| in the first epoch")
    return figure, CHANGES.format(rate=rates[setting]) + (UNMOVED if (chosen == 0).any() else "")


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


def _stall(data: xr.Dataset) -> Figure:
    chosen = best(data, "stall")["stall_loss"]
    figure = Figure(figsize=(6.5, 3.8), layout="constrained")
    axis = figure.subplots()
    for colour, init in zip(style.COLOURS, data["stall_init"].values, strict=False):
        losses = chosen.sel(stall_init=init).transpose("stall_epoch", "stall_seed").values[1:]
        axis.plot(np.arange(1, len(losses) + 1), losses, color=colour, lw=1)[0].set_label(init)
    axis.axhline(float(data["stall_constant"]), color="black", ls="--", lw=0.8, zorder=3)
    axis.set(xlabel="epoch", ylabel="SSE per row")
    axis.set_ylim(0, 1.05 * axis.get_ylim()[1])
    axis.set_title(f"{data.sizes['stall_layer']} ReLU layers")
    axis.legend()
    return figure


def _remedies(data: xr.Dataset) -> Figure:
    names, accuracy = list(data["remedy"].values), last(data, "remedy", "accuracy")
    figure = Figure(figsize=(8, 0.9 + 0.36 * len(names)), layout="constrained")
    axis = figure.subplots()
    axis.axvline(1 / CLASSES["deep"], color="grey", ls="--", zorder=0)
    for y, values in enumerate(accuracy):
        colour = style.COLOURS[0] if y < len(names) - 2 else style.COLOURS[1]
        axis.plot([values.min(), values.max()], [y, y], color=colour, lw=3, alpha=0.4)
        axis.plot([np.median(values)], [y], "o", color=colour)
    axis.set_yticks(range(len(names)), names)
    axis.set(xlabel="test accuracy", xlim=(0, 1))
    axis.invert_yaxis()
    return figure

"""What the vanishing-gradients experiment shows."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments import birth_laws, depth_training, statistics, style
from nnjax import gradient_flow

SMALLEST = float(np.finfo(np.float32).tiny)
"""Smallest normal float32."""


TASKS = {"deep": "digits", "iris": "Iris"}
"""Prefix of a task's variables, and its title."""


def figures(data: xr.Dataset) -> Mapping[str, tuple[Figure, str]]:
    """At birth, the exact laws, in training, and what helps."""
    drawn = {
        "birth": (_birth(data), BIRTH),
        "laws": (_laws(data), LAWS),
        "depths": (_depths(data), DEPTHS),
        "changes": (_changes(data), CHANGES),
        "stall": (_stall(data), STALL),
    }
    return drawn | ({"remedies": (_remedies(data), REMEDIES)} if "remedy" in data.dims else {})


BIRTH = (
    "Networks at birth: the length of each layer's δ, divided by the last layer's, in the widest networks "
    "that were drawn. Lines are medians over the seeds, bands hold 90 % of them, dashes are mean-field "
    "theory. In the grey band float32 holds no number, or not all its digits."
)
LAWS = (
    "ReLU networks held against exact laws. Left: the weight gradient is equally long in all layers, yet "
    "with Glorot's weights it shrinks as the whole network gets deeper (dots: measured; line: He's times "
    "2^(−(L−1)/2)). Middle: He keeps the mean of |δ₁|² at 1, but its spread over seeds grows with "
    "depth/width (line: exact). Right: the change of |δ|² across one layer of 8 nodes, measured and exact."
)
DEPTHS = (
    "Training: loss per row after the last epoch against the number of layers, each at its best of three "
    "learning rates; bars span all seeds. The dashed line is the best constant answer: what a network has "
    "that learns nothing."
)
CHANGES = (
    "How much each layer's weights change in the first epoch, relative to their length, on the digits. "
    "Layer 1 is next to the input."
)
STALL = "A very deep ReLU network on the digits: loss per row, epoch by epoch; each line is a seed."
REMEDIES = (
    "What helps a sigmoid network that is too deep: test accuracy on the digits after the last epoch, each "
    "at its best of three rates; dots are medians, bars span all seeds. The last two start with saturated "
    "outputs."
)


def widest(data: xr.Dataset, init: str) -> xr.Dataset:
    """The widest networks for which an init was drawn."""
    there = (
        data["delta"]
        .sel(init=init)
        .notnull()
        .any([d for d in data["delta"].dims if d not in ("width", "init")])
    )
    return data.sel(init=init, width=data["width"].values[there.values].max())


def _birth(data: xr.Dataset) -> Figure:
    inits = list(data["init"].values)
    rows = (len(inits) + 2) // 3
    figure = Figure(figsize=(10, 0.6 + 3.2 * rows), layout="constrained")
    axes = figure.subplots(rows, min(3, len(inits)), sharex=True, sharey=True, squeeze=False).ravel()
    for axis in axes[len(inits) :]:
        axis.remove()
    lowest = max(float(data["delta"].min()), SMALLEST / 1e4)
    for axis, init in zip(axes, inits, strict=False):
        part = widest(data, init)
        for colour, name in zip(style.COLOURS, data["activation"].values, strict=False):
            _band(axis, part.sel(activation=name), name, colour)
        if lowest < SMALLEST * 1e3:
            axis.axhspan(SMALLEST / 1e9, SMALLEST, color="#cccccc", zorder=0)
        axis.set(yscale="log", title=f"{init}, width {int(part['width'])}", ylim=(lowest / 10, None))
        axis.label_outer()
    axes[0].legend(fontsize=9, loc="lower right")
    figure.supxlabel("layer (1 is next to the input)")
    figure.supylabel("|δ| / |δ of the last layer|")
    return figure


def _band(axis: Axes, part: xr.Dataset, name: str, colour: str) -> None:
    low, middle, high = np.quantile(part["delta"].values, [0.05, 0.5, 0.95], axis=-1)
    layers = part["layer"].values
    axis.plot(layers, np.where(middle > 0, middle, np.nan), color=colour, label=name)
    axis.fill_between(layers, np.maximum(low, 1e-45), np.maximum(high, 1e-45), color=colour, alpha=0.2, lw=0)
    theory = np.sqrt(part["predicted"].values)
    axis.plot(layers, np.where(theory > SMALLEST, theory, np.nan), "--", color="black", lw=0.8)


def _laws(data: xr.Dataset) -> Figure:
    figure = Figure(figsize=(11, 3.6), layout="constrained")
    flat, spread, step = figure.subplots(1, 3)
    if {"he_normal", "glorot_normal"} <= set(data["init"].values) and "relu" in data["activation"].values:
        _flat(flat, data)
        _spread(spread, data)
    ratio = np.sort(data["one_step"].values[np.isfinite(data["one_step"].values)])
    step.plot(ratio, np.arange(1, len(ratio) + 1) / len(ratio), lw=4, alpha=0.4, label="measured")
    grid = np.linspace(0, float(ratio[-1]), 200)
    step.plot(grid, gradient_flow.relu_step_cdf(birth_laws.STEP_WIDTH, grid), "k--", label="exact")
    step.set(xlabel="|δ₁|² / |δ₂|²", ylabel="share of the networks below", title="one layer of 8")
    step.legend()
    return figure


def _flat(axis: Axes, data: xr.Dataset) -> None:
    part = data.sel(activation="relu", width=data["width"].values[-1])
    depth = data.sizes["layer"]
    for colour, init in zip(style.COLOURS, ("he_normal", "glorot_normal"), strict=False):
        one = part.sel(init=init)
        gradient = np.median(weight_gradient(one), axis=-1)
        axis.semilogy(one["layer"], gradient, "o", color=colour, markersize=3, label=init)
    he = np.median(weight_gradient(part.sel(init="he_normal")), axis=-1)
    axis.semilogy(part["layer"], he * 2 ** (-(depth - 1) / 2), "k-", lw=0.8)
    axis.set(xlabel="layer", ylabel="|∂f/∂Wₗ|", title=f"{depth} layers of {int(part['width'])}")
    axis.legend()


def weight_gradient(part: xr.Dataset) -> np.ndarray:
    """|∂f/∂Wₗ| = |aₗ₋₁| |δₗ|, (layer, seed); |a₀|² is the width."""
    size = part["size"].transpose("layer", "seed").values
    before = np.concatenate([np.full_like(size[:1], np.sqrt(float(part["width"]))), size[:-1]])
    return before * part["delta"].transpose("layer", "seed").values


def _spread(axis: Axes, data: xr.Dataset) -> None:
    last = data.sizes["layer"]
    steps = last - data["layer"].values
    for colour, width in zip(style.COLOURS, data["width"].values, strict=False):
        part = (
            data["delta"]
            .sel(activation="relu", init="he_normal", width=width)
            .transpose("layer", "seed")
            .values
        )
        alive = part[:, part[0] > 0]
        axis.plot(
            steps, np.var(2 * np.log(alive), axis=1), "o", color=colour, markersize=3, label=f"width {width}"
        )
        axis.plot(steps, steps * birth_laws.log_variance(int(width)), color=colour, lw=0.8)
    axis.set(xlabel="layers above", ylabel="variance of log |δ|²", title="He: spread over seeds")
    axis.legend(fontsize=9)


def _depths(data: xr.Dataset) -> Figure:
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    for axis, (prefix, title) in zip(figure.subplots(1, 2), TASKS.items(), strict=True):
        chosen = depth_training.best(data, prefix)[f"{prefix}_loss"].isel({f"{prefix}_epoch": -1})
        depths = data[f"{prefix}_depth"].values
        for k, start in enumerate(data["start"].values):
            values = chosen.sel(start=start).transpose(f"{prefix}_depth", f"{prefix}_seed").values
            middle = np.median(values, axis=1)
            ends = np.abs(np.stack([values.min(axis=1), values.max(axis=1)]) - middle)
            axis.errorbar(depths * (1 + 0.03 * k), middle, ends, fmt="o-", capsize=3, label=start)
        axis.axhline(float(data[f"{prefix}_constant"]), color="grey", ls="--")
        axis.set(xscale="log", xlabel="layers with weights", title=title, ylim=(0, None))
        axis.set_xticks(depths, [str(depth) for depth in depths])
        axis.minorticks_off()
        axis.legend()
    figure.axes[0].set_ylabel("SSE per row")
    return figure


def _changes(data: xr.Dataset) -> Figure:
    chosen = depth_training.best(data, "deep")["deep_change"].isel(deep_after=0)
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    axes = figure.subplots(1, data.sizes["start"], sharey=True)
    for axis, start in zip(axes, data["start"].values, strict=True):
        for shade, depth in zip(
            np.linspace(0.25, 1, data.sizes["deep_depth"]), data["deep_depth"].values, strict=True
        ):
            part = chosen.sel(start=start, deep_depth=depth).transpose("deep_layer", "deep_seed")
            there = np.maximum(np.median(part, axis=1)[:depth], 1e-12)
            axis.semilogy(np.arange(1, depth + 1), there, "o-", ms=3, color="#0072B2", alpha=shade)
            axis.annotate(
                str(depth), (depth, there[-1]), xytext=(4, 0), textcoords="offset points", fontsize=8
            )
        axis.set(xlabel="layer", title=f"{start}; number: layers in all")
    figure.axes[0].set_ylabel("|ΔW| / |W| in the first epoch")
    return figure


def _stall(data: xr.Dataset) -> Figure:
    chosen = depth_training.best(data, "stall")["stall_loss"]
    figure = Figure(figsize=(6.5, 3.6), layout="constrained")
    axis = figure.subplots()
    for colour, init in zip(style.COLOURS, data["stall_init"].values, strict=False):
        losses = chosen.sel(stall_init=init).transpose("stall_epoch", "stall_seed")
        axis.plot(losses, color=colour, lw=1)[0].set_label(init)
    constant = float(data["deep_constant"])
    axis.axhline(constant, color="grey", ls="--", zorder=0)
    axis.set(xlabel="epoch", ylabel="SSE per row", ylim=(0, 1.6 * constant))
    axis.legend()
    return figure


def _remedies(data: xr.Dataset) -> Figure:
    accuracy = depth_training.best(data, "remedy")["remedy_accuracy"].isel(remedy_epoch=-1)
    names = list(data["remedy"].values)
    figure = Figure(figsize=(8, 0.9 + 0.36 * len(names)), layout="constrained")
    axis = figure.subplots()
    for y, name in enumerate(names):
        values = accuracy.sel(remedy=name).values
        colour = style.COLOURS[0] if y < len(names) - 2 else style.COLOURS[1]
        axis.plot([values.min(), values.max()], [y, y], color=colour, lw=3, alpha=0.4)
        axis.plot(statistics.quantiles(values, (0.5,)), [y], "o", color=colour)
    axis.set_yticks(range(len(names)), names)
    axis.set(xlabel="test accuracy", xlim=(0, 1))
    axis.invert_yaxis()
    return figure

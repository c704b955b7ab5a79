"""The figures of the vanishing-gradients experiment: at birth, in training, and what helps."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from experiments.runner import style
from experiments.runner.experiment import Drawing
from experiments.vanishing_gradients import law_panels
from experiments.vanishing_gradients.readers import ROUNDING, TITLES, Widest, best, last, widest
from experiments.vanishing_gradients.recipes import SATURATED_CROSS_ENTROPY, SATURATED_SSE

SMALLEST = float(np.finfo(np.float32).tiny)
"""Smallest normal float32."""
COMMON_RATE = 0.01
"""Learning rate at which weight changes are compared; if it was not tried, the nearest rate is used."""
CASES = {
    ("relu", "he_normal"): "ReLU, He",
    ("tanh", "orthogonal"): "tanh, orthogonal",
    ("relu", "glorot_normal"): "ReLU, Glorot",
    ("sigmoid", "glorot_normal"): "sigmoid, LeCun",
}
"""Networks shown at birth, and their labels; in these networks LeCun's and Glorot's weights are the same."""
SHOWN = {"relu": "ReLU"}
INITS = {"he_normal": "He's weights", "glorot_normal": "Glorot's weights"}
"""Names of activations and initial weights in figures, if they differ from the library's names."""

BIRTH = (
    "The widest networks that were drawn, before training. Lines are root mean squares over the seeds, bands "
    "contain 90 % of the seeds, and dots are mean-field theory. In the grey area a weight's change at "
    "learning rate 1 is lost in float32's rounding."
)
CHANGES = (
    "How much each layer's weights change in the first epoch, relative to their length, on the digits, with "
    "the learning rate {rate:g} for all; medians over the seeds. Layer 1 is next to the input. Each line is "
    "a network; the number at its end is its number of layers."
)
UNMOVED = " Hollow triangles at the bottom: no weight changed at all."
DEPTHS = (
    "Median accuracy after the last epoch, for each network at its best learning rate; bars reach from the "
    "worst seed to the best."
)
ONE = " With one layer there are no hidden nodes: the two lines then differ only in the initial weights."
STALL = (
    "Loss per row after each epoch; each thin line is a seed, at the best of the learning rates. A network "
    "that learns nothing reaches the loss of the best constant answer."
)
REMEDIES = (
    "Accuracy after the last epoch, for each recipe at its best learning rate. Dots are medians, and bars "
    "reach from the worst seed to the best. Blue: five layers; each recipe changes one thing. Orange: two "
    "layers that start with saturated outputs, to be compared with each other."
)


def figures(data: xr.DataTree) -> Mapping[str, Drawing]:
    """Draw networks at birth, changes in training, the depths that learn, what helps, and the exact laws."""
    birth, digits = data["birth"].to_dataset(), data["digits"].to_dataset()
    drawn = {
        "birth": Drawing(
            "δ dies out in a sigmoid network; in a ReLU network it need not", [_birth(birth)], BIRTH
        ),
        "changes": _changes(digits),
        "depths": _depths({name: best(data[name].to_dataset()) for name in TITLES}),
    }
    if "remedies" in data.children:
        helped = _remedies(best(data["remedies"].to_dataset()))
        drawn["remedies"] = Drawing(
            "Five sigmoid layers learn nothing; tanh, ReLU or Adam fixes that", [helped], REMEDIES
        )
    stall = _stall(best(data["stall"].to_dataset()))
    drawn["stall"] = Drawing("ReLU alone is no cure: the initial weights decide", stall, STALL)
    return drawn | {"laws": law_panels.drawing(birth, data.children["laws"])}


def _birth(birth: xr.Dataset) -> Figure:
    figure, axes = style.panel(height=300)
    names, init = birth["activation"].values, str(birth["init"].values[0])
    for cases in (CASES, {(str(name), init): str(name) for name in names}):
        drawn = {label: (case, widest(birth, *case)) for case, label in cases.items()}
        networks = {label: (case, network) for label, (case, network) in drawn.items() if network}
        if networks:
            break
    colours = iter(style.COLOURS)
    lines = {label: _line(axes, birth, *each, next(colours)) for label, each in networks.items()}
    axes.set(yscale="log", xlabel="layers below the output", ylabel="|δ|, as a share of the output layer's")
    low = min((float(np.nanmin(line.get_ydata())) / 10 for line in lines.values()), default=1.0)
    axes.set_ylim(max(low, SMALLEST), axes.get_ylim()[1])
    decades = round(-np.log10(axes.get_ylim()[0]))
    axes.set_yticks(10.0 ** -np.arange(0, decades + 1, 1 + decades // 9))
    style.power_ticks(axes.yaxis)
    if low < ROUNDING:
        axes.axhspan(axes.get_ylim()[0], ROUNDING, color=style.FAINT, alpha=0.35, lw=0, zorder=0)
        axes.text(0.03, 0.04, "lost in float32's rounding", color=style.GREY, transform=axes.transAxes)
    for label, line in lines.items():
        style.label_end(axes, line, label)
    return figure


def _line(axes: Axes, birth: xr.Dataset, case: tuple[str, str], network: Widest, colour: str) -> Line2D:
    """Draw the root mean square and the range of |δ| in the widest networks of a kind; dots are theory."""
    delta, below = network.delta.astype(float)[::-1], np.arange(len(network.delta))
    middle = np.sqrt(np.mean(delta**2, axis=1))
    (line,) = axes.plot(below, np.where(middle > 0, middle, np.nan), color=colour, lw=1.8)
    low, high = np.maximum(np.quantile(delta, [0.05, 0.95], axis=1), 1e-45)
    axes.fill_between(below, low, high, color=colour, alpha=0.2, lw=0)
    theory = birth["predicted"].sel(activation=case[0], init=case[1], width=network.width).values[::-1] ** 0.5
    every = slice(None, None, max(1, len(below) // 10))
    dots = np.where(theory > SMALLEST, theory, np.nan)[every]
    axes.plot(below[every], dots, ".", color=style.COLOURS[-1], ms=4, zorder=4)
    return line


def _changes(digits: xr.Dataset) -> Drawing:
    rates = digits["rate"].isel(start=0, depth=0).values
    setting = int(np.argmin(np.abs(np.log(rates / COMMON_RATE))))
    changes = digits["change"].isel(during=0, setting=setting).median("seed")
    lowest = min(float(changes.where(changes > 0).min()), ROUNDING) / 30
    panels = [_layers(changes.sel(start=start), lowest) for start in digits["start"].values]
    caption = CHANGES.format(rate=rates[setting]) + (UNMOVED if (changes == 0).any() else "")
    return Drawing("The first layers of deep sigmoid networks hardly move", panels, caption)


def _layers(changes: xr.DataArray, lowest: float) -> Figure:
    """Draw how far each layer's weights move, `changes` (depth, layer), with a line for each depth."""
    figure, axes = style.panel()
    lines = {}
    for rank, depth in enumerate(changes["depth"].values):
        values, numbers = changes.sel(depth=depth).values[:depth], np.arange(1, depth + 1)
        seen = np.where(values > 0, values, np.nan)
        colour = style.COLOURS[rank % (len(style.COLOURS) - 1)]
        (lines[int(depth)],) = axes.plot(numbers, seen, "o-", ms=3.5, color=colour)
        still = numbers[values == 0]
        axes.plot(still, np.full(len(still), 2 * lowest), "v", mfc="none", ms=6, color=colour)
    axes.axhspan(lowest, ROUNDING, color=style.FAINT, alpha=0.35, lw=0, zorder=0)
    axes.set(yscale="log", xlabel="layer (1 is next to the input)", ylabel="relative change of the weights")
    axes.set(ylim=(lowest, 2), xlim=(0.5, None), title=_name(changes["start"].item()))
    axes.text(0.97, 0.04, "no more than rounding", ha="right", color=style.GREY, transform=axes.transAxes)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    style.power_ticks(axes.yaxis)
    for depth, line in lines.items():
        x, y = (np.asarray(values, float)[-1] for values in line.get_data())
        look = {"color": line.get_color(), "fontsize": style.SMALL, "textcoords": "offset points"}
        text = f"{depth} layers" if depth == max(lines) else str(depth)
        axes.annotate(text, (x, y if np.isfinite(y) else 2 * lowest), (4, 3), **look)
    return figure


def _name(activation: str) -> str:
    return SHOWN.get(activation, activation)


def _depths(chosen: Mapping[str, xr.Dataset]) -> Drawing:
    panels = [_against_depth(part, TITLES[group]) for group, part in chosen.items()]
    single = any(1 in part["depth"].values for part in chosen.values())
    return Drawing(
        "With a few sigmoid layers too many, nothing is learnt", panels, DEPTHS + (ONE if single else "")
    )


def _against_depth(chosen: xr.Dataset, title: str) -> Figure:
    """Draw test accuracy against depth, a line for each activation."""
    figure, axes = style.panel()
    depths, lines = chosen["depth"].values, {}
    for rank, (start, part) in enumerate(zip(chosen["start"].values, last(chosen, "accuracy"), strict=True)):
        low, middle, high = 100 * np.quantile(part, (0, 0.5, 1), axis=1)
        bars, colour = np.stack([middle - low, high - middle]), style.COLOURS[rank]
        drawn = axes.errorbar(
            depths * 1.03**rank, middle, bars, fmt="os"[rank % 2] + "-", color=colour, capsize=3, ms=5
        )
        lines[_name(start)] = drawn[0]
    axes.axhline(100 * _guessing(chosen), color=style.GREY, ls="--", lw=1, zorder=0)
    axes.set(xscale="log", ylim=(0, 105), xlabel="layers with weights", ylabel="test accuracy, %")
    axes.set_title(f"{title}, {chosen.sizes['epoch'] - 1} epochs")
    axes.set_xticks(depths, [str(depth) for depth in depths])
    axes.minorticks_off()
    below = {"ha": "right", "va": "top", "color": style.GREY, "fontsize": style.SMALL}
    below["transform"] = axes.get_yaxis_transform()
    axes.text(0.95, 100 * _guessing(chosen) - 2, "dashes: one answer for all rows", **below)
    for name, line in lines.items():
        style.label_end(axes, line, name)
    return figure


def _guessing(part: xr.Dataset) -> float:
    """Compute the accuracy of one answer for all rows, if the classes are about equally frequent."""
    return 1 / int(part["classes"])


def _stall(chosen: xr.Dataset) -> list[Figure]:
    """Draw a panel for each kind of initial weights: the loss by epoch, a line for each seed."""
    constant, panels = float(chosen["constant"]), []
    top = 1.2 * max(constant, float(chosen["loss"][..., 1:].max()))
    for rank, init in enumerate(chosen["init"].values):
        figure, axes = style.panel()
        losses = chosen["loss"].sel(init=init).transpose("epoch", "seed")[1:]
        axes.plot(losses["epoch"], losses, color=style.COLOURS[rank], lw=1)
        axes.axhline(constant, color=style.GREY, ls="--", lw=1, zorder=3)
        axes.set(xlabel="epoch", ylabel="loss per row (SSE)", ylim=(0, top))
        axes.set_title(f"{chosen.sizes['layer']} ReLU layers, {INITS.get(init, init)}")
        end = float(losses["epoch"][-1]), 1.02 * constant
        axes.text(*end, "nothing learnt", ha="right", va="bottom", color=style.GREY)
        panels.append(figure)
    return panels


def _remedies(chosen: xr.Dataset) -> Figure:
    """Draw a row for each recipe, with the best on top and the pair that starts saturated at the bottom."""
    accuracy = dict(zip(chosen["remedy"].values, 100 * last(chosen, "accuracy"), strict=True))
    pair = (SATURATED_SSE, SATURATED_CROSS_ENTROPY)
    names = sorted(accuracy, key=lambda name: (name in pair, -np.median(accuracy[name])))
    figure, axes = style.panel(height=60 + 34 * len(names))
    beside = 100 * _guessing(chosen) + 2
    for y, name in enumerate(names):
        values, colour = accuracy[name], style.COLOURS[1 if name in pair else 0]
        axes.plot([values.min(), values.max()], [y, y], color=colour, lw=3, alpha=0.4)
        axes.plot([np.median(values)], [y], "o", color=colour)
        axes.text(beside, y - 0.17, name, color=colour, va="bottom", fontsize=style.SMALL)
    axes.axvline(100 * _guessing(chosen), color=style.GREY, ls="--", lw=1, zorder=0)
    axes.set(xlabel="test accuracy, %", xlim=(0, 100), yticks=[], ylim=(len(names), -0.9))
    axes.spines["left"].set_visible(False)
    axes.text(
        beside, len(names) - 0.2, "dashes: one answer for all rows", color=style.GREY, fontsize=style.SMALL
    )
    return figure

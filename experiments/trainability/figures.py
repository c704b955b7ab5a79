"""Figures of where training is possible, of depth measured in ξ, and of orthogonal weights."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from experiments.runner import style
from experiments.runner.experiment import Drawing
from experiments.trainability.findings import HALF, LEARNT, layers_in_scales, trained
from experiments.trainability.theory import CONSTANT

SHADES = LinearSegmentedColormap.from_list("trains", [style.COLOURS[4], style.PAPER, style.COLOURS[0]])
ON_SHADES = "#1a1a1a"
"""The colour of words and lines on the maps, whose shades stay the same on a dark page."""
NAMES = {"sigmoid": "sigmoid", "tanh": "tanh", "relu": "ReLU"}


def figures(data: xr.DataTree) -> Mapping[str, Drawing]:
    """Draw the maps, the share that trains against depth in ξ, and losses from orthogonal weights."""
    maps, isometry, linear = (data[name].to_dataset() for name in ("maps", "isometry", "linear"))
    activations = [str(name) for name in maps["activation"].values]
    return {
        "maps": Drawing(
            "Above the line that theory predicts, hardly any network has learnt",
            [_map(maps.sel(activation=name), name) for name in activations],
            "Each cell is one variance of the initial weights and one depth. Its colour shows the median "
            f"over its seeds of the lowest loss at any rate. Blue: below {LEARNT} times the best constant's "
            f"loss. Yellow: above that, so nothing was learnt. Line: {CONSTANT} ξ hidden layers; δ vanishes "
            "left of the line's peak, and explodes right of it.",
        ),
        "scales": Drawing(
            "Measured in ξ, networks of all three activations stop learning at about the same depth",
            [_scales(maps)],
            "Share of the networks that train, against hidden layers divided by ξ, where δ vanishes (χ < 1). "
            f"Each dot is the share of one cell's seeds. Dashed: {CONSTANT} ξ.",
        ),
        "orthogonal": Drawing(
            "From orthogonal weights the loss falls sooner than from Gaussian ones of the same size",
            [_orthogonal(isometry, f"tanh, {isometry.attrs['depth']} hidden layers", "epoch")]
            + [
                _orthogonal(linear.sel(depth=depth), f"linear, {depth} hidden layers", "update")
                for depth in linear["depth"].values[[0, -1]]
            ],
            "Loss divided by the best constant answer's loss, for each kind of weights at the learning rate "
            f"with the lowest final loss. Thin lines are seeds, and thick lines are medians. Dotted: {HALF}.",
        ),
    }


def _map(part: xr.Dataset, name: str) -> Figure:
    figure, axis = style.panel(height=300)
    variance, depth = part["variance"].values, part["depth"].values.astype(float)
    loss = part["loss"].fillna(np.inf).min("rate").median("seed").transpose("depth", "place").values
    # White marks the border of what counts as learnt.
    shade = np.clip(0.5 + (LEARNT - loss) / (2 * np.where(loss < LEARNT, LEARNT, 1 - LEARNT)), 0, 1)
    axis.pcolormesh(_edges(variance), _edges(depth), shade, cmap=SHADES, vmin=0, vmax=1, rasterized=True)
    axis.set(xscale="log", yscale="log", title=NAMES[name], xlabel="variance of the weights × inputs, σ_w²")
    axis.set(ylabel="hidden layers", xlim=_edges(variance)[[0, -1]], ylim=_edges(depth)[[0, -1]])
    limit = CONSTANT * part["xi"].values
    axis.plot(variance, limit, color=ON_SHADES, lw=2)
    axis.annotate(
        f"{CONSTANT} ξ", (variance[0], limit[0]), (2, -13), textcoords="offset points", color=ON_SHADES
    )
    for y, words in ((0.04, "learns"), (0.86, "nothing\nlearnt")):
        axis.text(0.02, y, words, transform=axis.transAxes, color=ON_SHADES)
    style.plain_ticks(axis.yaxis, tuple(part["depth"].values))
    style.plain_ticks(axis.xaxis, (0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128))
    axis.grid(False)
    return figure


def _edges(values: np.ndarray) -> np.ndarray:
    """Return borders between values, halfway between their logarithms."""
    logs = np.log(values)
    step = np.diff(logs) if len(logs) > 1 else np.array([1.0])
    middles = (logs[1:] + logs[:-1]) / 2
    return np.exp(np.concatenate([[logs[0] - step[0] / 2], middles, [logs[-1] + step[-1] / 2]]))


def _scales(maps: xr.Dataset) -> Figure:
    figure, axis = style.panel(style.WIDE, 300)
    for k, name in enumerate(maps["activation"].values):
        part = maps.sel(activation=name)
        part = part.isel(place=np.flatnonzero(part["chi"].values < 1))
        lengths = layers_in_scales(part).transpose("depth", "place").values.ravel()
        shares = trained(part).mean("seed").transpose("depth", "place").values.ravel()
        aside = shares + 0.012 * (k - 1)
        axis.plot(lengths, aside, "os^"[k % 3], color=style.COLOURS[k], label=NAMES[str(name)], alpha=0.8)
    axis.axvline(CONSTANT, color=style.GREY, ls="--")
    axis.set(xscale="log", xlabel="hidden layers, in ξ", ylabel="share that trains", ylim=(-0.06, 1.06))
    axis.xaxis.set_major_formatter("{x:g}")
    axis.legend(loc="center right")
    return figure


def _orthogonal(isometry: xr.Dataset, title: str, step: str) -> Figure:
    figure, axis = style.panel()
    epochs = isometry["epoch"].values
    axis.set(xlabel=step, ylabel="loss / best constant's", xlim=(0, 1.4 * epochs[-1]), title=title)
    axis.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    lines = {}
    for k, kind in enumerate(isometry["weights"].values):
        part = isometry["loss"].sel(weights=kind)
        part = part.fillna(np.inf)
        best = int(part.isel(epoch=-1).median("seed").argmin("rate"))
        values = part.isel(rate=best).transpose("epoch", "seed").values
        middle = np.median(values, axis=1)
        if not np.isfinite(middle[-1]):
            axis.text(
                0.98, 0.94, f"{kind}: diverges", transform=axis.transAxes, ha="right", color=style.COLOURS[k]
            )
            continue
        axis.plot(epochs, values, color=style.COLOURS[k], lw=0.6, alpha=0.5)
        (lines[kind],) = axis.plot(epochs, middle, color=style.COLOURS[k], lw=2.5)
    axis.axhline(HALF, color=style.GREY, ls=":")
    axis.set_ylim(0, 1.1)
    for kind, line in lines.items():
        style.label_end(axis, line, str(kind))
    return figure

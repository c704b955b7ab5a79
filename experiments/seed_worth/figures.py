"""How far runs drift apart, and how much luck there is in a test accuracy."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from scipy import stats

from experiments.runner import statistics, style
from experiments.runner.experiment import Drawing
from experiments.seed_worth.digits import BIT, BOTH, SOURCES
from experiments.seed_worth.findings import disagreement, independent_runs, ratio_after, xor_changes

LOOKS = dict(zip(SOURCES, style.COLOURS, strict=False))
FLOOR = 1e-10
"""Smaller distances are drawn at this height."""


def figures(data: xr.DataTree) -> Mapping[str, Drawing]:
    """Draw distances by epoch, what each source changes, and the spread of the accuracy."""
    parts = {name: data[name].to_dataset() for name in ("usual", "large", "xor")}
    return _digits(parts) | (_mnist(data["mnist"].to_dataset()) if "mnist" in data.children else {})


def _mnist(part: xr.Dataset) -> dict[str, Drawing]:
    where = part.attrs["pictures"]
    drawn = Drawing(
        f"{where}: how much each source changes, and how much is more than luck with the test rows",
        [_sources(part, where), _ratios(part)],
        "First panel: the share of the test rows that two runs label differently at the end if they differ "
        "in one thing; shown are the mean over the seeds and its 99.9 % interval. Second panel: the "
        "variance of the accuracy, divided by the variance that independent errors would give, with 99.9 % "
        "intervals over the seeds; 1 means independence.",
    )
    return {"mnist": drawn}


def _digits(parts: Mapping[str, xr.Dataset]) -> dict[str, Drawing]:
    return {
        "apart": Drawing(
            "At a large rate one flipped bit spreads; at a usual rate it has next to no effect",
            [_apart(parts[name]) for name in ("large", "usual")],
            "The distance, after each epoch, between two runs that differ in one bit of one weight, or in "
            "everything that a seed determines, relative to the length of the parameter vector. Thin lines "
            "are single seeds, and thick lines are medians. The dashed line shows how an infinitely small "
            "difference grows along the same runs; it starts at the flipped bit's distance after the first "
            "epoch.",
        ),
        "sources": Drawing(
            "Order and weights both change answers; a single bit does so only at a large rate",
            [_sources(parts[name], "digits") for name in ("usual", "large")] + [_xor(parts["xor"])],
            "First and second panel: the share of the test rows that two runs label differently at the end "
            "if they differ in one thing; shown are the mean over the seeds and its 99.9 % interval. Third "
            "panel: how often one of two XOR networks learns and the other does not.",
        ),
        "variance": Drawing(
            "The longer the training, the more the accuracies spread as if errors were independent",
            [_accuracies(parts["usual"]), _ratios(parts["usual"])],
            "First: test accuracies of independent runs, and the normal curve of the variance that "
            "independent errors would give. Second: the variance divided by that of independent errors, "
            "after more and more epochs, with 99.9 % intervals over the seeds; 1 is independence.",
        ),
    }


def _apart(part: xr.Dataset) -> Figure:
    figure, axis = style.panel()
    epochs = part["during"].values
    axis.set(xlabel="epoch", ylabel="|θ − θ'| / |θ|", yscale="log", ylim=(FLOOR, 30))
    style.power_ticks(axis.yaxis)
    axis.set(xlim=(0.5, 1.45 * epochs[-1]), title=f"learning rate {part.attrs['rate']:g}")
    axis.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    lines = {}
    for source in (BIT, BOTH):
        values = np.maximum(part["apart"].sel(source=source).transpose("during", "seed").values, FLOOR)
        axis.plot(epochs, values[:, :40], color=LOOKS[source], lw=0.4, alpha=0.4)
        (lines[source],) = axis.plot(epochs, np.median(values, axis=1), color=LOOKS[source], lw=2.5)
    bit = part["apart"].sel(source=BIT).isel(during=0).median().item()
    grown = np.median(
        np.cumsum(part["growth"].transpose("traced_seed", "during").values[:, 1:], axis=1), axis=0
    )
    small = bit * np.exp(np.concatenate([[0.0], grown]))
    axis.plot(epochs, small, color=style.COLOURS[-1], ls="--", lw=1.2)
    style.label_end(axis, lines[BIT], "one bit")
    style.label_end(axis, lines[BOTH], "all else")
    return figure


def _sources(part: xr.Dataset, where: str) -> Figure:
    figure, axis = style.panel()
    for place, source in enumerate(SOURCES):
        _bar(axis, place, 100 * disagreement(part, source), LOOKS[source])
    axis.set_xticks(range(len(SOURCES)), SOURCES)
    axis.set(xlim=(-0.5, len(SOURCES) - 0.5), title=f"{where}, learning rate {part.attrs['rate']:g}")
    axis.set(ylabel="test rows read differently, %")
    axis.set_ylim(bottom=min(0, axis.get_ylim()[0]))
    return figure


def _bar(axis: Axes, place: float, values: np.ndarray, colour: str) -> None:
    low, high = statistics.of_mean(values) if np.ptp(values) else (values[0], values[0])
    middle = values.mean()
    axis.errorbar(place, middle, [[middle - low], [high - middle]], fmt="o", color=colour, capsize=4)


def _xor(xor: xr.Dataset) -> Figure:
    figure, axis = style.panel()
    names = []
    for k, speed in enumerate(xor["speed"].values):
        for j, (values, source) in enumerate(zip(xor_changes(xor, speed), (BIT, BOTH), strict=True)):
            _bar(axis, 2 * k + j, 100 * values, LOOKS[source])
            names.append(f"{source}\nrate {xor['rate'].values[k]:g}")
    axis.set_xticks(range(len(names)), names)
    axis.set(xlim=(-0.5, len(names) - 0.5), title="XOR", ylabel="ends that change, %")
    return figure


def _accuracies(usual: xr.Dataset) -> Figure:
    figure, axis = style.panel()
    wrong = independent_runs(usual, int(usual["kept"].values[-1]))
    right, rows = 100 * (1 - wrong.mean(axis=2).ravel()), wrong.shape[2]
    p = wrong.mean(axis=(0, 1))
    spread = 100 * np.sqrt(np.sum(p * (1 - p))) / rows
    width = 100 / rows
    bins = np.arange(right.min() - width / 2, right.max() + width, width)
    axis.hist(right, bins, density=True, color=style.COLOURS[5])
    x = np.linspace(bins[0] - width, bins[-1] + width, 200)
    (line,) = axis.plot(x, stats.norm.pdf(x, right.mean(), max(spread, 1e-9)), color=style.COLOURS[0])
    axis.set(xlabel="test accuracy, %", ylabel="density of runs")
    axis.set_title("bars: runs; line: independent errors", color=line.get_color())
    return figure


def _ratios(usual: xr.Dataset) -> Figure:
    figure, axis = style.panel()
    kept = usual["kept"].values
    found = [ratio_after(usual, int(after)) for after in kept]
    values, bounds = np.array([value for value, _ in found]), np.array([interval for _, interval in found])
    axis.errorbar(kept, values, np.abs(bounds.T - values), fmt="o-", capsize=4)
    axis.axhline(1, color=style.GREY, ls="--", lw=1)
    axis.set(xlabel="epochs", ylabel="variance over independent errors'", xscale="log")
    axis.set_ylim(bottom=0)
    style.plain_ticks(axis.xaxis, tuple(kept))
    return figure

"""Bars of the speeds, and lines of how the time grows."""

from collections.abc import Mapping

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.benchmark.findings import medians
from experiments.runner import style


def figures(data: xr.DataTree) -> Mapping[str, tuple[Figure, str]]:
    """Draw bars per network, and how the cost grows."""
    return {
        "speed": (
            speed_figure(data["speed"].to_dataset()),
            "Speed of the same training, per network; a logarithmic axis.",
        ),
        "growth": (
            growth_figure(data["scaling"].to_dataset(), data["growth"].to_dataset()),
            "Time against the number of seeds (below one lane per device it stays constant), and cost per "
            "seed-step against width and depth.",
        ),
    }


def speed_figure(speed: xr.Dataset) -> Figure:
    """One panel of bars for each network."""
    rows = (speed.sizes["network"] + 1) // 2
    figure = Figure(figsize=(9, 1 + 3 * rows), layout="constrained")
    axes = figure.subplots(rows, 2).ravel()
    for axis in axes[speed.sizes["network"] :]:
        axis.remove()
    for axis, network in zip(axes, speed["network"].values, strict=False):
        bars(axis, medians(speed).sel(network=network).dropna("peer")[::-1])
        axis.set(title=network)
    return figure


def bars(axis: Axes, speeds: xr.DataArray) -> None:
    """One bar for each method, (peer,); nnjax's in blue."""
    names = [str(name) for name in speeds["peer"].values]
    colours = [style.COLOURS[0] if name.startswith("nnjax") else "#999999" for name in names]
    drawn = axis.barh(names, speeds.values, color=colours)
    axis.bar_label(drawn, [f"{value:.1e}" for value in speeds.values], padding=3, fontsize=8)
    axis.set(xscale="log", xlabel="seed-steps per second")
    axis.set_xlim(float(speeds.min()) / 3, float(speeds.max()) * 20)
    axis.tick_params(labelsize=8)
    axis.grid(visible=False, axis="y")


def growth_figure(scaling: xr.Dataset, growth: xr.Dataset) -> Figure:
    """Time against seeds; cost against width and depth."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    seeds, seconds = scaling["seeds"], scaling["seconds"]
    left.loglog(seeds, seconds, "o-", base=2)
    left.loglog(seeds, seconds[-1] * seeds / seeds[-1], "--", color="grey", base=2)
    left.text(0.97, 0.06, "dashed: proportional", ha="right", color="grey", transform=left.transAxes)
    left.set(xlabel="seeds", ylabel="seconds", title="time of a sweep, 2-2-1")
    for direction, label in (("width", "width: 2-4k-1"), ("depth", "depth: k layers of 4")):
        cost = 1e9 / growth["rate"].sel(direction=direction)
        right.semilogy(growth["size"], cost, "o-", label=label)
    right.set(xlabel="k", ylabel="nanoseconds per seed-step", title="cost against width and depth")
    right.set_xticks(growth["size"].values)
    right.legend()
    return figure

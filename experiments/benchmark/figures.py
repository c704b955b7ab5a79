"""Figures: the speeds of a full-size run, and how the time grows with seeds, width and depth."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments.benchmark.findings import drawable, medians
from experiments.runner import style
from experiments.runner.experiment import Drawing

SPEED = (
    "Speed of the same training by each method, per network: updates of one network per second, summed over "
    "all seeds; medians of the rounds. Blue: nnjax. The axis is logarithmic: each grid line means ten times "
    "as fast as the one before."
)
GROWTH = (
    "First: time of a sweep against its number of seeds; with few seeds the time is a sweep's fixed "
    "time, and with many seeds it follows the dashed line, which is proportional to the number of seeds. "
    "Second: time of one update of one network against the network's size and the number of rows. Third: "
    "memory that a network's training needs, according to XLA."
)


def figures(data: xr.DataTree) -> Mapping[str, Drawing]:
    """Draw the speeds, if the run has the size at which they are judged, and how the cost grows."""
    speed, scaling, growth = (data[name].to_dataset() for name in ("speed", "scaling", "growth"))
    drawn, large_enough = {}, drawable(data)
    if "speed" in large_enough:
        panels = [_speeds(medians(speed).sel(network=name)) for name in speed["network"].values]
        drawn["speed"] = Drawing("How fast each method trains the same networks", panels, SPEED)
    if "growth" in large_enough:
        drawn["growth"] = Drawing(
            "What seeds, width, depth and rows cost",
            [
                _seeds(scaling),
                _sizes(1e9 / growth["rate"], "nanoseconds", "one update of one network"),
                _sizes(growth["memory"], "bytes", "memory per network"),
            ],
            GROWTH,
        )
    return drawn


def _speeds(speeds: xr.DataArray) -> Figure:
    """Draw a dot for each method under its name, with the fastest on top."""
    there = speeds.dropna("peer").sortby(speeds.dropna("peer"), ascending=False)
    figure, axes = style.panel(height=70 + 32 * there.sizes["peer"])
    left, right = float(there.min()) / 2, 8 * float(there.max())
    for y, (name, speed) in enumerate(zip(there["peer"].values, there.values, strict=True)):
        colour = style.COLOURS[0] if str(name).startswith("nnjax") else style.GREY
        axes.plot([speed], [y], "o", color=colour)
        axes.text(1.3 * left, y - 0.17, str(name), color=colour, va="bottom", fontsize=style.SMALL)
        axes.text(1.3 * speed, y, f"{speed:.1e}", color=colour, va="center", fontsize=style.SMALL)
    axes.set(xscale="log", xlabel="updates per second", xlim=(left, right), title=speeds["network"].item())
    axes.set(yticks=[], ylim=(there.sizes["peer"] - 0.5, -0.9))
    axes.spines["left"].set_visible(False)
    style.power_ticks(axes.xaxis)
    return figure


def _seeds(scaling: xr.Dataset) -> Figure:
    figure, axes = style.panel()
    seeds, seconds = scaling["seeds"], scaling["seconds"]
    axes.plot(seeds, seconds, "o-")
    axes.plot(seeds, seconds[-1] * seeds / seeds[-1], "--", color=style.GREY)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(seeds.values[::2])
    axes.xaxis.set_major_formatter("{x:,.0f}")
    style.plain_ticks(axes.yaxis, (10.0 ** np.arange(-4, 4)).tolist())
    axes.text(0.97, 0.06, "dashes: proportional", ha="right", color=style.GREY, transform=axes.transAxes)
    axes.set(xlabel="seeds", ylabel="seconds", title="time of a sweep, 2-2-1")
    return figure


def _sizes(values: xr.DataArray, unit: str, title: str) -> Figure:
    """Draw values (direction, size) against the size, with a line for each direction."""
    figure, axes = style.panel()
    names = {"width": "2-4k-1", "depth": "k layers of 4", "rows": "4k rows"}
    lines = {
        name: axes.semilogy(values["size"], values.sel(direction=direction), "o-")[0]
        for direction, name in names.items()
    }
    axes.set(xlabel="k", ylabel=unit, title=title, xticks=values["size"].values)
    style.plain_ticks(axes.yaxis, np.outer(10.0 ** np.arange(-2, 7), (1, 2, 5)).ravel().tolist())
    for name, line in lines.items():
        style.label_end(axes, line, name)
    return figure

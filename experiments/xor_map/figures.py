"""The map of XOR as pictures, and the counting of boxes."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from experiments.runner import style
from experiments.runner.experiment import Drawing
from experiments.xor_map.findings import fit, interval
from experiments.xor_map.maps import LEARNT, WHOLE, Window

SHADES = 10
"""The number of shades, from networks that learn fastest to networks that take all epochs."""
ENDS = {
    "learns XOR (the paler, the later)": style.COLOURS[0],
    "stays at SSE ½, or a little above": style.COLOURS[4],
    "stays at SSE ⅔, or a little above": style.COLOURS[1],
    "stays at SSE 1 or more": style.GREY,
}
BLUES = "Blue networks have learnt XOR (the paler, the later); the others have not."


def figures(data: xr.DataTree) -> Mapping[str, Drawing]:
    """Draw the maps, the closer look, the large map, and the counting of boxes."""
    planes, wall = data["planes"].to_dataset(), data["wall"].to_dataset()
    return {
        "planes": _planes(planes),
        "closer": _closer(planes),
        "boxes": _boxes(planes),
        "wall": _wall(wall),
    }


def picture(level: np.ndarray, wait: np.ndarray, epochs: int) -> np.ndarray:
    """Colour each network by where it ends, and those that learn by how long that takes: (y, x, 3)."""
    others = [np.array(to_rgb(colour)) for colour in list(ENDS.values())[1:]]
    colours = np.where((level == 1)[..., None], others[0], others[2])
    colours = np.where((level == 2)[..., None], others[1], colours)
    late = np.log(np.maximum(wait, 1) / (epochs / 50)) / np.log(50)
    pale = np.round(np.clip(late, 0, 1) * (SHADES - 1))[..., None] / (SHADES - 1) * 0.8
    blue, paper = (np.array(to_rgb(colour)) for colour in (style.COLOURS[0], style.PAPER))
    return np.where((level == 0)[..., None], (1 - pale) * blue + pale * paper, colours)


def as_in_a_picture(colour: str) -> tuple[float, float, float]:
    """Return a nearly equal colour, which the page leaves unchanged in light and dark, like a picture."""
    red, green, blue = to_rgb(colour)
    return red, green, blue + (1 if blue < 0.5 else -1) / 255


def _show(axis: Axes, level: np.ndarray, wait: np.ndarray, epochs: int, window: Window) -> None:
    x, y, half = window
    extent = (x - half, x + half, y - half, y + half)
    shown = picture(level, wait, epochs)
    axis.imshow(shown, origin="lower", extent=extent, interpolation="none")
    axis.set(xlabel="initial weight x₁ → h₁", ylabel="initial weight x₂ → h₂")
    axis.locator_params(nbins=5)
    axis.grid(False)


def _maps(planes: xr.Dataset, zoom: int) -> list[Figure]:
    """Draw the first plane at both rates, the larger rate first."""
    panels = []
    for rate in planes["rate"].values[::-1]:
        figure, axis = style.panel(height=372)
        one = planes.sel(rate=rate, zoom=zoom).isel(seed=0)
        window = Window(*(float(one[f"window_{name}"]) for name in Window._fields))
        level, wait = (one[name].transpose("row", "column").values for name in ("level", "wait"))
        _show(axis, level, wait, planes.attrs["epochs"], window)
        axis.set_title(f"learning rate {rate:g}")
        panels.append(figure)
    return panels


def _planes(planes: xr.Dataset) -> Drawing:
    return Drawing(
        "At a large learning rate the border is a fractal; at a tenth of that rate it is far smoother",
        _maps(planes, 1),
        f"One of the planes at both learning rates. {BLUES} Yellow networks stay at an SSE of ½ or a little "
        "above, red ones at ⅔, grey ones at 1 or more.",
    )


def _closer(planes: xr.Dataset) -> Drawing:
    zoom = int(planes["zoom"].values[-1])
    return Drawing(
        f"Seen {zoom} times closer, one border looks like a line, and the other is as crooked as before",
        _maps(planes, zoom),
        "A randomly chosen place on the border in each of the two pictures above, in the same colours.",
    )


def _boxes(planes: xr.Dataset) -> Drawing:
    counting, axis = style.panel()
    dots, other = style.panel()
    for k, rate in enumerate(planes["rate"].values):
        found = fit(planes, rate, 1)
        colour = style.COLOURS[k]
        axis.plot(found.sizes, found.counts.T, ".", color=colour, alpha=0.4, ms=4)
        if len(found.counts):
            middle = np.exp(np.log(found.counts).mean(axis=0))
            slope, height = np.polyfit(np.log(found.sizes), np.log(middle), 1)
            (line,) = axis.plot(found.sizes, np.exp(height) * found.sizes**slope, color=colour)
            axis.set(xscale="log", yscale="log", xlim=(0.9, 3.5 * found.sizes[-1]))
            style.power_ticks(axis.yaxis)
            style.label_end(axis, line, f"rate {rate:g}\nslope −{-slope:.2f}")
        _dots(other, planes, rate, k)
    axis.set(xlabel="side of the boxes, in cells", ylabel="boxes on the border")
    style.plain_ticks(axis.xaxis, (1, 2, 4, 8, 16, 32))
    names = [f"rate {r:g}{z}" for r in planes["rate"].values for z in ("", "\ncloser")]
    other.set_xticks(range(len(names)), names)
    other.set(ylabel="dimension of the border", ylim=(0.75, 2.05), xlim=(-0.5, len(names) - 0.5))
    return Drawing(
        "The number of boxes on a border falls as the boxes grow; the slope gives the dimension",
        [counting, dots],
        "First: boxes that the border passes through, one dot for each plane and size, and a straight line "
        "through their geometric means; for a smooth border its slope is −1. Second: the dimension in each "
        "plane (dots), and the mean over planes with its 99.9 % interval (bar); “closer” means through the "
        "narrow window.",
    )


def _dots(axis: Axes, planes: xr.Dataset, rate: float, k: int) -> None:
    for place, zoom in enumerate(planes["zoom"].values, start=2 * k):
        found = fit(planes, rate, int(zoom)).dimensions
        if len(found) < 2:
            continue
        aside = place - 0.12 + 0.24 * np.linspace(0, 1, len(found))
        axis.plot(aside, found, ".", color=style.COLOURS[k], alpha=0.5)
        low, high = interval(found)
        axis.errorbar(
            place + 0.3,
            found.mean(),
            [[found.mean() - low], [high - found.mean()]],
            fmt="o",
            color=style.COLOURS[k],
            capsize=3,
            ms=4,
        )


def _wall(wall: xr.Dataset) -> Drawing:
    figure, axis = style.panel(style.WIDE, 780)
    level, wait = (wall[name].transpose("row", "column").values for name in ("level", "wait"))
    _show(axis, level, wait, wall.attrs["epochs"], WHOLE)
    legend = [Patch(color=as_in_a_picture(colour), label=name) for name, colour in ENDS.items()]
    figure.legend(handles=legend, loc="outside lower center", ncols=2)
    return Drawing(
        f"Small differences in two initial weights decide which of {level.size:,} networks learn XOR",
        [figure],
        f"The plane with the most crooked border, at learning rate {wall.attrs['rate']:g}; each dot is a "
        f"network after {wall.attrs['epochs']} epochs. “Learnt” means an SSE below {LEARNT}.",
        png=True,
    )

"""The figures of the experiment on seeds and minima."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.runner import style
from experiments.runner.experiment import Drawing
from experiments.seed_minima import teachers
from experiments.seed_minima.xor import ELSEWHERE

WORDS = {0: "learns", 1: "stuck at ½", 2: "at ⅔", 3: "at 1", ELSEWHERE: "elsewhere"}
"""{level of XOR's loss: its name}."""
COLOURS = {**dict(enumerate(style.COLOURS)), ELSEWHERE: style.FAINT}
HEIGHTS = (0.1, 1, 10, 100, 1000)
"""Losses at which contours are drawn."""
XOR = (
    "The share of seeds that end near each loss (SSE) at which the landscape is flat; every bar shows the "
    "same seeds. Ends that are “elsewhere” are more than 0.02 away from all of these losses. The label of "
    "each bar gives the initial weights and biases, and the learning rate."
)
PLANE = (
    "A contour map of the loss of a tanh 2-2-1 student on the plane through the ends of three seeds "
    "(orange). The blue lines are the paths of the seeds that reach these ends, from their starts (dots), "
    "projected onto the plane. The plane shows two of 9 dimensions. The map can show that points are low, "
    "but not that a hollow is a minimum, since a way down may lead through the other 7 dimensions."
)
TEACHERS = (
    "Each row shows, for one teacher with {students} students, the shares of students that learnt to match "
    "the teacher (a loss of 0), ended in another strict local minimum, or had not settled. The first "
    "teacher, on which the learning rate was tuned, is marked."
)


def figures(data: xr.DataTree) -> Mapping[str, Drawing]:
    """Draw the ends on XOR, the plane through three students' ends, and the outcomes for each teacher."""
    conditions, many = data["conditions"].to_dataset(), data["teachers"].to_dataset()
    ends = [_levels(conditions.sel(network=network)) for network in conditions["network"].values]
    plane = [_plane(data["landscape/plane"].to_dataset())]
    return {
        "xor": Drawing(
            "With two hidden nodes many XOR networks get stuck; a third node frees nearly all of them",
            ends,
            XOR,
        ),
        "plane": Drawing("Three different ends are one and the same network", plane, PLANE),
        "teachers": Drawing(
            "Some teachers' students all learn; other teachers' students never do",
            [_teachers(many)],
            TEACHERS.format(students=many.sizes["seed"]),
        ),
    }


def _levels(part: xr.Dataset) -> Figure:
    """Draw the share of one network's seeds at each level, with a bar for each setting."""
    levels = part["level"].transpose("setting", "seed").values
    order = np.argsort(-np.mean(levels == 0, axis=1), kind="stable")
    figure, axes = style.panel(height=250)
    shares = {k: 100 * np.mean(levels[order] == k, axis=1) for k in WORDS}
    _bars(axes, list(part["setting"].values[order]), {WORDS[k]: (shares[k], COLOURS[k]) for k in WORDS})
    axes.set(title=part["network"].item(), xlabel="share of the seeds, %")
    return figure


def _bars(axes: Axes, rows: list[str], parts: Mapping[str, tuple[np.ndarray, str]]) -> None:
    """Draw bars that add up to 100, with the parts' names above them in their colours."""
    left, beside = np.zeros(len(rows)), axes.annotate("", (0, -0.6))
    for name, (share, colour) in parts.items():
        axes.barh(rows, share, left=left, color=colour, height=0.7)
        left += share
        look = {"color": style.GREY if colour == style.FAINT else colour, "fontsize": style.SMALL}
        place = {"xycoords": beside, "textcoords": "offset points", "va": "bottom", "annotation_clip": False}
        beside = axes.annotate(name, (1, 0), (7 if beside.get_text() else 0, 0), **place, **look)
    axes.set(xlim=(0, 100), ylim=(len(rows) - 0.5, -1.2))
    axes.grid(visible=False)


def _plane(plane: xr.Dataset) -> Figure:
    figure, axes = style.panel(height=352)
    steps, loss = plane["step"].values, np.maximum(plane["loss"].values, 1e-6)
    lines = axes.contour(
        steps, steps, np.log10(loss), np.log10(HEIGHTS), colors=style.GREY, linestyles="solid", linewidths=0.7
    )
    axes.clabel(lines, fmt=lambda height: f"{10**height:g}", fontsize=10)
    for path in plane["path"].values[plane["joins"].values]:
        axes.plot(path[:, 0], path[:, 1], color=style.COLOURS[0], lw=1, alpha=0.7)
        axes.plot(*path[0], "o", color=style.COLOURS[0], ms=3)
    axes.plot(*plane["end"].values.T, "x", color=style.COLOURS[1], ms=9, mew=2.5, zorder=4)
    reach = float(steps[-1])
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    axes.set(xlabel="distance along the plane", ylabel="distance across")
    axes.grid(visible=False)
    return figure


def _teachers(many: xr.Dataset) -> Figure:
    """Draw the shares of each teacher's students; teachers with the most successful students are on top."""
    solved, local = teachers.solved(many).mean(axis=1), teachers.local(many).mean(axis=1)
    order = np.lexsort((local, -solved))
    rows = [
        f"teacher {number}" + (" (tuned on)" if number == many["teacher"].values[0] else "")
        for number in many["teacher"].values[order]
    ]
    figure, axes = style.panel(height=70 + 18 * len(rows))
    rest = 1 - solved - local
    parts = {
        "learn": (solved, style.COLOURS[0]),
        "local minimum": (local, style.COLOURS[1]),
        "not settled": (rest, style.FAINT),
    }
    _bars(axes, rows, {name: (100 * share[order], colour) for name, (share, colour) in parts.items()})
    axes.set_xlabel("share of its students, %")
    return figure

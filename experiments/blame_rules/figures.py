"""The rules' angles, and how well the networks that they train do."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.blame_rules.findings import reached
from experiments.blame_rules.rules import TRUE, UNIFORM
from experiments.runner import style


def figures(data: xr.DataTree) -> Mapping[str, tuple[Figure, str]]:
    """Draw angles and accuracies side by side."""
    figure = Figure(figsize=(9.4, 3.8), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    draw_angles(left, data["angles"].to_dataset()["cosine"].sel(inputs=UNIFORM))
    draw_accuracies(middle, data["iris"].to_dataset(), named=True)
    draw_accuracies(right, data["digits"].to_dataset(), named=False)
    return {"rules": (figure, CAPTION)}


def draw_angles(axis: Axes, cosine: xr.DataArray) -> None:
    """Histograms of each rule's cosine with the gradient, (rule, seed)."""
    bins = np.linspace(-1, 1, 41).tolist()
    others = [rule for rule in cosine["rule"].values if rule != TRUE]
    for colour, rule in zip(style.COLOURS[1:], others, strict=False):
        axis.hist(cosine.sel(rule=rule), bins, color=colour, histtype="step", lw=2, label=rule)
    axis.axvline(0, color="grey", ls="--")
    axis.set(xlabel="cosine with the gradient", ylabel="random networks", title="3-4-1, layer 1")
    axis.set_ylim(0, 1.5 * axis.get_ylim()[1])
    white = {"frameon": True, "facecolor": "white", "edgecolor": "white", "framealpha": 1}
    axis.legend(fontsize=9, loc="upper center", **white)


def draw_accuracies(axis: Axes, task: xr.Dataset, named: bool) -> None:
    """What each rule reaches over the seeds, from the worst to the best."""
    rules = [str(rule) for rule in task["rule"].values]
    values = [reached(task, rule)[0] for rule in rules]
    parts: Any = axis.violinplot(values, orientation="horizontal", showmedians=True)
    for body, colour in zip(parts["bodies"], style.COLOURS, strict=False):
        body.set_facecolor(colour)
    for lines in ("cmins", "cmaxes", "cbars"):
        parts[lines].set(color="grey", linewidth=0.8)
    parts["cmedians"].set(color="black", linewidth=1.5)
    axis.set_yticks(range(1, len(rules) + 1), rules if named else [""] * len(rules), fontsize=9)
    axis.set(xlabel="test accuracy", title=task.attrs["title"], xlim=(0, 1.02), xticks=(0, 0.5, 1))
    axis.invert_yaxis()


CAPTION = (
    "Left: the angle between each rule's weight change and the true one, over random networks; left of 0 "
    "the loss rises. Right: test accuracy over seeds after training by each rule from the same initial "
    "weights: the spread, from the worst seed to the best (grey), and the median (black)."
)

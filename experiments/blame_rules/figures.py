"""Figures: what each rule of blame learns, and how far it points from the gradient."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments.blame_rules.findings import reached
from experiments.blame_rules.rules import AUTHORS, FEEDBACK, HANDOUT, PRINTED, TRUE
from experiments.runner import statistics, style
from experiments.runner.experiment import Drawing

NAMES = {
    TRUE: "backpropagation",
    PRINTED: "as printed",
    AUTHORS: "author's code",
    FEEDBACK: "random feedback",
}
"""{rule: its name in a figure}."""
COLOURS = dict(zip(NAMES, style.COLOURS, strict=False))
COST = "Each rule at its best learning rate, from the same initial weights, with 99.9 % intervals."
ANGLES = (
    "The cosine between each rule's change of the first layer and the true change, in random 3-4-1 networks "
    "on the row (1, 3, 5). To the left of the dashed line the loss rises."
)
TASKS = {
    "xor": "share that learns XOR",
    "iris": "mean test accuracy, Iris",
    "digits": "mean test accuracy, digits",
}


def figures(data: xr.DataTree) -> Mapping[str, Drawing]:
    """Draw the cost of each rule, and its angle to the gradient."""
    return {
        "cost": Drawing(
            "The rule as printed keeps a quarter of the seeds from learning XOR; on Iris it hardly matters",
            [cost_figure(data[name].to_dataset(), words) for name, words in TASKS.items()],
            COST,
        ),
        "angles": Drawing(
            "Two rules point uphill as often as downhill, and yet they learn",
            [angle_figure(data["angles"].to_dataset()["cosine"].sel(inputs=HANDOUT))],
            ANGLES,
        ),
    }


def cost_figure(task: xr.Dataset, words: str) -> Figure:
    """Draw the mean result of each rule on one task."""
    figure, axes = style.panel(height=190)
    rules = [str(rule) for rule in task["rule"].values]
    values = [reached(task, rule)[0] for rule in rules]
    means = [float(each.mean()) for each in values]
    style.dots(
        axes,
        [NAMES[rule] for rule in rules],
        means,
        [_interval(task, each) for each in values],
        list(COLOURS.values()),
    )
    axes.set(xlabel=words, xlim=(0, 1))
    return figure


def _interval(task: xr.Dataset, values: np.ndarray) -> tuple[float, float]:
    if task.attrs["measure"] == "share solved":
        return statistics.share(int(values.sum()), len(values))
    return statistics.of_mean(values)


def angle_figure(cosine: xr.DataArray) -> Figure:
    """Draw histograms of each rule's cosine with the gradient, (rule, seed)."""
    figure, axes = style.panel(height=290)
    bins = np.linspace(-1, 1, 41).tolist()
    for place, rule in enumerate([str(rule) for rule in cosine["rule"].values if rule != TRUE]):
        values = cosine.sel(rule=rule).values
        axes.hist(
            values,
            bins,
            weights=np.full(len(values), 1 / len(values)),
            color=COLOURS[rule],
            histtype="step",
            lw=2,
        )
        words = f"{NAMES[rule]}: {np.mean(values < 0):.0%} uphill"
        axes.text(
            0.03,
            0.97 - 0.08 * place,
            words,
            color=COLOURS[rule],
            fontsize=style.SMALL,
            va="top",
            transform=axes.transAxes,
        )
    axes.axvline(0, color=style.GREY, ls="--")
    axes.set(
        xlabel="cosine with the gradient",
        ylabel="share of the networks",
        xlim=(-1, 1),
        xticks=(-1, -0.5, 0, 0.5, 1),
    )
    axes.set_ylim(0, 1.5 * axes.get_ylim()[1])
    return figure

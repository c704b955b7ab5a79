"""The handout's figures, redrawn from the computed values."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.runner import diagram, style
from experiments.runner.diagram import Point
from experiments.runner.experiment import Drawing
from experiments.runner.numbers import typeset
from experiments.walkthrough.findings import agrees, hidden_layer, output_layer
from experiments.walkthrough.numbers import TEXT_ASSUMED, TEXT_FORWARD, decimals
from experiments.walkthrough.tables import number

BLUE, ORANGE = style.COLOURS[:2]
"""Each colour goes with a different line style, so that no information lies in colour alone."""
ALONG = ((0.5, 0.38, 0.79, 0.78), (0.46, 0.75, 0.75, 0.46), (0.78, 0.79, 0.34, 0.5))
"""Position of the label on the link from input i to hidden node j: as far as possible from other links."""


def figures(data: xr.DataTree) -> Mapping[str, Drawing]:
    """Redraw the handout's figures from the computed values."""
    printed = data["printed"].to_dataset()
    return {
        "backward": Drawing(
            "The handout blames h₁ for what its siblings did",
            [blame_figure(data), ledger_figure(printed)],
            BACKWARD_CAPTION,
            png=True,
        ),
        "delta": Drawing(
            "δ is 0 where the node is right, and where it is completely wrong",
            [delta_figure(data)],
            DELTA_CAPTION,
        ),
        "training": Drawing(
            "If the four steps are repeated, the loss falls forever, and ever more slowly",
            training_figures(data["training"].to_dataset()),
            TRAINING_CAPTION,
        ),
        "forward": Drawing(
            "The forward pass turns three inputs, node by node, into one output",
            [network_figure(data, backward=False)],
            FORWARD_CAPTION,
        ),
        "every_delta": Drawing(
            "With the output of the forward pass instead of 0.6, every δ is different",
            [network_figure(data, backward=True)],
            EVERY_CAPTION,
        ),
    }


BACKWARD_CAPTION = (
    "The output's activation is assumed to be 0.6, as in the handout. First: blame reaches h₁ over h₁'s "
    "own link (blue); the handout adds the terms of h₁'s siblings (dashed). Second: the printed numbers, "
    "struck through where they are wrong, beside the true ones."
)
FORWARD_CAPTION = (
    "The handout's figures 1 and 2: inputs in the left nodes, weights on the links, net input z and "
    "activation a = sigmoid(z) in the nodes. Orange dashed links have negative weights. The weights into "
    "h₂, h₃ and h₄ are ours, since the handout leaves their choice to the reader."
)
EVERY_CAPTION = (
    "The handout's figures 4 to 6 for the label 1, without the assumed 0.6: activation a and δ in the "
    "nodes; on each link its weight w and, below it, its change Δ = α·δ·a in units of 10⁻⁴ (α = 0.01)."
)
DELTA_CAPTION = (
    "δ = 2(y − a)·a(1 − a) of the output for both labels y. The lower dot marks the handout's example."
)
TRAINING_CAPTION = (
    "The loss and the norm of its gradient before each epoch, over four rows (the handout's and three of "
    "ours). The loss is 0 only at infinite weights, so “converged” means a norm below the dashed threshold."
)


def blame_figure(data: xr.DataTree) -> Figure:
    """Draw where h₁'s blame comes from, and where the handout takes it from."""
    figure, axes = diagram.canvas(style.NARROW, 352)
    hidden, output = hidden_layer(data, TEXT_ASSUMED), output_layer(data, TEXT_ASSUMED)
    printed = data["printed"].to_dataset()
    h1, o = (110.0, 262.0), (294.0, 150.0)
    siblings = [(140.0, y) for y in (138.0, 90.0, 42.0)]
    weights, delta = output["weight"].values, float(output["delta"])
    for at, name, weight in zip(siblings, ("h₂", "h₃", "h₄"), weights[1:], strict=True):
        axes.plot(*zip(at, o, strict=True), color=style.FAINT, linewidth=1.2, zorder=1)
        x, y = (start + 0.42 * (end - start) for start, end in zip(at, o, strict=True))
        _on_link(axes, (x, y), f"w {weight:g}", style.GREY)
        diagram.node(axes, at, 17, [name])
    diagram.arrow(axes, o, h1, gap=52, color=style.TRUE, linewidth=3)
    _on_link(
        axes, (232, 206), f"{delta:g} × {weights[0]:g} = {delta * weights[0]:.4g}", style.TRUE, weight="bold"
    )
    wrong = {"color": style.WRONG, "linestyle": (0, (4, 3)), "linewidth": 1.6}
    for number_, at in enumerate(siblings):
        bend = {"connectionstyle": f"arc3,rad={-0.3 - 0.05 * number_}"}
        diagram.arrow(axes, (at[0] - 17, at[1]), (h1[0] - 24, h1[1] - 44), gap=2, **wrong, **bend)
    terms = printed["text"].values[printed["step"].values == "term of h₁'s sum"][1:]
    for place, term in zip((116, 92, 68), terms, strict=True):
        diagram.struck(axes, (32, place), f"+ {str(term).rstrip('0')}")
    diagram.node(axes, h1, 50, ["h₁", "δ", "", f"{float(hidden['delta'][0]):.7f}"], edgecolor=style.TRUE)
    diagram.struck(axes, (h1[0], h1[1] - 8), str(_text(printed, "δ of h₁")))
    diagram.node(axes, o, 38, ["o", "a 0.6", f"δ {delta:g}"])
    for at, text in (((24.0, 330.0), "x₁"), ((24.0, 290.0), "x₂"), ((24.0, 250.0), "x₃")):
        axes.plot(*zip(at, h1, strict=True), color=style.FAINT, linewidth=1.2, zorder=1)
        diagram.node(axes, at, 15, [text])
    return figure


def _on_link(axes: Axes, at: Point, text: str, colour: str, **looks: Any) -> None:
    box = {"facecolor": style.PAPER, "edgecolor": "none", "pad": 1.5}
    axes.text(
        *at, text, color=colour, fontsize=style.SMALL, ha="center", va="center", bbox=box, zorder=4, **looks
    )


def _text(printed: xr.Dataset, step: str) -> str:
    return str(printed["text"].values[printed["step"].values == step][0])


def ledger_figure(printed: xr.Dataset) -> Figure:
    """Draw each number of the backward pass as it is printed, beside the true number."""
    figure, axes = diagram.canvas(style.NARROW, 352)
    first = int(np.flatnonzero(printed["step"].values == "δ of the output")[0])
    rows = printed.isel(number=slice(first, None))
    for x, name, side in ((4, "step", "left"), (242, "printed", "right"), (346, "true", "right")):
        axes.text(x, 338, name, ha=side, va="center", fontsize=style.SMALL, color=style.GREY)
    for y, row, ok in zip(
        np.linspace(316, 12, rows.sizes["number"]), range(len(rows["text"])), agrees(rows), strict=True
    ):
        one = rows.isel(number=row)
        text = typeset(one["text"].values)
        axes.text(4, y, _name(rows, row), va="center", fontsize=style.SMALL)
        if ok:
            axes.text(242, y, text, ha="right", va="center", fontsize=style.SMALL)
        else:
            diagram.struck(axes, (242, y), text, ha="right")
        true = "✓" if ok else _true(float(one["computed"]), text)
        axes.text(346, y, true, ha="right", va="center", fontsize=style.SMALL, color=style.TRUE)
    return figure


def _true(value: float, text: str) -> str:
    """Format the true number with as many decimals as the printed one."""
    return number(value, f".{decimals(text)}f") if value else "0"


def _name(rows: xr.Dataset, row: int) -> str:
    """Return a step's name, together with the name of a node if the step has several numbers."""
    names = [str(name) for name in rows["step"].values]
    place = names[: row + 1].count(names[row]) - 1
    index = "₁₂₃₄"[place]
    if names[row].startswith("term"):
        return f"δₒ · weight, of h{index}"
    return (
        names[row]
        .replace("x →", f"x{index} →")
        .replace("weight change", "change of")
        .replace("updated weight", "new weight")
    )


def network_figure(data: xr.DataTree, backward: bool) -> Figure:
    """Draw the 3-4-1 network with every number on it."""
    figure, axes = diagram.canvas(style.WIDE, 552)
    inputs = data["cases"].to_dataset()["input_value"]
    hidden, output = hidden_layer(data, TEXT_FORWARD), output_layer(data, TEXT_FORWARD)
    at_inputs = [(50.0, float(y)) for y in np.linspace(436, 116, 3)]
    at_hidden = [(392.0, float(y)) for y in np.linspace(484, 68, 4)]
    at_output = (664.0, 276.0)
    for i, start in enumerate(at_inputs):
        for j, end in enumerate(at_hidden):
            link(axes, start, end, ALONG[i][j], hidden.isel(input=i, hidden=j), backward)
        diagram.node(axes, start, 40, [str(inputs["input"].values[i]), number(inputs[i], "g")])
    for j, start in enumerate(at_hidden):
        link(axes, start, at_output, 0.42, output.isel(hidden=j), backward)
        name = str(hidden["hidden"].values[j])
        diagram.node(axes, start, 46, [name, *node_lines(hidden.isel(hidden=j), backward)])
    diagram.node(axes, at_output, 46, ["o", *node_lines(output, backward)])
    return figure


def node_lines(numbers: xr.Dataset, backward: bool) -> list[str]:
    """Return the two numbers that are shown in a node: net input and activation, or activation and δ."""
    a = number(numbers["activation"], ".4f")
    if backward:
        return [f"a {a}", f"δ {number(numbers['delta'], '.5f')}"]
    return [f"z {number(numbers['net_input'], '.4f')}", f"a {a}"]


def link(axes: Axes, start: Point, end: Point, along: float, numbers: xr.Dataset, backward: bool) -> None:
    """Draw the link between two nodes with its weight, and in the backward pass with the change times 10⁴."""
    colour, dash = (BLUE, "-") if float(numbers["weight"]) >= 0 else (ORANGE, "--")
    axes.plot(*zip(start, end, strict=True), color=colour, linestyle=dash, linewidth=1.2, zorder=1)
    x, y = (a + along * (b - a) for a, b in zip(start, end, strict=True))
    weight = number(numbers["weight"], "g")
    text = f"w {weight}\nΔ {number(float(numbers['change']) * 1e4, '+.3f')}" if backward else weight
    box = {"facecolor": style.PAPER, "edgecolor": "none", "pad": 1.2}
    looks = {"fontsize": 10, "color": colour, "linespacing": 1.05}
    axes.text(x, y, text, ha="center", va="center", zorder=2, bbox=box, **looks)


def delta_figure(data: xr.DataTree) -> Figure:
    """Draw the output's δ as a function of the output's activation."""
    figure, axes = style.panel()
    curves = data["delta"].to_dataset()["delta"]
    a = curves["activation"].values
    for label, colour, dash in ((1, BLUE, "-"), (0, ORANGE, "--")):
        axes.plot(a, curves.sel(label=label), dash, color=colour)
    axes.text(0.03, 0.255, "label 1", color=BLUE, fontsize=style.SMALL)
    axes.text(0.97, -0.275, "label 0", color=ORANGE, fontsize=style.SMALL, ha="right")
    axes.axhline(0, color=style.GREY, linewidth=0.8)
    peak, top = float(curves.sel(label=1).idxmax("activation")), float(curves.sel(label=1).max())
    example = (0.6, float(output_layer(data, TEXT_ASSUMED)["delta"]))
    axes.plot(*zip((peak, top), example, strict=True), "o", color=BLUE)
    words = {"textcoords": "offset points", "fontsize": style.SMALL}
    axes.annotate(f"{top:.3f} at a = 1/3", (peak, top), (8, 5), **words)
    axes.annotate(f"a = 0.6: {example[1]:g}", example, (8, 2), **words)
    axes.set(xlabel="activation a of the output", ylabel="its δ", ylim=(-0.36, 0.36), xlim=(0, 1))
    return figure


def training_figures(training: xr.Dataset) -> list[Figure]:
    """Draw loss and gradient norm per epoch, on logarithmic axes."""
    epoch, panels = training["epoch"].values + 1, []
    names = {"loss": "loss (SSE over 4 rows)", "gradient_norm": "norm of the gradient"}
    for name, title in names.items():
        figure, axes = style.panel()
        axes.loglog(epoch, training[name], color=BLUE)
        axes.set(xlabel="epoch", ylabel=title)
        style.power_ticks(axes.xaxis)
        style.power_ticks(axes.yaxis)
        panels.append(figure)
    threshold = training.attrs["threshold"]
    axes = panels[1].axes[0]
    axes.axhline(threshold, color=ORANGE, linestyle="--")
    axes.annotate(
        "threshold", (1, threshold), (2, 4), textcoords="offset points", color=ORANGE, fontsize=style.SMALL
    )
    return panels

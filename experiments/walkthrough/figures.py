"""The handout's figures, redrawn from the computed values."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from experiments.runner import style
from experiments.walkthrough.findings import hidden_layer, output_layer
from experiments.walkthrough.numbers import TEXT_ASSUMED, TEXT_FORWARD
from experiments.walkthrough.tables import number

BLUE, ORANGE, GREEN = style.COLOURS[:3]
"""Line styles repeat what the colours say."""
GREY = "#555555"
Point = tuple[float, float]
ALONG = ((0.5, 0.38, 0.79, 0.78), (0.46, 0.75, 0.75, 0.46), (0.78, 0.79, 0.34, 0.5))
"""Where on the link from input i to hidden node j its label stands: as far as can be from all other links."""


def figures(data: xr.DataTree) -> Mapping[str, tuple[Figure, str]]:
    """Redraw the handout's figures from the computed values."""
    return {
        "forward": (network_figure(data, backward=False), FORWARD_CAPTION),
        "backward": (network_figure(data, backward=True), BACKWARD_CAPTION),
        "activations": (activation_figure(data), ACTIVATION_CAPTION),
        "delta": (delta_figure(data), DELTA_CAPTION),
        "update": (update_figure(data), UPDATE_CAPTION),
        "learning_rate": (rate_figure(data["rates"].to_dataset()), RATE_CAPTION),
        "training": (training_figure(data["training"].to_dataset()), TRAINING_CAPTION),
    }


FORWARD_CAPTION = (
    "The forward pass (handout's figures 1 and 2): inputs in the left nodes, weights on the links, net "
    "input z and activation a = sigmoid(z) in the nodes. Orange dashed links have negative weights. The "
    "weights into h₂, h₃ and h₄ are ours; the handout leaves them to the reader."
)
BACKWARD_CAPTION = (
    "The backward pass (handout's figures 4 to 6) for the label 1, with the activation the forward pass "
    "gives in place of the assumed 0.6: activation a and δ in the nodes; on each link its weight w and, "
    "below it, its change Δ = α·δ·a in units of 10⁻⁴ (α = 0.01). A hidden node's δ is δₒ·w·a(1 − a), with "
    "its own link only."
)
ACTIVATION_CAPTION = (
    "The activation functions and their derivatives. The dots are h₁'s net input 2.6, where the sigmoid is "
    "0.9309 with slope 0.0644 and ReLU is 2.6 with slope 1."
)
DELTA_CAPTION = (
    "The output's δ = 2(y − a)·a(1 − a). It is 0 at the label, but also at the opposite, saturated end; it "
    "is largest at a = 1/3 for label 1. The other dot is the handout's example, a = 0.6 with δ = 0.192."
)
UPDATE_CAPTION = (
    "One weight update (handout's figure 5): the weight from h₁ to the output, with the assumed 0.6."
)
RATE_CAPTION = (
    "The change of the weight h₁ → o against the learning rate: a straight line through the origin."
)
TRAINING_CAPTION = (
    "The four steps repeated over four rows (the handout's and three of ours): loss and norm of its "
    "gradient before each epoch. The loss tends to 0 only at infinite weights, so “converged” means: below "
    "the threshold."
)


def network_figure(data: xr.DataTree, backward: bool) -> Figure:
    """Draw the 3-4-1 network with every number on it; positions are in inches."""
    figure = Figure(figsize=(9, 6.8))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, 9), ylim=(0, 6.8))
    axes.axis("off")
    inputs = data["cases"].to_dataset()["input_value"]
    hidden, output = hidden_layer(data, TEXT_FORWARD), output_layer(data, TEXT_FORWARD)
    at_inputs = [(0.7, y) for y in np.linspace(5.4, 1.4, 3)]
    at_hidden = [(4.9, y) for y in np.linspace(5.95, 0.85, 4)]
    at_output = (8.2, 3.4)
    for i, start in enumerate(at_inputs):
        for j, end in enumerate(at_hidden):
            link(axes, start, end, ALONG[i][j], hidden.isel(input=i, hidden=j), backward)
        node(axes, start, [str(inputs["input"].values[i]), number(inputs[i], "g")])
    for j, start in enumerate(at_hidden):
        link(axes, start, at_output, 0.42, output.isel(hidden=j), backward)
        node(axes, start, [str(hidden["hidden"].values[j]), *node_lines(hidden.isel(hidden=j), backward)])
    node(axes, at_output, ["o", *node_lines(output, backward)])
    return figure


def node_lines(numbers: xr.Dataset, backward: bool) -> list[str]:
    """The two numbers in a node: net input and activation, or activation and δ."""
    a = number(numbers["activation"], ".4f")
    if backward:
        return [f"a {a}", f"δ {number(numbers['delta'], '.5f')}"]
    return [f"z {number(numbers['net_input'], '.4f')}", f"a {a}"]


def link_text(numbers: xr.Dataset, backward: bool) -> str:
    """What stands on a link: the weight, and in the backward pass its change in units of 1e-4."""
    weight = number(numbers["weight"], "g")
    return f"w {weight}\nΔ {number(float(numbers['change']) * 1e4, '+.3f')}" if backward else weight


def link(axes: Axes, start: Point, end: Point, along: float, numbers: xr.Dataset, backward: bool) -> None:
    """Draw a line between two nodes with its label on it."""
    colour, dash = (BLUE, "-") if float(numbers["weight"]) >= 0 else (ORANGE, "--")
    axes.plot(*zip(start, end, strict=True), color=colour, linestyle=dash, linewidth=1.2, zorder=1)
    x, y = (a + along * (b - a) for a, b in zip(start, end, strict=True))
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1.2}
    looks: dict[str, Any] = {"fontsize": 9, "color": colour, "bbox": box, "linespacing": 1.05}
    axes.text(x, y, link_text(numbers, backward), ha="center", va="center", zorder=2, **looks)


def node(axes: Axes, at: Point, lines: Iterable[str]) -> None:
    """Draw a circle with its name and numbers inside."""
    axes.add_patch(Circle(at, 0.56, facecolor="white", edgecolor="black", linewidth=1.3, zorder=3))
    axes.text(*at, "\n".join(lines), ha="center", va="center", fontsize=10, zorder=4, linespacing=1.15)


def panels(count: int, height: float = 3.6) -> tuple[Figure, np.ndarray]:
    """A row of panels."""
    figure = Figure(figsize=(4.5 * max(count, 1.4), height), layout="constrained")
    return figure, figure.subplots(1, count, squeeze=False)[0]


def activation_figure(data: xr.DataTree) -> Figure:
    """Sigmoid and ReLU with their derivatives, and h₁ on them."""
    figure, grid = panels(2)
    curves = data["activations"].to_dataset()
    z = curves["net_input"].values
    z_h1 = float(hidden_layer(data, TEXT_FORWARD)["net_input"][0])
    for axes, name, title in zip(grid, ("sigmoid", "relu"), ("sigmoid", "ReLU"), strict=True):
        for kind, colour, dash in (("value", BLUE, "-"), ("derivative", ORANGE, "--")):
            y = curves[kind].sel(function=name).values
            axes.plot(z, y, dash, color=colour, label=kind)
            axes.plot(z_h1, np.interp(z_h1, z, y), "o", color=colour)
        axes.set(title=title, xlabel="net input z")
        axes.legend(loc="upper left")
    return figure


def delta_figure(data: xr.DataTree) -> Figure:
    """The output's δ as a function of its activation."""
    figure, (axes,) = panels(1, 3.8)
    curves = data["delta"].to_dataset()["delta"]
    for label, colour, dash in ((1, BLUE, "-"), (0, ORANGE, "--")):
        axes.plot(curves["activation"], curves.sel(label=label), dash, color=colour, label=f"label {label}")
    axes.axhline(0, color=GREY, linewidth=0.8)
    peak, top = float(curves.sel(label=1).idxmax("activation")), float(curves.sel(label=1).max())
    example = (0.6, float(output_layer(data, TEXT_ASSUMED)["delta"]))
    axes.plot(*zip((peak, top), example, strict=True), "o", color=BLUE)
    largest = f"largest: {top:.4f} at a = {peak:.3f}"
    axes.annotate(largest, (peak, top), (0, 7), textcoords="offset points", ha="center")
    axes.annotate("0.6: 0.192", example, (7, 4), textcoords="offset points")
    axes.set(xlabel="output activation a", ylabel="δ of the output", ylim=(-0.36, 0.36))
    axes.legend(loc="lower left")
    return figure


def update_figure(data: xr.DataTree) -> Figure:
    """The update of the weight h₁ → o as two sums in boxes."""
    hidden, output = hidden_layer(data, TEXT_ASSUMED), output_layer(data, TEXT_ASSUMED)
    change, old = float(output["change"][0]), float(output["weight"][0])
    factors = [("α", "0.01"), ("δ of o", f"{float(output['delta']):.3f}")]
    factors += [("a of h₁", f"{float(hidden['activation'][0]):.7f}"), ("change", f"{change:.9f}")]
    sums = [("old weight", f"{old:.1f}"), ("change", f"{change:.9f}"), ("new weight", f"{old + change:.7f}")]
    figure = Figure(figsize=(9, 2.8))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, 9), ylim=(0, 2.8))
    axes.axis("off")
    boxes(axes, 2.05, factors, "··=")
    boxes(axes, 0.75, sums, "+=")
    return figure


def boxes(axes: Axes, y: float, items: list[tuple[str, str]], signs: str) -> None:
    """Draw a row of boxed numbers with signs between them; the last box is the result."""
    for i, (name, value) in enumerate(items):
        colour = GREEN if i == len(items) - 1 else BLUE
        box = {"boxstyle": "round,pad=0.45", "facecolor": "white", "edgecolor": colour, "linewidth": 1.6}
        axes.text(1.2 + 2.2 * i, y, value, ha="center", va="center", fontsize=12, bbox=box)
        axes.text(1.2 + 2.2 * i, y + 0.48, name, ha="center", va="center", fontsize=10, color=colour)
        if i < len(signs):
            axes.text(2.3 + 2.2 * i, y, signs[i], ha="center", va="center", fontsize=16)


def rate_figure(rates: xr.Dataset) -> Figure:
    """The weight change against the learning rate."""
    figure, (axes,) = panels(1)
    axes.plot(rates["rate"], rates["change"], "o-", color=BLUE)
    axes.set(xlabel="learning rate α", ylabel="change of the weight h₁ → o")
    return figure


def training_figure(training: xr.Dataset) -> Figure:
    """Loss and gradient norm per epoch, on logarithmic axes."""
    figure, grid = panels(2)
    epoch = training["epoch"].values + 1
    names = ("loss (SSE over 4 rows)", "norm of the gradient")
    for axes, name, title in zip(grid, ("loss", "gradient_norm"), names, strict=True):
        axes.loglog(epoch, training[name], color=BLUE)
        axes.set(xlabel="epoch", ylabel=title)
    grid[1].axhline(training.attrs["threshold"], color=ORANGE, linestyle="--", label="threshold")
    grid[1].legend(loc="lower left")
    return figure

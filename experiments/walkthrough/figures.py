"""What the walkthrough shows: the handout's figures redrawn, and its numbers as tables."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from experiments.runner import report
from experiments.runner.experiment import Table

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#555555"
"""Okabe and Ito's colours, told apart by colour-blind readers; line styles repeat what they say."""
ALONG = ((0.5, 0.38, 0.79, 0.78), (0.46, 0.75, 0.75, 0.46), (0.78, 0.79, 0.34, 0.5))
"""Where on the link from input i to hidden node j its label stands: as far as can be from all other links."""
SLIPS = (
    (
        "δ is “the derivative of the loss with respect to the weights (and biases)”",
        "δ is minus the derivative with respect to the net input; δ · activation is minus a weight's.",
    ),
    (
        "the node aggregates its inputs “with a non-linear function”",
        "The net input is a weighted sum, which is linear; the activation after it is the non-linear part.",
    ),
    (
        "a local minimum is “an area where the gradient is zero”",
        "Saddles, maxima and plateaus have zero gradient too; a minimum needs the curvature as well.",
    ),
    (
        "“stochastic gradient simply works in batches of multiple inputs”",
        "That is mini-batch descent; the handout's own one-row update is stochastic gradient descent.",
    ),
    ("the learning rate is η, then α", "One quantity, two letters; here it is α."),
    ("the output activation is 0.6", "It is assumed; no forward pass in the handout results in it."),
    (
        "the weights to the output are 0.8, 0.5, 0.1, 0.6 (text) and 0.8, -1.2, 0.5, -0.3 (exercise)",
        "Two different networks that share one weight; solutions of the exercise do not match the text.",
    ),
    (
        "the text's first weight is 0.8017873 when δ is propagated",
        "The updated weight is used in the backward pass: δ_h1 becomes 0.009907519 instead of 0.009885435.",
    ),
)
"""(what the handout says, what is so), beside the hidden delta."""


def agrees(data: xr.Dataset, rule: str = "computed") -> np.ndarray:
    """Whether each printed number is the computed one, to half a unit of its last digit."""
    return np.abs(data[rule].values - data["printed"].values) <= data["half_unit"].values


def figures(data: xr.Dataset) -> Mapping[str, tuple[Figure, str]]:
    """The handout's figures, redrawn from the computed values.

    Args:
        data: What `run` returned.

    Returns:
        {name: (figure, caption)}.
    """
    return {
        "forward": (network_figure(data, backward=False), FORWARD_CAPTION),
        "backward": (network_figure(data, backward=True), BACKWARD_CAPTION),
        "activations": (activation_figure(data), ACTIVATION_CAPTION),
        "delta": (delta_figure(data), DELTA_CAPTION),
        "update": (update_figure(data), UPDATE_CAPTION),
        "learning_rate": (rate_figure(data), RATE_CAPTION),
        "training": (training_figure(data), TRAINING_CAPTION),
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


def number(value: Any, form: str) -> str:
    """A formatted number with a true minus sign, and none before a zero."""
    text = format(float(value), form)
    return text.removeprefix("-") if float(text) == 0 else report.typeset(text)


def digits(value: float) -> str:
    """Up to ten decimals, as many as the handout prints at most."""
    return f"{value:.10f}".rstrip("0").rstrip(".")


def network_figure(data: xr.Dataset, backward: bool) -> Figure:
    """The 3-4-1 network with every number on it; positions are in inches."""
    figure = Figure(figsize=(9, 6.8))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, 9), ylim=(0, 6.8))
    axes.axis("off")
    case = data.sel(case="text weights, forward pass")
    x, hidden = (0.7, 4.9, 8.2), np.linspace(5.95, 0.85, 4)
    inputs = np.linspace(5.4, 1.4, 3)
    for i, y in enumerate(inputs):
        for j, to in enumerate(hidden):
            weight, change = case["input_weight"][i, j], case["input_change"][i, j]
            link(axes, (x[0], y), (x[1], to), ALONG[i][j], link_text(weight, change, backward), float(weight))
        node(axes, (x[0], y), [f"x{'₁₂₃'[i]}", number(case["input_value"][i], "g")])
    for j, y in enumerate(hidden):
        weight, change = case["output_weight"][j], case["output_change"][j]
        link(axes, (x[1], y), (x[2], 3.4), 0.42, link_text(weight, change, backward), float(weight))
        node(axes, (x[1], y), [f"h{'₁₂₃₄'[j]}", *node_lines(case, "hidden", j, backward)])
    node(axes, (x[2], 3.4), ["o", *node_lines(case, "output", None, backward)])
    return figure


def link_text(weight: Any, change: Any, backward: bool) -> str:
    """What stands on a link: the weight, and in the backward pass its change in units of 1e-4."""
    text = number(weight, "g")
    return f"w {text}\nΔ {number(float(change) * 1e4, '+.3f')}" if backward else text


def node_lines(case: xr.Dataset, layer: str, j: int | None, backward: bool) -> list[str]:
    """The two numbers in a node: net input and activation, or activation and delta."""
    names = ("activation", "delta") if backward else ("net_input", "activation")
    values = [case[f"{layer}_{name}"] if j is None else case[f"{layer}_{name}"][j] for name in names]
    symbols = ("a", "δ") if backward else ("z", "a")
    forms = (".4f", ".5f") if backward else (".4f", ".4f")
    return [f"{s} {number(value, form)}" for s, value, form in zip(symbols, values, forms, strict=True)]


def link(
    axes: Axes, start: tuple[float, float], end: tuple[float, float], along: float, text: str, weight: float
) -> None:
    """A line between two nodes with its label on it."""
    colour, style = (BLUE, "-") if weight >= 0 else (ORANGE, "--")
    axes.plot(*zip(start, end, strict=True), color=colour, linestyle=style, linewidth=1.2, zorder=1)
    x, y = (a + along * (b - a) for a, b in zip(start, end, strict=True))
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1.2}
    axes.text(
        x, y, text, ha="center", va="center", fontsize=9, color=colour, bbox=box, zorder=2, linespacing=1.05
    )


def node(axes: Axes, at: tuple[float, float], lines: Iterable[str]) -> None:
    """A circle with its name and numbers inside."""
    axes.add_patch(Circle(at, 0.56, facecolor="white", edgecolor="black", linewidth=1.3, zorder=3))
    axes.text(*at, "\n".join(lines), ha="center", va="center", fontsize=10, zorder=4, linespacing=1.15)


def panels(count: int, height: float = 3.6) -> tuple[Figure, np.ndarray]:
    """A row of panels without a top and right frame."""
    figure = Figure(figsize=(4.5 * max(count, 1.4), height), layout="constrained")
    grid = figure.subplots(1, count, squeeze=False)[0]
    for axes in grid:
        axes.spines[["top", "right"]].set_visible(False)
    return figure, grid


def activation_figure(data: xr.Dataset) -> Figure:
    """Sigmoid and ReLU with their derivatives, and h₁ on them."""
    figure, grid = panels(2)
    z = data["net_input"].values
    here = float(data["hidden_net_input"][0, 0])
    for axes, name, title in zip(grid, ("sigmoid", "relu"), ("sigmoid", "ReLU"), strict=True):
        for kind, colour, style in (("value", BLUE, "-"), ("derivative", ORANGE, "--")):
            y = data[f"function_{kind}"].sel(function=name).values
            axes.plot(z, y, style, color=colour, label=kind)
            axes.plot(here, np.interp(here, z, y), "o", color=colour)
        axes.set(title=title, xlabel="net input z")
        axes.legend(frameon=False, loc="upper left")
    return figure


def delta_figure(data: xr.Dataset) -> Figure:
    """The output's delta as a function of its activation."""
    figure, (axes,) = panels(1, 3.8)
    a = data["activation"].values
    for label, colour, style in ((1, BLUE, "-"), (0, ORANGE, "--")):
        axes.plot(a, data["delta"].sel(label=label), style, color=colour, label=f"label {label}")
    axes.axhline(0, color=GREY, linewidth=0.8)
    curve = data["delta"].sel(label=1)
    peak, top = float(curve.idxmax("activation")), float(curve.max())
    axes.plot([peak, 0.6], [top, float(data["output_delta"][0])], "o", color=BLUE)
    axes.annotate(
        f"largest: {top:.4f} at a = {peak:.3f}", (peak, top), (0, 7), textcoords="offset points", ha="center"
    )
    axes.annotate("0.6: 0.192", (0.6, float(data["output_delta"][0])), (7, 4), textcoords="offset points")
    axes.set(xlabel="output activation a", ylabel="δ of the output", ylim=(-0.36, 0.36))
    axes.legend(frameon=False, loc="lower left")
    return figure


def update_figure(data: xr.Dataset) -> Figure:
    """The update of the weight h₁ → o as two sums in boxes."""
    case = data.sel(case="text weights, 0.6 assumed")
    change, old = float(case["output_change"][0]), float(case["output_weight"][0])
    factors = [("α", "0.01"), ("δ of o", f"{float(case['output_delta']):.3f}")]
    factors += [("a of h₁", f"{float(case['hidden_activation'][0]):.7f}"), ("change", f"{change:.9f}")]
    sums = [("old weight", f"{old:.1f}"), ("change", f"{change:.9f}"), ("new weight", f"{old + change:.7f}")]
    figure = Figure(figsize=(9, 2.8))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, 9), ylim=(0, 2.8))
    axes.axis("off")
    boxes(axes, 2.05, factors, "··=")
    boxes(axes, 0.75, sums, "+=")
    return figure


def boxes(axes: Axes, y: float, items: list[tuple[str, str]], signs: str) -> None:
    """A row of boxed numbers with signs between them; the last box is the result."""
    for i, (name, value) in enumerate(items):
        colour = GREEN if i == len(items) - 1 else BLUE
        box = {"boxstyle": "round,pad=0.45", "facecolor": "white", "edgecolor": colour, "linewidth": 1.6}
        axes.text(1.2 + 2.2 * i, y, value, ha="center", va="center", fontsize=12, bbox=box)
        axes.text(1.2 + 2.2 * i, y + 0.48, name, ha="center", va="center", fontsize=10, color=colour)
        if i < len(signs):
            axes.text(2.3 + 2.2 * i, y, signs[i], ha="center", va="center", fontsize=16)


def rate_figure(data: xr.Dataset) -> Figure:
    """The weight change against the learning rate."""
    figure, (axes,) = panels(1)
    axes.plot(data["rate"], data["rate_change"], "o-", color=BLUE)
    axes.set(xlabel="learning rate α", ylabel="change of the weight h₁ → o")
    return figure


def training_figure(data: xr.Dataset) -> Figure:
    """Loss and gradient norm per epoch, on logarithmic axes."""
    figure, grid = panels(2)
    epoch = data["epoch"].values + 1
    names = ("loss (SSE over 4 rows)", "norm of the gradient")
    for axes, name, title in zip(grid, ("loss", "gradient_norm"), names, strict=True):
        axes.loglog(epoch, data[name], color=BLUE)
        axes.set(xlabel="epoch", ylabel=title)
    grid[1].axhline(data.attrs["threshold"], color=ORANGE, linestyle="--", label="threshold")
    grid[1].legend(frameon=False, loc="lower left")
    return figure


def tables(data: xr.Dataset) -> Mapping[str, Table]:
    """The walkthrough step by step, for the terminal and the report.

    Args:
        data: What `run` returned.

    Returns:
        {title: (header, rows)}.
    """
    return {
        "Every number the handout prints, in its order": number_table(data),
        "Where it differs, and why": difference_table(data),
        "Other slips": (("the handout", "what is so"), SLIPS),
        "Exercise: forward pass and δ": case_table(data),
        "Exercise: changes of the weights hidden → output (× 10⁻⁴)": output_change_table(data),
        "Exercise: changes of the weights input → hidden (× 10⁻⁴)": input_change_table(data),
        "Exercise: δ and the output's activation (label 1)": delta_table(data),
        "Exercise: learning rate and weight change h₁ → o": rate_table(data),
        "Exercise: training until it converges": training_table(data),
    }


def number_table(data: xr.Dataset) -> Table:
    """Printed beside computed."""
    header = ("step", "formula", "printed", "computed", "by the printed rule", "agrees")
    columns = (
        data[name].values for name in ("step", "formula", "printed_text", "computed", "by_printed_rule")
    )
    rows = zip(*columns, agrees(data), strict=True)
    return header, [
        (s, f, p, digits(c), f"{r:.{len(p.partition('.')[2])}f}", "yes" if ok else "NO")
        for s, f, p, c, r, ok in rows
    ]


def difference_table(data: xr.Dataset) -> Table:
    """The printed numbers that are not the true ones."""
    wrong = data.isel(number=np.flatnonzero(~agrees(data)))
    rows = zip(*(wrong[name].values for name in ("step", "printed_text", "computed", "why")), strict=True)
    return ("step", "printed", "true", "why"), [(s, p, digits(c), w) for s, p, c, w in rows]


def case_table(data: xr.Dataset) -> Table:
    """Activations and deltas of each case."""
    header = ("case", "a of h₁ … h₄", "a of o", "δ of o", "δ of h₁ … h₄")
    rows = []
    for name in data["case"].values:
        case = data.sel(case=name)
        hidden = (
            "  ".join(number(v, ".4f") for v in case[f"hidden_{each}"]) for each in ("activation", "delta")
        )
        activation, delta = hidden
        rows.append(
            (
                name,
                activation,
                number(case["output_activation"], ".4f"),
                number(case["output_delta"], ".4f"),
                delta,
            )
        )
    return header, rows


def output_change_table(data: xr.Dataset) -> Table:
    """Weight changes hidden to output of each case."""
    rows = [
        (str(c), *(number(v * 1e4, ".4f") for v in data["output_change"].sel(case=c)))
        for c in data["case"].values
    ]
    return ("case", *data["hidden"].values), rows


def input_change_table(data: xr.Dataset) -> Table:
    """Weight changes input to hidden, with the assumed 0.6 and with the forward pass."""
    rows = []
    for name in data["case"].values[:2]:
        for i, source in enumerate(data["input"].values):
            changes = data["input_change"].sel(case=name)[i]
            rows.append((str(name), str(source), *(number(v * 1e4, ".4f") for v in changes)))
    return ("case", "from", *data["hidden"].values), rows


def delta_table(data: xr.Dataset) -> Table:
    """Delta at some activations of the output."""
    curve = data["delta"].sel(label=1)
    at = (0, 0.1, 1 / 3, 0.5, 0.6, 0.8, 0.9, 1)
    rows = [(f"{a:.3f}", number(curve.sel(activation=a, method="nearest"), ".4f")) for a in at]
    return ("a of o", "δ of o"), rows


def rate_table(data: xr.Dataset) -> Table:
    """The weight change at each learning rate."""
    rates = zip(data["rate"].values, data["rate_change"].values, strict=True)
    return ("α", "change"), [(f"{rate:.1f}", f"{change:.7f}") for rate, change in rates]


def training_table(data: xr.Dataset) -> Table:
    """Loss and gradient norm at powers of ten, at the threshold and at the end."""
    norm = data["gradient_norm"].values
    below = np.flatnonzero(norm < data.attrs["threshold"])
    epochs = {10**k for k in range(9)} | {0, len(norm) - 1} | set(below[:1].tolist())
    rows = []
    for epoch in sorted(each for each in epochs if each < len(norm)):
        note = "first below the threshold" if below.size and epoch == below[0] else ""
        rows.append((str(epoch), f"{float(data['loss'][epoch]):.6g}", f"{norm[epoch]:.3e}", note))
    return ("epochs done", "loss", "gradient norm", ""), rows

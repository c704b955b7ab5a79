"""The walkthrough's tables: the handout's numbers and exercises, step by step."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from experiments.runner.experiment import Table
from experiments.runner.numbers import typeset
from experiments.walkthrough.findings import agrees, hidden_layer, output_layer
from experiments.walkthrough.numbers import TEXT_ASSUMED, TEXT_FORWARD, decimals

SLIPS = (
    (
        "δ is “the derivative of the loss with respect to the weights (and biases)”",
        "δ is minus the derivative of the loss with respect to the net input. "
        "Minus the derivative with respect to a weight is δ · activation.",
    ),
    (
        "the node aggregates its inputs “with a non-linear function”",
        "The net input is a weighted sum, which is linear; only the activation that follows is non-linear.",
    ),
    (
        "a local minimum is “an area where the gradient is zero”",
        "Saddles, maxima and plateaus also have zero gradient; for a minimum, the curvature matters, too.",
    ),
    (
        "“stochastic gradient simply works in batches of multiple inputs”",
        "That is mini-batch descent; the handout's own one-row update is stochastic gradient descent.",
    ),
    ("the learning rate is called η, then α", "Both letters mean the same quantity, which is called α here."),
    ("the output activation is 0.6", "This value is assumed; no forward pass in the handout gives it."),
    (
        "the weights to the output are 0.8, 0.5, 0.1, 0.6 (text) and 0.8, -1.2, 0.5, -0.3 (exercise)",
        "These are two different networks that share one weight; solutions of the exercise do not match the "
        "numbers in the text.",
    ),
    (
        "the text's first weight is 0.8017873 when δ is propagated",
        "The updated weight is used on the way back: δ of h₁ becomes 0.009907519 instead of 0.009885435.",
    ),
    (
        "δ is smaller at the hidden nodes, so “the weight changes ... will be even smaller”",
        "A change is α · δ · activation, and inputs of 3 and 5 make up for a small δ. With N(0, 1) weights, "
        "one in three of the weights into a hidden node changes more than that node's weight to the output. "
        "The mean change is smaller in nine networks out of ten.",
    ),
)
"""Pairs of what the handout says and what is true; the hidden delta is not among them."""


def tables(data: xr.DataTree) -> Mapping[str, Table]:
    """Tabulate the walkthrough step by step."""
    return {
        "Every number that the handout prints, in order": number_table(data["printed"].to_dataset()),
        "Where the handout differs, and why": difference_table(data["printed"].to_dataset()),
        "Other slips": (("the handout", "what is true"), SLIPS),
        "Exercise: forward pass and δ": case_table(data),
        "Exercise: changes in the hidden → output weights (× 10⁻⁴)": output_change_table(data),
        "Exercise: changes of the weights input → hidden (× 10⁻⁴)": hidden_change_table(data),
        "Exercise: δ and the output's activation (label 1)": delta_table(data["delta"].to_dataset()),
        "Exercise: learning rate and weight change h₁ → o": rate_table(data["rates"].to_dataset()),
        "Exercise: training until it converges": training_table(data["training"].to_dataset()),
    }


def number(value: Any, form: str) -> str:
    """Format a number with a true minus sign, but write zero without a sign."""
    text = format(float(value), form)
    return text.removeprefix("-") if float(text) == 0 else typeset(text)


def digits(value: float) -> str:
    """Format a number with up to ten decimals, which is the most that the handout prints."""
    return f"{value:.10f}".rstrip("0").rstrip(".")


def number_table(numbers: xr.Dataset) -> Table:
    """Tabulate the printed numbers beside the computed ones."""
    header = ("step", "formula", "printed", "computed", "by the printed rule", "agrees")
    columns = ("step", "formula", "text", "computed", "by_printed_rule")
    rows = zip(*(numbers[name].values for name in columns), agrees(numbers), strict=True)
    return header, [
        (step, formula, text, digits(true), f"{by_rule:.{decimals(text)}f}", "yes" if ok else "NO")
        for step, formula, text, true, by_rule, ok in rows
    ]


def difference_table(numbers: xr.Dataset) -> Table:
    """Tabulate the printed numbers that are wrong."""
    wrong = numbers.isel(number=np.flatnonzero(~agrees(numbers)))
    rows = zip(*(wrong[name].values for name in ("step", "text", "computed", "why")), strict=True)
    header = ("step", "printed", "true", "why")
    return header, [(step, text, digits(true), why) for step, text, true, why in rows]


def names(data: xr.DataTree, dimension: str) -> list[str]:
    """Return the names along a dimension of the cases."""
    return [str(name) for name in data["cases"].to_dataset()[dimension].values]


def case_table(data: xr.DataTree) -> Table:
    """Tabulate activations and deltas of each case."""

    def row(case: str) -> tuple[str, ...]:
        hidden, output = hidden_layer(data, case), output_layer(data, case)
        activations, deltas = (
            "  ".join(number(value, ".4f") for value in hidden[name]) for name in ("activation", "delta")
        )
        activation, delta = (number(output[name], ".4f") for name in ("activation", "delta"))
        return case, activations, activation, delta, deltas

    header = ("case", "a of h₁ … h₄", "a of o", "δ of o", "δ of h₁ … h₄")
    return header, [row(case) for case in names(data, "case")]


def changes(values: xr.DataArray) -> tuple[str, ...]:
    """Format weight changes in units of 1e-4."""
    return tuple(number(value * 1e4, ".4f") for value in values)


def output_change_table(data: xr.DataTree) -> Table:
    """Tabulate the changes in the weights from the hidden nodes to the output in each case."""
    rows = [(case, *changes(output_layer(data, case)["change"])) for case in names(data, "case")]
    return ("case", *names(data, "hidden")), rows


def hidden_change_table(data: xr.DataTree) -> Table:
    """Tabulate the changes in weights into hidden nodes, with the assumed 0.6 and with the forward pass."""
    rows = [
        (case, source, *changes(hidden_layer(data, case)["change"].sel(input=source)))
        for case in (TEXT_ASSUMED, TEXT_FORWARD)
        for source in names(data, "input")
    ]
    return ("case", "from", *names(data, "hidden")), rows


def delta_table(curves: xr.Dataset) -> Table:
    """Tabulate the output's δ at some activations of the output."""
    curve = curves["delta"].sel(label=1)
    at = (0, 0.1, 1 / 3, 0.5, 0.6, 0.8, 0.9, 1)
    rows = [(f"{a:.3f}", number(curve.sel(activation=a, method="nearest"), ".4f")) for a in at]
    return ("a of o", "δ of o"), rows


def rate_table(rates: xr.Dataset) -> Table:
    """Tabulate the weight change at each learning rate."""
    rows = zip(rates["rate"].values, rates["change"].values, strict=True)
    return ("α", "change"), [(f"{rate:.1f}", f"{change:.7f}") for rate, change in rows]


def training_table(training: xr.Dataset) -> Table:
    """Tabulate loss and gradient norm at powers of ten, at the threshold and at the end."""
    loss, norm = training["loss"].values, training["gradient_norm"].values
    below = np.flatnonzero(norm < training.attrs["threshold"])[:1].tolist()
    epochs = {10**k for k in range(9)} | {0, len(norm) - 1, *below}
    rows = [
        (
            str(epoch),
            f"{loss[epoch]:.6g}",
            f"{norm[epoch]:.3e}",
            "first below the threshold" if epoch in below else "",
        )
        for epoch in sorted(epochs)
        if epoch < len(norm)
    ]
    return ("epochs done", "loss", "gradient norm", ""), rows

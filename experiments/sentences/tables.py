"""The tables of the experiment on sentences."""

from collections import Counter
from collections.abc import Mapping

import numpy as np
import xarray as xr

from experiments.runner.experiment import Table
from experiments.sentences import one_row, xor


def tables(data: xr.DataTree) -> Mapping[str, Table]:
    """Tabulate updates, rows per update, regression, XOR, the hidden nodes' questions, and widths."""
    return {
        "The first update on the handout's row and on a row with smaller inputs": update_table(
            data["one_row"].to_dataset()
        ),
        "Digits: rows per update": rows_table(data["rows"].to_dataset()),
        "Diabetes: R² of the test rows, mean over the seeds": regression_table(
            data["regression"].to_dataset()
        ),
        "XOR: with and without momentum": xor_table(data["xor"].to_dataset()),
        "XOR: the questions asked by the two hidden nodes of networks that have learnt it": question_table(
            data["xor"].to_dataset()
        ),
        "1-h-1: largest error when trained (median over the seeds), when built, and as promised": width_table(
            data["approximation"].to_dataset()
        ),
    }


def update_table(row: xr.Dataset) -> Table:
    """Tabulate shares of the networks, by the size of the inputs."""
    lines = {
        "mean change into the hidden nodes smaller than the mean into the output": row["mean"] < 1,
        "change into a hidden node smaller than the change of its weight to the output": row["pairs"],
        "change of x₃ → h₁ smaller than the change of h₁ → o": row["x3_to_h1"] < 1,
        "largest change into the hidden nodes smaller than the largest into the output": row["largest"] < 1,
        "of two weights into one node, the larger activation's weight changes more": row["order_same_node"],
        "of weights into two nodes, the larger activation's weight changes more": row["order_other_nodes"],
        "the weight that contributes most to the output changes most": row["contributes_most"],
        "prediction nearer to the label after the update": row["nearer"],
    }
    rows = [
        [name, *(f"{float(values.sel(size=size).mean()):.1%}" for size in one_row.SIZES)]
        for name, values in lines.items()
    ]
    return ("share of the networks", "(1, 3, 5)", "(0.2, 0.6, 1)"), rows


def rows_table(part: xr.Dataset) -> Table:
    """Tabulate the accuracy at each rate."""
    means = part["accuracy"].mean("seed")
    rows = [
        [
            str(way),
            str(int(part["updates"].sel(way=way))),
            ", ".join(
                f"{float(mean):.1%} ({float(rate):g})"
                for mean, rate in zip(
                    means.sel(way=way).values, part["rate"].sel(way=way).values, strict=True
                )
            ),
        ]
        for way in part["way"].values
    ]
    return ("rows per update", "updates", "test accuracy (learning rate)"), rows


def regression_table(part: xr.Dataset) -> Table:
    """Tabulate R² by output and target."""
    means = part["explained"].mean("seed")
    rows = [
        [
            str(target),
            *(f"{float(means.sel(target=target, output=output)):.3f}" for output in part["output"].values),
        ]
        for target in part["target"].values
    ]
    return ("target", *map(str, part["output"].values)), rows


def xor_table(part: xr.Dataset) -> Table:
    """Tabulate the shares of networks that learn XOR, and how soon they learn it."""
    rows = []
    for way in part["way"].values:
        for rate in part["rate"].values:
            loss = part["loss"].sel(way=way, rate=rate).transpose("seed", "look").values
            epochs = np.median(xor.first_below(loss))
            soon = f"{epochs:.0f}" if np.isfinite(epochs) else "never"
            rows.append([str(way), f"{rate:g}", f"{np.mean(loss[:, -1] < xor.SOLVED):.1%}", soon])
    return ("descent", "rate / (1 − μ)", "learnt by the end", "median epochs until learnt"), rows


def question_table(part: xr.Dataset) -> Table:
    """Tabulate the questions that the hidden nodes ask in networks that learnt XOR."""
    last = part["loss"].sel(way=xor.PLAIN, rate=xor.SHOWN).isel(look=-1).values
    ends = part["end"].values[last < xor.SOLVED]
    counted = Counter(map(xor.questions, ends)).most_common()
    return ("the nodes ask", "networks"), [[name, f"{count} of {len(ends)}"] for name, count in counted]


def width_table(part: xr.Dataset) -> Table:
    """Tabulate errors by function and width."""
    medians = part["largest"].median("seed")
    rows = [
        [str(function), str(width)]
        + [
            f"{float(values.sel(function=function, width=width)):.3f}"
            for values in (medians, part["built"], part["bound"])
        ]
        for function in part["function"].values
        for width in part["width"].values
    ]
    return ("function", "h", "trained", "built", "promised"), rows

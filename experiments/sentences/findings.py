"""Findings on the handout's sentences that no other experiment covers, each compared with a measurement."""

from collections.abc import Callable

import xarray as xr

from experiments.runner import expectations
from experiments.runner.findings import Finding, exact
from experiments.runner.statistics import MANY
from experiments.sentences.picture_findings import approximation_findings, figure_findings
from experiments.sentences.training_findings import (
    descent_findings,
    layers_findings,
    regression_findings,
    xor_findings,
)
from experiments.sentences.update_findings import row_findings, rows_findings

EXPECTED = expectations.of("sentences")


def findings(data: xr.DataTree) -> list[Finding]:
    """Judge each part that has enough seeds."""
    parts: dict[str, Callable[[xr.Dataset], list[Finding]]] = {
        "one_row": row_findings,
        "rows": rows_findings,
        "regression": regression_findings,
        "descents": descent_findings,
        "xor": xor_findings,
        "approximation": approximation_findings,
        "layers": layers_findings,
        "figure_3": figure_findings,
    }
    judged = [exact_findings(data)]
    for name, judge in parts.items():
        part = data[name].to_dataset()
        if part.sizes.get("seed", MANY) >= MANY:
            judged.append(judge(part))
    return [finding for group in judged for finding in group]


def exact_findings(data: xr.DataTree) -> list[Finding]:
    """Judge what holds for all seeds."""
    row, built = (data[name].to_dataset() for name in ("one_row", "approximation"))
    return [
        exact(
            EXPECTED["label-zero"],
            "had the label been 0, δ would have been negative: its value at the handout's activation 0.6",
            row.attrs["delta_label_0"],
            note="δ = 2 (0 − 0.6) · 0.6 (1 − 0.6); with the label 1 it is 0.192",
        ),
        exact(
            EXPECTED["label-zero-anywhere"],
            "with the label 0, the largest δ of any network's output",
            float(row["delta_label_0"].max()),
            note=f"{row.sizes['seed']:,} networks with N(0, 1) weights, two sizes of the row",
        ),
        exact(
            EXPECTED["larger-activation-same-node"],
            "share of pairs of weights into the same node in which the weight from the larger activation "
            "changes more",
            float(row["order_same_node"].mean()),
            note="the change is exactly proportional to the activation's size, "
            "however large or small the error",
        ),
        exact(
            EXPECTED["rows-48-sum"],
            "the accumulated change of 48 rows against the sum of their single changes (relative distance)",
            float(data["rows"].attrs["accumulated"]),
            note="64-10-10 in float64; the weights do not change between the rows",
        ),
        exact(
            EXPECTED["approximation-promise"],
            "1-h-1 built without training: largest error divided by its bound, steepest slope / (h + 1)",
            float((built["built"] / built["bound"]).max()),
            note="a staircase of h steep nodes; three functions, five widths",
        ),
    ]

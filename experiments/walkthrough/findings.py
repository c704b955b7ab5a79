"""The walkthrough's findings: the handout's numbers and sentences, each compared with the computation."""

from typing import NamedTuple

import numpy as np
import xarray as xr

from experiments.runner import expectations
from experiments.runner.findings import Finding, exact, printed

EXPECTED = expectations.of("walkthrough")


class KeyNumber(NamedTuple):
    """A printed number to judge.

    Attributes:
        id: The finding's id.
        claim: The finding's claim.
        step: The step of the calculation; the number is the first one that is printed for this step.
    """

    id: str
    claim: str
    step: str


KEY_NUMBERS = (
    KeyNumber("net-input", "the net input of h₁ is 2.6", "net input of h₁"),
    KeyNumber("sigmoid-activation", "the sigmoid activation of h₁ is 0.9308616", "sigmoid activation of h₁"),
    KeyNumber("output-delta", "the output's delta is 0.192", "δ of the output"),
    KeyNumber("output-change", "the weight change h₁ → o is 0.001787254", "weight change h₁ → o"),
    KeyNumber("output-weight-updated", "the updated weight h₁ → o is 0.8017873", "updated weight h₁ → o"),
    KeyNumber("hidden-sum", "the sum of δ · weight for h₁ is 0.3843432", "sum for h₁"),
    KeyNumber("hidden-delta", "the hidden delta is 0.02473567", "δ of h₁"),
    KeyNumber("hidden-change", "the first weight change x₁ → h₁ is 0.0002473567", "weight change x → h₁"),
    KeyNumber(
        "hidden-weight-updated", "the first updated weight x₁ → h₁ is 0.5002474", "updated weight x → h₁"
    ),
)


def agrees(numbers: xr.Dataset, rule: str = "computed") -> np.ndarray:
    """Return whether printed and computed numbers differ by at most half a unit of the last printed digit."""
    return np.abs(numbers[rule].values - numbers["printed"].values) <= numbers["half_unit"].values


def hidden_layer(data: xr.DataTree, case: str) -> xr.Dataset:
    """Return the numbers of the hidden layer in one case."""
    return data["cases/hidden_layer"].to_dataset().sel(case=case)


def output_layer(data: xr.DataTree, case: str) -> xr.Dataset:
    """Return the numbers of the output in one case."""
    return data["cases/output_layer"].to_dataset().sel(case=case)


def findings(data: xr.DataTree) -> tuple[Finding, ...]:
    """Judge the handout's key numbers and sentences, in the order of the handout."""
    numbers = data["printed"].to_dataset()
    return (
        *(number_finding(numbers, number) for number in KEY_NUMBERS),
        rule_finding(data),
        *delta_findings(data["delta"].to_dataset()),
        rate_finding(data["rates"].to_dataset()),
        training_finding(data["training"].to_dataset()),
    )


def number_finding(numbers: xr.Dataset, number: KeyNumber) -> Finding:
    """Judge one printed number against the true one."""
    row = numbers.isel(number=int(np.flatnonzero(numbers["step"].values == number.step)[0]))
    return exact(
        EXPECTED[number.id].between(*printed(float(row["printed"]), float(row["half_unit"]))),
        number.claim,
        float(row["computed"]),
        note=str(row["why"].values),
    )


def rule_finding(data: xr.DataTree) -> Finding:
    """Judge whether the handout's own rule gives what the handout prints."""
    return exact(
        EXPECTED["printed-rule"],
        "the rule as printed gives every printed digit (share of the numbers for which it does)",
        float(agrees(data["printed"].to_dataset(), "by_printed_rule").mean()),
        note="the differences therefore come from the rule and not from a slip in the calculation",
    )


def delta_findings(curves: xr.Dataset) -> tuple[Finding, ...]:
    """Judge what the exercise asks about the output's δ as a function of the activation."""
    curve = curves["delta"].sel(label=1)
    return (
        exact(
            EXPECTED["delta-peak"].between(*printed(1 / 3, float(curve["activation"][1]))),
            "for label 1, δ is largest at the activation 1/3",
            float(curve.idxmax("activation")),
        ),
        exact(
            EXPECTED["delta-largest"].around(8 / 27),
            "the largest δ is 8/27",
            float(curve.max()),
        ),
        exact(
            EXPECTED["delta-at-the-ends"],
            "δ is 0 where the activation equals the label and at the opposite end",
            float(np.abs(curve.values[[0, -1]]).max()),
            note="a node that is completely wrong therefore does not learn either",
        ),
    )


def rate_finding(rates: xr.Dataset) -> Finding:
    """Judge what the exercise asks about the learning rate."""
    slope = rates["change"] / rates["rate"].where(rates["rate"] > 0)
    return exact(
        EXPECTED["change-proportional"].around(1.0),
        "the weight change is proportional to the learning rate",
        float(slope.max() / slope.min()),
        note="ratio of the largest to the smallest change per unit of learning rate",
    )


def training_finding(training: xr.Dataset) -> Finding:
    """Judge what the exercise asks about training."""
    return exact(
        EXPECTED["training-converges"].between(0.0, float(training.attrs["threshold"])),
        "repeating the four steps converges",
        float(training["gradient_norm"][-1]),
        note="labels 0 and 1 are reached only at infinite weights: the loss keeps falling, ever more slowly",
    )

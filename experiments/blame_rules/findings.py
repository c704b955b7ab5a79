"""How far each rule of blame points from the gradient, and what that costs."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from experiments.blame_rules.rules import AUTHORS, FEEDBACK, HANDOUT, PRINTED, TRUE, UNIFORM
from experiments.runner import expectations, statistics
from experiments.runner.experiment import Table
from experiments.runner.findings import Finding, exact, mean, share

EXPECTED = expectations.of("blame_rules")

SOLVED, XOR_ROWS = 0.1, 4
"""XOR is learnt where the loss, summed over its rows, is below this."""
RULE_IDS = {PRINTED: "printed", AUTHORS: "authors-code", FEEDBACK: "feedback"}
"""{a rule that is no gradient: how the ids of its findings end}."""
INPUT_IDS = {UNIFORM: "uniform", HANDOUT: "handout"}


TASKS = {"xor": 100, "iris": 100, "digits": 20}
"""{task: from how many seeds it is judged}."""


def reached(task: xr.Dataset, rule: str) -> tuple[np.ndarray, str]:
    """Per seed at the rule's best rate: solved or not, or the accuracy; and that rate's factor.

    The rate is chosen on the other half of the seeds.
    """
    ends = task.sel(rule=rule).transpose("seed", "times")
    accuracy = ends["accuracy"].values
    solved = (XOR_ROWS * ends["loss"].values < SOLVED).astype(float)
    values, chosen = statistics.at_best(solved if task.attrs["measure"] == "share solved" else accuracy)
    return values, statistics.either(task["times"].values, chosen)


def findings(data: xr.DataTree) -> list[Finding]:
    """Judge how far each rule points from the gradient, and what that costs."""
    cosine = data["angles"].to_dataset()["cosine"]
    judged = [equal_slopes(data["equal_slopes"].to_dataset()["cosine"])]
    judged += [uphill(cosine, inputs, rule) for inputs in INPUT_IDS for rule in RULE_IDS]
    for name, enough in TASKS.items():
        task = data[name].to_dataset()
        if task.sizes["seed"] >= enough:
            judged += [cost(name, task, rule) for rule in RULE_IDS]
    return judged


def equal_slopes(cosine: xr.DataArray) -> Finding:
    """Where all slopes f' are equal, the printed rule's angle is known exactly."""
    measured, derived = (cosine.sel(source=source).values for source in ("measured", "derived"))
    return exact(
        EXPECTED["equal-slopes"],
        f"3-4-1 with equal slopes f', {PRINTED}: cosine with the gradient against |Σ v| / (√n |v|), "
        "largest relative difference",
        np.max(np.abs(measured / derived - 1)),
        note=f"lowest cosine {measured.min():.1g}: it takes unequal slopes to send the rule uphill",
    )


def uphill(cosine: xr.DataArray, inputs: str, rule: str) -> Finding:
    """In how many random networks a rule raises the loss."""
    values = cosine.sel(rule=rule, inputs=inputs).values
    return share(
        EXPECTED[f"uphill-{INPUT_IDS[inputs]}-{RULE_IDS[rule]}"],
        f"3-4-1, inputs {inputs}, {rule}: share of random networks whose layer 1 is sent uphill",
        values < 0,
        note=f"cosine with the gradient: mean {values.mean():.3f}, lowest {values.min():.3f}",
    )


def cost(name: str, task: xr.Dataset, rule: str) -> Finding:
    """What training by a rule costs against backpropagation."""
    best, _ = reached(task, TRUE)
    values, times = reached(task, rule)
    return mean(
        EXPECTED[f"{name}-{RULE_IDS[rule]}"],
        f"{task.attrs['title']}: {task.attrs['measure']} by {rule} minus by backpropagation",
        values - best,
        note=f"means {values.mean():.1%} against {best.mean():.1%}, same seeds, each at its best rate "
        f"({times} ×)",
    )


def tables(data: xr.DataTree) -> Mapping[str, Table]:
    """Tabulate each rule's angle and what it reaches at its best rate."""
    cosine = data["angles"].to_dataset()["cosine"]
    inputs = [f"mean cosine, uphill; {name}" for name in cosine["inputs"].values]
    header = ("rule", *inputs, "XOR solved, best rate", "Iris, median accuracy", "digits, median accuracy")
    return {"Rules of blame": (header, [row(data, str(rule)) for rule in cosine["rule"].values])}


def row(data: xr.DataTree, rule: str) -> list[str]:
    """One rule's row of the table."""
    cosines = data["angles"].to_dataset()["cosine"].sel(rule=rule).transpose("inputs", "seed").values
    solved, times = reached(data["xor"].to_dataset(), rule)
    low, high = statistics.share(int(solved.sum()), solved.size)
    cells = [f"{values.mean():.3f}, {np.mean(values < 0):.1%}" for values in cosines]
    cells.append(f"{solved.mean():.1%} [{low:.1%}, {high:.1%}], {times} ×")
    for name in ("iris", "digits"):
        accuracy, times = reached(data[name].to_dataset(), rule)
        cells.append(f"{np.median(accuracy):.1%}, {times} ×")
    return [rule, *cells]

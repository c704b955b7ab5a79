"""Findings: how far each rule of blame points from the gradient, and what that costs."""

import functools
from collections.abc import Mapping

import numpy as np
import xarray as xr

from experiments.blame_rules.rules import AUTHORS, FEEDBACK, HANDOUT, PRINTED, TRUE, UNIFORM
from experiments.runner import expectations, statistics
from experiments.runner.experiment import Table
from experiments.runner.findings import Finding, exact, mean, share

EXPECTED = expectations.of("blame_rules")

SOLVED, XOR_ROWS = 0.1, 4
"""XOR counts as learnt if its loss, summed over the rows, is below SOLVED."""
RULE_IDS = {PRINTED: "printed", AUTHORS: "authors-code", FEEDBACK: "feedback"}
"""{rule that is not the gradient: the ending of its findings' ids}."""
INPUT_IDS = {UNIFORM: "uniform", HANDOUT: "handout"}


SYMMETRIC = (AUTHORS, FEEDBACK)
"""Rules whose blame changes sign with the weights v into the output, so that they go uphill half the time."""
TASKS = {"xor": 100, "iris": 100, "digits": 20}
"""{task: the fewest seeds with which it is judged}."""
SMALL = {("digits", AUTHORS): 400, ("digits", FEEDBACK): 400}
"""Number of seeds needed to judge a small difference; with 50, the interval exceeds the expected range."""
DRAWS = 1_000_000


@functools.cache
def norms(inputs: str) -> np.ndarray:
    """Compute |x| of random inputs, (draws, 1), or of the handout's row, (1, 1)."""
    fixed = np.array([[1.0, 3.0, 5.0]])
    x = np.random.default_rng(1).random((DRAWS, 3)) if inputs == UNIFORM else fixed
    return np.linalg.norm(x, axis=1, keepdims=True)


def uphill_chance(norms: np.ndarray, nodes: int = 4, draws: int = DRAWS) -> float:
    """Compute the chance that the printed rule sends layer 1 of a random 3-`nodes`-1 sigmoid net uphill.

    The cosine has the sign of (s · v)(1 · v) with sᵢ = f'(zᵢ)² and v ~ N(0, I), two Gaussians of correlation
    ρ = Σ s / (√n |s|), whose signs differ with probability arccos(ρ) / π. The chance is therefore
    E[arccos(ρ)] / π over zᵢ ~ N(0, |x|²). It is estimated from `draws` draws, with a standard error below
    2e-4.
    """
    z = np.abs(norms * np.random.default_rng(0).standard_normal((draws, nodes)))
    log_s = -2 * (z + 2 * np.log1p(np.exp(-z)))
    s = np.exp(log_s - log_s.max(axis=1, keepdims=True))
    rho = s.sum(axis=1) / (np.sqrt(nodes) * np.linalg.norm(s, axis=1))
    return float(np.mean(np.arccos(np.minimum(rho, 1))) / np.pi)


@functools.cache
def expected_uphill(inputs: str) -> float:
    """Return the chance that the printed rule sends layer 1 uphill on these inputs."""
    return uphill_chance(norms(inputs))


def reached(task: xr.Dataset, rule: str) -> tuple[np.ndarray, str]:
    """Return whether each seed solved the task (or its accuracy) at the rule's best rate, and that rate.

    For each half of the seeds, the rate is chosen on the other half.
    """
    ends = task.sel(rule=rule).transpose("seed", "times")
    accuracy = ends["accuracy"].values
    solved = (XOR_ROWS * ends["loss"].values < SOLVED).astype(float)
    values, chosen = statistics.at_best(solved if task.attrs["measure"] == "share solved" else accuracy)
    return values, statistics.either(task["times"].values, chosen)


def findings(data: xr.DataTree) -> list[Finding]:
    """Judge how far each rule points from the gradient, before and during training, and what that costs."""
    cosine = data["angles"].to_dataset()["cosine"]
    judged = [equal_slopes(data["equal_slopes"].to_dataset()["cosine"])]
    judged += [uphill(cosine, inputs, rule) for inputs in INPUT_IDS for rule in RULE_IDS]
    judged.append(alignment(data["alignment"].to_dataset()))
    for name, enough in TASKS.items():
        task = data[name].to_dataset()
        for rule in RULE_IDS:
            if task.sizes["seed"] >= SMALL.get((name, rule), enough):
                judged.append(cost(name, task, rule))
    return judged


def equal_slopes(cosine: xr.DataArray) -> Finding:
    """Judge the printed rule's angle where it is known exactly, which is when all slopes f' are equal."""
    measured, derived = (cosine.sel(source=source).values for source in ("measured", "derived"))
    return exact(
        EXPECTED["equal-slopes"],
        f"3-4-1 with equal slopes f', {PRINTED}: cosine with the gradient against |Σ v| / (√n |v|), "
        "largest relative difference",
        np.max(np.abs(measured / derived - 1)),
        note=f"lowest cosine {measured.min():.1g}: only unequal slopes can make the rule go uphill",
    )


def uphill(cosine: xr.DataArray, inputs: str, rule: str) -> Finding:
    """Judge in how many random networks a rule raises the loss, compared with the exact chance."""
    values = cosine.sel(rule=rule, inputs=inputs).values
    chance = 0.5 if rule in SYMMETRIC else expected_uphill(inputs)
    why = "½, since v and −v are equally likely" if rule in SYMMETRIC else f"{chance:.2%}: E[arccos ρ] / π"
    return share(
        EXPECTED[f"uphill-{INPUT_IDS[inputs]}-{RULE_IDS[rule]}"].around(chance),
        f"3-4-1, inputs {inputs}, {rule}: share of random networks whose layer 1 is sent uphill",
        values < 0,
        note=f"exact {why}; cosine with the gradient: mean {values.mean():.3f}, lowest {values.min():.3f}",
    )


def alignment(cosines: xr.Dataset) -> Finding:
    """Judge whether fixed random feedback turns towards the gradient during training."""
    cosine = cosines["cosine"].transpose("epoch", "seed").values
    shown = ", ".join(
        f"{np.median(row):.2f} after {epoch}"
        for epoch, row in zip(cosines["epoch"].values, cosine, strict=True)
    )
    return mean(
        EXPECTED["feedback-aligns"],
        f"{cosines.attrs['title']}, {FEEDBACK}: cosine with the gradient after training minus at birth",
        cosine[-1] - cosine[0],
        note=f"medians: {shown} epochs; layer 1, all training rows",
    )


def cost(name: str, task: xr.Dataset, rule: str) -> Finding:
    """Judge what training by a rule costs compared with backpropagation."""
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
    """Tabulate each rule's angle, and its results at its best rate."""
    cosine = data["angles"].to_dataset()["cosine"]
    inputs = [f"mean cosine, uphill; {name}" for name in cosine["inputs"].values]
    header = ("rule", *inputs, "XOR solved, best rate", "Iris, median accuracy", "digits, median accuracy")
    return {"Rules of blame": (header, [row(data, str(rule)) for rule in cosine["rule"].values])}


def row(data: xr.DataTree, rule: str) -> list[str]:
    """Make one rule's row of the table."""
    cosines = data["angles"].to_dataset()["cosine"].sel(rule=rule).transpose("inputs", "seed").values
    solved, times = reached(data["xor"].to_dataset(), rule)
    low, high = statistics.share(int(solved.sum()), solved.size)
    cells = [f"{values.mean():.3f}, {np.mean(values < 0):.1%}" for values in cosines]
    cells.append(f"{solved.mean():.1%} [{low:.1%}, {high:.1%}], {times} ×")
    for name in ("iris", "digits"):
        accuracy, times = reached(data[name].to_dataset(), rule)
        cells.append(f"{np.median(accuracy):.1%}, {times} ×")
    return [rule, *cells]

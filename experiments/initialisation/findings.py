"""Findings and tables of the experiment on initial weights, and what reads its data."""

import dataclasses
import itertools
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import xarray as xr
from scipy import stats

from experiments.initialisation.training import HIDDEN, LAWS, NETWORKS
from experiments.runner import expectations, statistics
from experiments.runner.expectations import Expectation
from experiments.runner.experiment import Table
from experiments.runner.findings import Finding, exact, mean, share

EXPECTED = expectations.of("initialisation")

ENOUGH = 100
"""Seeds from which on shares are judged."""


def waits(
    random: xr.Dataset, task: str, hidden: str, biases: str = "with", law: str = "uniform"
) -> np.ndarray:
    """Epochs to converge, (seed, range); infinite where a run did not."""
    part = random.sel(task=task, hidden=hidden, biases=biases, law=law).transpose("seed", "range", ...)
    return np.where(part["converged"], part["epochs"], np.inf)


def hits(random: xr.Dataset, *names: str) -> np.ndarray:
    """Which runs converged, (seed, range)."""
    return np.isfinite(waits(random, *names))


def share_intervals(converged: np.ndarray) -> np.ndarray:
    """Both ends of the interval of each range's share, (range, 2), from converged (seed, range)."""
    return np.array([statistics.share(int(column.sum()), len(column)) for column in converged.T])


def median_interval(values: np.ndarray) -> statistics.Interval:
    """Two order statistics around the median of values (s,), 99.9 %: P(B < j) < 0.0005, B ~ Bin(s, ½).

    It holds whatever the law of the values, infinite ones included.
    """
    ordered, count = np.sort(values), len(values)
    j = int(stats.binom.ppf((1 - statistics.CONFIDENCE) / 2, count, 0.5))
    return (float(ordered[j - 1]), float(ordered[count - j])) if j else (0.0, np.inf)


class Best(NamedTuple):
    """Which seeds converge from the best range, (seed,), and that range, or two, in words."""

    converged: np.ndarray
    ranges: str


def best(random: xr.Dataset, converged: np.ndarray) -> Best:
    """Take converged (seed, range) at the best range, chosen for each half of the seeds by the other half."""
    at_best, chosen = statistics.at_best(converged)
    return Best(at_best, statistics.either(random["range"].values, chosen))


def difference(expectation: Expectation, claim: str, a: np.ndarray, b: np.ndarray, *, note: str) -> Finding:
    """Judge share of a minus share of b, (s,) paired by seed: P(a, not b) - P(b, not a).

    Both terms have Wilson's interval at 99.95 %, so that they hold together at 99.9 %. A bootstrap would have
    no width where all pairs agree.
    """
    confidence = (1 + statistics.CONFIDENCE) / 2
    only_a, only_b = (
        statistics.share(int(np.sum(only)), len(only), confidence=confidence) for only in (a & ~b, b & ~a)
    )
    return Finding(
        expectation,
        claim,
        measured=float(np.mean(a) - np.mean(b)),
        interval=(only_a[0] - only_b[1], only_a[1] - only_b[0]),
        note=note,
    )


def findings(data: xr.DataTree) -> list[Finding]:
    """Judge what is exact; then, with enough seeds, luck, range, law, activation and biases."""
    random, zeros = data["random"].to_dataset(), data["zeros"].to_dataset()
    judged = [*_from_zeros(zeros), _xor_without_biases(random)]
    if random.sizes["seed"] >= ENOUGH:
        judged += [*_luck(random), _sooner(random)]
        for task, hidden in itertools.product(random["task"].values, HIDDEN):
            judged += [_ranges(random, task, hidden), _laws(random, task, hidden)]
        judged += [_activations(random), *(_biases(random, task) for task in random["task"].values)]
    return judged


def _from_zeros(zeros: xr.Dataset) -> Iterator[Finding]:
    """Nodes that start as copies stay copies; a ReLU network at zero stands still."""
    loss = float(zeros["loss"].sel(task="encoder", hidden="sigmoid", biases="with"))
    yield exact(
        EXPECTED["zeros-converge"],
        "all zeros: share of the networks that converge, over tasks, hidden nodes and biases",
        float(zeros["converged"].mean()),
        note=f"the sigmoid encoder ends at loss {loss:.4g}; one answer for all rows costs 7 at best",
    )
    yield exact(
        EXPECTED["zeros-relu-largest-weight"],
        "all zeros, ReLU: largest weight after training",
        float(zeros["largest_weight"].sel(hidden="ReLU").max()),
        note="activation 0 and slope 0 stop every weight; output biases alone move",
    )
    yield exact(
        EXPECTED["zeros-sigmoid-gradients-apart"],
        "all zeros, sigmoid: largest difference between two hidden nodes' gradients, relative",
        float(zeros["gradients_apart"].max()),
        note="copies get equal gradients, so they move together; node by node, a row at a time, in float64, "
        "nothing but rounding differs. Left alone, rounding parts their weights by "
        f"{float(zeros['weights_apart'].max()):.2g} at most here",
    )


def _xor_without_biases(random: xr.Dataset) -> Finding:
    return exact(
        EXPECTED["xor-relu-without-biases"],
        "XOR, ReLU without biases: least loss of any run",
        float(random["loss"].sel(task="XOR", hidden="ReLU", biases="without").min()),
        note="the row (0, 0) has output ½ whatever the weights, and costs ¼: XOR cannot be learnt",
    )


def _luck(random: xr.Dataset) -> Iterator[Finding]:
    """Judge whether one start suffices on XOR with biases."""
    for hidden in HIDDEN:
        chosen = best(random, hits(random, "XOR", hidden))
        yield share(
            EXPECTED[f"xor-{hidden.lower()}-best-range"],
            f"XOR, {hidden}: share that converges from the best range",
            chosen.converged,
            note=f"range {chosen.ranges}, chosen on the other half of the seeds",
        )
    wait = waits(random, "XOR", "sigmoid")[:, -1]
    late = np.quantile(wait, 0.99 * np.mean(np.isfinite(wait)), method="lower")
    yield share(
        EXPECTED["xor-sigmoid-largest-range"],
        f"XOR, sigmoid: share that converges from the largest range, {random['range'].values[-1]:g}",
        np.isfinite(wait),
        note=f"99 % of those that converge do so by epoch {late:.0f}: hardly any other is merely slow",
    )


def _sooner(random: xr.Dataset) -> Finding:
    """Judge whether a larger range is faster on XOR."""
    small, *_, large = random["range"].values
    wait = waits(random, "XOR", "sigmoid")
    medians = " against ".join(_epochs(np.median(wait[:, end]), random, "XOR") for end in (-1, 0))
    return share(
        EXPECTED["xor-sigmoid-sooner"],
        f"XOR, sigmoid: share that converges sooner from range {large:g} than from {small:g}",
        wait[:, -1] < wait[:, 0],
        note=f"median epochs {medians}; a seed that converges from neither counts against it",
    )


def _ranges(random: xr.Dataset, task: str, hidden: str) -> Finding:
    """Judge the best range minus the worst."""
    converged = hits(random, task, hidden)
    good, bad = best(random, converged), best(random, ~converged)
    where = random.sel(task=task, hidden=hidden)
    return difference(
        EXPECTED[f"{_slug(task, hidden)}-range"],
        f"{task}, {hidden}: share that converges from the best range minus from the worst",
        good.converged,
        ~bad.converged,
        note=f"range {good.ranges} against {bad.ranges}, chosen on the other half of the seeds; "
        f"{int(where['most_epochs'])} epochs, rate {float(where['rate']):g}",
    )


def _laws(random: xr.Dataset, task: str, hidden: str) -> Finding:
    """Judge uniform minus normal weights of the same standard deviation, averaged over the ranges."""
    uniform, normal = (hits(random, task, hidden, "with", law).astype(float) for law in LAWS)
    by_seed, by_range = (np.mean(uniform - normal, axis=axis) for axis in (1, 0))
    finding = mean(
        EXPECTED[f"{_slug(task, hidden)}-law"],
        f"{task}, {hidden}: share that converges from uniform minus from normal weights of equal spread",
        by_seed,
        note=f"mean over the ranges; {by_range.min():+.3f} to {by_range.max():+.3f} at single ones; "
        "paired draws",
    )
    # Where no pair differs a bootstrap has no width; Wilson's bound of 0 in n has.
    reach = statistics.share(0, len(by_seed))[1]
    return finding if by_seed.any() else dataclasses.replace(finding, interval=(-reach, reach))


def _activations(random: xr.Dataset) -> Finding:
    one, other = (best(random, hits(random, "XOR", hidden)) for hidden in ("ReLU", "sigmoid"))
    return difference(
        EXPECTED["xor-relu-minus-sigmoid"],
        "XOR: share that converges, ReLU minus sigmoid, with biases",
        one.converged,
        other.converged,
        note=f"{_both(one, other)}; the sentence is about depth; here is one hidden layer",
    )


def _biases(random: xr.Dataset, task: str) -> Finding:
    one, other = (best(random, hits(random, task, "sigmoid", biases)) for biases in ("with", "without"))
    why = "the handout leaves them out of one worked row"
    if task == "XOR":
        why = "without them the hidden nodes' ½ at (0, 0) must do their work"
    return difference(
        EXPECTED[f"{_slug(task)}-biases"],
        f"{task}: share that converges, sigmoid with biases minus without",
        one.converged,
        other.converged,
        note=f"{_both(one, other)}; {why}",
    )


def _both(one: Best, other: Best) -> str:
    shares = [f"{chosen.converged.mean():.1%}" for chosen in (one, other)]
    return f"{shares[0]} from range {one.ranges}, {shares[1]} from {other.ranges}, each its best"


def _slug(*names: str) -> str:
    return "-".join(names).lower()


def _epochs(value: float, random: xr.Dataset, task: str) -> str:
    return f"{value:.0f}" if np.isfinite(value) else f"> {int(random['most_epochs'].sel(task=task))}"


def tables(data: xr.DataTree) -> Mapping[str, Table]:
    """List shares and median epochs of every network, uniform weights."""
    random = data["random"].to_dataset()
    small, *_, large = random["range"].values
    rows = [_row(random, task, *network) for task in random["task"].values for network in NETWORKS]
    header = ("task, hidden nodes, biases", f"r = {small:g}", f"r = {large:g}")
    header += ("best r", "share there", "median epochs there")
    return {"Share that converges, uniform weights in [−r, r]": (header, rows)}


def _row(random: xr.Dataset, task: str, hidden: str, biases: str) -> list[str]:
    wait = waits(random, task, hidden, biases)
    shares = np.mean(np.isfinite(wait), axis=0)
    at = int(np.argmax(shares))
    low, high = share_intervals(np.isfinite(wait))[at]
    ends = (np.median(wait[:, at]), *median_interval(wait[:, at]))
    median, lower, upper = (_epochs(value, random, task) for value in ends)
    return [
        f"{task}, {hidden}, {biases}",
        f"{shares[0]:.1%}",
        f"{shares[-1]:.1%}",
        f"{random['range'].values[at]:g}" if shares[at] else "none",
        f"{shares[at]:.1%} [{low:.1%}, {high:.1%}]",
        median if lower == upper else f"{median} [{lower}, {upper}]",
    ]

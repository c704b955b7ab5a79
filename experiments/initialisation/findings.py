"""Findings and tables of the experiment on initial weights, and functions that read its data."""

import itertools
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import xarray as xr

from experiments.initialisation.rates import MAIN_RATE, RATES, solved, stuck
from experiments.initialisation.training import HIDDEN, LAWS, NETWORKS
from experiments.runner import expectations, statistics
from experiments.runner.expectations import Expectation
from experiments.runner.experiment import Table
from experiments.runner.findings import Finding, exact, measured, share

EXPECTED = expectations.of("initialisation")

ENOUGH = 100
"""The minimum number of seeds with which shares are judged."""


def waits(
    random: xr.Dataset, task: str, hidden: str, biases: str = "with", law: str = "uniform"
) -> np.ndarray:
    """Return the epochs until convergence, (seed, range); infinite if a run did not converge."""
    part = random.sel(task=task, hidden=hidden, biases=biases, law=law).transpose("seed", "range", ...)
    return np.where(part["converged"], part["epochs"], np.inf)


def hits(random: xr.Dataset, *names: str) -> np.ndarray:
    """Return which runs converged, (seed, range)."""
    return np.isfinite(waits(random, *names))


def share_intervals(converged: np.ndarray) -> np.ndarray:
    """Return both ends of the interval for each range's share, (range, 2), from converged (seed, range)."""
    return np.array([statistics.share(int(column.sum()), len(column)) for column in converged.T])


class Best(NamedTuple):
    """Which seeds converge from the best range, (seed,), and that range (or the two ranges) in words."""

    converged: np.ndarray
    ranges: str


def best(random: xr.Dataset, converged: np.ndarray) -> Best:
    """Select for each half of the seeds the range that is best for the other half of `converged`."""
    at_best, chosen = statistics.at_best(converged)
    return Best(at_best, statistics.either(random["range"].values, chosen))


def difference(expectation: Expectation, claim: str, a: np.ndarray, b: np.ndarray, *, note: str) -> Finding:
    """Judge P(a, not b) - P(b, not a), the share of `a` minus the share of `b`, (s,) and paired by seed.

    Each term has Wilson's interval at 99.95 %, so that both are valid together at 99.9 %. A bootstrap
    interval would have zero width if all pairs agreed.
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
    """Judge exact results and, given enough seeds, effects of range, distribution, activation and biases."""
    random, zeros, by_rate = (data[name].to_dataset() for name in ("random", "zeros", "rates"))
    judged = [*_from_zeros(zeros), _xor_without_biases(random)]
    if random.sizes["seed"] >= ENOUGH:
        judged += [*_ranges(by_rate), _sooner(random), *_other_tasks(random, by_rate), _laws(random)]
        judged += [_activations(random), *(_biases(random, task) for task in random["task"].values)]
    return judged


def _from_zeros(zeros: xr.Dataset) -> Iterator[Finding]:
    """Judge whether nodes that start as copies stay copies, and whether ReLU networks at zero stay there."""
    loss = float(zeros["loss"].sel(task="encoder", hidden="sigmoid", biases="with"))
    yield exact(
        EXPECTED["zeros-converge"],
        "all zeros: share of the networks that converge, over all tasks, hidden nodes and biases",
        float(zeros["converged"].mean()),
        note=f"the sigmoid encoder ends at loss {loss:.4g}; the best single answer for all rows has loss 7",
    )
    yield exact(
        EXPECTED["zeros-relu-largest-weight"],
        "all zeros, ReLU: largest weight after training",
        float(zeros["largest_weight"].sel(hidden="ReLU").max()),
        note="with activation 0 and slope 0 no weight moves; only output biases do",
    )
    yield exact(
        EXPECTED["zeros-sigmoid-gradients-apart"],
        "all zeros, sigmoid: largest relative difference between two hidden nodes' gradients",
        float(zeros["gradients_apart"].max()),
        note="copies get equal gradients, so they move together. Computed node by node, a row at a time, in "
        "float64, the gradients differ by rounding alone. Unless copies are made equal after every update, "
        f"rounding drives their weights apart, by {float(zeros['weights_apart'].max()):.2g} at most",
    )


def _xor_without_biases(random: xr.Dataset) -> Finding:
    return exact(
        EXPECTED["xor-relu-without-biases"],
        "XOR, ReLU without biases: smallest loss of any run",
        float(random["loss"].sel(task="XOR", hidden="ReLU", biases="without").min()),
        note="with two hidden nodes z(1,1) ≥ z(0,1) + z(1,0) whenever the latter two are positive, so ½ is "
        "the infimum",
    )


def _ranges(by_rate: xr.Dataset) -> Iterator[Finding]:
    """Judge what the range changes for good, and what it changes only while training is short."""
    small, *_, large = by_rate["range"].values
    short, long = by_rate["epochs"].values
    held, learnt = stuck(by_rate), solved(by_rate)
    for rate in RATES:
        more, fewer = (_column(held, end, rate, long) for end in (large, small))
        yield difference(
            EXPECTED[f"xor-range-stuck-rate-{rate:g}"],
            f"XOR, sigmoid, rate {rate:g}: share stuck at ½ or ⅔, range {large:g} minus {small:g}",
            more,
            fewer,
            note=f"{more.mean():.1%} against {fewer.mean():.1%} after {long} epochs",
        )
    for_good = _column(held, large, MAIN_RATE, short) & _column(held, large, MAIN_RATE, long)
    yield exact(
        EXPECTED["xor-range-plateau"],
        f"XOR, sigmoid, range {large:g}: seeds stuck after {short} epochs and after {long} alike (count)",
        int(for_good.sum()),
        note=f"of {len(for_good)} at rate {MAIN_RATE:g}: one such seed is enough to refute a guarantee",
    )
    slow = ~_column(learnt, small, MAIN_RATE, short)
    later = _column(learnt, small, MAIN_RATE, long)
    if slow.any():
        yield share(
            EXPECTED["xor-range-slow"],
            f"XOR, sigmoid, range {small:g}: of the seeds that have not learnt it by epoch {short}, "
            "share that are not on a plateau",
            ~_column(held, small, MAIN_RATE, short)[slow],
            note=f"rate {MAIN_RATE:g}: they are slow; {np.mean(~slow):.1%} have learnt "
            f"after {short} epochs, {later.mean():.1%} after {long}",
        )
    faster = _column(learnt, small, RATES[2], short)
    yield difference(
        EXPECTED["xor-range-rate"],
        f"XOR, sigmoid, range {small:g}: share that learns it in {short} epochs, rate {RATES[2]:g} minus "
        f"{MAIN_RATE:g}",
        faster,
        ~slow,
        note=f"{faster.mean():.1%} against {np.mean(~slow):.1%}, same seeds: which range is best depends on "
        "the rate",
    )


def _column(flags: xr.DataArray, reach: float, rate: float, epochs: int) -> np.ndarray:
    """Return the seeds' flags at one range, rate and budget, (seed,)."""
    return flags.sel(range=reach, rate=rate, epochs=epochs).values


def _other_tasks(random: xr.Dataset, by_rate: xr.Dataset) -> Iterator[Finding]:
    """Compare the range's effect on XOR, where seeds get stuck, with that on tasks where none should."""
    small, *_, large = by_rate["range"].values
    held, long = stuck(by_rate), by_rate["epochs"].values[-1]
    bare = Expectation("", kind="control", source="", expected=(0.0, 1.0))
    on_xor = difference(bare, "", *(_column(held, end, MAIN_RATE, long) for end in (large, small)), note="")
    for task in (name for name in random["task"].values if name != "XOR"):
        failed = ~hits(random, task, "sigmoid")
        there = difference(bare, "", failed[:, -1], failed[:, 0], note="")
        yield measured(
            EXPECTED[f"{_slug(task)}-range-control"],
            f"range {large:g} instead of {small:g}: change in the share stuck on XOR minus change in the "
            f"share that fails on the {task} task",
            on_xor.measured - there.measured,
            (on_xor.interval[0] - there.interval[1], on_xor.interval[1] - there.interval[0]),
            note=f"sigmoid; {on_xor.measured:.1%} on XOR, {there.measured:.1%} on the {task} task",
        )


def _sooner(random: xr.Dataset) -> Finding:
    """Judge whether networks learn XOR faster from a larger range."""
    small, *_, large = random["range"].values
    wait = waits(random, "XOR", "sigmoid")
    medians = " against ".join(_epochs(np.median(wait[:, end]), random, "XOR") for end in (-1, 0))
    return share(
        EXPECTED["xor-sigmoid-sooner"],
        f"XOR, sigmoid: share that converges sooner from range {large:g} than from {small:g}",
        wait[:, -1] < wait[:, 0],
        note=f"median epochs {medians}; a seed that converges from neither range does not count as sooner",
    )


def _laws(random: xr.Dataset) -> Finding:
    """Compare uniform with normal weights of the same standard deviation, averaged over the ranges."""
    found = {}
    for task, hidden in itertools.product(random["task"].values, HIDDEN):
        uniform, normal = (hits(random, task, hidden, "with", law).astype(float) for law in LAWS)
        by_seed = np.mean(uniform - normal, axis=1)
        # If no pair differs, a bootstrap interval has zero width; Wilson's interval for 0 in n does not.
        reach = statistics.share(0, len(by_seed))[1]
        interval = statistics.of_mean(by_seed) if by_seed.any() else (-reach, reach)
        found[f"{task}, {hidden}"] = float(by_seed.mean()), interval
    widest = max(found, key=lambda name: max(map(abs, found[name][1])))
    told = "; ".join(f"{name} {value:+.3f}" for name, (value, _) in found.items())
    return measured(
        EXPECTED["law"],
        "share that converges, uniform minus normal weights of equal spread: largest difference",
        *found[widest],
        note=f"{widest}; mean over the ranges, paired draws; {told}",
    )


def _activations(random: xr.Dataset) -> Finding:
    one, other = (best(random, hits(random, "XOR", hidden)) for hidden in ("ReLU", "sigmoid"))
    return difference(
        EXPECTED["xor-relu-minus-sigmoid"],
        "XOR, one hidden layer: share that converges, ReLU minus sigmoid, with biases",
        one.converged,
        other.converged,
        note=f"{_both(one, other)}; the handout's “ReLU is far more robust” is about depth",
    )


def _biases(random: xr.Dataset, task: str) -> Finding:
    one, other = (best(random, hits(random, task, "sigmoid", biases)) for biases in ("with", "without"))
    why = "the handout leaves biases out of one worked row"
    if task == "XOR":
        why = "without biases, the hidden nodes' output of ½ at (0, 0) must take their place"
    return difference(
        EXPECTED[f"{_slug(task)}-biases"],
        f"{task}: share that converges, sigmoid with biases minus without",
        one.converged,
        other.converged,
        note=f"{_both(one, other)}; {why}",
    )


def _both(one: Best, other: Best) -> str:
    shares = [f"{chosen.converged.mean():.1%}" for chosen in (one, other)]
    return f"{shares[0]} from range {one.ranges}, {shares[1]} from {other.ranges}, the best for each"


def _slug(*names: str) -> str:
    return "-".join(names).lower()


def _epochs(value: float, random: xr.Dataset, task: str) -> str:
    return f"{value:.0f}" if np.isfinite(value) else f"> {int(random['most_epochs'].sel(task=task))}"


def tables(data: xr.DataTree) -> Mapping[str, Table]:
    """Tabulate the shares and the median epochs of every network that starts from uniform weights."""
    random = data["random"].to_dataset()
    small, *_, large = random["range"].values
    rows = [_row(random, task, *network) for task in random["task"].values for network in NETWORKS]
    header = ("task, hidden nodes, biases", f"r = {small:g}", f"r = {large:g}")
    header += ("best r", "share there", "median epochs there")
    return {
        "Share that converges, uniform weights in [−r, r]": (header, rows),
        "XOR, sigmoid, by range and rate: learnt, stuck at ½ or ⅔": _by_rate(data["rates"].to_dataset()),
    }


def _by_rate(by_rate: xr.Dataset) -> Table:
    rows = []
    for epochs in by_rate["epochs"].values:
        for rate in by_rate["rate"].values:
            part = by_rate.sel(rate=rate, epochs=epochs)
            pairs = zip(solved(part).mean("seed").values, stuck(part).mean("seed").values, strict=True)
            rows.append([f"{epochs}", f"{rate:g}", *(f"{good:.1%}, {held:.1%}" for good, held in pairs)])
    return ("epochs", "rate", *(f"r = {reach:g}" for reach in by_rate["range"].values)), rows


def _row(random: xr.Dataset, task: str, hidden: str, biases: str) -> list[str]:
    wait = waits(random, task, hidden, biases)
    shares = np.mean(np.isfinite(wait), axis=0)
    at = int(np.argmax(shares))
    low, high = share_intervals(np.isfinite(wait))[at]
    ends = (np.median(wait[:, at]), *statistics.of_median(wait[:, at], 0.0))
    median, lower, upper = (_epochs(value, random, task) for value in ends)
    return [
        f"{task}, {hidden}, {biases}",
        f"{shares[0]:.1%}",
        f"{shares[-1]:.1%}",
        f"{random['range'].values[at]:g}" if shares[at] else "none",
        f"{shares[at]:.1%} [{low:.1%}, {high:.1%}]",
        median if lower == upper else f"{median} [{lower}, {upper}]",
    ]

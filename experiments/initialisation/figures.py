"""What the experiment on initial weights finds and shows."""

import dataclasses
import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib import ticker
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import stats

from experiments.initialisation.training import BIASES, HIDDEN, LAWS, NETWORKS, THRESHOLDS, tasks
from experiments.runner import findings as claims
from experiments.runner import statistics, style
from experiments.runner.experiment import Finding, Table

ENOUGH = 100
"""Seeds from which on shares are judged."""
RANDOM = "handout: “all weights between the nodes … are initiated with a random value”"
NO_WAY = "handout: “you are in no way guaranteed to find the optimal solution”"
MINIMA = "handout: “Different weight initializations will lead you to find different minima”, here by range"
ROBUST = "handout: “ReLU is far more robust”, said of vanishing gradients"
SIMPLY = "handout: “each node also has a bias … For simplicity we assume it to be zero here”"
TRIALS = "the list of experiments of the handout's author"


def waits(data: xr.Dataset, task: str, hidden: str, biases: str = "with", law: str = "uniform") -> np.ndarray:
    """Epochs to converge, (seed, range); infinite where a run did not."""
    part = data.sel(task=task, hidden=hidden, biases=biases, law=law).transpose("seed", "range", ...)
    return np.where(part["converged"], part["epochs"], np.inf)


def hits(data: xr.Dataset, *names: str) -> np.ndarray:
    """Which runs converged, (seed, range)."""
    return np.isfinite(waits(data, *names))


def median_interval(values: np.ndarray) -> tuple[float, float]:
    """Two order statistics around the median of values (s,), 99.9 %: P(B < j) < 0.0005, B ~ Bin(s, ½).

    It holds whatever the law of the values, and infinite ones are welcome.
    """
    ordered, count = np.sort(values), len(values)
    j = int(stats.binom.ppf((1 - statistics.CONFIDENCE) / 2, count, 0.5))
    return (float(ordered[j - 1]), float(ordered[count - j])) if j else (0.0, np.inf)


def best(data: xr.Dataset, converged: np.ndarray) -> tuple[np.ndarray, str]:
    """Who of converged (seed, range) does so from the best range, chosen on the other half of the seeds."""
    found, chosen = statistics.at_best(converged)
    return found, statistics.either(data["range"].values, chosen)


def difference(
    claim: str, source: str, expected: claims.Bounds, a: np.ndarray, b: np.ndarray, note: str
) -> Finding:
    """Share of a minus share of b, (s,) paired by seed: P(a, not b) - P(b, not a).

    Both terms have Wilson's interval at 99.95 %, so that they hold together at 99.9 %. A bootstrap would have
    no width where all pairs agree.
    """
    confidence = (1 + statistics.CONFIDENCE) / 2
    only_a, only_b = (
        statistics.share(int(np.sum(only)), len(only), confidence=confidence) for only in (a & ~b, b & ~a)
    )
    interval = only_a[0] - only_b[1], only_a[1] - only_b[0]
    return Finding(claim, source, expected, float(np.mean(a) - np.mean(b)), interval, note=note)


def findings(data: xr.Dataset) -> list[Finding]:
    """What is exact; then, with enough seeds, luck, range, law, activation and biases."""
    found = exact_findings(data)
    if data.sizes["seed"] >= ENOUGH:
        found += luck_findings(data)
        for task, hidden in itertools.product(THRESHOLDS, HIDDEN):
            found += [range_finding(data, task, hidden), law_finding(data, task, hidden)]
        found += [contrast(data, ("XOR", "ReLU"), ("XOR", "sigmoid"), ROBUST, (0.0, 1.0))]
        for task in THRESHOLDS:
            pair = (task, "sigmoid"), (task, "sigmoid", "without")
            found += [contrast(data, *pair, SIMPLY, (-0.05, 0.05))]
    return found


def exact_findings(data: xr.Dataset) -> list[Finding]:
    """Nodes that start as copies stay copies; a ReLU network at zero stands still; ½ at (0, 0) costs ¼."""
    loss = data["zeros_loss"].sel(task="encoder", hidden="sigmoid", biases="with")
    relu = data["zeros_largest_weight"].sel(hidden="ReLU")
    bare = data["loss"].sel(task="XOR", hidden="ReLU", biases="without")
    cases = {
        "all zeros: share of the networks that converge, over tasks, hidden nodes and biases": (
            data["zeros_converged"].mean(),
            f"the sigmoid encoder ends at loss {float(loss):.4g}; one answer for all rows costs 7 at best",
        ),
        "all zeros, ReLU: largest weight after training": (
            relu.max(),
            "activation 0 and slope 0 stop every weight; output biases alone move",
        ),
    }
    found = [claims.exact(claim, RANDOM, (0.0, 0.0), float(x), note) for claim, (x, note) in cases.items()]
    claim = "all zeros, sigmoid: largest difference between two hidden nodes' gradients, relative"
    parted = float(data["zeros_difference"].max())
    note = (
        "copies get equal gradients, so they move together; node by node, a row at a time, in float64, "
        f"nothing but rounding differs. Left alone, rounding parts their weights by {parted:.2g} at most here"
    )
    found.append(claims.exact(claim, RANDOM, (0.0, 1e-14), float(data["zeros_parting"].max()), note))
    claim = "XOR, ReLU without biases: least loss of any run"
    note = "the row (0, 0) has output ½ whatever the weights, and costs ¼: XOR cannot be learnt"
    return [*found, claims.exact(claim, SIMPLY, (0.25, np.inf), float(bare.min()), note)]


def luck_findings(data: xr.Dataset) -> list[Finding]:
    """XOR with biases: does one start suffice, and is a larger one faster?"""
    found, (small, *_, large) = [], data["range"].values
    for hidden in HIDDEN:
        own, which = best(data, hits(data, "XOR", hidden))
        claim = f"XOR, {hidden}: share that converges from the best range"
        note = f"range {which}, chosen on the other half of the seeds"
        found.append(claims.share(claim, NO_WAY, (0.0, 0.99), own, note))
    wait = waits(data, "XOR", "sigmoid")
    first, last = wait[:, 0], wait[:, -1]
    late = np.quantile(last, 0.99 * np.mean(np.isfinite(last)), method="lower")
    claim = f"XOR, sigmoid: share that converges from the largest range, {large:g}"
    note = f"99 % of those that converge do so by epoch {late:.0f}: hardly any of the others is merely slow"
    found.append(claims.share(claim, NO_WAY, (0.0, 0.99), np.isfinite(last), note))
    claim = f"XOR, sigmoid: share that converges sooner from range {large:g} than from {small:g}"
    medians = " against ".join(_epochs(np.median(each), data, "XOR") for each in (last, first))
    note = f"median epochs {medians}; a seed that converges from neither counts against it"
    return [*found, claims.share(claim, TRIALS, (0.5, 1.0), last < first, note)]


def range_finding(data: xr.Dataset, task: str, hidden: str) -> Finding:
    """The best range minus the worst."""
    own = hits(data, task, hidden)
    (good, which), (missed, worst) = best(data, own), best(data, ~own)
    claim = f"{task}, {hidden}: share that converges from the best range minus from the worst"
    most, rate = int(data["most_epochs"].sel(task=task)), tasks()[task].rates[hidden]
    note = (
        f"range {which} against {worst}, chosen on the other half of the seeds; {most} epochs, rate {rate:g}"
    )
    return difference(claim, MINIMA, (0.1, 1.0), good, ~missed, note)


def law_finding(data: xr.Dataset, task: str, hidden: str) -> Finding:
    """Uniform minus normal weights of the same standard deviation, averaged over the ranges."""
    uniform, normal = (hits(data, task, hidden, "with", law).astype(float) for law in LAWS)
    own, each = np.mean(uniform - normal, axis=1), np.mean(uniform - normal, axis=0)
    claim = f"{task}, {hidden}: share that converges from uniform minus from normal weights of equal spread"
    note = f"mean over the ranges; {each.min():+.3f} to {each.max():+.3f} at single ones; paired draws"
    found = claims.mean(claim, TRIALS, (-0.05, 0.05), own, note)
    # Where no pair differs a bootstrap has no width; Wilson's bound of 0 in n has.
    reach = statistics.share(0, len(own))[1]
    return found if own.any() else dataclasses.replace(found, interval=(-reach, reach))


def contrast(
    data: xr.Dataset, one: tuple[str, ...], two: tuple[str, ...], source: str, expected: claims.Bounds
) -> Finding:
    """Two kinds of network (task, hidden nodes, biases), each from its own best range."""
    (own, which), (other, whence) = (best(data, hits(data, *names)) for names in (one, two))
    what, why = "sigmoid with biases minus without", "the handout leaves them out of one worked row"
    if one[0] == "XOR":
        why = "without them the hidden nodes' ½ at (0, 0) must do their work"
    if one[1] != two[1]:
        what, why = "ReLU minus sigmoid, with biases", "the sentence is about depth; here is one hidden layer"
    note = f"{own.mean():.1%} from range {which}, {other.mean():.1%} from {whence}, each its best; {why}"
    return difference(f"{one[0]}: share that converges, {what}", source, expected, own, other, note)


def _epochs(value: float, data: xr.Dataset, task: str) -> str:
    return f"{value:.0f}" if np.isfinite(value) else f"> {int(data['most_epochs'].sel(task=task))}"


def tables(data: xr.Dataset) -> Mapping[str, Table]:
    """Shares and median epochs of every network, uniform weights."""
    rows, ranges = [], data["range"].values
    for task, (hidden, biases) in itertools.product(THRESHOLDS, NETWORKS):
        wait = waits(data, task, hidden, biases)
        share = np.mean(np.isfinite(wait), axis=0)
        at = int(np.argmax(share))
        low, high = statistics.share(int(np.isfinite(wait[:, at]).sum()), len(wait))
        ends = (np.median(wait[:, at]), *median_interval(wait[:, at]))
        median, lower, upper = (_epochs(value, data, task) for value in ends)
        row = [f"{task}, {hidden}, {biases}", f"{share[0]:.1%}", f"{share[-1]:.1%}"]
        row += [f"{ranges[at]:g}" if share[at] else "none", f"{share[at]:.1%} [{low:.1%}, {high:.1%}]"]
        rows.append([*row, median if lower == upper else f"{median} [{lower}, {upper}]"])
    header = ("task, hidden nodes, biases", f"r = {ranges[0]:g}", f"r = {ranges[-1]:g}")
    header += ("best r", "share there", "median epochs there")
    return {"Share that converges, uniform weights in [−r, r]": (header, rows)}


def figures(data: xr.Dataset) -> Mapping[str, tuple[Figure, str]]:
    """Share that converges, and median epochs, against the range."""
    figure = Figure(figsize=(9, 6.4), layout="constrained")
    ranges, axes = data["range"].values, figure.subplots(2, len(THRESHOLDS), sharex=True)
    for (task, many), (above, below) in zip(tasks().items(), axes.T, strict=True):
        for hidden, biases in NETWORKS:
            _shares(above, data, task, hidden, biases)
            _medians(below, data, task, hidden, biases)
        above.set(title=f"{task} {'-'.join(map(str, many.sizes))}", ylim=(-0.03, 1.03), xscale="log")
        below.axhline(int(data["most_epochs"].sel(task=task)), color="grey", ls=":")
        below.set(yscale="log", xlabel="range r of the initial weights")
        below.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
        below.yaxis.set_major_formatter("{x:.0f}")
        below.set_xticks(ranges, [f"{r:g}" for r in ranges])
        below.minorticks_off()
    axes[0, 0].set_ylabel("share that converges")
    axes[1, 0].set_ylabel("median epochs to converge")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=9)
    return {"ranges": (figure, CAPTION)}


def _look(hidden: str, biases: str) -> dict[str, Any]:
    colour = style.COLOURS[list(HIDDEN).index(hidden)]
    return {"color": colour, "ls": "-" if BIASES[biases] else "--"}


def _shares(axis: Axes, data: xr.Dataset, task: str, hidden: str, biases: str) -> None:
    own, ranges, look = hits(data, task, hidden, biases), data["range"].values, _look(hidden, biases)
    bounds = np.array([statistics.share(int(each.sum()), len(each)) for each in own.T])
    axis.plot(ranges, own.mean(axis=0), **look, label=f"{hidden}, {biases} biases")
    axis.fill_between(ranges, *bounds.T, color=look["color"], alpha=0.15, lw=0)
    normal = hits(data, task, hidden, biases, "normal").mean(axis=0)
    axis.plot(ranges, normal, "o", color=look["color"], mfc="none", ms=5)


def _medians(axis: Axes, data: xr.Dataset, task: str, hidden: str, biases: str) -> None:
    wait, ranges, look = waits(data, task, hidden, biases), data["range"].values, _look(hidden, biases)
    middle, most = np.median(wait, axis=0), int(data["most_epochs"].sel(task=task))
    low, high = np.clip([median_interval(each) for each in wait.T], 1, most).T
    axis.plot(ranges, np.where(np.isfinite(middle), middle, np.nan), **look, marker=".")
    axis.fill_between(ranges, low, high, where=np.isfinite(middle), color=look["color"], alpha=0.15, lw=0)


CAPTION = (
    "Above: share of the seeds that converge, from uniform weights in [−r, r] (lines, 99.9 % intervals) and "
    "from normal weights of the same standard deviation, r / √3 (circles). Below: median epochs until then, "
    "uniform weights, with 99.9 % intervals. The median is over all seeds: those that do not converge count "
    "as infinitely late, and where they are half or more there is no point. Dotted: the last epoch tried."
)

"""What the experiment on seeds and minima shows and finds."""

from collections.abc import Iterator, Mapping

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from scipy import stats

from experiments import statistics, style
from experiments.experiment import Finding, Table
from experiments.minima_measures import COPIES, level
from nnjax import minima

STUCK = "handout: “we can get stuck in local minima, an area where the gradient is zero”"
GUARANTEE = "handout: “you are in no way guaranteed to find the optimal solution”"
DIFFERENT = "handout: “different weight initializations … different minima, which can vary substantially”"
SOLVED = 1e-9
"""A student below this summed loss has found what its teacher computes."""
ENOUGH = 100
"""Seeds below which nothing is said about shares."""
POOR = 0.93
"""Test accuracy on the digits that only seeds which lost a class stay below."""
NAMES = ("0", "½", "⅔", "1", "none of them")


def _share(claim: str, source: str, expected: tuple[float, float], hits: np.ndarray, note: str) -> Finding:
    found = statistics.share(int(np.sum(hits)), hits.size)
    return Finding(claim, source, expected, float(np.mean(hits)), found, note=note)


def _exact(claim: str, source: str, expected: tuple[float, float], value: float, note: str) -> Finding:
    return Finding(claim, source, expected, float(value), (float(value), float(value)), note=note)


def findings(data: xr.Dataset) -> list[Finding]:
    """The handout's sentences on minima, each with its nuance, and what theory says exactly."""
    return [*_xor(data), *_students(data), *_digits(data), *_linear(data)]


def _xor(data: xr.Dataset) -> Iterator[Finding]:
    verdict, levels = data["xor_verdict"].values, data["xor_level"].values
    if len(verdict) >= 10 * ENOUGH:
        claim = "XOR 2-2-1 sigmoid: share of the seeds that find the optimum, SSE below 0.02"
        note = f"{len(verdict)} seeds, {data.attrs['steps']} steps at rate 2"
        yield _share(claim, GUARANTEE, (0.0, 0.999), levels == 0, note)
        claim = "XOR 2-2-1 sigmoid: share that ends in a local minimum, at least 1 in 1000"
        note = (
            "not one: there is none (Hamey 1998); who is stuck creeps along a plateau, its weights still "
            "growing"
        )
        minimum = np.isin(verdict, (minima.STRICT, minima.FLAT))
        yield _share(claim, STUCK, (0.001, 1.0), minimum, note)
        claim = "XOR 2-2-1 sigmoid: share that ends within 0.02 of 0, ½, ⅔ or 1"
        yield _share(claim, "derived: Σ n p (1 − p)", (0.99, 1.0), levels >= 0, "the infima of the plateaus")
    sigmoid, relu = (
        level(data["condition_loss"].sel(network=n).values) for n in ("2-2-1 sigmoid", "2-2-1 ReLU")
    )
    if sigmoid.shape[0] >= ENOUGH:
        small = list(data["setting"].values).index("rate 0.1")
        gain = (relu[:, small] == 0).astype(float) - (sigmoid[:, small] == 0)
        claim = "XOR 2-2-1, rate 0.1: share solved by ReLU minus by sigmoid, same draws"
        note = "two ReLU nodes are too few: most seeds have a dead one, or rows that none of them sees"
        interval = statistics.bootstrap(gain, np.mean)
        yield Finding(
            claim, "handout: “ReLU is far more robust”", (0.0, 1.0), float(gain.mean()), interval, note=note
        )


def _students(data: xr.Dataset) -> Iterator[Finding]:
    solved = data["student_loss"].values < SOLVED
    if not solved.any():
        return
    claim = (
        "tanh 2-2-1 students that learn their teacher: largest distance of any weight from the nearest copy"
    )
    note = f"{solved.sum()} seeds, after Newton's method; {COPIES} copies: 2ⁿ n! for n = 2"
    yield _exact(
        claim,
        "Chen, Lu & Hecht-Nielsen 1993",
        (0.0, 1e-6),
        data["student_distance"].values[solved].max(),
        note,
    )
    if solved.sum() < ENOUGH:
        return
    counts = np.bincount(data["student_copy"].values[solved], minlength=COPIES)
    claim = "all copies are reached alike: p value of χ²"
    note = (
        f"counts {', '.join(map(str, counts))}; training commutes with the symmetries, so theory says alike"
    )
    yield _exact(claim, "derived", (0.001, 1.0), stats.chisquare(counts).pvalue, note)
    strict = data["student_verdict"].values == minima.STRICT
    claim = "students that end in a strict local minimum that is not the global one"
    values = data["student_loss"].values[strict & ~solved]
    note = f"certified; {len(np.unique(data['student_minimum'].values[strict & ~solved]))} different ones"
    note += f", summed losses {values.min():.3g} to {values.max():.3g}" if len(values) else ""
    yield _share(claim, STUCK, (1e-4, 1.0), strict & ~solved, note)


def _digits(data: xr.Dataset) -> Iterator[Finding]:
    if data.sizes["digits_seed"] >= ENOUGH:
        for start in data["digits_start"].values:
            accuracy = data["digits_accuracy"].sel(digits_start=start).values
            low, middle, high = np.quantile(accuracy, (0, 0.5, 1))
            claim = (
                f"digits 64-30-10, {start} weights: share of the seeds below {POOR:.0%} accuracy, at least "
                "1 in 20"
            )
            note = f"accuracy {low:.1%} to {high:.1%}, median {middle:.1%}"
            yield _share(claim, DIFFERENT, (0.05, 1.0), accuracy < POOR, note)
    if data.sizes["barrier_pair"] >= 10:
        ratio = data["barrier_after"].values / data["barrier_before"].values
        claim = "digits 64-64-10: barrier between two seeds' ends, after aligning over before"
        note = (
            f"{len(ratio)} pairs; per row {np.median(data['barrier_before']):.3f} before, "
            f"{np.median(data['barrier_after']):.3f} after; pairs share seeds, so the interval is their "
            "range"
        )
        span = float(ratio.min()), float(ratio.max())
        yield Finding(
            claim, "after Entezari et al. 2022", (0.0, 0.1), float(np.median(ratio)), span, note=note
        )


def _linear(data: xr.Dataset) -> Iterator[Finding]:
    loss, least = data["linear_loss"].values, float(data["linear_least"])
    claim = (
        "linear 4-2-4 on Iris: relative distance of any seed's loss from the sum of the last two eigenvalues"
    )
    note = f"{len(loss)} seeds: another point each time, the same function and loss"
    yield _exact(claim, "Baldi & Hornik 1989", (0.0, 1e-9), np.max(np.abs(loss / least - 1)), note)
    wrong = int(np.sum(data["subset_negative"].values != data["subset_downhill"].values))
    claim = "its other critical points are saddles with the known number of downhill directions: exceptions"
    note = f"{data.sizes['subset']} choices of two of four directions; certified"
    yield _exact(claim, "Baldi & Hornik 1989", (0.0, 0.0), wrong, note)


def tables(data: xr.Dataset) -> Mapping[str, Table]:
    """XOR's levels for each condition, and the linear network's critical points."""
    rows = []
    for network in data["network"].values:
        for setting in data["setting"].values:
            found = level(data["condition_loss"].sel(network=network, setting=setting).values)
            shares = [f"{np.mean(found == k):.1%}" for k in (0, 1, 2, 3, -1)]
            rows.append([network, setting, *shares])
    header = ("network", "setting", *(f"SSE {name}" for name in NAMES))
    kept = [
        [
            str(each["subset"].values),
            f"{float(each['subset_theory']):.6g}",
            f"{float(each['subset_loss']):.6g}",
            str(int(each["subset_downhill"])),
            str(int(each["subset_negative"])),
            minima.VERDICTS[int(each["subset_verdict"])],
        ]
        for each in (data.isel(subset=k) for k in range(data.sizes["subset"]))
    ]
    return {
        f"XOR: where seeds end ({data.sizes['few_seed']} seeds each; within 0.02)": (header, rows),
        "Linear 4-2-4 on Iris: critical points": (
            ("directions kept", "loss, theory", "loss", "downhill, theory", "downhill", "certified as"),
            kept,
        ),
    }


def figures(data: xr.Dataset) -> Mapping[str, tuple[Figure, str]]:
    """Ends on XOR, the students' plane, the digits."""
    return {
        "xor": (_levels(data), XOR),
        "plane": (_plane(data), PLANE),
        "digits": (_accuracy(data), DIGITS),
        "barriers": (_barriers(data), BARRIERS),
    }


XOR = (
    "XOR: share of the seeds whose summed squared error ends near each of the values that a plateau can "
    "have. “As below”: N(0, 1) initial weights and biases, rate 2; the other settings change one thing. All "
    "networks and settings start from the same draws."
)
PLANE = (
    "The loss of a tanh 2-2-1 student (log scale, dark is low). Left: around one end state, along two "
    "random directions as long as the nodes' weights. Right: the plane of the end states' own principal "
    "directions, with the ways of some seeds (circle: start, cross: end). A slice through 2 of 9 "
    "dimensions: ways leave the plane, and a hollow that is seen here need not be one."
)
DIGITS = (
    "Digits, 64-30-10. Left: test accuracy of every seed. Right: how many seeds never answer with a digit "
    "that they could have: its output node saturated at 0 early."
)
BARRIERS = (
    "Digits, 64-64-10: loss per row on the straight line between two seeds' ends, at its worst, above the "
    "line between their losses; as trained, and with the nodes of one brought into the other's order."
)


def _levels(data: xr.Dataset) -> Figure:
    figure = Figure(figsize=(9, 5.4), layout="constrained")
    axes = figure.subplots(2, 2, sharex=True, sharey=True).ravel()
    settings = list(data["setting"].values)
    for axis, network in zip(axes, data["network"].values, strict=True):
        found = level(data["condition_loss"].sel(network=network).values)
        left = np.zeros(len(settings))
        for k, colour, name in zip((0, 1, 2, 3, -1), (*style.COLOURS[:4], "#999999"), NAMES, strict=True):
            share = np.mean(found == k, axis=0)
            axis.barh(settings, share, left=left, color=colour, label=f"SSE {name}")
            left += share
        axis.set_title(network)
        axis.invert_yaxis() if axis is axes[0] else None
        axis.grid(False)
    for axis in axes[2:]:
        axis.set_xlabel("share of the seeds")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=5, fontsize=9)
    return figure


def _plane(data: xr.Dataset) -> Figure:
    figure = Figure(figsize=(9.6, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for axis, name in ((left, "random"), (right, "plane")):
        steps = data[f"{name}_step"].values
        height = np.log10(np.maximum(data[f"{name}_loss"].values, 1e-3))
        shown = axis.contourf(steps, steps, height, levels=20, cmap="cividis")
        axis.grid(False)
    figure.colorbar(shown, ax=right, label="log₁₀ of the summed loss")
    for path in data["plane_path"].values:
        right.plot(path[:, 0], path[:, 1], color="white", lw=0.8, alpha=0.8)
        right.plot(*path[0], "o", color="white", ms=3)
        right.plot(*path[-1], "x", color="#D55E00", ms=7, mew=2)
    reach = float(data["plane_step"].values[-1])
    right.set(xlim=(-reach, reach), ylim=(-reach, reach), title="plane of the end states")
    right.set(xlabel="1st principal direction", ylabel="2nd principal direction")
    left.set(title="random directions", xlabel="1st, in node lengths", ylabel="2nd, in node lengths")
    return figure


def _accuracy(data: xr.Dataset) -> Figure:
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    starts = list(data["digits_start"].values)
    bins = np.linspace(data["digits_accuracy"].values.min() - 0.002, 1, 40)
    for k, start in enumerate(starts):
        accuracy = data["digits_accuracy"].sel(digits_start=start).values
        left.hist(accuracy, bins, color=style.COLOURS[k], alpha=0.75, label=start)
        lost = data["digits_lost"].sel(digits_start=start).sum("digits_seed").values
        right.bar(np.arange(10) + 0.4 * k - 0.2, lost, 0.4, color=style.COLOURS[k], label=start)
    left.set(xlabel="test accuracy", ylabel="seeds")
    left.legend(loc="upper left")
    right.set(xlabel="digit", ylabel="seeds that never say it", xticks=range(10))
    right.legend()
    return figure


def _barriers(data: xr.Dataset) -> Figure:
    figure = Figure(figsize=(5, 3.4), layout="constrained")
    axis = figure.subplots()
    pairs = np.stack([data["barrier_before"].values, data["barrier_after"].values])
    axis.semilogy(["as trained", "aligned"], pairs, "o-", color=style.COLOURS[0], alpha=0.5)
    axis.set(ylabel="barrier, SSE per row", xlim=(-0.4, 1.4))
    return figure

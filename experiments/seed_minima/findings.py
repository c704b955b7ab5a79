"""What the experiment on seeds and minima finds, and its tables."""

from collections.abc import Iterator, Mapping

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike
from scipy import stats

from experiments.runner import findings as claims
from experiments.runner import statistics
from experiments.runner.experiment import Finding, Table
from experiments.seed_minima.students import COPIES, SOLVED
from experiments.seed_minima.xor import LONGER, NOT_AGAIN, level
from nnjax import minima

STUCK = "handout: “we can get stuck in local minima, an area where the gradient is zero”"
GUARANTEE = "handout: “you are in no way guaranteed to find the optimal solution”"
DIFFERENT = "handout: “different weight initializations … different minima, which can vary substantially”"
OURS = "an independent run of 8000 seeds (ours, NumPy)"
LINEAR = "Baldi & Hornik 1989"
ENOUGH = 100
"""Seeds below which nothing is said about shares."""
LONG = 10_000
"""Steps below which nothing is said about where seeds end."""
POOR = 0.93
"""Test accuracy on the digits that, with an exception or two, only seeds which lost a class stay below."""
NAMES = ("0", "½", "⅔", "1", "elsewhere")
COUNTED = (0, 1, 2, 3, -1)
"""Levels in the order of NAMES."""


def findings(data: xr.Dataset) -> list[Finding]:
    """The handout's sentences on minima, each with its nuance, and what theory says exactly."""
    xor = data.sizes["xor_seed"] >= 10 * ENOUGH and data.attrs["steps"] >= LONG
    relu = data.sizes["few_seed"] >= ENOUGH
    parts = [_xor(data) if xor else (), _relu(data) if relu else (), _students(data), _digits(data)]
    return [*(each for part in parts for each in part), *_barriers(data), *_linear(data)]


def _xor(data: xr.Dataset) -> Iterator[Finding]:
    verdict, levels, steps = data["xor_verdict"].values, data["xor_level"].values, data.attrs["steps"]
    name = "XOR 2-2-1 sigmoid"
    note = f"{len(verdict)} seeds, {steps} steps at rate 2"
    claim = f"{name}: share of the seeds that find the optimum, SSE below 0.02"
    yield claims.share(claim, GUARANTEE, (0.0, 0.999), levels == 0, note)
    for k, (expected, tolerance) in enumerate(((0.759, 0.015), (0.225, 0.015), (0.016, 0.005))):
        bounds = expected - tolerance, expected + tolerance
        yield claims.share(f"{name}: share that ends at SSE {NAMES[k]}", OURS, bounds, levels == k, note)
    counts = np.bincount(verdict, minlength=len(minima.VERDICTS))
    claim = f"{name}: share whose end is certified as a local minimum, at least 1 in 1000"
    note = (
        f"theory: none (Hamey 1998); {counts[minima.PLATEAU]} creep along plateaus that fall "
        f"towards infinity, {counts[minima.UNFINISHED]} are not converged, {counts[minima.SADDLE]} at saddles"
    )
    yield claims.share(claim, STUCK, (0.001, 1.0), np.isin(verdict, (minima.STRICT, minima.FLAT)), note)
    again = data["xor_again"].values
    for k in (1, 2):
        rerun = again[(levels == k) & (again != NOT_AGAIN)]
        if len(rerun) >= ENOUGH:
            claim = (
                f"{name}: of the seeds at SSE {NAMES[k]}, share still there after {LONGER} times the steps"
            )
            note = f"{len(rerun)} seeds; {np.mean(rerun == 0):.1%} have reached 0 by then"
            yield claims.share(claim, "that who is stuck stays stuck", (0.95, 1.0), rerun == k, note)


def best(data: xr.Dataset, network: str) -> tuple[str, np.ndarray]:
    """The learning rate, of N(0, 1)'s, that solves XOR most often, or two; which seeds it solves."""
    names = [name for name in data["setting"].values if name.startswith("N(0, 1), rate")]
    loss = data["condition_loss"].sel(network=network, setting=names).transpose("few_seed", "setting")
    solved, chosen = statistics.at_best(level(loss.values) == 0)
    return " or ".join(names[column].removeprefix("N(0, 1), ") for column in chosen), solved


def _relu(data: xr.Dataset) -> Iterator[Finding]:
    (rate, relu), (other, sigmoid) = (best(data, f"2-2-1 {kind}") for kind in ("ReLU", "sigmoid"))
    claim = "XOR 2-2-1: share solved by ReLU minus by sigmoid, each at its best of three rates, same draws"
    note = f"{relu.mean():.1%} at {rate} against {sigmoid.mean():.1%} at {other}"
    yield claims.mean(claim, "a guess: ReLU does at least as well", (0.0, 1.0), relu * 1.0 - sigmoid, note)


def _students(data: xr.Dataset) -> Iterator[Finding]:
    settled, loss = data["student_settled"].values, data["student_loss"].values
    solved = settled & (loss < SOLVED)
    if not solved.any():
        return
    claim = "tanh 2-2-1 students that learn their teacher: largest distance of any weight from nearest copy"
    note = f"{solved.sum()} seeds, after Newton's method; {COPIES} copies: 2ⁿ n! for n = 2"
    farthest = data["student_distance"].values[solved].max()
    yield claims.exact(claim, "Chen, Lu & Hecht-Nielsen 1993", (0.0, 1e-6), farthest, note)
    if solved.sum() < ENOUGH:
        return
    counts = np.bincount(data["student_copy"].values[solved], minlength=COPIES)
    claim = "all copies are reached alike: p value of χ²"
    note = f"counts {', '.join(map(str, counts))}; a theorem: training commutes with the symmetries"
    yield claims.exact(claim, "derived", (0.001, 1.0), stats.chisquare(counts).pvalue, note)
    local = settled & ~solved & (data["student_verdict"].values == minima.STRICT)
    claim = "students that end in a strict local minimum that is not the global one"
    kinds = len(np.unique(data["student_minimum"].values[local]))
    note = f"{local.sum()} of {len(local)}, {kinds} distinct (certified in float64)"
    note += f", summed loss {loss[local].min():.4g} to {loss[local].max():.4g}" if local.any() else ""
    note += f"; {np.sum(~settled)} more have not settled after {data['student_epochs'].values.max()} epochs"
    yield claims.share(claim, STUCK, (1e-4, 1.0), local, note)


def _spread(values: np.ndarray, axis: int = -1) -> np.ndarray:
    low, high = np.quantile(values, (0.05, 0.95), axis=axis)
    return high / low


def _digits(data: xr.Dataset) -> Iterator[Finding]:
    if data.sizes["digits_seed"] < ENOUGH:
        return
    for start in data["digits_start"].values:
        part, what = data.sel(digits_start=start), f"digits 64-30-10, {start} weights"
        accuracy, lost = part["digits_accuracy"].values, part["digits_lost"].values.any(axis=1)
        low, middle, high = np.quantile(accuracy, (0, 0.5, 1))
        claim = f"{what}: share of the seeds below {POOR:.0%} accuracy, at least 1 in 20"
        note = f"accuracy {low:.1%} to {high:.1%}, median {middle:.1%}"
        if lost.any():
            both, poor = np.sum(lost & (accuracy < POOR)), np.sum(accuracy < POOR)
            note += f"; {both} of these {poor} never say some digit (why: the experiment on digits)"
        yield claims.share(claim, DIFFERENT, (0.05, 1.0), accuracy < POOR, note)
        claim = f"{what}: training loss, 95 % quantile of the seeds over 5 % quantile, at least 2"
        loss = part["digits_loss"].values
        note = f"SSE per row {loss.min():.4f} to {loss.max():.4f}; ends of training, not certified as minima"
        span = statistics.bootstrap(loss, _spread)
        yield Finding(claim, DIFFERENT, (2.0, np.inf), float(_spread(loss)), span, note=note)
        claim = f"{what}: share of test rows that two seeds label differently, median, at least 1 %"
        apart = part["digits_apart"].values
        note = f"{len(apart)} pairs without a common seed; a seed is wrong on {1 - middle:.1%} (median)"
        yield claims.median(claim, DIFFERENT, (0.01, 1.0), apart, note)


def _barriers(data: xr.Dataset) -> Iterator[Finding]:
    if data.sizes["barrier_pair"] < 10:
        return
    ratio = data["barrier_after"].values / data["barrier_before"].values
    claim = "digits 64-64-10: barrier between two seeds' ends, after aligning over before"
    note = (
        f"{len(ratio)} pairs; per row {np.median(data['barrier_before']):.3f} before, "
        f"{np.median(data['barrier_after']):.3f} after; the bound was set knowing an earlier run's 0.026; "
        "pairs share seeds, so the interval is their range"
    )
    span = float(ratio.min()), float(ratio.max())
    yield Finding(claim, "after Entezari et al. 2022", (0.0, 0.1), float(np.median(ratio)), span, note=note)


def _linear(data: xr.Dataset) -> Iterator[Finding]:
    loss, least = data["linear_loss"].values, float(data["linear_least"])
    claim = (
        "linear 4-2-4 on Iris: relative distance of any seed's loss from the sum of the last 2 eigenvalues"
    )
    note = f"{len(loss)} seeds: another point each time, the same function and loss"
    yield claims.exact(claim, LINEAR, (0.0, 1e-9), np.max(np.abs(loss / least - 1)), note)
    wrong = int(np.sum(data["subset_negative"].values != data["subset_downhill"].values))
    claim = "its other critical points are saddles with the known number of downhill directions: exceptions"
    note = f"{data.sizes['subset']} choices of two of four directions; certified"
    yield claims.exact(claim, LINEAR, (0.0, 0.0), wrong, note)


def tables(data: xr.Dataset) -> Mapping[str, Table]:
    """XOR's levels for each condition, the digits' ends, the linear network's critical points."""
    few = data.sizes["few_seed"]
    return {
        f"XOR: share of {few} seeds that end within 0.02 of an SSE, % [99.9 % interval]": _levels(data),
        f"Digits 64-30-10, ends of training (not certified): {data.sizes['digits_seed']} seeds": _ends(data),
        "Linear 4-2-4 on Iris: critical points": _critical(data),
    }


def _levels(data: xr.Dataset) -> Table:
    rows = []
    for network in data["network"].values:
        for setting in data["setting"].values:
            found = level(data["condition_loss"].sel(network=network, setting=setting).values)
            rows.append([network, setting, *(_percent(found == k) for k in COUNTED)])
    return ("network", "setting", *(f"SSE {name}" for name in NAMES[:-1]), NAMES[-1]), rows


def _percent(found: ArrayLike) -> str:
    hits = np.asarray(found)
    low, high = statistics.share(int(hits.sum()), hits.size)
    return f"{100 * hits.mean():.1f} [{100 * low:.0f}, {100 * high:.0f}]"


def _ends(data: xr.Dataset) -> Table:
    rows = []
    for start in data["digits_start"].values:
        part = data.sel(digits_start=start)
        accuracy, loss, apart = (part[f"digits_{name}"].values for name in ("accuracy", "loss", "apart"))
        lost = part["digits_lost"].values
        which = ", ".join(f"{digit}: {share:.1%}" for digit, share in enumerate(lost.mean(axis=0)) if share)
        rows.append(
            [
                start,
                f"{np.median(accuracy):.1%} ({accuracy.min():.1%} to {accuracy.max():.1%})",
                f"{np.median(loss):.4f} ({loss.min():.4f} to {loss.max():.4f})",
                f"{np.median(part['digits_gradient_norm']):.1e}",
                f"{np.median(apart):.1%} ({apart.min():.1%} to {apart.max():.1%})",
                _percent(lost.any(axis=1)),
                which or "none",
            ]
        )
    header = ("weights", "test accuracy", "loss per row", "gradient per row", "two seeds differ on")
    return (*header, "lost a digit, %", "which, share of the seeds"), rows


def _critical(data: xr.Dataset) -> Table:
    rows = []
    for index in range(data.sizes["subset"]):
        each = data.isel(subset=index)
        values = [
            f"{float(each[f'subset_{name}']):.6g}" for name in ("theory", "loss", "downhill", "negative")
        ]
        rows.append([str(each["subset"].values), *values, minima.VERDICTS[int(each["subset_verdict"])]])
    header = ("directions kept", "loss, theory", "loss", "downhill, theory", "downhill", "certified as")
    return header, rows

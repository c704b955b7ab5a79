"""The findings and tables of the experiment on what a seed is worth."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import xarray as xr

from experiments.runner import expectations, statistics
from experiments.runner.experiment import Table
from experiments.runner.findings import Finding, measured
from experiments.runner.mnist import MNIST
from experiments.seed_worth.digits import BIT, BOTH, ORDER, SOURCES, WEIGHTS
from experiments.seed_worth.parts import over_seeds, ratio_of_means, total_effect, variance_ratio

EXPECTED = expectations.of("seed_worth")
FEWEST = 10
"""The smallest number of seeds for which findings are judged."""
SLUGS = {BIT: "bit", ORDER: "order", WEIGHTS: "weights"}
LINEAR = 1e-3
"""A difference below this relative distance counts as small: it grows like an infinitely small one."""


def findings(data: xr.DataTree) -> list[Finding]:
    """Judge the variance, the effect of a flipped bit, its growth, and how much each source matters."""
    groups = {
        name: data[name].to_dataset() for name in ("usual", "large", "xor", "mnist") if name in data.children
    }
    if min(part.sizes["seed"] for part in groups.values()) < FEWEST:
        return []
    return [
        *_variances(groups["usual"], groups["xor"]),
        *_spreads(groups),
        *(_growth(groups[name], name) for name in ("usual", "large")),
        *_parts(groups["usual"]),
        _on_par(groups["usual"]),
        *(_mnist(groups["mnist"]) if "mnist" in groups else []),
    ]


def independent_runs(part: xr.Dataset, kept: int) -> np.ndarray:
    """Return whether the first run and one from another seed misread a row after `kept` epochs, (s, 2, n)."""
    chosen = part["wrong"].sel(run=["first", BOTH], kept=kept)
    return chosen.transpose("seed", "run", "test_row").values.astype(float)


def ratio_after(part: xr.Dataset, kept: int) -> tuple[float, tuple[float, float]]:
    """Return the variance of the accuracy after `kept` epochs, divided by that of independent errors."""
    wrong = independent_runs(part, kept)
    return over_seeds(len(wrong), lambda weights: variance_ratio(wrong, weights))


def _variance(part: xr.Dataset, name: str) -> Finding:
    last = int(part["kept"].values[-1])
    wrong = independent_runs(part, last)
    spread, (ratio, interval) = np.std(wrong.mean(axis=2)), ratio_after(part, last)
    return measured(
        EXPECTED[f"variance-{name.lower()}"],
        f"{name}: variance of the test accuracy from run to run, divided by the variance of independent "
        "errors",
        ratio,
        interval,
        note=f"{2 * len(wrong)} runs of {last} epochs, mean accuracy {1 - wrong.mean():.1%}, standard "
        f"deviation {spread:.2%}, of which independent errors on {wrong.shape[2]} rows make up "
        f"{spread / np.sqrt(ratio):.2%}; seeds resampled",
    )


def _mnist(part: xr.Dataset) -> Iterator[Finding]:
    if part.attrs["pictures"] != MNIST:
        return
    yield _variance(part, MNIST)
    yield _spread(part, "bit-mnist", MNIST)
    yield _order(part, "mnist-order-over-weights", MNIST)


def _variances(usual: xr.Dataset, xor: xr.Dataset) -> Iterator[Finding]:
    yield _variance(usual, "digits")
    rows = xor["wrong"].sel(speed="usual", run=["first"]).transpose("seed", "run", "row").values.astype(float)
    yield measured(
        EXPECTED["variance-xor"],
        "XOR: variance of the share of rows that are right, divided by the variance of independent errors",
        *over_seeds(len(rows), lambda weights: variance_ratio(rows, weights)),
        note=f"{len(rows)} seeds, {rows.mean():.1%} of the rows wrong; seeds resampled",
    )


def _spreads(groups: Mapping[str, xr.Dataset]) -> Iterator[Finding]:
    for name in ("usual", "large"):
        yield _spread(groups[name], f"bit-{name}", f"digits, {name} learning rate")
    for name in ("usual", "large"):
        bit, other = xor_changes(groups["xor"], name)
        yield _ratio(
            EXPECTED[f"bit-xor-{name}"],
            f"XOR, {name} learning rate: ends that change when one bit of one initial weight is flipped, "
            "divided by the ends that change with another seed",
            bit,
            other,
            f"{len(bit)} seeds: one run learns and the other does not in {bit.mean():.2%} of the pairs, "
            f"against {other.mean():.2%} with another seed",
        )
    yield _order(groups["usual"], "order-over-weights", "digits")


def _spread(part: xr.Dataset, expectation: str, where: str) -> Finding:
    bit, both = (disagreement(part, source) for source in (BIT, BOTH))
    return _ratio(
        EXPECTED[expectation],
        f"{where}: number of test rows that are read differently after one bit of one initial weight was "
        "flipped, divided by the number that are read differently with another seed",
        bit,
        both,
        f"rate {part.attrs['rate']:g}, {len(bit)} seeds: {bit.mean():.2%} of the rows against "
        f"{both.mean():.2%}",
    )


def _order(part: xr.Dataset, expectation: str, where: str) -> Finding:
    order, weights = (disagreement(part, source) for source in (ORDER, WEIGHTS))
    return _ratio(
        EXPECTED[expectation],
        f"{where}: number of test rows that are read differently with the training rows in another order, "
        "divided by the number that are read differently with other weights",
        order,
        weights,
        f"{len(order)} seeds: {order.mean():.2%} against {weights.mean():.2%}",
    )


def disagreement(part: xr.Dataset, source: str) -> np.ndarray:
    """Return the share of the test rows that two runs read differently at the end, (s,)."""
    return part["disagree"].sel(source=source).isel(during=-1).values.astype(float)


def xor_changes(xor: xr.Dataset, speed: str) -> tuple[np.ndarray, np.ndarray]:
    """Return for which seeds a flipped bit, or the next seed, changes whether XOR is learnt, (s,) each."""
    wrong = xor["wrong"].sel(speed=speed).transpose("run", "seed", "row").values
    first, bit = (~np.any(each, axis=1) for each in wrong)
    return (first != bit).astype(float), (first != np.roll(first, 1)).astype(float)


def _ratio(expectation: Any, claim: str, above: np.ndarray, below: np.ndarray, note: str) -> Finding:
    value, interval = over_seeds(len(above), lambda weights: ratio_of_means(above, below, weights))
    interval, how = _of_none(above, interval)
    return measured(expectation, claim, value, interval, note=f"{note}; {how}")


def _of_none(above: np.ndarray, interval: statistics.Interval) -> tuple[statistics.Interval, str]:
    """Return the interval, or Wilson's bound if nothing changes with any seed; resampling then gives 0."""
    if above.any():
        return interval, "seeds resampled"
    most = statistics.share(0, len(above))[1]
    return (
        (0.0, most),
        "nothing changes in any seed; the bound is Wilson's for the share of seeds in which something may",
    )


def logs(part: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Return ln of the growth (s,) of the difference after a flipped bit, and of an infinitely small one.

    Both growths are measured over the same epochs of a seed: from the second epoch on, while the difference
    is small. (In the first epoch rounding turns one difference into many.)
    """
    apart = part["apart"].sel(source=BIT, seed=part["traced_seed"].values)
    values = apart.transpose(..., "during").values.astype(float)
    small = (values[:, 1:] < LINEAR) & (values[:, :-1] > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = np.where(small, np.log(values[:, 1:] / values[:, :-1]), 0)
    tangents = np.where(small, part["growth"].transpose(..., "during").values[:, 1:], 0)
    return steps.sum(axis=1), tangents.sum(axis=1)


def _growth(part: xr.Dataset, name: str) -> Finding:
    bit, tangent = logs(part)
    last = part["growth"].isel(during=-1).values
    return _ratio(
        EXPECTED[f"growth-{name}"],
        f"digits, {name} learning rate: logarithm of the growth of a flipped bit's effect while it is small, "
        "divided by the logarithm of an infinitely small difference's growth",
        bit,
        tangent,
        f"epochs 2 to {part.sizes['during']}, {len(bit)} seeds; ln of the growth {bit.mean():.3g} against "
        f"{tangent.mean():.3g}; in the last epoch {np.median(last):.2g} per epoch (median)",
    )


def _parts(usual: xr.Dataset) -> Iterator[Finding]:
    accuracies = accuracy(usual)
    first, both = accuracies["first"], accuracies[BOTH]
    for source, slug in SLUGS.items():
        changed = accuracies[source]
        value, interval = over_seeds(
            len(first), lambda weights, changed=changed: total_effect(first, changed, both, weights)
        )
        interval, how = _of_none(first - changed, interval)
        yield measured(
            EXPECTED[f"variance-{slug}"],
            f"digits: variance of the test accuracy when only {_words(source)} is changed, divided "
            "by the variance when everything is changed",
            value,
            interval,
            note=f"{len(first)} pairs of runs each; {how}",
        )


def _on_par(usual: xr.Dataset) -> Finding:
    accuracies = accuracy(usual)
    weights, order = ((accuracies["first"] - accuracies[source]) ** 2 for source in (WEIGHTS, ORDER))
    return _ratio(
        EXPECTED["weights-over-order"],
        "digits: variance of the test accuracy when only the initial weights are changed, divided by the "
        "variance when only the order of the rows is changed",
        weights,
        order,
        f"{len(order)} pairs of runs each",
    )


def _words(source: str) -> str:
    return {BIT: "one bit", ORDER: "the order of the rows", WEIGHTS: "the initial weights"}[source]


def accuracy(part: xr.Dataset) -> dict[str, np.ndarray]:
    """Return the test accuracy at the end of each run, {run: (s,)}."""
    shares = 1 - part["wrong"].isel(kept=-1).mean("test_row")
    return {str(run): shares.sel(run=run).values for run in part["run"].values}


def tables(data: xr.DataTree) -> Mapping[str, Table]:
    """Tabulate what each source changes at both rates."""
    rows = []
    for name in ("usual", "large"):
        part = data[name].to_dataset()
        accuracies = accuracy(part)
        for source in SOURCES:
            apart = float(part["apart"].sel(source=source).isel(during=-1).median())
            differ = np.std(accuracies["first"] - accuracies[source]) / np.sqrt(2)
            cells = f"{apart:.2g}", f"{disagreement(part, source).mean():.2%}", f"{differ:.2%}"
            rows.append([f"{part.attrs['rate']:g}", source, *cells])
    head = (
        "rate",
        "what changes",
        "|θ − θ'| / |θ|, median",
        "rows read differently",
        "spread of the accuracy",
    )
    usual = data["usual"].to_dataset()
    ratios = [_row(usual, int(kept)) for kept in usual["kept"].values]
    heads = ("epochs", "mean accuracy", "standard deviation", "variance over independent errors'")
    return {"What changing the seed affects": (head, rows), "Variance from run to run": (heads, ratios)}


def _row(usual: xr.Dataset, kept: int) -> list[str]:
    wrong = independent_runs(usual, kept)
    value, (low, high) = ratio_after(usual, kept)
    spread = np.std(wrong.mean(axis=2))
    return [f"{kept}", f"{1 - wrong.mean():.1%}", f"{spread:.2%}", f"{value:.3g} [{low:.3g}, {high:.3g}]"]

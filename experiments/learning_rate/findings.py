"""Findings on the band of good rates, on where descent diverges, and on how well Adam and RMSProp do."""

import re
from collections.abc import Mapping

import numpy as np
import xarray as xr

from experiments.runner import expectations, statistics
from experiments.runner.experiment import Table
from experiments.runner.findings import Finding, mean, measured

EXPECTED = expectations.of("learning_rate")
CLEVER = ("rmsprop", "adam")
"""The optimisers of footnote 11, with “clever ways of adapting the learning rate”."""
SOLVED, ENOUGH = 0.1, 100
"""The loss below which XOR counts as learnt; the minimum number of seeds with which shares are judged."""


def slug(name: str) -> str:
    """Rewrite a name so that it can be part of a finding's id."""
    return re.sub("[^a-z0-9]+", "-", name.lower().replace("'s ", " ").removeprefix("the "))


def measured_edge(edges: xr.Dataset, name: str) -> tuple[float, float, float]:
    """Return the edge, relative to 2 / λ_max, and the two tried rates between which it lies."""
    back = edges["back"].sel(minimum=name).values
    first = int(np.argmin(back)) if not back.all() else len(back) - 1
    low, high = edges["relative_rate"].values[[max(first - 1, 0), first]]
    return float((low + high) / 2), float(low), float(high)


def findings(data: xr.DataTree) -> list[Finding]:
    """Judge how wide the band of good rates is, where descent diverges, and how well other optimisers do."""
    edges, xor = (data[name].to_dataset() for name in ("edges", "xor"))
    judged = [edge_finding(edges, str(name)) for name in edges["minimum"].values]
    if xor.sizes["seed"] >= ENOUGH:
        names = [str(name) for name in xor["optimizer"].values]
        judged.append(band_finding(xor))
        judged += [clever_finding(xor, name) for name in names if name in CLEVER]
    return judged


def edge_finding(edges: xr.Dataset, name: str) -> Finding:
    """Judge whether descent returns to a minimum up to the rate 2 / λ_max."""
    middle, low, high = measured_edge(edges, name)
    steepest = float(edges["steepest"].sel(minimum=name))
    return measured(
        EXPECTED[f"edge-{slug(name)}"],
        f"{name}: largest rate at which descent returns to the minimum, relative to 2 / λ_max",
        middle,
        (low, high),
        note=f"λ_max {steepest:.5g}; the interval lies between two rates that were tried",
    )


def solved_by(xor: xr.Dataset, name: str) -> np.ndarray:
    """Return whether an optimiser solves XOR for each seed at each rate, (seed, rate)."""
    return xor["loss"].sel(optimizer=name).transpose("seed", "rate").values < SOLVED


def band(solved: np.ndarray, rates: np.ndarray) -> tuple[float, float]:
    """Return the smallest and largest rates that solve XOR for at least 90 % as many seeds as the best."""
    shares = solved.mean(axis=0)
    good = rates[shares >= 0.9 * shares.max()]
    return float(good.min()), float(good.max())


def decades(solved: np.ndarray, rates: np.ndarray) -> tuple[float, float]:
    """Return the least and the greatest width of the band in decades; its edges lie between tried rates."""
    low, high = np.searchsorted(rates, band(solved, rates))
    logs = np.concatenate([[-np.inf], np.log10(rates), [np.inf]])
    return float(logs[high + 1] - logs[low + 1]), float(logs[high + 2] - logs[low])


def band_finding(xor: xr.Dataset) -> Finding:
    """Judge the width of the widest band of good rates, with an interval from resampled seeds."""
    rates = xor["rate"].values
    solved = {str(name): solved_by(xor, str(name)) for name in xor["optimizer"].values}
    widest = max(solved, key=lambda name: decades(solved[name], rates)[1])
    rng, count, edge = np.random.default_rng(0), xor.sizes["seed"], (1 - statistics.CONFIDENCE) / 2
    rows = [rng.integers(count, size=count) for _ in range(4999)]
    least, most = np.transpose([decades(solved[widest][drawn], rates) for drawn in rows])
    bands = {name: "{:g} to {:g}".format(*band(hits, rates)) for name, hits in solved.items()}
    return measured(
        EXPECTED["widest-band"],
        "XOR: width in decades of the band of learning rates that solve it for at least nine tenths as many "
        f"seeds as the best rate, for the optimiser with the widest band of {len(solved)}",
        np.mean(decades(solved[widest], rates)),
        (np.quantile(least, edge), np.quantile(most, 1 - edge)),
        note=f"{widest}; of {np.log10(rates[-1] / rates[0]):.3g} decades tried; "
        + ", ".join(f"{name}: {text}" for name, text in bands.items()),
    )


def clever_finding(xor: xr.Dataset, name: str) -> Finding:
    """Judge whether a cleverer optimiser solves XOR at least as often as plain descent."""
    (ours, rate), (plain, other) = (statistics.at_best(solved_by(xor, each)) for each in (name, "sgd"))
    rates = xor["rate"].values
    return mean(
        EXPECTED[f"{slug(name)}-minus-sgd"],
        f"XOR: share solved by {name} minus share solved by sgd, each at its best rate",
        ours.astype(float) - plain,
        note=f"{ours.mean():.1%} at {statistics.either(rates, rate)} against {plain.mean():.1%} at "
        f"{statistics.either(rates, other)}, same seeds; the largest share that {name} solves is "
        f"{solved_by(xor, name).mean(axis=0).max():.1%}",
    )


def tables(data: xr.DataTree) -> Mapping[str, Table]:
    """Tabulate the best rate of each optimiser, and the range of rates that do nearly as well."""
    xor, digits = (data[name].to_dataset() for name in ("xor", "digits"))
    tasks = {"XOR, share solved": xor["loss"] < SOLVED, "digits, accuracy": digits["accuracy"]}
    rows = []
    for name in xor["optimizer"].values:
        for task, values in tasks.items():
            means, rates = values.sel(optimizer=name).mean("seed").values, values["rate"].values
            good, best = rates[means >= 0.9 * means.max()], rates[np.argmax(means)]
            span = f"{good.min():g} to {good.max():g}"
            rows.append([str(name), task, f"{best:g}", f"{means.max():.1%}", span])
    return {"Learning rates": (("optimiser", "task", "best rate", "there", "within 90 % of it"), rows)}

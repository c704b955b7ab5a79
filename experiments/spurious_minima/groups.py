"""The stored data of the cells' runs: the table's rows, the runs, and the distinct minima."""

from typing import Any

import numpy as np
import xarray as xr

from experiments.spurious_minima.cells import OUTCOMES, SPURIOUS, UNSETTLED, Cell, distinct

OUTCOME_FLAGS = {
    "flag_values": np.arange(len(OUTCOMES), dtype=np.int8),
    "flag_meanings": " ".join(outcome.replace(" ", "_") for outcome in OUTCOMES),
}
GRADIENT = "maxᵢ |2π ∂F/∂wᵢ|"
Column = tuple[np.ndarray, dict[str, Any]]


def groups(pairs: list[tuple[int, int]], seeds: np.ndarray, results: list[Cell]) -> dict[str, xr.Dataset]:
    """Make the groups "cells" (c,), "runs" (c, s) and "minima" (m,) of the cells (k, n)."""
    numbers = [
        distinct(np.where(runs.outcome == SPURIOUS, runs.objective, np.nan), runs.spectrum)
        for runs in results
    ]
    k, n = (("cell", np.array(column)) for column in zip(*pairs, strict=True))
    table = {name: ("cell", values, attributes) for name, (values, attributes) in _cells(results).items()}
    rows = {
        name: (("cell", "seed"), values, attributes)
        for name, (values, attributes) in _runs(results, numbers).items()
    }
    return {
        "cells": xr.Dataset(table, {"k": k, "n": n}),
        "runs": xr.Dataset(rows, {"k": k, "n": n, "seed": seeds}),
        "minima": _minima(pairs, results, numbers),
    }


def _cells(results: list[Cell]) -> dict[str, Column]:
    """Summarise each cell; means are over its spurious runs, and NaN if there are none."""
    spurious = [runs.outcome == SPURIOUS for runs in results]

    def over_spurious(statistic: Any, values: list[np.ndarray]) -> np.ndarray:
        pairs = zip(values, spurious, strict=True)
        return np.array([statistic(one[chosen]) if chosen.any() else np.nan for one, chosen in pairs])

    return {
        "runs": (np.array([len(runs.outcome) for runs in results]), {"long_name": "runs"}),
        "spurious": (np.array([chosen.sum() for chosen in spurious]), {"long_name": "spurious runs"}),
        "unsettled": (
            np.array([np.sum(runs.outcome == UNSETTLED) for runs in results]),
            {"long_name": "runs that end neither at F = 0 nor in a spurious minimum"},
        ),
        "finished_by_newton": (
            np.array([runs.newton.sum() for runs in results]),
            {"long_name": "runs that Newton's method finished"},
        ),
        "pushed_off_a_saddle": (
            np.array([np.sum(runs.pushed > 0) for runs in results]),
            {"long_name": "runs that were pushed off a saddle"},
        ),
        "share": (np.array([chosen.mean() for chosen in spurious]), {"long_name": "share of spurious runs"}),
        "mean_objective": (
            over_spurious(np.mean, [runs.objective for runs in results]),
            {"long_name": "mean F of the spurious runs"},
        ),
        "mean_smallest_eigenvalue": (
            over_spurious(np.mean, [runs.spectrum[:, 0] for runs in results]),
            {"long_name": "mean smallest Hessian eigenvalue of the spurious runs"},
        ),
        "largest_eigenvalue": (
            over_spurious(np.max, [runs.spectrum[:, -1] for runs in results]),
            {"long_name": "largest Hessian eigenvalue of any spurious run"},
        ),
        "largest_rise": (
            np.array([runs.rise.max() for runs in results]),
            {"long_name": "largest rise of F in any step of any run"},
        ),
    }


def _runs(results: list[Cell], numbers: list[np.ndarray]) -> dict[str, Column]:
    def stacked(name: str) -> np.ndarray:
        return np.stack([getattr(runs, name) for runs in results])

    smallest = np.stack([runs.spectrum[:, 0] for runs in results])
    return {
        "outcome": (stacked("outcome").astype(np.int8), {"long_name": "where the run ends"} | OUTCOME_FLAGS),
        "objective": (stacked("objective"), {"long_name": "F at the end"}),
        "gradient_norm": (stacked("gradient_norm"), {"long_name": f"{GRADIENT} at the end"}),
        "smallest_eigenvalue": (smallest, {"long_name": "smallest Hessian eigenvalue at the end"}),
        "steps": (stacked("steps"), {"long_name": "steps of gradient descent"}),
        "newton": (stacked("newton"), {"long_name": "whether Newton's method finished the run"}),
        "pushed": (stacked("pushed"), {"long_name": "number of times that the run was pushed off a saddle"}),
        "rise": (stacked("rise"), {"long_name": "largest rise of F in any step"}),
        "minimum": (np.stack(numbers), {"long_name": "number of the minimum in its cell; −1 for none"}),
    }


def _minima(pairs: list[tuple[int, int]], results: list[Cell], numbers: list[np.ndarray]) -> xr.Dataset:
    """List each distinct minimum: its cell, its value, how often it was reached, its certificate."""
    members = [
        (c, np.flatnonzero(number == which))
        for c, number in enumerate(numbers)
        for which in range(number.max(initial=-1) + 1)
    ]
    at = [c for c, _ in members]

    def over_members(statistic: Any, read: Any) -> np.ndarray:
        return np.array([statistic(read(results[c])[rows]) for c, rows in members], dtype=float)

    columns = {
        "cell": (np.array(at, dtype=int), {"long_name": "index of its cell"}),
        "objective": (over_members(np.median, lambda runs: runs.objective), {"long_name": "F"}),
        "count": (
            np.array([len(rows) for _, rows in members], dtype=int),
            {"long_name": "runs that end in this minimum"},
        ),
        "smallest_eigenvalue": (
            over_members(np.min, lambda runs: runs.spectrum[:, 0]),
            {"long_name": "smallest Hessian eigenvalue of any run that ends in it"},
        ),
        "largest_eigenvalue": (
            over_members(np.max, lambda runs: runs.spectrum[:, -1]),
            {"long_name": "largest Hessian eigenvalue of any run that ends in it"},
        ),
        "gradient_norm": (
            over_members(np.max, lambda runs: runs.gradient_norm),
            {"long_name": f"largest {GRADIENT} of any run that ends in it"},
        ),
    }
    k, n = (np.array([pairs[c][axis] for c in at], dtype=int) for axis in (0, 1))
    return xr.Dataset(
        {name: ("minimum", values, attributes) for name, (values, attributes) in columns.items()},
        {"k": ("minimum", k), "n": ("minimum", n)},
    )

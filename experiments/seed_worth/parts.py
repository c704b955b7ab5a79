"""The variance between runs: how it compares with that of independent errors, and how much one source causes.

Each statistic also takes weights (b, s), which say how often each seed was drawn in resample b.
"""

import functools
from collections.abc import Callable

import numpy as np

from experiments.runner.statistics import CONFIDENCE, Interval

RESAMPLES = 4999


def variance_ratio(wrong: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return Var(accuracy) divided by its value for independent errors, Σₙ pₙ(1 - pₙ)/N², as (b,).

    pₙ is the share of the runs that are wrong on row n (Jordan 2023). The ratio is 1 + Σ cov / Σ var, so rows
    that are wrong together make it larger. Both variances are computed without the usual factor R/(R - 1) for
    R runs, which would cancel.

    Args:
        wrong: Whether a run is wrong on a row, (s, r, n): r independent runs for each seed.
        weights: How often each seed counts, (b, s).
    """
    weights = weights / weights.sum(axis=1, keepdims=True)
    p = weights @ wrong.mean(axis=1)
    rates = wrong.mean(axis=2)
    observed = weights @ (rates**2).mean(axis=1) - (weights @ rates.mean(axis=1)) ** 2
    expected = np.sum(p * (1 - p), axis=1) / wrong.shape[2] ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        return observed / expected


def total_effect(
    first: np.ndarray, changed: np.ndarray, other: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Return ½ E(Y - Y')² / ½ E(Y - Y'')², the part of the variance that one source alone causes, (b,).

    Y' differs from Y in that source alone, and Y'' differs from Y in every source. This is Jansen's estimate
    of the total effect (1999).

    Args:
        first: Y of each seed, (s,).
        changed: Y', (s,).
        other: Y'', (s,).
        weights: How often each seed counts, (b, s).
    """
    return ratio_of_means((first - changed) ** 2, (first - other) ** 2, weights)


def ratio_of_means(above: np.ndarray, below: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the ratio (b,) of the means of `above` (s,) and `below` (s,); nan where the latter is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return (weights @ above) / (weights @ below)


def over_seeds(count: int, statistic: Callable[[np.ndarray], np.ndarray]) -> tuple[float, Interval]:
    """Return a statistic of all seeds, and its percentile interval from resampled seeds."""
    value = float(statistic(np.ones((1, count)))[0])
    low, high = np.nanquantile(statistic(_drawn(count)), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return value, (float(low), float(high))


@functools.lru_cache(maxsize=4)
def _drawn(count: int) -> np.ndarray:
    """Draw how often each seed counts in each resample, (b, s); drawing takes longer than most statistics."""
    drawn = np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), RESAMPLES)
    return drawn.astype(float)

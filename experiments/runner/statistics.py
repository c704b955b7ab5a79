"""Confidence intervals for numbers from finitely many seeds, at 99.9 % unless stated otherwise."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

CONFIDENCE = 0.999
"""A report has some fifty intervals; at 95 % two or three of them would miss the true value by chance."""

MANY = 100
"""A percentile bootstrap is valid at 99.9 % for at least this many values; with 10 normal values, 1.5 % of
the intervals miss the true value."""

TOO_MANY = 10_000
"""The mean of this many values is nearly normal, and resampling them takes longer than measuring them."""

Interval = tuple[float, float]


def _sample(name: str, values: ArrayLike) -> np.ndarray:
    array = np.asarray(values, dtype=float)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name} has shape {array.shape}, expected (n,) with n >= 1")
    if not np.all(np.isfinite(array)):
        raise ValueError(f"{name} holds NaN or infinite values; finite numbers are accepted")
    return array


def _confidence(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, got {confidence}")
    return confidence


def quantiles(values: ArrayLike, levels: tuple[float, ...] = (0.05, 0.25, 0.5, 0.75, 0.95)) -> np.ndarray:
    """Return the quantiles of `values` (n,) at `levels`, linearly interpolated."""
    return np.quantile(_sample("values", values), levels)


def bootstrap(
    values: ArrayLike,
    statistic: Callable[..., Any] = np.median,
    *,
    seed: int = 0,
    confidence: float = CONFIDENCE,
    resamples: int = 9999,
) -> Interval:
    """Return the percentile bootstrap interval for `statistic(values, axis=...)`, values (n,) (Efron 1979).

    Values that are all equal give an interval of zero width; a single value gives (nan, nan), since it says
    nothing about spread.
    """
    sample = _sample("values", values)
    if sample.size == 1:
        return np.nan, np.nan
    if np.all(sample == sample[0]):
        return float(statistic(sample)), float(statistic(sample))
    found = stats.bootstrap(
        (sample,),
        statistic,
        confidence_level=_confidence(confidence),
        n_resamples=resamples,
        batch=_batch(sample.size),
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(found.low), float(found.high)


def of_mean(values: ArrayLike) -> Interval:
    """Return an interval for the mean of values (n,): bootstrap for `MANY` to `TOO_MANY`, else Student's."""
    sample = _sample("values", values)
    if MANY <= sample.size < TOO_MANY or sample.size == 1 or np.all(sample == sample[0]):
        return bootstrap(sample, np.mean)
    half = stats.t.ppf((1 + CONFIDENCE) / 2, sample.size - 1) * stats.sem(sample)
    return float(sample.mean() - half), float(sample.mean() + half)


def of_median(values: ArrayLike, least: float = -np.inf) -> Interval:
    """Return two order statistics as a 99.9 % interval for the median of values (n,).

    They are the j-th smallest and the j-th largest value, with P(B < j) < 0.0005 for B ~ Bin(n, ½). The
    interval is valid for any distribution, even with infinite values, but needs at least 11 values.
    """
    ordered = np.sort(np.asarray(values, dtype=float))
    j = int(stats.binom.ppf((1 - CONFIDENCE) / 2, len(ordered), 0.5))
    return (float(ordered[j - 1]), float(ordered[len(ordered) - j])) if j else (least, np.inf)


def clustered(
    clusters: list[np.ndarray],
    statistic: Callable[[np.ndarray], float],
    *,
    resamples: int = 4999,
    seed: int = 0,
) -> Interval:
    """Return a percentile interval for statistic(rows), by resampling whole clusters (m, ...) of rows.

    Rows that share a seed are not independent: resampling single rows would make the interval too narrow.
    """
    rng, count = np.random.default_rng(seed), len(clusters)
    found = [
        statistic(np.concatenate([clusters[k] for k in rng.integers(count, size=count)]))
        for _ in range(resamples)
    ]
    low, high = np.nanquantile(found, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


class Parts(NamedTuple):
    """How rows and columns of a table affect its values.

    Attributes:
        ratio: Mean square among rows, divided by the mean square among columns.
        interval: 99.9 % interval for the ratio of the expected mean squares, by resampling whole rows and
            columns.
        shares: Shares of the variance due to rows, columns, and their interaction (with any other variation).
    """

    ratio: float
    interval: Interval
    shares: tuple[float, float, float]


def two_way(table: np.ndarray, *, resamples: int = 4999, seed: int = 0) -> Parts:
    """Analyse the variance of a table (r, c) with one value for each pair of a row and a column.

    yᵢⱼ = μ + rowᵢ + columnⱼ + restᵢⱼ, where all parts are random: E MS(rows) = σ²(rest) + c σ²(rows), and
    likewise for columns; a part that comes out below 0 counts as 0 (Searle, Casella & McCulloch 1992, chapter
    4). An interval from the F distribution would need normally distributed parts; a percentile bootstrap of
    rows and columns does not (Owen 2007). With fewer than about 16 rows or columns, the interval is too
    narrow.
    """
    rows, columns = table.shape
    of_rows, of_columns = table.mean(axis=1) - table.mean(), table.mean(axis=0) - table.mean()
    rest = table - table.mean() - of_rows[:, None] - of_columns[None]
    square_rows = columns * np.sum(of_rows**2) / (rows - 1)
    square_columns = rows * np.sum(of_columns**2) / (columns - 1)
    square_rest = np.sum(rest**2) / ((rows - 1) * (columns - 1))
    parts = [
        max((square_rows - square_rest) / columns, 0),
        max((square_columns - square_rest) / rows, 0),
        square_rest,
    ]
    shares = tuple(float(part / sum(parts)) for part in parts)
    interval = _ratio_interval(table, resamples, np.random.default_rng(seed))
    return Parts(float(square_rows / square_columns), interval, (shares[0], shares[1], shares[2]))


def _ratio_interval(table: np.ndarray, resamples: int, rng: np.random.Generator) -> Interval:
    """Return an interval for the ratio of the mean squares among rows and columns, by resampling both."""
    times = [rng.multinomial(size, np.full(size, 1 / size), resamples) for size in table.shape]
    squares = []
    for values, own, others in ((table, *times), (table.T, *times[::-1])):
        size, means = len(values), others @ values.T / values.shape[1]
        centred = means - np.sum(own * means, axis=1, keepdims=True) / size
        squares.append(values.shape[1] * np.sum(own * centred**2, axis=1) / (size - 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = squares[0] / squares[1]
    low, high = np.nanquantile(ratios, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], method="nearest")
    return float(low), float(high)


def _batch(size: int) -> int:
    """Return how many resamples to keep in memory at a time: as many as fit into 40 MB."""
    return max(1, 5_000_000 // size)


def halves(count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Split `count` places into even and odd ones, in both orders, as pairs (for judging, for choosing)."""
    even, odd = (np.arange(first, count, 2) for first in (0, 1))
    return [(even, odd), (odd, even)]


def at_best(values: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """Return each row's value (s,) in the best column of values (s, c), and the columns chosen as best.

    The best column is the one with the highest mean on the other half of the rows: if it were chosen and
    judged on the same rows, the best of several would look better than it is.
    """
    if len(values) < 2:
        raise ValueError(f"values have shape {values.shape}, expected (s, c) with s >= 2, to have two halves")
    found, chosen = np.empty_like(values[:, 0]), []
    for own, others in halves(len(values)):
        column = int(np.argmax(np.mean(values[others], axis=0)))
        found[own] = values[own, column]
        chosen.append(column)
    return found, sorted(set(chosen))


def either(columns: np.ndarray, chosen: list[int]) -> str:
    """Write the one or two columns that `at_best` chose, as in "0.5 or 2"."""
    return " or ".join(f"{columns[index]:g}" for index in chosen)


def share(successes: int, trials: int, *, confidence: float = CONFIDENCE) -> Interval:
    """Return the Wilson interval for a share, successes / trials (Wilson 1927)."""
    if trials < 1 or not 0 <= successes <= trials:
        raise ValueError(f"expected 0 <= successes <= trials with trials >= 1, got {successes} of {trials}")
    test = stats.binomtest(int(successes), int(trials))
    found = test.proportion_ci(_confidence(confidence), method="wilson")
    return float(found.low), float(found.high)


def difference_of_shares(
    first: np.ndarray, second: np.ndarray, *, confidence: float = CONFIDENCE
) -> Interval:
    """Return an interval for mean(first) - mean(second) for two independent groups of hits (Newcombe 1998).

    This is Newcombe's method 10, which combines the Wilson intervals of the two groups. The interval is valid
    for small groups, too, and for groups with no hits or only hits.
    """
    (p, q), (one, other) = (
        [float(np.mean(hits)) for hits in (first, second)],
        [share(int(np.sum(hits)), len(hits), confidence=confidence) for hits in (first, second)],
    )
    low = p - q - np.hypot(p - one[0], other[1] - q)
    high = p - q + np.hypot(one[1] - p, q - other[0])
    return float(low), float(high)

"""Intervals agree with published values and have their promised coverage."""

import numpy as np
import pytest
from scipy import stats

from experiments.runner import statistics


def test_wilson_interval_of_a_published_example():
    # Newcombe 1998, Statistics in Medicine 17, table I, method 3: 81 of 263 and 0 of 20.
    assert np.round(statistics.share(81, 263, confidence=0.95), 4).tolist() == [0.2553, 0.3662]
    assert np.round(statistics.share(0, 20, confidence=0.95), 4).tolist() == [0.0, 0.1611]


def test_bootstrap_covers_the_mean():
    rng = np.random.default_rng(0)
    inside = 0
    for seed in range(100):
        low, high = statistics.bootstrap(
            rng.normal(size=50), np.mean, seed=seed, confidence=0.9, resamples=500
        )
        inside += low <= 0 <= high
    # We expect 90 intervals to cover 0, with a standard error of 3; at n = 50, percentile intervals are a
    # little short.
    assert 78 <= inside <= 98


def test_degenerate_samples():
    assert statistics.bootstrap([2.0, 2.0, 2.0]) == (2.0, 2.0)
    assert np.isnan(statistics.bootstrap([3.0])).all()
    np.testing.assert_allclose(statistics.quantiles(np.arange(5.0), (0.5, 1.0)), [2.0, 4.0])


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: statistics.share(3, 2), "got 3 of 2"),
        (lambda: statistics.share(0, 0), "trials >= 1"),
        (lambda: statistics.bootstrap([]), r"values has shape \(0,\)"),
        (lambda: statistics.bootstrap([1.0, np.nan]), "NaN or infinite"),
        (lambda: statistics.share(1, 2, confidence=95), "confidence must lie between 0 and 1, got 95"),
    ],
)
def test_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_best_column_is_chosen_on_the_other_half():
    """Rows 0 and 2 are best in column 0, rows 1 and 3 in column 1; no choice pays off on the other rows."""
    values = np.array([[1.0, 0.2], [0.1, 1.0], [1.0, 0.4], [0.3, 1.0]])
    found, chosen = statistics.at_best(values)
    np.testing.assert_array_equal(found, [0.2, 0.1, 0.4, 0.3])
    assert chosen == [0, 1]


@pytest.mark.parametrize("count", [11, 50, 300])
def test_the_medians_interval_covers_what_it_says(count):
    """The interval misses if fewer than j values lie on one side, with a chance given by the binomial law."""
    low, high = statistics.of_median(np.arange(1.0, count + 1))
    cover = stats.binom.cdf(high - 1, count, 0.5) - stats.binom.cdf(low - 1, count, 0.5)
    narrower = stats.binom.cdf(high - 2, count, 0.5) - stats.binom.cdf(low, count, 0.5)
    assert narrower < 0.999 <= cover


def test_medians_of_runs_that_never_converge():
    assert statistics.of_median(np.full(50, np.inf)) == (np.inf, np.inf)
    assert statistics.of_median(np.ones(4), 0) == (0, np.inf)
    assert statistics.of_median(np.ones(4)) == (-np.inf, np.inf)
    low, high = statistics.of_median(np.append(np.arange(30.0), np.full(20, np.inf)))
    assert np.isfinite(low)
    assert high == np.inf


def test_a_mean_of_few_values_has_students_interval():
    values = np.array([1.0, 2.0, 4.0, 7.0])
    expected = stats.t.interval(0.999, 3, values.mean(), stats.sem(values))
    np.testing.assert_allclose(statistics.of_mean(values), expected, rtol=1e-12)
    assert statistics.of_mean(np.ones(5)) == (1.0, 1.0)
    many = np.random.default_rng(0).normal(size=100)
    assert statistics.of_mean(many) == statistics.bootstrap(many, np.mean)


def test_students_interval_misses_as_rarely_as_it_says_where_a_bootstrap_does_not():
    """Of 4000 intervals, each from 10 normal values, 4 should miss the mean; with a bootstrap, 60 do."""
    samples = np.random.default_rng(0).normal(size=(4000, 10))
    missed = sum(not low < 0 < high for low, high in map(statistics.of_mean, samples))
    assert missed <= 12


def test_what_shares_a_seed_is_drawn_as_a_whole():
    """Ten copies of each value carry no more information than one copy, so both give the same interval."""
    values = np.random.default_rng(0).normal(size=120)
    one, ten = ([np.repeat(value, count) for value in values] for count in (1, 10))
    assert statistics.clustered(one, np.mean) == pytest.approx(statistics.clustered(ten, np.mean))
    low, high = statistics.clustered(ten, np.mean)
    alone_low, alone_high = statistics.bootstrap(np.repeat(values, 10), np.mean)
    assert high - low > 2 * (alone_high - alone_low)


def test_a_two_way_table_worked_by_hand():
    """Row effects are 2, 4, 6, column effects -1, 0, 1, and the residuals sum to 0 in both directions."""
    rest = np.array([[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    table = np.array([2.0, 4.0, 6.0])[:, None] + np.array([-1.0, 0.0, 1.0]) + rest
    parts = statistics.two_way(table)
    # Mean squares: rows 3 * 8 / 2 = 12, columns 3 * 2 / 2 = 3, rest 4 / 4 = 1.
    assert parts.ratio == pytest.approx(4.0)
    total = 11 / 3 + 2 / 3 + 1
    np.testing.assert_allclose(parts.shares, [11 / 3 / total, 2 / 3 / total, 1 / total])


def test_rows_and_columns_are_drawn_again_as_a_loop_does():
    rng = np.random.default_rng(3)
    table, ratios = rng.normal(size=(7, 5)), []
    again = np.random.default_rng(0)
    times = [again.multinomial(n, [1 / n] * n, 500) for n in (7, 5)]
    for rows, columns in zip(*times, strict=True):
        drawn = np.repeat(np.repeat(table, rows, axis=0), columns, axis=1)
        squares = [
            len(drawn[0]) * np.var(drawn.mean(axis=1), ddof=1),
            len(drawn) * np.var(drawn.mean(axis=0), ddof=1),
        ]
        ratios.append(squares[0] / squares[1])
    expected = np.quantile(ratios, [0.0005, 0.9995], method="nearest")
    found = statistics.two_way(table, resamples=500).interval
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("shifted", [False, True])
def test_the_interval_of_a_two_way_table_covers_the_ratio(shifted):
    """Effects are normal, or 18.5 % of them are shifted; then the F law would miss one time in 20."""
    rng, missed = np.random.default_rng(0), 0
    for _ in range(300):
        parts = [rng.random(16) < 0.185 if shifted else rng.normal(size=16) for _ in range(2)]
        table = parts[0][:, None] + parts[1] + 0.3 * rng.normal(size=(16, 16))
        low, high = statistics.two_way(table, resamples=1999).interval
        missed += not low <= 1 <= high
    assert missed <= 4


def test_a_difference_of_shares_is_newcombes():
    """Newcombe's table II, method 10: 56 of 70 and 48 of 80, 9 of 10 and 3 of 10, 10 of 10 and 0 of 20."""
    for hits, sizes, expected in (
        ((56, 48), (70, 80), (0.0524, 0.3339)),
        ((9, 3), (10, 10), (0.1705, 0.8090)),
        ((10, 0), (10, 20), (0.6791, 1.0)),
    ):
        groups = [np.arange(size) < hit for hit, size in zip(hits, sizes, strict=True)]
        found = statistics.difference_of_shares(*groups, confidence=0.95)
        np.testing.assert_allclose(found, expected, atol=6e-5)


def test_a_difference_of_shares_of_small_groups_covers_the_truth():
    """As on the digits, there are groups of 37 and 63 seeds, of which 8 % and 3 % are hits."""
    rng, missed = np.random.default_rng(0), 0
    for _ in range(1000):
        low, high = statistics.difference_of_shares(rng.random(37) < 0.08, rng.random(63) < 0.03)
        missed += not low <= 0.05 <= high
    assert missed <= 3

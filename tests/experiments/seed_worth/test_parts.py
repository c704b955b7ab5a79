"""Variances agree with laws that are known exactly."""

import itertools

import numpy as np
import pytest

from experiments.seed_worth.parts import over_seeds, ratio_of_means, total_effect, variance_ratio


def every_outcome(quarters: tuple[int, ...]) -> np.ndarray:
    """List outcomes (s, 1, n) in proportion to their probability: row n is wrong with probability qₙ/4."""
    sides = [[True] * q + [False] * (4 - q) for q in quarters]
    return np.array(list(itertools.product(*sides)), float)[:, None, :]


def once(wrong: np.ndarray) -> np.ndarray:
    return np.ones((1, len(wrong)))


def test_independent_errors_have_just_that_variance():
    wrong = every_outcome((1, 2, 3, 1))
    assert variance_ratio(wrong, once(wrong))[0] == pytest.approx(1, rel=1e-12)
    p = np.array([1, 2, 3, 1]) / 4
    assert np.var(wrong.mean(axis=2)) == pytest.approx(np.mean(p * (1 - p)) / 4, rel=1e-12)


def test_rows_that_are_wrong_together_have_as_many_times_the_variance():
    wrong = np.repeat(every_outcome((1,)), 5, axis=2)
    assert variance_ratio(wrong, once(wrong))[0] == pytest.approx(5, rel=1e-12)


def test_rows_that_take_turns_have_none():
    wrong = np.array([[[1.0, 0.0]], [[0.0, 1.0]]])
    assert variance_ratio(wrong, once(wrong))[0] == pytest.approx(0, abs=1e-15)


def test_weights_are_repetitions():
    rng = np.random.default_rng(1)
    wrong = (rng.random((6, 2, 9)) < 0.3).astype(float)
    times = np.array([3, 0, 1, 2, 0, 4])
    repeated = np.repeat(wrong, times, axis=0)
    found = variance_ratio(wrong, times[None].astype(float))
    np.testing.assert_allclose(found, variance_ratio(repeated, once(repeated)), rtol=1e-12)


def test_runs_of_one_seed_count_as_runs():
    rng = np.random.default_rng(2)
    wrong = (rng.random((6, 2, 9)) < 0.3).astype(float)
    alone = wrong.reshape(12, 1, 9)
    np.testing.assert_allclose(
        variance_ratio(wrong, once(wrong)), variance_ratio(alone, once(alone)), rtol=1e-12
    )


def test_the_parts_of_a_sum_are_known():
    levels = np.array(list(itertools.product([-1.0, 1.0], repeat=4)))  # a, b, a', b'
    a, b, other_a, other_b = levels.T
    y = 3 * a + 4 * b
    args = (3 * other_a + 4 * b, 3 * other_a + 4 * other_b, np.ones((1, 16)))
    assert total_effect(y, *args)[0] == pytest.approx(9 / 25, rel=1e-12)


def test_nothing_over_nothing_is_not_known():
    assert np.isnan(ratio_of_means(np.zeros(3), np.zeros(3), np.ones((1, 3)))[0])


def test_seeds_are_drawn_again():
    values = np.random.default_rng(3).normal(5, 1, 200)
    value, (low, high) = over_seeds(200, lambda weights: ratio_of_means(values, np.ones(200), weights))
    assert value == pytest.approx(values.mean())
    half = 3.29 * values.std() / np.sqrt(200)
    assert (low, high) == pytest.approx((value - half, value + half), abs=0.2 * half)

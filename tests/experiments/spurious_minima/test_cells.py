"""A cell's runs from start to end: rounds, saddles, copies, and the published shares."""

import contextlib

import jax.numpy as jnp
import numpy as np
import pytest

from experiments.runner.checkpoints import Checkpoints
from experiments.runner.context import Context
from experiments.spurious_minima import cells, descent
from experiments.spurious_minima.cells import NOT_SPURIOUS, SPURIOUS, UNSETTLED

LONG = True
DESCENT_ALONE = cells.ROUNDS[-1:]


@pytest.fixture
def few_lanes(monkeypatch, devices):
    """Use one lane of the given width, so that a few seeds are not padded with many copies."""

    def use(width):
        devices(1)
        monkeypatch.setattr(cells, "LANE", width)

    return use


def runs_of(k, n, seeds, *rounds):
    return cells.cell(Context(), k, n, np.asarray(seeds), *rounds)


def test_copies_are_told_from_different_minima():
    value = np.array([0.2, 0.1, np.nan, 0.1 + 1e-9, 0.1])
    spectrum = np.array([[1.0, 2], [1, 2], [1, 2], [1, 2 + 1e-6], [1, 3]])
    assert cells.distinct(value, spectrum).tolist() == [2, 0, -1, 0, 1]


def test_a_run_that_is_not_finite_is_an_error(monkeypatch):
    def broken(state):
        return state._replace(objective=state.objective * jnp.nan)

    monkeypatch.setattr(descent, "descend", broken)
    with pytest.raises(FloatingPointError, match="k = 3, n = 3: seeds"):
        cells.descend_all(Context(), 3, 3, np.arange(2), 1e-3, 50)


@pytest.mark.slow
def test_a_run_that_newtons_method_rejects_keeps_descending(minima_of_the_family, few_lanes):
    """At k = 6, seeds 716 and 908 end at the seed-free minimum, but seed 908 only in its second round."""
    few_lanes(4)
    runs = runs_of(6, 6, [0, 716, 908])
    assert runs.outcome.tolist() == [0, 1, 1]
    assert runs.steps[2] > runs.steps[1]
    np.testing.assert_allclose(runs.objective[1:], minima_of_the_family[6], atol=1e-9)
    np.testing.assert_allclose(runs.spectrum[1:, 0], 0.0047, atol=1e-4)


def test_a_stopped_run_goes_on_from_its_descents(tmp_path):
    alone, written = runs_of(3, 3, np.arange(8)), []
    for _ in range(2):
        with contextlib.suppress(KeyboardInterrupt):
            kept = cells.cell(Context(checkpoints=Checkpoints(tmp_path)), 3, 3, np.arange(8))
            written.append({path: path.stat().st_mtime_ns for path in tmp_path.rglob("segment-*.npz")})
            raise KeyboardInterrupt
    assert written[0]
    assert written[0] == written[1]  # read, not computed again
    for one, other in zip(alone, kept, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.fixture
def starting_at_the_saddle(monkeypatch, symmetric_saddle):
    """Make every run start at the symmetric saddle."""

    def start(k, n):
        saddle = jnp.asarray(symmetric_saddle[0])
        return lambda key, handover, patience: descent.begin(saddle, handover, patience)

    monkeypatch.setattr(cells, "start", start)


def test_a_run_that_rests_at_a_saddle_goes_on(monkeypatch, starting_at_the_saddle, symmetric_saddle):
    limits = descent.CONVERGED, 10_000
    runs = runs_of(3, 3, np.arange(2), [limits])
    assert runs.pushed.tolist() == [1, 1]
    assert runs.outcome.tolist() == [NOT_SPURIOUS] * 2
    assert np.all(np.isnan(runs.gradient_norm))  # norms at the saddle, which the runs have since left
    monkeypatch.setattr(cells, "FURTHER", 0)
    runs = runs_of(3, 3, np.arange(2), [limits])
    assert runs.outcome.tolist() == [UNSETTLED] * 2  # a saddle is not a minimum
    np.testing.assert_allclose(runs.objective, symmetric_saddle[1], rtol=1e-12)


def test_a_continued_run_that_is_not_finite_is_an_error(monkeypatch, starting_at_the_saddle):
    monkeypatch.setattr(descent, "push", lambda weights: weights * np.nan)
    with pytest.raises(FloatingPointError, match=r"k = 3, n = 3: seeds \[4 5\] are not finite"):
        runs_of(3, 3, [4, 5], [(descent.CONVERGED, 10_000)])


def test_a_run_that_does_not_rest_is_continued():
    short, long = (runs_of(3, 3, np.arange(4), [(1e-9, patience)]) for patience in (50, 20_000))
    assert np.any(short.steps > 50)
    for runs in (short, long):
        assert runs.outcome.tolist() == [NOT_SPURIOUS] * 4


@pytest.mark.slow
def test_the_saddle_that_a_seed_rests_at(few_lanes):
    """At k = 16 and n = 17, seed 41 leaves a saddle even without a push.

    The norm of the gradient at that saddle is below 1e-9.
    """
    few_lanes(1)
    runs = runs_of(16, 17, [41])
    assert runs.pushed.tolist() == [1]
    assert runs.outcome.tolist() == [NOT_SPURIOUS]
    alone = cells.descend_all(Context(), 16, 17, np.array([41]), 0.0, 100_000)
    assert alone.state.objective < descent.GLOBAL
    assert 2 * runs.steps < alone.steps < 100_000


@pytest.mark.slow
def test_newtons_end_is_where_descent_ends(few_lanes):
    few_lanes(32)
    seeds = np.arange(256)
    newton = runs_of(8, 8, seeds)
    stuck = seeds[newton.outcome == SPURIOUS][:32]
    assert len(stuck) >= 24
    alone = runs_of(8, 8, stuck, DESCENT_ALONE)
    assert np.all(alone.outcome == SPURIOUS)
    np.testing.assert_allclose(alone.objective, newton.objective[stuck], rtol=1e-9)
    np.testing.assert_allclose(alone.spectrum, newton.spectrum[stuck], rtol=1e-5)


@pytest.mark.slow
def test_the_step_is_stable_at_the_largest_size(few_lanes):
    """The largest eigenvalue grows with k, but at k = 20 it is still below 2 / step, so F never rises."""
    few_lanes(4)
    runs = runs_of(20, 20, np.arange(4))
    spurious = runs.outcome == SPURIOUS
    assert spurious.sum() > 2
    assert np.max(runs.spectrum[spurious]) < 0.95 * 2 / descent.STEP
    assert np.max(runs.rise) < descent.ROUNDING


@pytest.mark.slow
@pytest.mark.parametrize("k, published", [(7, 0.055), (8, 0.126)])
def test_published_shares(k, published, minima_of_the_family):
    runs = runs_of(k, k, np.arange(512))
    spurious = runs.outcome == SPURIOUS
    error = np.sqrt(published * (1 - published) * (1 / 512 + 1 / 1000))
    assert abs(spurious.mean() - published) < 4 * error
    assert not np.any(runs.outcome == UNSETTLED)
    assert np.max(runs.rise) < descent.ROUNDING
    assert np.all(np.abs(runs.objective[spurious] - minima_of_the_family[k]) < 1e-5)

"""Safran and Shamir's objective against its formula, known points and published shares."""

import contextlib
import dataclasses
import functools
import io

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import nnjax
from experiments import spurious_minima
from experiments.runner import checkpoints as unfinished
from experiments.runner import style
from experiments.spurious_minima import Config, distinct, pairs
from experiments.spurious_minima import objective as safran_shamir

hessian, value_and_gradient = map(jax.jit, (safran_shamir.hessian, safran_shamir.value_and_gradient))
SEED_FREE = (-0.6327039049, 0.2616910758, 0.1859910463, 0.9969227988, -0.0350801559)
"""a, f, e, c, d: neurons are the columns of [[a, f, …], [e, c, d, …], [e, d, c, …], …]."""
FAMILY = {6: 0.0250805810, 7: 0.0232027149, 8: 0.0215080372, 10: 0.0187021946}


def family(k, values):
    a, f, e, c, d = values
    rest = np.full((k - 1, k - 1), d) + (c - d) * np.eye(k - 1)
    return jnp.asarray(np.block([[a, np.full((1, k - 1), f)], [np.full((k - 1, 1), e), rest]]).T)


def by_the_formula(weights):
    """F as it is printed, pair by pair, with NumPy's arccos."""

    def f(w, v):
        lengths = np.linalg.norm(w) * np.linalg.norm(v)
        cosine = np.clip(w @ v / lengths, -1, 1)
        t = 0.0 if w is v else np.arccos(cosine)
        return lengths * (np.sin(t) + (np.pi - t) * np.cos(t)) / (2 * np.pi)

    targets = list(np.eye(weights.shape[1]))
    neurons = list(np.asarray(weights))
    own = sum(f(a, b) for a in neurons for b in neurons)
    mixed = sum(f(a, b) for a in neurons for b in targets)
    return own / 2 - mixed + sum(f(a, b) for a in targets for b in targets) / 2


def test_the_angle_is_arccos():
    cosine = np.concatenate([np.linspace(-1, 1, 4001), [-0.5, 0.5, 1 - 1e-12, 1e-300]])
    np.testing.assert_allclose(safran_shamir.angle(cosine), np.arccos(cosine), rtol=1e-14)
    slope = jax.vmap(jax.grad(safran_shamir.angle))(jnp.linspace(-0.9, 0.9, 50))
    np.testing.assert_allclose(slope, -1 / np.sqrt(1 - np.linspace(-0.9, 0.9, 50) ** 2), rtol=1e-12)


@pytest.mark.parametrize("n, k", [(2, 2), (4, 3), (7, 7)])
def test_value_and_gradient_are_those_of_the_formula(n, k):
    weights = np.random.default_rng(n).normal(size=(n, k))
    value, gradient = value_and_gradient(jnp.asarray(weights))
    np.testing.assert_allclose(value, by_the_formula(weights), rtol=1e-12)
    for i in range(n):
        for j in range(k):
            step = np.zeros((n, k))
            step[i, j] = 1e-5
            slope = (by_the_formula(weights + step) - by_the_formula(weights - step)) / 2e-5
            np.testing.assert_allclose(gradient[i, j], slope, rtol=1e-6)


def test_the_hessian_is_the_gradients_derivative():
    weights = np.random.default_rng(3).normal(size=(3, 3))
    found = hessian(jnp.asarray(weights))
    for column in range(9):
        step = np.zeros(9)
        step[column] = 1e-6
        ends = [value_and_gradient(jnp.asarray(weights + s * step.reshape(3, 3)))[1] for s in (1, -1)]
        np.testing.assert_allclose(found[:, column], np.ravel(ends[0] - ends[1]) / 2e-6, rtol=2e-6)


def test_the_targets_are_the_global_minimum():
    value, gradient = value_and_gradient(jnp.eye(5) + 1e-12)
    assert abs(value) < 1e-12
    assert np.max(np.abs(gradient)) < 1e-6


def test_the_seed_free_minimum():
    weights = family(7, SEED_FREE)
    value, gradient = value_and_gradient(weights)
    assert abs(float(value) - FAMILY[7]) < 1e-9
    assert safran_shamir.gradient_norm(gradient) < 1e-8
    assert abs(np.linalg.eigvalsh(hessian(weights))[0] - 0.014059) < 1e-5


@pytest.mark.parametrize("k", FAMILY)
def test_the_same_family_at_other_sizes(k):
    """Descent keeps the family's symmetry, so it needs no seeds."""

    def step(_, weights):
        return weights - 0.1 * value_and_gradient(weights)[1]

    end = jax.jit(lambda start: jax.lax.fori_loop(0, 20_000, step, start))(family(k, SEED_FREE))
    assert abs(float(value_and_gradient(end)[0]) - FAMILY[k]) < 1e-9


def test_copies_are_told_from_different_minima():
    value = np.array([0.2, 0.1, np.nan, 0.1 + 1e-9, 0.1])
    spectrum = np.array([[1.0, 2], [1, 2], [1, 2], [1, 2 + 1e-6], [1, 3]])
    assert distinct(value, spectrum).tolist() == [2, 0, -1, 0, 1]


@pytest.mark.parametrize(
    "options, message",
    [
        ({"seeds": 0}, "seeds must be 1 or more"),
        ({"k": ()}, "k and n must be paired"),
        ({"k": (7, 8), "n": (7,)}, "2 of k and 1 of n"),
        ({"k": (7,), "n": (6,)}, "n >= k >= 2"),
        ({"k": (7, 7)}, "differ from the others"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        pairs(dataclasses.replace(Config(), **options))


def test_a_run_that_is_not_finite_is_an_error(monkeypatch):
    def broken(state):
        return state._replace(objective=state.objective * jnp.nan)

    monkeypatch.setattr(safran_shamir, "descend", broken)
    with pytest.raises(FloatingPointError, match="k = 3, n = 3: seeds"):
        spurious_minima.descend(3, 3, np.arange(2), 1e-3, 50)


@pytest.mark.slow
def test_who_is_refused_descends_further():
    """k = 6, seeds 716 and 908: both end at the seed-free minimum, 908 only in the second round."""
    found = spurious_minima.cell(6, 6, np.array([0, 716, 908]))
    assert found.outcome.tolist() == [0, 1, 1]
    assert found.steps[2] > found.steps[1]
    np.testing.assert_allclose(found.objective[1:], FAMILY[6], atol=1e-9)
    np.testing.assert_allclose(found.spectrum[1:, 0], 0.0047, atol=1e-4)


def test_a_stopped_full_run_goes_on_from_its_descents(tmp_path):
    seeds, config, written = np.arange(8), Config(seeds=8, k=(3,)), []
    alone = spurious_minima.cell(3, 3, seeds)
    for _ in range(2):
        with contextlib.suppress(KeyboardInterrupt), unfinished.kept(tmp_path, "spurious", config):
            kept = spurious_minima.cell(3, 3, seeds)
            written.append({path: path.stat().st_mtime_ns for path in tmp_path.rglob("segment-*.npz")})
            raise KeyboardInterrupt
    assert written[0]
    assert written[0] == written[1]  # read, not computed again
    for one, other in zip(alone, kept, strict=True):
        np.testing.assert_array_equal(one, other)


def test_newtons_method_is_refused_where_it_may_not_stand_for_descent():
    far = np.random.default_rng(0).normal(size=(3, 4, 4))
    found = safran_shamir.finish(far)
    assert not found.accepted.any()
    np.testing.assert_array_equal(found.weights, far)


def symmetric_saddle():
    """k = n = 3: a on the diagonal, b elsewhere, by Newton's method; one eigenvalue is negative."""
    weights = np.full((3, 3), 0.659453) - 0.977633 * np.eye(3)
    for _ in range(5):
        step = np.linalg.solve(hessian(weights), np.ravel(value_and_gradient(weights)[1]))
        weights = weights - step.reshape(3, 3)
    value, gradient = value_and_gradient(weights)
    values, vectors = np.linalg.eigh(hessian(weights))
    assert safran_shamir.gradient_norm(gradient) < 1e-13
    assert (values < 0).sum() == 1
    return weights, float(value), vectors[:, 0].reshape(3, 3)


@pytest.mark.parametrize("side", [1, -1])
def test_a_saddle_is_left_on_the_way_that_descent_takes(side):
    saddle, value, down = symmetric_saddle()
    near = saddle + side * 1e-7 * down
    pushed = safran_shamir.pushed(near)
    np.testing.assert_allclose(pushed - near, side * safran_shamir.PUSH * down, atol=1e-7)
    left_alone = safran_shamir.follow(near, value, 0.0, 10_000)
    followed = safran_shamir.follow(pushed, value, 1e-9, 10_000)
    assert followed.objective < safran_shamir.GLOBAL
    assert followed.patience > left_alone.patience > 0  # as far in fewer steps
    assert np.linalg.norm(followed.weights - left_alone.weights) < 0.05
    assert followed.rise < safran_shamir.ROUNDING


def test_a_minimum_is_not_left():
    weights = np.asarray(family(7, SEED_FREE))
    np.testing.assert_array_equal(safran_shamir.pushed(weights), weights)


def test_a_push_that_raises_f_is_seen():
    saddle, value, _ = symmetric_saddle()
    assert safran_shamir.follow(saddle, value - 1e-9, 1e-9, 10).rise > 0.9e-9


def at_the_symmetric_saddle(k, n):
    saddle, _, _ = symmetric_saddle()
    return lambda key, handover, patience: safran_shamir.begin(jnp.asarray(saddle), handover, patience)


def test_a_run_that_rests_at_a_saddle_goes_on(monkeypatch):
    _, value, _ = symmetric_saddle()
    limits = safran_shamir.CONVERGED, 10_000
    monkeypatch.setattr(spurious_minima, "start", at_the_symmetric_saddle)
    found = spurious_minima.cell(3, 3, np.arange(2), [limits])
    assert found.pushed.tolist() == [1, 1]
    assert found.outcome.tolist() == [spurious_minima.NOT_SPURIOUS] * 2
    assert np.all(np.isnan(found.gradient_norm))  # of the saddle, where the runs are no more
    monkeypatch.setattr(spurious_minima, "FURTHER", 0)
    found = spurious_minima.cell(3, 3, np.arange(2), [limits])
    assert found.outcome.tolist() == [spurious_minima.UNSETTLED] * 2  # a saddle is no minimum
    np.testing.assert_allclose(found.objective, value, rtol=1e-12)


def test_a_run_that_is_not_finite_when_followed_on_is_an_error(monkeypatch):
    monkeypatch.setattr(safran_shamir, "pushed", lambda weights: weights * np.nan)
    monkeypatch.setattr(spurious_minima, "start", at_the_symmetric_saddle)
    with pytest.raises(FloatingPointError, match=r"k = 3, n = 3: seeds \[4 5\] are not finite"):
        spurious_minima.cell(3, 3, np.array([4, 5]), [(safran_shamir.CONVERGED, 10_000)])


def test_who_does_not_rest_is_followed_on():
    short, long = (spurious_minima.cell(3, 3, np.arange(4), [(1e-9, patience)]) for patience in (50, 20_000))
    assert np.any(short.steps > 50)
    for found in (short, long):
        assert found.outcome.tolist() == [spurious_minima.NOT_SPURIOUS] * 4


@pytest.fixture
def two_devices(monkeypatch):
    """A lane for each of eight would keep two cores busy with copies; the bits are the same."""
    monkeypatch.setattr(jax, "local_devices", lambda: jax.devices()[:2])


@pytest.mark.slow
def test_the_saddle_that_a_seed_rests_at(two_devices):
    """k = 16, n = 17, seed 41 comes to a gradient below 1e-9 at a saddle; left alone it leaves it as well."""
    found = spurious_minima.cell(16, 17, np.array([41]))
    assert found.pushed.tolist() == [1]
    assert found.outcome.tolist() == [spurious_minima.NOT_SPURIOUS]
    alone = spurious_minima.descend(16, 17, np.array([41]), 0.0, 100_000)
    assert alone.state.objective < safran_shamir.GLOBAL
    assert 2 * found.steps < alone.steps < 100_000


@pytest.fixture(scope="module")
def two_cells():
    return spurious_minima.run(Config(seeds=20, k=(6, 9), n=(7, 9)))


def test_two_chosen_cells(two_cells):
    assert dict(two_cells.sizes)["cell"] == 2
    assert two_cells["k"].values.tolist() == [6, 9]
    assert two_cells["n"].values.tolist() == [7, 9]
    named = ("runs", "spurious", "share", "share_low", "share_high")
    for name in (*named, "mean_objective", "mean_smallest_eigenvalue"):
        assert two_cells[name].dims == ("cell",)
    assert two_cells["runs"].values.tolist() == [20, 20]
    assert two_cells["seed_objective"].dims == ("cell", "seed")
    assert two_cells["spurious"][1] > 0


def test_every_finding_is_decided_by_numbers_and_figures_draw(two_cells):
    for each in spurious_minima.EXPERIMENT.findings(two_cells):
        assert np.all(np.isfinite([each.measured, *each.interval])), each.claim
    assert all(rows for _, rows in spurious_minima.EXPERIMENT.tables(two_cells).values())
    with style.context():
        for figure, _ in spurious_minima.EXPERIMENT.figures(two_cells).values():
            figure.savefig(io.BytesIO())


@pytest.mark.slow
def test_newtons_end_is_where_descent_ends():
    seeds = np.arange(400)
    newton = spurious_minima.cell(8, 8, seeds)
    stuck = seeds[newton.outcome == spurious_minima.SPURIOUS][:50]
    assert len(stuck) >= 40
    descent = spurious_minima.cell(8, 8, stuck, spurious_minima.PURE)
    assert np.all(descent.outcome == spurious_minima.SPURIOUS)
    np.testing.assert_allclose(descent.objective, newton.objective[stuck], rtol=1e-9)
    np.testing.assert_allclose(descent.spectrum, newton.spectrum[stuck], rtol=1e-5)


@pytest.mark.slow
def test_the_published_step_ends_in_the_same_minima_as_often():
    """Of the seeds that end differently at steps 0.1 and 0.3, as many go one way as the other."""
    slow = functools.partial(safran_shamir.descend, step=0.1)
    options = {"check_every": 100, "lane": 64, "max_steps": 20_000}
    stuck = []
    for step in (slow, safran_shamir.descend):
        ended = nnjax.sweep_until(
            spurious_minima.start(8, 8),
            step,
            safran_shamir.settled,
            range(1000),
            {"patience": [20_000]},
            **options,
        )
        stuck.append(ended.state.objective[:, 0] >= safran_shamir.GLOBAL)
    gained, lost = int(np.sum(stuck[0] & ~stuck[1])), int(np.sum(~stuck[0] & stuck[1]))
    assert gained + lost < 50
    assert stats.binomtest(gained, gained + lost).pvalue > 1e-3


@pytest.mark.slow
def test_the_step_is_stable_at_the_largest_size(two_devices):
    """The largest eigenvalue grows with k; at k = 20 it is still below 2 / step, and F only falls."""
    runs = spurious_minima.cell(20, 20, np.arange(32))
    spurious = runs.outcome == spurious_minima.SPURIOUS
    assert spurious.sum() > 20
    assert np.max(runs.spectrum[spurious]) < 0.95 * 2 / safran_shamir.STEP
    assert np.max(runs.rise) < safran_shamir.ROUNDING


@pytest.mark.slow
@pytest.mark.parametrize("k, published", [(7, 0.055), (8, 0.126)])
def test_published_shares(k, published):
    runs = spurious_minima.cell(k, k, np.arange(1000))
    spurious = runs.outcome == spurious_minima.SPURIOUS
    error = np.sqrt(2 * published * (1 - published) / 1000)
    assert abs(spurious.mean() - published) < 4 * error
    assert not np.any(runs.outcome == spurious_minima.UNSETTLED)
    assert np.max(runs.rise) < safran_shamir.ROUNDING
    assert np.all(np.abs(runs.objective[spurious] - FAMILY[k]) < 1e-5)

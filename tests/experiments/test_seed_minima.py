"""The parts of the experiment on seeds and minima, held against counts, closed forms and other runs."""

import dataclasses
import io

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import xarray as xr
from jax.flatten_util import ravel_pytree

import nnjax
from experiments import seed_minima
from experiments.runner import style
from experiments.seed_minima import Config
from experiments.seed_minima import students as minima_known
from experiments.seed_minima import xor as minima_measures
from nnjax import minima


def test_levels():
    assert minima_measures.level([0.01, 0.49, 0.66, 1.019, 0.3, np.nan]).tolist() == [0, 1, 2, 3, -1, -1]


def test_the_levels_are_what_rows_that_share_an_output_cost():
    """min over p of Σ (yₙ - p)² over each group of rows, for all ways to make groups of XOR's rows."""
    ys = np.array([0.0, 1, 1, 0])
    found = set()
    for groups in np.ndindex(4, 4, 4, 4):
        parts = [ys[np.array(groups) == g] for g in set(groups)]
        found.add(round(sum(np.sum((part - part.mean()) ** 2) for part in parts), 12))
    assert found == {round(value, 12) for value in minima_measures.LEVELS}


def test_the_eight_copies_differ_and_compute_the_same():
    network = minima_known.STUDENT
    params = nnjax.init(network, nnjax.key(0), "normal", "normal", dtype=jnp.float64)
    copies = minima_known.copies(params)
    rows = {tuple(ravel_pytree(copy)[0].round(9).tolist()) for copy in copies}
    assert len(rows) == minima_known.COPIES == len(copies)
    for copy in copies:
        for x in ([0.3, -1.0], [2.0, 0.5]):
            expected = nnjax.predict(network, params, np.array(x))
            np.testing.assert_allclose(nnjax.predict(network, copy, np.array(x)), expected, rtol=1e-12)


def test_the_linear_networks_critical_points():
    data = minima_known.bottleneck(np.arange(64))
    np.testing.assert_allclose(data["subset_loss"], data["subset_theory"], rtol=1e-12)
    assert data["subset_negative"].values.tolist() == data["subset_downhill"].values.tolist()
    np.testing.assert_allclose(data["linear_loss"], float(data["linear_least"]), rtol=1e-9)
    assert np.ptp(data["linear_weights"].values, axis=0).max() > 0.1
    np.testing.assert_allclose(data["linear_product"][1], data["linear_product"][0], rtol=1e-6, atol=1e-9)


def test_a_linear_network_that_diverges_is_an_error(monkeypatch):
    monkeypatch.setattr(minima_known.optax, "sgd", lambda *_: optax.scale(-1.0))
    with pytest.raises(FloatingPointError, match="diverged"):
        minima_known.bottleneck(np.arange(2))


def test_a_students_epoch_is_plain_descent_then_momentum():
    _, data = minima_known.task()
    state = minima_known.begin(nnjax.key(3))
    slope = nnjax.gradients(minima_known.STUDENT, state.params, *data)
    plain = jax.tree.map(lambda p, g: p - minima_known.RATE * g, state.params, slope)
    chex.assert_trees_all_close(minima_known.descend(state).params, plain, rtol=1e-12)
    late = state._replace(step=slope, epochs=jnp.int32(minima_known.PLAIN))
    moved = jax.tree.map(lambda p, g: p + minima_known.MOMENTUM * g, plain, slope)
    chex.assert_trees_all_close(minima_known.descend(late).params, moved, rtol=1e-12)


def test_ways_begin_and_end_where_training_does():
    found = minima_known.ways(np.arange(2), 100, looks=9)
    state = minima_known.begin(nnjax.key(1))
    np.testing.assert_allclose(found[1, 0], ravel_pytree(state.params)[0], rtol=1e-12)
    end = jax.jit(lambda s: jax.lax.fori_loop(0, 100, lambda _, now: minima_known.descend(now), s))(state)
    np.testing.assert_allclose(found[1, -1], ravel_pytree(end.params)[0], rtol=1e-9)


def test_the_plane_goes_through_its_ends():
    """Three end states span a plane, so the loss there is theirs: 0, not that of points nearby."""
    teacher, data = minima_known.task()
    rows = np.stack([ravel_pytree(copy)[0] for copy in minima_known.copies(teacher)[:3]])
    made = xr.Dataset(
        {
            "student_settled": ("student_seed", np.ones(3, bool)),
            "student_loss": ("student_seed", np.zeros(3)),
            "student_copy": ("student_seed", np.arange(3)),
            "student_end": (("student_seed", "parameter"), rows),
            "student_path": (("path", "look", "parameter"), rows[:2, None]),
        }
    )
    found = minima_known._slices(made, data, size=41)
    np.testing.assert_allclose(found["plane_path"][1][:2, 0], found["plane_end"][1][:2], rtol=1e-9)
    middle = rows.mean(axis=0)
    np.testing.assert_allclose(
        np.linalg.norm(found["plane_end"][1], axis=1), np.linalg.norm(rows - middle, axis=1), rtol=1e-9
    )


def made_up(seeds=200, few=120):
    """A dataset like a long run's, with numbers that are drawn."""
    rng = np.random.default_rng(0)
    networks, settings = list(minima_measures.XOR_NETWORKS), list(minima_measures.SETTINGS)
    levels = rng.choice([0, 1, 2], 1200, p=[0.5, 0.25, 0.25])
    starts, subsets = ["LeCun", "N(0, 1)"], ["12", "13"]
    loss = np.where(np.arange(seeds) < 5, 1.5, 0.0)
    wide = {"xor_verdict": np.full(1200, minima.PLATEAU), "xor_level": levels, "xor_again": levels}
    student = {
        "loss": loss, "settled": np.arange(seeds) < seeds - 2, "distance": np.zeros(seeds),
        "copy": np.arange(seeds) % 8, "minimum": (loss > 0) * 1, "verdict": np.zeros(seeds, int),
        "epochs": np.full(seeds, 500),
    }  # fmt: skip
    return xr.Dataset(
        {name: ("xor_seed", values) for name, values in wide.items()}
        | {f"student_{name}": ("student_seed", values) for name, values in student.items()}
        | {
            "condition_loss": (
                ("network", "few_seed", "setting"),
                rng.choice([0.0, 0.5, 0.7], (4, few, len(settings))),
            ),
            "plane_loss": (("across", "along"), rng.uniform(0, 9, (5, 5))),
            "random_loss": (("across", "along"), rng.uniform(0, 9, (5, 5))),
            "plane_step": ("along", np.linspace(-1, 1, 5)),
            "random_step": ("along", np.linspace(-1, 1, 5)),
            "plane_end": (("corner", "axis"), rng.normal(size=(3, 2))),
            "plane_path": (("path", "look", "axis"), rng.normal(size=(2, 4, 2))),
            "plane_joins": ("path", np.array([True, False])),
            "digits_accuracy": (("digits_start", "digits_seed"), rng.uniform(0.9, 1, (2, few))),
            "digits_loss": (("digits_start", "digits_seed"), rng.uniform(0.01, 0.1, (2, few))),
            "digits_gradient_norm": (("digits_start", "digits_seed"), rng.uniform(0.01, 0.1, (2, few))),
            "digits_lost": (("digits_start", "digits_seed", "digit"), rng.uniform(size=(2, few, 10)) < 0.02),
            "digits_apart": (("digits_start", "pair_of_seeds"), rng.uniform(0, 0.1, (2, few // 2))),
            "barrier_before": ("barrier_pair", rng.uniform(0.3, 0.5, 15)),
            "barrier_after": ("barrier_pair", rng.uniform(0.01, 0.02, 15)),
            "linear_loss": ("linear_seed", np.full(4, 17.0)),
            "linear_least": 17.0,
        }
        | {f"subset_{n}": ("subset", np.ones(2)) for n in ("theory", "loss", "downhill", "negative")}
        | {"subset_verdict": ("subset", np.array([1, 2]))},
        {"network": networks, "setting": settings, "digits_start": starts, "subset": subsets},
        {"steps": 15_000},
    )


def test_every_finding_of_a_long_run_is_decided_by_numbers():
    data = made_up()
    found = seed_minima.EXPERIMENT.findings(data)
    assert len(found) == 20
    for each in found:
        assert np.all(np.isfinite([each.measured, *each.interval])), each.claim
    assert all(rows for _, rows in seed_minima.EXPERIMENT.tables(data).values())


def test_the_figures_of_a_long_run_draw():
    with style.context():
        for figure, caption in seed_minima.EXPERIMENT.figures(made_up()).values():
            figure.savefig(io.BytesIO())
            assert caption


@pytest.mark.parametrize("options", [{"seeds": 1}, {"steps": 0}, {"paths": 2000}])
def test_bad_options_are_refused(options):
    with pytest.raises(ValueError, match=f"{next(iter(options))} must be .*; got"):
        dataclasses.replace(Config(), **options)


@pytest.mark.slow
def test_xors_shares_and_certificates():
    """75.9, 22.5 and 1.6 % of 8000 seeds in an independent run; 2 points are 4 standard errors of both."""
    data = minima_measures.xor(np.arange(8000), 15_000)
    shares = [np.mean(data["xor_level"].values == level) for level in range(3)]
    assert np.all(np.abs(np.array(shares) - [0.759, 0.225, 0.016]) < [0.02, 0.02, 0.006])
    assert not np.any(np.isin(data["xor_verdict"].values, [minima.STRICT, minima.FLAT, minima.SADDLE]))


@pytest.mark.slow
def test_students_that_count_have_settled():
    """Seed 150 ends in a local minimum that is not the global one; 120 is still under way."""
    data = minima_known.students(np.array([0, 1, 2, 120, 150]), 2, 20_000)
    assert data["student_settled"].values.tolist() == [True, True, True, False, True]
    np.testing.assert_allclose(data["student_loss"][4], 1.51424728, rtol=1e-8)
    assert data["student_smallest_eigenvalue"][4] > 1e-6
    assert np.all(data["student_loss"][:3] < 1e-20)
    assert np.all(data["student_distance"][:3] < 1e-9)
    steepest = data["student_largest_eigenvalue"].values[data["student_settled"].values].max()
    assert steepest < 2 / minima_known.RATE


@pytest.mark.slow
def test_barriers_fall_when_networks_are_aligned():
    """0.430 as trained and 0.011 aligned, of 3 pairs in an independent run; these pairs are others."""
    data = minima_measures.barriers(np.arange(3), 100)
    np.testing.assert_allclose(np.mean(data["barrier_before"]), 0.430, rtol=0.3)
    np.testing.assert_allclose(np.mean(data["barrier_after"]), 0.011, rtol=0.5)

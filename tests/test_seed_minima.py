"""The parts of the experiment on seeds and minima, held against counts, closed forms and other runs."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import nnjax
from experiments import minima_measures
from experiments.seed_minima import Config
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
    network = minima_measures.STUDENT
    params = nnjax.init(network, nnjax.key(0), "normal", "normal", dtype=jnp.float64)
    copies = minima_measures.copies(params)
    rows = {tuple(ravel_pytree(copy)[0].round(9).tolist()) for copy in copies}
    assert len(rows) == minima_measures.COPIES == len(copies)
    for copy in copies:
        for x in ([0.3, -1.0], [2.0, 0.5]):
            expected = nnjax.predict(network, params, np.array(x))
            np.testing.assert_allclose(nnjax.predict(network, copy, np.array(x)), expected, rtol=1e-12)


def test_the_linear_networks_critical_points():
    data = minima_measures.bottleneck(np.arange(3))
    np.testing.assert_allclose(data["subset_loss"], data["subset_theory"], rtol=1e-12)
    assert data["subset_negative"].values.tolist() == data["subset_downhill"].values.tolist()
    np.testing.assert_allclose(data["linear_loss"], float(data["linear_least"]), rtol=1e-9)
    assert np.ptp(data["linear_weights"].values, axis=0).max() > 0.1
    np.testing.assert_allclose(data["linear_product"][1], data["linear_product"][0], rtol=1e-6, atol=1e-9)


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
def test_barriers_fall_when_networks_are_aligned():
    """0.430 as trained and 0.011 aligned, of 3 pairs in an independent run; these pairs are others."""
    data = minima_measures.barriers(np.arange(3), 100)
    np.testing.assert_allclose(np.mean(data["barrier_before"]), 0.430, rtol=0.3)
    np.testing.assert_allclose(np.mean(data["barrier_after"]), 0.011, rtol=0.5)

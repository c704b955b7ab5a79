"""Small sweeps and single networks: what a ratio above 1 means, and whether all methods train alike."""

import dataclasses

import jax
import numpy as np
import pytest

from experiments.benchmark import few, peers, work


@pytest.fixture
def clocked(monkeypatch):
    """Replace the clock: a job takes the number of seconds that the job returns."""
    monkeypatch.setattr(few, "clock", lambda job: (float(job()[0]), job()))


def test_a_ratio_above_1_is_faster_than_plain_jax(clocked, monkeypatch):
    monkeypatch.setattr(few.nnjax, "sweep", lambda fn, seeds: np.full(len(seeds), 2.0))
    monkeypatch.setattr(peers, "plain_jax", lambda each: lambda: np.full(each.seeds, 5.0))
    monkeypatch.setattr(few.compiling, "available", lambda: True)
    data = few.sweeps({"2-2-1": work.xor((2, 2, 1), 3, 1)}, repeats=2)
    assert data["ratio"].shape == (2, 1, len(few.COUNTS), 2)
    assert (data["ratio"] == 2.5).all()


@pytest.mark.slow
def test_one_network_is_trained_by_all():
    digits = work.digits(1, small=True)
    alone = dataclasses.replace(digits, seeds=1)
    with jax.numpy_rank_promotion("allow"), jax.numpy_dtype_promotion("standard"):
        data = few.one_network(digits, repeats=1)
        want = peers.plain_jax(alone)()
        got = few.nnjax_train(alone)()
    assert (data["seconds"] > 0).all()
    assert {few.OURS, "scikit-learn, MLPClassifier"} < set(data["peer"].values)
    np.testing.assert_allclose(got, want[0], rtol=1e-5)


def test_wide_rows_are_as_many_as_mnists():
    small = work.wide((784, 30, 10), small=True)
    assert (small.xs.shape, small.ys.shape, small.steps) == ((20, 784), (20, 10), 2)
    assert (small.ys.sum(axis=1) == 1).all()
    assert small.flops == 2 * 10 * (2 * (784 * 30 + 300) + 300)

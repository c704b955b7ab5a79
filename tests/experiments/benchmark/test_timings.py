"""The bookkeeping of timings, tested with peers that take a known time and reach known losses."""

import dataclasses

import numpy as np
import pytest

from experiments.benchmark import peers, timings, work
from experiments.benchmark.peers import FLOOR, Peer
from experiments.runner.context import Context

LONG = True


@pytest.fixture
def made_up(monkeypatch):
    """Make two peers, one of them a loop, and no C program; a job's first run takes 10 s, later ones 2 s."""
    ran = []

    def make(each):
        def job():
            ran.append(job)
            return np.full(each.seeds, 1.0)

        return job

    pair = {"all": Peer(make, "numpy", most_steps=30), "one": Peer(make, "numpy", loop=True)}
    monkeypatch.setattr(timings, "PEERS", pair)
    monkeypatch.setattr(timings, "METHODS", (*pair, FLOOR))
    monkeypatch.setattr(timings, "clock", lambda job: (10.0 if job not in ran else 2.0, job()))
    monkeypatch.setattr(timings.floor, "speed", lambda work: 7.0)
    monkeypatch.setattr(peers, "nnjax_sweep", lambda view, each: lambda: np.full(each.seeds, 1.25))
    return pair


def test_speeds_are_seed_steps_over_seconds(made_up):
    xor = work.xor((2, 2, 1), steps=50, seeds=8)
    data = timings.speeds({"2-2-1": xor}, repeats=3, context=Context(), parts=1).sel(network="2-2-1")
    assert data["first"].sel(peer=["all", "one"]).values.tolist() == [10.0, 10.0]
    assert data["seed_steps"].values.tolist() == [30 * 8, 50, 50 * 8]
    np.testing.assert_array_equal(data["rate"], [[120.0] * 3, [25.0] * 3, [7.0] * 3])
    assert data["named"].item() == "nnjax, node by node"
    assert np.isnan(data["loss_difference"]).all()


def test_losses_that_differ_are_seen(made_up):
    """Planted losses, 1 (theirs) and 1.25 (ours), are 20 % apart; a diverging peer is infinitely far off."""
    each = dataclasses.replace(work.xor((2, 2, 1), steps=5, seeds=2), checked=True)
    np.testing.assert_allclose(timings.differences(each)[:2], 0.2, rtol=1e-12)
    made_up["all"] = Peer(lambda each: lambda: np.full(each.seeds, np.nan), "numpy")
    assert timings.differences(each)[0] == np.inf


@pytest.mark.slow
def test_a_networks_result_is_its_nine_parameters_and_its_loss():
    data = timings.million(Context(), seeds=16)
    assert float(data["result"]) == 4 * (9 + 1)
    assert float(data["seconds"]) > 0
    assert {name: data[name].attrs["units"] for name in data} == {
        "seconds": "s",
        "peak_memory": "bytes",
        "result": "bytes per seed",
    }

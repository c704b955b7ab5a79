"""The clock counts seconds, and the machine is described."""

import time

import numpy as np

from experiments.benchmark import machine


def test_the_clock_counts_seconds():
    seconds, result = machine.clock(lambda: (time.sleep(0.05), np.ones(2))[1])
    assert 0.05 <= seconds < 5
    assert result.tolist() == [1, 1]


def test_the_machine_is_described():
    data = machine.measured(repeats=2)
    assert data["peak"].shape == (2,)
    assert (data["peak"] > 0).all()
    assert any(name in data.attrs["description"] for name in (*machine.VECTORS.values(), "other vectors"))
    assert "cores" in data.attrs["description"]
    assert "jax" in data.attrs["versions"]
    assert not machine.peak_memory() < 1e6

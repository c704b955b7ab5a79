"""Clocks and lower bounds: seconds are seconds, and the C program trains XOR at a measurable speed."""

import shutil
import time

import numpy as np
import pytest

from experiments.benchmark import machine


def test_the_clock_counts_seconds():
    seconds, result = machine.clock(lambda: (time.sleep(0.05), np.ones(2))[1])
    assert 0.05 <= seconds < 5
    assert result.tolist() == [1, 1]


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
def test_the_floor_is_a_speed():
    assert np.isfinite(machine.floor())
    assert machine.floor() > 1e5


def test_without_a_compiler_there_is_no_floor(monkeypatch):
    machine.floor_program.cache_clear()
    monkeypatch.setattr(machine.shutil, "which", lambda name: None)
    assert np.isnan(machine.floor())
    assert machine.FLOOR in machine.missing()
    machine.floor_program.cache_clear()


def test_the_machine_is_described():
    data = machine.measured(repeats=2)
    assert data["peak"].shape == (2,)
    assert (data["peak"] > 0).all()
    assert "cores" in data.attrs["description"]
    assert "jax" in data.attrs["versions"]
    assert not machine.peak_memory() < 1e6

"""The speeds of a device: each row is written to disk as soon as it is measured."""

import csv
import dataclasses

import numpy as np
import pytest

from experiments.benchmark import on_device
from experiments.benchmark.work import xor


@pytest.fixture
def tiny(monkeypatch):
    """Make one training task, and methods that do nothing, one of which fails."""
    work = xor((2, 2, 1), 2, 4)

    def out_of_memory(work):
        raise RuntimeError("out of memory\nlong story")

    methods = {
        "nnjax": lambda work: lambda: np.zeros(work.seeds),
        "plain JAX, jit(vmap(scan))": lambda work: lambda: np.ones(work.seeds),
        "broken": out_of_memory,
    }
    monkeypatch.setattr(on_device, "methods", lambda: methods)
    monkeypatch.setattr(on_device, "works", lambda smoke: {"XOR": work})
    monkeypatch.setattr(on_device, "large", lambda smoke: {"many": dataclasses.replace(work, seeds=8)})
    monkeypatch.setattr(on_device.peers, "nnjax_sweep", lambda view, work: methods["nnjax"](work))


def test_every_method_has_a_row_also_one_that_fails(tiny, tmp_path):
    assert on_device.main([str(tmp_path / "speeds.csv"), "--smoke"]) == 0
    with (tmp_path / "speeds.csv").open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    assert len(head) == 7
    assert {len(row) for row in rows} == {7}
    by_method = {row[1]: row for row in rows if row[0] == "XOR"}
    assert set(by_method) == {"nnjax", "plain JAX, jit(vmap(scan))", "broken"}
    assert by_method["broken"][-1] == "RuntimeError: out of memory"
    assert float(by_method["nnjax"][-1]) == 1
    assert float(by_method["nnjax"][-2]) > 0
    assert rows[-1][0] == "many"
    assert rows[-1][-1] == "1.0000 of the seeds below SSE 0.1"


def test_the_works_of_a_rehearsal_are_small():
    works = [*on_device.works(smoke=True).values(), *on_device.large(smoke=True).values()]
    assert all(work.seed_steps <= 5000 for work in works)
    assert on_device.large(smoke=False)["a hundred million XOR 2-2-1"].seeds == 10**8


def test_torch_takes_fewer_updates():
    work = xor((2, 2, 1), 5000, 4)
    assert on_device.limited("torch.func, vmap", work).steps < 100
    assert on_device.limited("nnjax", work).steps == 5000

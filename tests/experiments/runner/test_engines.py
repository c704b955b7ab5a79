"""Who computes: several processes, a scheduler that is there, or nobody else."""

import signal
import sys

import pytest

from experiments.runner import arguments, engines


def opened(*words):
    return engines.opened(arguments.parse(["digits", *words]))


def test_nobody_else():
    with opened() as workers:
        assert workers is None


def test_processes_share_the_cores(monkeypatch):
    monkeypatch.setattr(engines.os, "sched_getaffinity", lambda process: range(16))
    for count, devices in ((2, 8), (5, 3), (32, 1)):
        with opened("--workers", str(count)) as workers:
            assert workers is not None
            assert workers.devices == devices


def test_ctrl_c_is_left_to_the_first_process(monkeypatch):
    calls = []
    monkeypatch.setattr(engines.signal, "signal", lambda *call: calls.append(call))
    engines._leave_ctrl_c()
    assert calls == [(signal.SIGINT, signal.SIG_IGN)]


def test_the_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    said = r"needs Dask: pip install 'nnjax\[cluster\]'"
    with pytest.raises(ImportError, match=said), opened("--executor", "dask://a:1"):
        pass


@pytest.mark.cluster
@pytest.mark.filterwarnings("ignore")
def test_a_scheduler_that_does_not_answer(monkeypatch):
    monkeypatch.setattr(engines, "PATIENCE", 0.5)
    said = r"no Dask scheduler answers at dask://127.0.0.1:9 within 0.5 s"
    with pytest.raises(OSError, match=said), opened("--executor", "dask://127.0.0.1:9"):
        pass

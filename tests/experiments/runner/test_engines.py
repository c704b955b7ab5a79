"""What runs the sweeps: several processes, an existing scheduler, or this process alone."""

import queue
import signal
import sys

import pytest

from experiments.runner import arguments, engines


def opened(*words):
    return engines.opened(arguments.parse(["digits", *words]))


def test_nobody_else():
    with opened() as workers:
        assert workers is None


@pytest.mark.parametrize(
    "workers, shares",
    [(2, [[1, 2], [5, 6]]), (3, [[1], [2], [5]]), (6, [[1], [2], [5], [6], [9], [1]])],
)
def test_processes_share_the_cores(monkeypatch, workers, shares):
    monkeypatch.setattr(engines.os, "sched_getaffinity", lambda process: {1, 2, 5, 6, 9})
    assert engines._shares_of_cores(workers) == shares
    with opened("--workers", str(workers)) as executor:
        assert executor is not None
        assert executor.devices == len(shares[0])


def test_a_process_keeps_to_its_cores_and_leaves_ctrl_c(monkeypatch):
    calls, left = [], queue.Queue()
    left.put([3])
    monkeypatch.setattr(engines.signal, "signal", lambda *call: calls.append(call))
    monkeypatch.setattr(engines.os, "sched_setaffinity", lambda *call: calls.append(call))
    engines._begin(left)
    assert calls == [(signal.SIGINT, signal.SIG_IGN), (0, [3])]


def test_the_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    said = r"needs Dask: pip install 'nnjax\[cluster\]'"
    with pytest.raises(ImportError, match=said), opened("--executor", "dask://a:1"):
        pass


@pytest.mark.cluster
@pytest.mark.filterwarnings("ignore")
def test_a_scheduler_that_does_not_answer(monkeypatch):
    monkeypatch.setattr(engines, "PATIENCE", 0.5)
    said = r"no Dask scheduler answered at dask://127.0.0.1:9 within 0.5 s"
    with pytest.raises(OSError, match=said), opened("--executor", "dask://127.0.0.1:9"):
        pass

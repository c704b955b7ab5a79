"""Anything that is not an executor, or cannot be sent to workers, is refused with an explanation."""

import concurrent.futures
import multiprocessing
import sys
import threading

import jax
import pytest
from standin import Inline

import nnjax
from nnjax.sweeps import executors, jobs

pytest.importorskip("cloudpickle")
pytestmark = pytest.mark.cpu


FORKS = concurrent.futures.ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork"))


def draw(key):
    return jax.random.normal(key)


@pytest.mark.parametrize(
    "executor, error, message",
    [
        (3, TypeError, r"executor must have the method submit\(fn, \*arguments\) .*; got 3"),
        (concurrent.futures.ThreadPoolExecutor, TypeError, "got ThreadPoolExecutor"),
        (nnjax.Workers(3), TypeError, "got 3"),
        (FORKS, ValueError, r"executor must not fork, .*mp_context=multiprocessing.get_context\(.spawn.\)"),
        (nnjax.Workers(Inline(), tasks=0), ValueError, "tasks must be 1 or more, got 0"),
        (nnjax.Workers(Inline(), devices=1.5), TypeError, "devices must be an integer, got 1.5"),
        (nnjax.Workers(Inline(), wait=0), ValueError, "wait must be above 0, got 0"),
        (nnjax.Workers(Inline(), wait="long"), TypeError, "wait must be one number, got 'long'"),
    ],
)
def test_bad_executors(executor, error, message, without_shape_checks):
    with pytest.raises(error, match=message):
        nnjax.sweep(draw, [1], executor=executor)


def test_what_cannot_be_pickled_is_named():
    lock = threading.Lock()

    def locked(key):
        return jax.random.normal(key) if lock else key

    said = r"locked cannot be sent to workers, .*'_thread.lock'.*: leave out locks"
    with pytest.raises(TypeError, match=said):
        nnjax.sweep(locked, [1], executor=Inline())


def test_a_function_is_pickled_once():
    function = jobs.Function(draw, ())
    assert executors.pickled(function) is executors.pickled(jobs.Function(draw, ()))


def test_a_module_that_is_to_be_sent_by_value_from_now_on_is():
    cloudpickle, module = pytest.importorskip("cloudpickle"), sys.modules[__name__]
    before = executors.pickled(jobs.Function(draw, ()))
    cloudpickle.register_pickle_by_value(module)
    try:
        assert len(executors.pickled(jobs.Function(draw, ()))) > len(before)
    finally:
        cloudpickle.unregister_pickle_by_value(module)


def test_the_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "cloudpickle", None)
    with pytest.raises(ImportError, match=r"needs cloudpickle: pip install 'nnjax\[cluster\]'"):
        nnjax.sweep(draw, [1], executor=Inline())


def test_a_closed_executor_says_so():
    closed = concurrent.futures.ThreadPoolExecutor(1)
    closed.shutdown()
    with pytest.raises(RuntimeError, match=r"executor ThreadPoolExecutor takes no tasks \(cannot schedule"):
        nnjax.sweep(draw, [1], executor=closed)


def test_a_broken_pool_says_so():
    broken = concurrent.futures.BrokenExecutor("a child process terminated abruptly")
    with pytest.raises(RuntimeError, match=r"the whole pool is broken, .*terminated abruptly"):
        nnjax.sweep(draw, [1], executor=Inline(lambda number: broken))


def test_cancelling_what_cannot_be_cancelled():
    class Stubborn:
        def done(self):
            return False

        def cancel(self):
            raise OSError("no scancel here")

    executors.cancel(Stubborn())

"""Rows are handed out again if a worker is lost, and the results have the same bits as on one machine."""

import itertools
import re
import sys

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import standin
from standin import Inline

import nnjax
from nnjax import sweeps
from nnjax.sweeps import crews, executors, jobs, outside, segments, workers

pytest.importorskip("cloudpickle")
pytestmark = pytest.mark.cpu
SEEDS = np.random.default_rng(0).permutation(100)
OPTIONS = {"settings": {"rate": np.float32([2.0, 1.9])}, "lane": 16}
GONE = OSError("the worker is gone")


def chaotic(key, rate):
    start = jax.random.normal(key, (3,), jnp.float32)
    return jax.lax.fori_loop(0, 100, lambda _, x: jnp.sin(3 * x) * rate, start)


@pytest.fixture(scope="module")
def alone():
    return nnjax.sweep(chaotic, SEEDS, **OPTIONS)


@pytest.fixture(autouse=True)
def fresh():
    standin.forget()


def swept(executor, **options):
    return nnjax.sweep(chaotic, SEEDS, **OPTIONS, executor=executor, **options)


def same(got, expected):
    chex.assert_trees_all_equal(got, expected, strict=True)


def test_same_bits_by_tasks(alone):
    executor = Inline()
    same(swept(executor), alone)
    assert executor.sizes == [0, *[32] * 6, 8]  # a lane for each of two devices
    assert not any(future.cancelled for future in executor.futures)


@pytest.mark.parametrize("tasks, sizes", [(1, [200]), (3, [80, 80, 40]), (50, [16] * 12 + [8])])
def test_as_many_tasks_as_asked_for(alone, tasks, sizes):
    executor = Inline()
    same(swept(nnjax.Workers(executor, tasks=tasks)), alone)
    assert executor.sizes == [0, *sizes]


@pytest.mark.parametrize("bytes_, size", [(12 * 40, 32), (12 * 31, 16), (12 * 5, 16), (1, 16)])
def test_large_results_come_in_parts(alone, monkeypatch, bytes_, size):
    monkeypatch.setattr(crews, "MESSAGE", bytes_)
    executor = Inline()
    same(swept(nnjax.Workers(executor, tasks=2)), alone)
    assert max(executor.sizes) == size


def test_tasks_grow_with_the_speed_and_shrink_towards_the_end(monkeypatch):
    monkeypatch.setattr(crews, "KNOWN_AT_FIRST", 1)
    executor = Inline()
    alone = nnjax.sweep(chaotic, range(50), OPTIONS["settings"], lane=1)
    same(nnjax.sweep(chaotic, range(50), OPTIONS["settings"], lane=1, executor=executor), alone)
    first, *sizes = executor.sizes
    assert (first, sizes[0], sizes[-1]) == (0, 2, 2)
    assert sizes[1 : crews.AHEAD] == [2] * (crews.AHEAD - 1)
    assert max(sizes) == sizes[crews.AHEAD] == (100 - 2 * crews.AHEAD) // 2


def test_work_that_ends_at_different_times():
    def init(key):
        return jax.random.normal(key), jnp.zeros((), int)

    def step(state):
        return jnp.sin(3 * state[0]) * 2, state[1] + 1

    arguments = (init, step, lambda state: jnp.abs(state[0]) < 0.2, range(60))
    options = {"check_every": 2, "max_steps": 40, "lane": 4}
    alone, executor = nnjax.sweep_until(*arguments, **options), Inline()
    same(nnjax.sweep_until(*arguments, **options, executor=executor), alone)
    assert executor.sizes == [0, 32, 28]
    assert len(set(alone.steps.tolist())) > 3


def test_a_worker_compiles_once_whatever_the_tasks_and_sweeps():
    standin.TRACES.clear()

    def counted(key):
        standin.TRACES.append(1)
        return jax.random.normal(key)

    executor = Inline()
    first = nnjax.sweep(counted, range(100), lane=4, executor=executor)
    once = len(standin.TRACES)
    same(nnjax.sweep(counted, range(50, 100), lane=4, executor=Inline()), first[50:])
    assert len(executor.futures) > 10
    assert len(standin.TRACES) == once <= 5  # shapes and text on both sides, the program only on the worker


# In a folder.


def test_a_folder_may_be_begun_here_and_finished_there(alone, tmp_path, monkeypatch):
    monkeypatch.setattr(sweeps, "SEGMENT_CALLS", 2)
    swept(None, folder=tmp_path)
    for index in (1, 4, 6):
        segments.segment_path(tmp_path, index).unlink()
    executor = Inline()
    same(swept(executor, folder=tmp_path), alone)
    assert executor.sizes == [0, 32, 32, 8]
    same(swept(None, folder=tmp_path), alone)


@pytest.mark.parametrize("kind", ["file", "empty"])
def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_asked(tmp_path, kind):
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "kept" if kind == "file" else ""
    executor = Inline()
    with pytest.raises((OSError, ValueError), match="folder "):
        swept(executor, folder=folder)
    assert not executor.futures


def test_a_folder_decides_which_workers_fit(alone, tmp_path, monkeypatch):
    """The first worker that answers is of a different kind from the workers that began the folder."""
    monkeypatch.setattr(sweeps, "SEGMENT_CALLS", 2)
    monkeypatch.setattr(workers, "HOLDS", (0.0, 0.0))
    swept(None, folder=tmp_path)
    segments.segment_path(tmp_path, 1).unlink()
    with pytest.warns(UserWarning, match=r"worker odd is refused, .*: it has Another CPU, the sweep runs on"):
        same(swept(Mixed(monkeypatch, odd=[0]), folder=tmp_path), alone)
    executor = Mixed(monkeypatch, odd=range(100))
    with (
        pytest.warns(UserWarning, match="worker odd is refused"),
        pytest.raises(ValueError, match=r"holds another sweep \(device: .* there, 'Another CPU' now"),
    ):
        swept(executor, folder=tmp_path)
    assert executor.sizes == [0] * crews.OTHERS


def test_a_full_disk_calls_off_what_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(sweeps, "SEGMENT_CALLS", 2)
    executor = Inline(lambda number: "never" if number > 4 else None)

    def full(folder, index, leaves, save=segments.save):
        if index == 2:
            raise OSError("planted: no space left")
        save(folder, index, leaves)

    monkeypatch.setattr(segments, "save", full)
    with pytest.raises(OSError, match="no space left") as caught:
        swept(executor, folder=tmp_path)
    assert "sweep stopped after 64 of 200 runs, finished segments kept in" in caught.value.__notes__[0]
    assert [future.cancelled for future in executor.futures] == [False] * 5 + [True] * 3
    assert len(list(tmp_path.glob("segment-*"))) == 2


def test_what_on_segment_raises_calls_off_what_is_left():
    executor = Inline(lambda number: "never" if number > 2 else None)
    calls = []

    def stop(done, total):
        calls.append((done, total))
        if done == 64:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        swept(executor, on_segment=stop)
    assert calls == [(32, 200), (64, 200)]
    assert sum(future.cancelled for future in executor.futures) == 5


def test_on_segment_is_called_while_nothing_comes(monkeypatch):
    monkeypatch.setattr(crews, "SIGN_OF_LIFE", 0.001)
    executor = Inline(lambda number: "never" if number else None)

    calls = itertools.count()

    def stop(done, total):
        assert done == 0
        if next(calls) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        swept(executor, on_segment=stop)


def test_on_segment_is_called_while_nobody_answers(monkeypatch):
    monkeypatch.setattr(crews, "SIGN_OF_LIFE", 0.001)
    executor, calls = Inline(lambda number: "never"), []

    def stop(*call):
        calls.append(call)
        if len(calls) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        swept(executor, on_segment=stop)
    assert calls == [(0, 200)] * 3
    assert executor.futures[0].cancelled


# What can happen to workers.


def test_the_rows_of_a_lost_worker_are_given_out_once_more(alone):
    executor = Inline(lambda number: GONE if number in (0, 3, 5) else None)
    same(swept(executor), alone)
    assert len(executor.futures) == 8 + 3


@pytest.mark.parametrize(
    "plan, what",
    [
        (lambda number: GONE, "at the very beginning"),
        (lambda number: GONE if number in (2, 8) else None, f"with seeds {SEEDS[16]} to {SEEDS[31]}"),
    ],
)
def test_rows_that_are_lost_twice_end_the_sweep(plan, what):
    said = f"executor Inline has lost its worker twice {what} (OSError: the worker is gone); the worker's log"
    with pytest.raises(RuntimeError, match=re.escape(said)):
        swept(Inline(plan))


def test_no_worker_for_as_long_as_one_says():
    executor = Inline(lambda number: "never")
    with pytest.raises(TimeoutError, match=r"within 0.05 s: does executor Inline have any\? .* wait=3600"):
        swept(nnjax.Workers(executor, wait=0.05))
    assert executor.futures[0].cancelled


def raises_at_7(key):
    def check(data):
        if data[1] == 7:
            raise ValueError("planted: seven")
        return data

    bits = jax.random.key_data(key)
    return jax.pure_callback(check, jax.ShapeDtypeStruct((2,), np.uint32), bits, vmap_method="sequential")


def test_an_exception_comes_back_with_its_seed():
    with pytest.raises(Exception, match="planted: seven") as caught:
        nnjax.sweep(raises_at_7, range(20), lane=4, executor=Inline())
    notes = caught.value.__notes__
    assert re.fullmatch(rf"in fn at seed 7, on worker {re.escape(workers.name())}", notes[0])
    assert "in check" in notes[1]
    assert notes[2].startswith("sweep stopped after ")


def test_a_worker_that_makes_something_else_of_fn_is_found_at_once(monkeypatch):
    def other(order, columns):
        return workers.Answer("node7", {"lane": 1}, shapes=[((), "float32")])

    monkeypatch.setattr(workers, "_answer", other)
    with pytest.raises(
        RuntimeError, match=r"fn's results are \[\(\(3,\), 'float32'\)\] here and .* on worker node7"
    ):
        swept(Inline())


RATE = 2.0


def rated(key):
    return RATE * jax.random.normal(key)


class Stale(Inline):
    """An executor whose workers loaded a module before that module was changed."""

    def __init__(self, monkeypatch):
        super().__init__()
        self._patch = monkeypatch

    def submit(self, fn, order, columns, attempt):
        def elsewhere(*arguments):
            with self._patch.context() as patch:
                patch.setitem(globals(), "RATE", 1.0)
                return fn(*arguments)

        return super().submit(elsewhere, order, columns, attempt)


def test_a_worker_whose_module_is_stale_is_found_at_once_and_the_advice_helps(monkeypatch):
    cloudpickle, module = pytest.importorskip("cloudpickle"), sys.modules[__name__]
    with pytest.raises(
        RuntimeError, match=r"fn is a different program on the worker: .* restart the workers, or cloudp"
    ):
        nnjax.sweep(rated, range(3), lane=1, executor=Stale(monkeypatch))

    alone = nnjax.sweep(rated, range(3), lane=1)
    cloudpickle.register_pickle_by_value(module)
    try:
        same(nnjax.sweep(rated, range(3), lane=1, executor=Stale(monkeypatch)), alone)
    finally:
        cloudpickle.unregister_pickle_by_value(module)


def test_a_login_node_of_another_kind_does_not_matter(alone, monkeypatch):
    """The node that starts the sweep may have a different processor or JAX version than the workers."""

    def elsewhere(order, columns, answer=workers._answer):
        there = answer(order._replace(expected=order.expected and inside.setdefault("there", {})), columns)
        if there.identity is not None:
            inside["there"] = there.identity
            there = there._replace(identity=there.identity | {"function": "other", "jaxlib": "0.0.1"})
        return there

    inside = {}
    monkeypatch.setattr(workers, "_answer", elsewhere)
    same(swept(Inline()), alone)


def test_a_result_that_ran_out_of_time_is_a_lost_worker(alone):
    executor = Inline(lambda number: TimeoutError("the engine's own") if number == 0 else None)
    same(swept(executor), alone)


class Mixed(Inline):
    """An executor some of whose workers, by default every second one, have another processor."""

    def __init__(self, monkeypatch, odd=range(1, 100, 2)):
        super().__init__()
        self._patch, self._odd = monkeypatch, odd

    def submit(self, fn, order, columns, attempt):
        number = len(self.futures)

        def elsewhere(*arguments):
            with self._patch.context() as patch:
                if number in self._odd:
                    patch.setattr(workers, "name", lambda: "odd")
                    patch.setattr(workers, "_looked_at", {})
                    patch.setattr(workers.jobs.devices, "kind", lambda: "Another CPU")
                return fn(*arguments)

        return super().submit(elsewhere, order, columns, attempt)


def test_a_worker_of_another_kind_is_named_once_and_computes_nothing(alone, monkeypatch):
    monkeypatch.setattr(workers, "HOLDS", (0.0, 0.0))
    with pytest.warns(
        UserWarning, match=r"worker odd is refused, .* done elsewhere: it has Another CPU"
    ) as told:
        same(swept(Mixed(monkeypatch)), alone)
    assert len(told) == 1


def test_a_later_worker_that_cannot_load_fn_is_refused_too(alone, monkeypatch):
    monkeypatch.setattr(workers, "HOLDS", (0.0, 0.0))
    monkeypatch.setattr(workers, "_function", lambda order, load=workers._function: load(broken(order)))

    def broken(order):
        return (
            order._replace(digest="broken", python="3.9") if order.expected and next(tried, False) else order
        )

    tried = iter([False, True])
    with pytest.warns(
        UserWarning,
        match=r"is refused, .*: fn cannot be loaded on the worker \(RuntimeError: this worker runs",
    ) as told:
        same(swept(Inline()), alone)
    assert len(told) == 1


@pytest.mark.filterwarnings("ignore:worker odd is refused")
def test_nobody_but_workers_of_another_kind(monkeypatch):
    monkeypatch.setattr(workers, "HOLDS", (0.0, 0.0))
    executor = Mixed(monkeypatch, odd=range(1, 10_000))
    with pytest.raises(
        RuntimeError, match="every worker that answers is of another kind: it has Another CPU"
    ):
        swept(executor)


class Forgetful(Inline):
    """An executor with two workers, the second of which is replaced by a new one after six tasks."""

    def submit(self, fn, order, columns, attempt):
        if len(self.futures) == 6:
            standin.forget()
        return super().submit(fn, order, columns, attempt)


def test_a_large_function_travels_only_where_it_is_not_known(alone, monkeypatch):
    monkeypatch.setattr(crews, "SMALL", 0)
    monkeypatch.setattr(crews, "KNOWN_AT_FIRST", 1)
    monkeypatch.setattr(crews, "AHEAD", 1)
    executor = Forgetful()
    same(swept(executor), alone)
    sent = [order.content is not None for order in executor.orders]
    assert sent == [True, True, False, False, False, False, False, True]


class Counting(Inline):
    """An executor whose workers have no function yet.

    `whole` is the largest number of functions that were being sent at the same time.
    """

    def submit(self, fn, order, columns, attempt):
        future = super().submit(fn, order, columns, attempt)
        result = future.result
        self.under_way = getattr(self, "under_way", 0) + (order.content is not None)
        self.whole = max(getattr(self, "whole", 0), self.under_way)

        def ended():
            self.under_way -= order.content is not None
            return result()

        future.result = ended
        return future


@pytest.mark.parametrize("large", [True, False])
def test_few_large_functions_are_under_way(alone, monkeypatch, large):
    size = len(executors.pickled(jobs.Function(chaotic, ("rate",), reads=outside.reads(chaotic))))
    monkeypatch.setattr(crews, "SMALL", 0 if large else size)
    monkeypatch.setattr(crews, "MESSAGE", max(2 * size, 12 * 32))  # at least the size of a task's results
    executor = Counting()
    same(swept(executor), alone)
    assert executor.whole == (crews.MESSAGE // size if large else 7)

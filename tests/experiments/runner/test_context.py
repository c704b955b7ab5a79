"""Parts that run in threads end with the experiment: waiting parts do not start, and running sweeps stop."""

import functools
import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.runner.checkpoints import Checkpoints
from experiments.runner.context import Context


def endless(context, started):
    """Run a sweep that never ends and that sets `started` once it is running."""

    def start(key):
        started.set()
        return jnp.zeros(())

    def stay(state):
        return state

    def never(state):
        return state > 0

    return context.sweep_until("endless", start, stay, never, np.arange(3), check_every=10, lane=2)


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
@pytest.mark.parametrize("depth", [1, 2])
def test_an_exception_ends_running_sweeps_and_begins_nothing_more(error, depth):
    context, started, begun = Context(), threading.Event(), []

    def experiment(depth):
        with context.pool(1) as pool:
            if depth > 1:
                return experiment(depth - 1)
            running = pool.submit(endless, context, started)
            pool.submit(begun.append, "waited")
            futures.append(running)
            assert started.wait(60)
            raise error("stop")

    futures = []
    with pytest.raises(error, match="stop"):
        experiment(depth)
    assert isinstance(futures[0].exception(timeout=0), KeyboardInterrupt)
    assert begun == []
    assert context.sweep("afterwards", lambda key: jnp.ones(()), np.arange(2)).tolist() == [1.0, 1.0]


def test_what_ends_by_itself_is_left_alone():
    with Context().pool(2) as pool:
        assert list(pool.map(lambda number: 2 * number, range(5))) == [0, 2, 4, 6, 8]


def test_parts_run_two_at_a_time_and_results_keep_their_order():
    both, shown = threading.Barrier(2, timeout=60), []

    class Shown(Context):
        def report(self, done, total):
            shown.append((done, total))

    def part(number):
        both.wait()
        return number

    assert Shown().two_at_a_time([functools.partial(part, number) for number in range(4)]) == [0, 1, 2, 3]
    assert shown == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_groups_of_all_parts_are_joined_in_the_order_of_the_parts():
    groups = Context().groups([lambda: {"b": 1, "a": 2}, lambda: {"c": 3}])
    assert list(groups.items()) == [("b", 1), ("a", 2), ("c", 3)]


def test_a_part_that_fails_ends_the_others():
    context, started = Context(), threading.Event()

    def failing():
        assert started.wait(60)
        raise RuntimeError("failed")

    with pytest.raises(RuntimeError, match="failed"):
        context.two_at_a_time([lambda: endless(context, started), failing])


def test_a_context_without_anything_shows_and_keeps_nothing(capsys):
    context = Context()
    context.report(1, 2)
    settings = {"scale": np.ones(2)}
    draws = context.sweep("draws", lambda key, scale: jax.random.normal(key), np.arange(5), settings, lane=1)
    assert draws.shape == (5, 2)
    assert context.checkpoints.folder("draws") is None
    assert capsys.readouterr().out == ""


def test_sweeps_are_kept_under_their_names(tmp_path):
    context = Context(checkpoints=Checkpoints(tmp_path))
    context.sweep("draws", lambda key: jax.random.normal(key), np.arange(3))
    folder = context.checkpoints.folder("draws")
    assert folder is not None
    assert list(folder.glob("segment-*"))

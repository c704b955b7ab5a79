"""Parts in threads end with the experiment: what waits is not begun, and sweeps stop where they are."""

import threading

import jax.numpy as jnp
import numpy as np
import pytest

from experiments.runner import sweeps, threads


def endless(started):
    """A sweep that nobody ever leaves; sets `started` once it runs."""

    def start(key):
        started.set()
        return jnp.zeros(())

    def stay(state):
        return state

    def never(state):
        return state > 0

    return sweeps.sweep_until("endless", start, stay, never, np.arange(3), check_every=10, lane=2)


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
@pytest.mark.parametrize("depth", [1, 2])
def test_an_exception_ends_running_sweeps_and_begins_nothing_more(error, depth):
    started, begun = threading.Event(), []

    def experiment(depth):
        with threads.pool(1) as pool:
            if depth > 1:
                return experiment(depth - 1)
            running = pool.submit(endless, started)
            pool.submit(begun.append, "waited")
            futures.append(running)
            assert started.wait(60)
            raise error("stop")

    futures = []
    with pytest.raises(error, match="stop"):
        experiment(depth)
    assert isinstance(futures[0].exception(timeout=0), KeyboardInterrupt)
    assert begun == []
    assert sweeps.sweep("afterwards", lambda key: jnp.ones(()), np.arange(2)).tolist() == [1.0, 1.0]


def test_what_ends_by_itself_is_left_alone():
    with threads.pool(2) as pool:
        assert list(pool.map(lambda number: 2 * number, range(5))) == [0, 2, 4, 6, 8]

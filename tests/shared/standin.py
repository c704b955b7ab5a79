"""Executors that compute in this process, and that lose, refuse or forget whatever a test tells them to."""

from collections.abc import Callable
from typing import Any

from nnjax.sweeps import workers

TRACES: list[int] = []
"""A test's function can record its traces in this list, since modules are imported, not pickled."""


class Future:
    """A future, as returned by `submit`, that has only done, result and cancel, like submitit's futures."""

    def __init__(self, compute: Callable[[], Any] | None) -> None:
        self._compute, self.cancelled = compute, False

    def done(self):
        return self._compute is not None

    def result(self):
        assert self._compute is not None, "asked for a result that is not there"
        return self._compute()

    def cancel(self):
        self.cancelled = True


class Inline:
    """An executor that computes a task when asked for its result; `futures` lists the futures it returned.

    Args:
        plan: Maps a task's number (from 0) to None, the exception that its result raises, or "never".
    """

    def __init__(self, plan: Callable[[int], Any] = lambda number: None) -> None:
        self._plan, self.futures, self.orders, self.sizes = plan, [], [], []

    def submit(self, fn, order, columns, attempt):
        number = len(self.futures)
        planned = self._plan(number)

        def compute():
            if planned is not None:
                raise planned
            return fn(order, columns, attempt)

        self.orders.append(order)
        self.sizes.append(len(columns["seed"]))
        self.futures.append(Future(None if planned == "never" else compute))
        return self.futures[-1]


def forget() -> None:
    """Make this process forget everything, like a fresh worker."""
    for kept in (workers._functions, workers._looked_at, workers._refusals):
        kept.clear()

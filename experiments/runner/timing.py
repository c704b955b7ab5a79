"""The duration of a run, and of its longest compilation."""

import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

import jax

T = TypeVar("T")


class Timing(NamedTuple):
    """Durations in seconds.

    Attributes:
        wall_time: Duration of the whole run.
        longest_compilation: Duration of XLA's longest compilation of a program; 0 if nothing was compiled.
    """

    wall_time: float
    longest_compilation: float


def timed(run: Callable[[], T]) -> tuple[T, Timing]:
    """Call `run`, and return its result and how long the call took."""
    compilations = [0.0]

    def listen(event: str, duration_secs: float, **kwargs: str | int) -> None:
        if event == "/jax/core/compile/backend_compile_duration":
            compilations.append(duration_secs)

    jax.monitoring.register_event_duration_secs_listener(listen)
    start = time.perf_counter()
    try:
        result = run()
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)
    return result, Timing(time.perf_counter() - start, max(compilations))

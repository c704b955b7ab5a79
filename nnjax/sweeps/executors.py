"""Executors: what `sweep` accepts as an executor, and how it uses one.

An executor comes from another package and finds the workers. Only the method `submit` of the executor is
used, and only `done`, `result` and `cancel` of its futures, since some executors offer no more.
"""

import concurrent.futures
import contextlib
import functools
from typing import Any, NamedTuple

from nnjax import checks
from nnjax.sweeps import jobs


class Workers(NamedTuple):
    """An executor, and how a sweep should use it: `nnjax.sweep(..., executor=nnjax.Workers(executor, ...))`.

    Attributes:
        executor: Anything with the `submit` of `concurrent.futures`: `dask.distributed`'s
            `client.get_executor()`, a `ProcessPoolExecutor` that spawns, submitit's `AutoExecutor`, or
            mpi4py's `MPIPoolExecutor`.
        tasks: The largest number of tasks into which the runs are cut. By default, a task takes about ten
            seconds, which suits workers that keep running. If every task is a process or a job in a queue, as
            with submitit, set a number.
        wait: Seconds to wait for the first answer from a worker. Later answers have no time limit, since a
            long task cannot be distinguished from a cluster that is gone.
        devices: The number of CPU devices for each worker, usually the number of cores that it may use. By
            default, this is left to the workers (JAX_NUM_CPU_DEVICES, or else one). A worker whose JAX has
            already computed something keeps its devices.
    """

    executor: Any
    tasks: int | None = None
    wait: float = 300.0
    devices: int | None = None


def read(executor: Any) -> Workers:
    """Check the argument `executor`.

    Raises:
        TypeError: If the executor has no `submit`, or if `tasks`, `wait` or `devices` is not a number.
        ValueError: If a number is out of range, or the executor is a process pool that forks.
        ImportError: If cloudpickle is not installed.
    """
    given = executor if isinstance(executor, Workers) else Workers(executor)
    if isinstance(given.executor, type) or not callable(getattr(given.executor, "submit", None)):
        raise TypeError(
            "executor must have the method submit(fn, *arguments) of concurrent.futures, as "
            f"Dask's client.get_executor() has; got {checks.named(given.executor)}"
        )
    _refuse_forks(given.executor)
    for name in ("tasks", "devices"):
        if getattr(given, name) is not None:
            given = given._replace(**{name: checks.count(name, getattr(given, name))})
    checks.number("wait", given.wait, above=0.0)
    _cloudpickle()
    return given


def _refuse_forks(executor: Any) -> None:
    """Refuse executors that fork, since the locks of JAX's threads may stay locked for ever in the child."""
    context = getattr(executor, "_mp_context", None)
    is_pool = isinstance(executor, concurrent.futures.ProcessPoolExecutor)
    if is_pool and context is not None and context.get_start_method() == "fork":
        raise ValueError(
            "executor must not fork, since JAX hangs in forked processes: "
            'ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn"))'
        )


def _cloudpickle() -> Any:
    return checks.needed("cloudpickle", "executor=", "cloudpickle", "cluster")


def pickled(function: jobs.Function) -> bytes:
    """Pickle the function; this is done once for each state of what it reads from outside.

    Raises:
        TypeError: If the function cannot be pickled.
    """
    return _pickled(function, frozenset(_cloudpickle().list_registry_pickle_by_value()))


@functools.lru_cache(maxsize=64)
def _pickled(function: jobs.Function, by_value: frozenset[str]) -> bytes:
    """Pickle the function; this is done once for each set of modules that are sent by value."""
    try:
        return _cloudpickle().dumps(function._replace(reads=()))
    except Exception as error:
        raise TypeError(
            f"{checks.named(function.fn)} cannot be sent to workers, since it, or what it uses, cannot be "
            f"pickled ({error}): leave out locks, generators, connections and files open for writing"
        ) from error


def cancel(future: Any) -> None:
    """Cancel a future that is not done, if the executor can do so."""
    with contextlib.suppress(Exception):
        if not future.done():
            future.cancel()


def refuse_broken(error: Exception) -> None:
    """Ignore an error, unless it means that the executor can no longer compute anything.

    Raises:
        RuntimeError: If the executor is broken.
    """
    if isinstance(error, concurrent.futures.BrokenExecutor):
        raise RuntimeError(
            f"the whole pool is broken, since one of its workers was killed or ran out of memory ({error}); "
            "open another one"
        ) from error

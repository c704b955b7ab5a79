"""Workers, usually on other machines, which load the function of a sweep and compute rows.

A worker is a process in which an executor calls `run`. The worker keeps each function under its digest, so
that JAX compiles the function only once, however many tasks arrive. The worker computes one task at a time,
on all of its local devices.
"""

import contextlib
import os
import pickle
import platform
import threading
import time
import traceback
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import numpy as np

from nnjax.sweeps import devices, jobs, lapack
from nnjax.sweeps.inputs import Inputs

PYTHON = platform.python_version().rpartition(".")[0]
"""The version of Python; pickled functions are tied to it."""
KEPT = 64
"""The number of functions that a worker keeps."""
SEARCH = 30.0
"""Seconds after which the search for the row that raised an exception is given up."""
HOLDS = 0.1, 10.0
"""The seconds (first and longest) for which a refused worker keeps a task while other workers take tasks."""

_busy = threading.Lock()
_functions: dict[str, jobs.Function] = {}
_looked_at: dict[tuple, tuple[jobs.Job, dict[str, Any]]] = {}
_refusals: dict[str, int] = {}


class Order(NamedTuple):
    """What a task contains besides its rows.

    Attributes:
        digest: The digest of the function.
        content: The pickled function; None if the worker should already have it.
        python: The version of Python that pickled the function; the pickle depends on its bytecode.
        settings: JAX's settings on the driver's machine.
        lane: The lane's width; None for the automatic width.
        devices: How many CPU devices the worker should make; None leaves it to the worker.
        expected: What the bits from the first worker, or in the folder, depend on; None if this is not known
            yet.
    """

    digest: str
    content: bytes | None
    python: str
    settings: Mapping[str, Any]
    lane: int | None = None
    devices: int | None = None
    expected: Mapping[str, Any] | None = None


class Failure(NamedTuple):
    """An exception in a worker.

    Attributes:
        error: The pickled exception; None if it cannot be pickled.
        said: The exception's type and message.
        text: The exception's traceback.
        row: The row that raises the exception, as name -> value; None if that row is unknown, or if no single
            row is to blame.
        loading: Whether the function could not even be loaded.
    """

    error: bytes | None
    said: str
    text: str
    row: Mapping[str, Any] | None
    loading: bool


class Answer(NamedTuple):
    """What a worker returns for a task.

    Attributes:
        worker: The worker's name.
        identity: What the worker's bits depend on.
        devices: How many devices a task is spread over.
        platform: The kind of these devices: "cpu" or "gpu".
        shapes: The shape and dtype of each result of a row.
        leaves: The results, arrays (r, ...); None if the worker is not of the expected kind, has failed,
            or does not have the function.
        seconds: How long it took to compute the results.
        failure: What went wrong.
    """

    worker: str
    identity: Mapping[str, Any] | None = None
    devices: int = 1
    platform: str = ""
    shapes: list[tuple[tuple[int, ...], str]] | None = None
    leaves: list[np.ndarray] | None = None
    seconds: float = 0.0
    failure: Failure | None = None


def name() -> str:
    """Return the host and the process, and the Slurm job if there is one."""
    job = os.environ.get("SLURM_JOB_ID")
    return f"{platform.node()}, process {os.getpid()}" + (f", Slurm job {job}" if job else "")


def run(order: Order, columns: Mapping[str, np.ndarray], attempt: str) -> Answer:
    """Compute the rows of `columns`, name -> (rows,); without rows, only report what the bits depend on.

    Args:
        order: What to compute.
        columns: The rows.
        attempt: A different string for each task, since some executors do not compute equal tasks twice.
    """
    with _busy:
        answer = _answer(order, columns)
    unfit = answer.failure.loading if answer.failure else answer.identity not in (None, order.expected)
    if order.expected is not None and unfit:
        _hold(order.digest)
    return answer


def _answer(order: Order, columns: Mapping[str, np.ndarray]) -> Answer:
    if order.content is None and order.digest not in _functions:
        return Answer(name())
    with contextlib.ExitStack() as stack:
        try:
            _make_devices(order.devices)
            for setting, value in order.settings.items():
                stack.enter_context(jobs.settings_of_jax()[setting](value))
            function = _function(order)  # JAX's settings affect the function's arrays too
        except Exception as error:
            return Answer(name(), failure=_failure(error, None, loading=True))
        return _computed(order, function, Inputs(dict(columns), (len(columns["seed"]),)))


def _computed(order: Order, function: jobs.Function, rows: Inputs) -> Answer:
    try:
        job, identity = _look(order, function, rows)
    except Exception as error:
        return Answer(name(), failure=_failure(error, None))
    job = job._replace(rows=rows)
    where = lapack.where(job.program.jaxpr)
    answer = Answer(name(), identity, len(where), devices.chosen()[0].platform, job.shapes)
    if rows.count == 0 or order.expected is None or identity != order.expected:
        return answer
    start = time.monotonic()
    try:
        leaves = _results(job, np.arange(rows.count))
    except Exception as error:
        return answer._replace(identity=None, failure=_failure(error, _culprit(job)))
    return answer._replace(identity=None, leaves=leaves, seconds=time.monotonic() - start)


def _make_devices(count: int | None) -> None:
    """Make this many CPU devices, unless JAX is already running; their number affects speed but not bits."""
    if count is not None:
        with contextlib.suppress(RuntimeError):
            jax.config.update("jax_num_cpu_devices", count)


def _function(order: Order) -> jobs.Function:
    """Return the function, the same object for the same digest, so that JAX recognises it."""
    if order.digest not in _functions:
        if order.python != PYTHON:
            raise RuntimeError(
                f"this worker runs Python {platform.python_version()}, "
                f"but fn was pickled by Python {order.python}"
            )
        _functions[order.digest] = pickle.loads(order.content or b"")
        if len(_functions) > KEPT:
            del _functions[next(iter(_functions))]
    return _functions[order.digest]


def _look(order: Order, function: jobs.Function, rows: Inputs) -> tuple[jobs.Job, dict[str, Any]]:
    """Return the function's job (whose rows do not matter), and what the bits of its results depend on."""
    settings = tuple(order.settings.items())
    if (order.digest, order.lane, rows.dtypes, settings) not in _looked_at:
        job = jobs.prepare(function, rows, order.lane)
        looked = job, jobs.identity(job)
        # The first task leaves the lane width open; later tasks state it.
        for lane in {order.lane, job.lane}:
            _looked_at[order.digest, lane, rows.dtypes, settings] = looked
        while len(_looked_at) > KEPT:
            del _looked_at[next(iter(_looked_at))]
    return _looked_at[order.digest, order.lane, rows.dtypes, settings]


def _results(job: jobs.Job, rows: np.ndarray) -> list[np.ndarray]:
    """Return the results of these rows in the same order, which is ascending."""
    results = job.empty(len(rows))
    for some, leaves in jobs.compute(job, rows):
        for result, leaf in zip(results, leaves, strict=True) if len(some) else ():
            result[np.searchsorted(rows, some)] = leaf
    return results


def _culprit(job: jobs.Job) -> Mapping[str, Any] | None:
    """Find a row that raises, by halving; return None if no row raises alone, all rows do, or time is up."""
    rows, end = np.arange(job.rows.count), time.monotonic() + SEARCH
    while len(rows) > 1:
        if time.monotonic() > end:
            return None
        first = rows[: len(rows) // 2]
        rows = first if _raises(job, first) else rows[len(first) :]
    if not _raises(job, rows) or (rows[0] == 0 and _raises(job, np.array([job.rows.count - 1]))):
        return None
    return {name: column[rows[0]].item() for name, column in job.rows.columns.items()}


def _raises(job: jobs.Job, rows: np.ndarray) -> bool:
    try:
        _results(job, rows)
    except Exception:
        return True
    return False


def _failure(error: Exception, row: Mapping[str, Any] | None, loading: bool = False) -> Failure:
    said, text = f"{type(error).__name__}: {error}", "".join(traceback.format_exception(error))
    try:
        content = pickle.dumps(error)
        pickle.loads(content)
    except Exception:
        content = None
    return Failure(content, said, text, row, loading)


def _hold(digest: str) -> None:
    """Wait longer each time; otherwise a refused worker would take and refuse one task after another."""
    first, most = HOLDS
    _refusals[digest] = _refusals.get(digest, 0) + 1
    time.sleep(min(most, first * 2.0 ** (_refusals[digest] - 1)))

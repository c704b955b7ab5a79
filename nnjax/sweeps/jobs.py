"""Jobs: what a sweep computes, inspected once, locally or on a worker that has received the function."""

import functools
import math
from collections.abc import Callable, Generator, Hashable
from importlib import metadata
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import ArrayLike, PyTree

from nnjax.sweeps import devices, lanes, lapack, segments, slots
from nnjax.sweeps.inputs import Inputs

Piece = tuple[np.ndarray, list[np.ndarray]]
"""Some rows (r,) and their results, as arrays (r, ...)."""


class Until(NamedTuple):
    """When a row of `sweep_until` ends, and what is done until then, as given by its arguments."""

    step: Callable[[PyTree], PyTree]
    done: Callable[[PyTree], ArrayLike]
    check_every: int
    max_steps: int | None


class Function(NamedTuple):
    """The function of a row as the caller passed it; this is sent to workers.

    Attributes:
        fn: `sweep`'s fn, or `sweep_until`'s init.
        settings: The names of the settings that fn takes.
        until: What `sweep_until` does next; None in `sweep`.
        reads: What the function reads from outside, which is part of its identity in this process; workers
            identify a function by a digest.
    """

    fn: Callable[..., PyTree]
    settings: tuple[str, ...]
    until: Until | None = None
    reads: Hashable = ()


class Job(NamedTuple):
    """A function that has been inspected, and the rows to compute it for.

    Attributes:
        function: The function of a row, as the caller passed it.
        one: The same function, but with the row's numbers as its arguments.
        rows: All rows.
        program: `one`, inspected but not run.
        lane: The number of rows that are computed together on one device.
        turns: The number of lanes that one call computes on a device, one after the other.
    """

    function: Function
    one: Callable
    rows: Inputs
    program: lanes.Program
    lane: int
    turns: int

    def in_lanes_of(self, lane: int) -> "Job":
        """Return the same job in lanes of this width, with about the same number of rows per call."""
        return self._replace(lane=lane, turns=max(1, self.lane * self.turns // lane))

    @property
    def shapes(self) -> list[tuple[tuple[int, ...], str]]:
        """Return the shape and dtype of one row's results, for comparison with another machine."""
        return [(result.shape, str(result.dtype)) for result in self.program.results]

    def empty(self, count: int) -> list[np.ndarray]:
        """Make empty arrays for the results of `count` rows."""
        kept = map(lanes.stored, self.program.results)
        return [np.empty((count, *array.shape), array.dtype) for array in kept]


def prepare(function: Function, rows: Inputs, lane: int | None) -> Job:
    """Inspect one row's work, and choose the lane width if `lane` is None.

    Raises:
        TypeError, ValueError: As in `nnjax.sweep` for fn and lane.
    """
    one = _one(function)
    program = lanes.inspect(one, *rows.dtypes)
    memory = devices.memory(lapack.where(program.jaxpr)[0])
    if function.until:
        # All slots advance together and are checked in between; a check takes as long for few slots as for
        # many.
        return Job(function, one, rows, program, lanes.fit(lane, program, memory, lanes.RUNS_PER_CALL)[0], 1)
    return Job(function, one, rows, program, *lanes.fit(lane, program, memory))


def _one(function: Function) -> Callable:
    work = _work(function)
    return (
        slots.programs(work).whole if work else lanes.one_run(function.fn, function.settings, function.reads)
    )


def _work(function: Function) -> slots.Work | None:
    if function.until is None:
        return None
    return slots.Work(lanes.one_run(function.fn, function.settings, function.reads), *function.until)


def compute(job: Job, rows: np.ndarray) -> Generator[Piece, None, None]:
    """Compute these rows on all local devices; yield pieces as they finish."""
    work = _work(job.function)
    return slots.run(work, job.lane, job.rows, rows) if work else in_lanes(job, rows)


def in_lanes(job: Job, rows: np.ndarray) -> Generator[Piece, None, None]:
    """Compute these rows, a few lanes per device at a time; yield one piece while the next one is running."""
    where = lapack.where(job.program.jaxpr)
    lane = job.lane * len(where)
    program, shape, last = lanes.in_turn(job.one, where, *job.program.results), (job.turns, lane), None
    for start in range(0, len(rows), job.turns * lane):
        some = rows[start : start + job.turns * lane]
        padded = some[np.minimum(np.arange(job.turns * lane), len(some) - 1)].reshape(shape)
        leaves = program(np.int32(-(-len(some) // lane)), job.rows.take(padded))
        if last is not None:
            yield _piece(*last)
        last = some, leaves
    if last is not None:
        yield _piece(*last)


def _piece(rows: np.ndarray, leaves: list[Any]) -> Piece:
    """Copy the results (lanes, runs, ...) of these rows to the host, as one entry per row."""
    hosted = (lanes.to_numpy(leaf) for leaf in leaves)
    return rows, [leaf.reshape(math.prod(leaf.shape[:2]), *leaf.shape[2:])[: len(rows)] for leaf in hosted]


def identity(job: Job) -> dict[str, Any]:
    """Describe what the bits of a result depend on, apart from the row: the program, and what runs it.

    The program's text contains the data that fn closes over, unless JAX passes them as arguments
    (JAX_USE_SIMPLIFIED_JAXPR_CONSTANTS). For 50 MB of data, the description takes 0.5 s if the data are in
    the text, and 0.1 s if not.
    """
    text = jax.jit(job.one).lower(*job.rows.abstract()).as_text()
    return {
        "function": segments.digest(text.encode()),
        "constants": segments.digest(*map(_content, lanes.constants(job.program))),
        "lane": job.lane,
        "jax": jax.__version__,
        "jaxlib": metadata.version("jaxlib"),
        "device": devices.kind(),
        "compiler_options": devices.compiler_options(),
        "XLA_FLAGS": devices.flags(),
    }


def _content(array: np.ndarray) -> bytes:
    return f"{array.dtype.name} {array.shape} ".encode() + np.ascontiguousarray(array).tobytes()


@functools.cache
def settings_of_jax() -> dict[str, Callable[[Any], Any]]:
    """Return the settings that this version of JAX has, each with a context manager that sets it."""
    return {f"jax_{name}": getattr(jax, name) for name in devices.SETTINGS if hasattr(jax, name)}

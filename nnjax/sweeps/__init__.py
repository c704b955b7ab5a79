"""Run any pure function of a random key over many seeds and settings, in lanes of a fixed width.

The last digits of a vmapped program's results depend on how many seeds run together, and chaos amplifies the
differences. Seeds therefore always run in lanes of one width, and the last lane is padded.
"""

import contextlib
import functools
import os
import warnings
from collections.abc import Callable, Generator, Mapping
from typing import Any

import jax
import numpy as np
from jaxtyping import ArrayLike, PyTree

from nnjax import checks
from nnjax.sweeps import crews, executors, inputs, jobs, lanes, outside, parts, segments
from nnjax.sweeps.executors import Workers
from nnjax.sweeps.inputs import Inputs
from nnjax.sweeps.slots import Ended

__all__ = ["Ended", "Workers", "steady", "sweep", "sweep_until"]

SEGMENT_CALLS = 16
"""The number of calls of the program per segment and device.

A sweep that is killed loses at most one segment, and the lanes of one call on every device; with an executor
it also loses the tasks that are under way.
"""

Folder = str | os.PathLike | None
OnSegment = Callable[[int, int], Any]


def sweep(
    fn: Callable[..., PyTree],
    seeds: inputs.Seeds,
    settings: inputs.Settings = None,
    *,
    lane: int | None = None,
    folder: Folder = None,
    on_segment: OnSegment | None = None,
    executor: Any = None,
) -> PyTree:
    """Return fn(key(s), **setting) for every seed s and every setting, as NumPy arrays.

    A seed's results have the same bits whether it runs alone or among a million, in any order, after a
    resume, on one device or on eight. The bits depend only on the function, the seed, its setting and the
    lane's width, given the same versions of the packages, the same kind of device (for a CPU, the same vector
    instructions) and the same XLA_FLAGS.

    On CPUs with jaxlib up to 0.11.0, LAPACK calls (orthogonal weights, eigh, solve) can wait for each other
    for ever. With such a version of jaxlib, a sweep that contains LAPACK calls runs on one device and takes
    one matrix after the other, which does not change a single bit. The decompositions themselves take just as
    long as on two devices; training that follows them takes up to twice as long (5.7 s instead of 4.1 s for a
    12-12-1 network and 400 epochs, measured on a busy machine). Outside sweeps, nnjax's own LAPACK calls are
    protected, but yours are not. Programs that call back into Python always run on one CPU device.

    Args:
        fn: A pure function that takes a key (and the settings, by name) and returns a pytree of arrays: it
            may train a network, measure a gradient norm at initialisation, or search for minima. If you pass
            the same function object again, it is not compiled again, whatever the number of seeds, unless a
            global or a value that it closes over has been replaced. Apart from that, purity is taken on
            trust: a sweep does not notice if an array or a list is changed in place, or if attributes of
            objects and modules, or globals of other modules, change. Nor does it notice what JAX itself has
            cached for functions that are passed to `lax.scan` or `jit`.
        seeds: Integers in 0..2³²-1, in any order; a seed that is given twice is computed twice, with equal
            results.
        settings: Numbers to vary, as in {"rate": [0.1, 0.3], "scale": [1.0, 1.0]}: setting c is the c-th
            entry of every list. Settings are traced, so that all of them share one compilation, and paired,
            so that every setting is run with the same keys. The numbers have the dtype that jnp.asarray gives
            them.
        lane: The number of runs (each is one seed with one setting) that are computed together on one device.
            By default, it depends on the number of bytes that one run touches. Results from different
            widths may differ in their last digits. With a width far above the automatic one, a seed's bits
            may depend on its place in the lane; check this with `nnjax.steady(fn, lane)`.
        folder: Where finished segments are kept. If you run a killed sweep again, it resumes from its
            finished segments; if you ask for other seeds or other values of the same settings, the missing
            ones are added. Several processes may share a folder: each computes everything that is missing,
            and the first one to finish a segment writes it.
        on_segment: A function that is called with (runs done, runs in all) after each call of the program.
            With an executor it is called after each answer, and once a second in between (with 0 runs done
            before the first answer). An exception that it raises ends the sweep, as Ctrl-C does.
        executor: What computes the runs: any object with the `submit` of `concurrent.futures`, or an
            `nnjax.Workers` around it. The results have the same bits; each worker uses its own devices, and
            compiles fn once. fn is sent with cloudpickle (pip install 'nnjax[cluster]'). Rows whose worker
            was lost are given out again. Workers whose kind of device, versions or XLA_FLAGS differ from
            those of the first worker, or of the folder, are named in a warning and compute nothing.

    Returns:
        The pytree that fn returns, in which each leaf has a leading axis "seed", and then an axis "setting"
        if settings are given. Random keys come back as JAX's key arrays.

    Raises:
        TypeError: If seeds are not integers, settings are not numbers, or fn returns nothing, or something
            other than arrays; if fn or on_segment cannot be called; if fn cannot be hashed or, for an
            executor, pickled; if an executor has no `submit`.
        ValueError: If there are no seeds, if seeds are out of range, if settings have unequal lengths or are
            out of the range of their dtype, if lane is below 1, or if the folder contains another sweep or
            damaged segments.
        OSError: If the folder cannot be written.
        RuntimeError: If another process has written different bits for the same seeds, because fn is not pure
            or a machine is faulty; if an executor is closed or broken, or has twice lost the worker that was
            computing the same seeds.
        TimeoutError: If no worker has answered within the time set by `nnjax.Workers`; after the first answer
            there is no time limit.
        ImportError: If cloudpickle, which an executor needs, is not installed.
    """
    options = {"lane": lane, "folder": folder, "on_segment": on_segment, "executor": executor}
    return identified(fn, seeds, settings, **options)[0]


def identified(
    fn: Callable[..., PyTree],
    seeds: inputs.Seeds,
    settings: inputs.Settings,
    *,
    lane: int | None,
    folder: Folder,
    on_segment: OnSegment | None,
    executor: Any,
) -> tuple[PyTree, Mapping[str, Any]]:
    """Return what `sweep` returns, and what its bits depend on ({} if there are no workers and no folder)."""
    checks.functions(fn=fn)
    rows = inputs.read(seeds, settings)
    function = jobs.Function(fn, rows.settings, reads=outside.reads(fn))
    return _swept(function, rows, lane, folder, on_segment, executor)


def sweep_until(
    init: Callable[..., PyTree],
    step: Callable[[PyTree], PyTree],
    done: Callable[[PyTree], ArrayLike],
    seeds: inputs.Seeds,
    settings: inputs.Settings = None,
    *,
    check_every: int,
    max_steps: int | None = None,
    lane: int | None = None,
    folder: Folder = None,
    on_segment: OnSegment | None = None,
    executor: Any = None,
) -> Ended:
    """Compute step(step(... init(key(s), **setting))) until `done` is true, for work of varying length.

    Finished seeds make room for new ones, without changing any seed's bits. A seed ends at the first check at
    which `done` is true; with a larger `check_every`, seeds therefore run a little longer.

    Args:
        init: A pure function that takes a key (and the settings) and returns the state, a pytree of arrays.
        step: A pure function that takes the state and returns the next one. It is also applied to finished
            states, for which the result is dropped; it must therefore terminate for finished states, too.
        done: A function that takes the state and returns whether it is finished.
        seeds: As in `sweep`.
        settings: As in `sweep`; they are passed only to `init`, which puts what `step` needs into the state.
        check_every: The number of steps between two checks; with hundreds of steps, checks cost little.
        max_steps: The number of steps after which a seed ends even if it is unfinished; by default, every
            seed runs until it is finished.
        lane: As in `sweep`.
        folder: As in `sweep`; a segment is kept once its last seed has ended.
        on_segment: As in `sweep`, but called at every check, even if no seed has ended since the last check.
        executor: As in `sweep`.

    Raises:
        TypeError: As in `sweep`; also if step changes the structure, shapes or dtypes of the state.
        ValueError: As in `sweep`; also if check_every or max_steps is below 1.
        OSError, RuntimeError, TimeoutError, ImportError: As in `sweep`.
    """
    checks.functions(init=init, step=step, done=done)
    check_every = checks.count("check_every", check_every)
    max_steps = None if max_steps is None else checks.count("max_steps", max_steps)
    rows = inputs.read(seeds, settings)
    function = jobs.Function(
        init, rows.settings, jobs.Until(step, done, check_every, max_steps), outside.reads(init, step, done)
    )
    return _swept(function, rows, lane, folder, on_segment, executor)[0]


def steady(
    fn: Callable[..., PyTree],
    lane: int | None = None,
    seed: int = 0,
    setting: Mapping[str, ArrayLike] | None = None,
) -> bool:
    """Check whether a seed's bits are the same at every place in a lane of this width.

    Args:
        fn: As in `sweep`.
        lane: The lane's width; None stands for the automatic width.
        seed: The seed to try.
        setting: One value for each setting.

    Raises:
        TypeError, ValueError: As in `sweep`.
    """
    checks.functions(fn=fn)
    settings = None if setting is None else {name: np.array([value]) for name, value in setting.items()}
    rows = inputs.read([seed], settings)
    job = jobs.prepare(jobs.Function(fn, rows.settings, reads=outside.reads(fn)), rows, lane)
    leaves = [leaf for _, piece in jobs.in_lanes(job, np.zeros(job.lane, int)) for leaf in piece]
    return all(leaf[:1].tobytes() * job.lane == leaf.tobytes() for leaf in leaves)


def _swept(
    function: jobs.Function,
    rows: Inputs,
    lane: int | None,
    folder: Folder,
    on_segment: OnSegment | None,
    executor: Any,
) -> tuple[PyTree, Mapping[str, Any]]:
    """Compute all rows, locally or on workers; workers then set the lane width and the sweep's identity."""
    if on_segment is not None:
        checks.functions(on_segment=on_segment)
    given = None if executor is None else executors.read(executor)
    job = jobs.prepare(function, rows, lane)
    if given is None:
        _say_alone(rows.count)
        identity = {} if folder is None else jobs.identity(job)
        compute = functools.partial(jobs.compute, job)
        return _results(job, compute, folder, on_segment, identity), identity
    if folder is not None:
        segments.try_folder(folder)
    waiting = functools.partial(on_segment or _nothing, 0, rows.count)
    crew = crews.Crew(given, job, lane, folder, waiting)
    job = job.in_lanes_of(crew.lane)
    return _results(job, crew.compute, folder, on_segment, crew.identity), crew.identity


def _nothing(done: int, total: int) -> None: ...


def _say_alone(runs: int) -> None:
    if jax.process_count() > 1:
        warnings.warn(
            f"this is one of {jax.process_count()} processes of jax.distributed; each computes all {runs} "
            "runs alone, on its own devices: share the runs with executor=, or give each process its own "
            "seeds",
            stacklevel=4,
        )


def _results(
    job: jobs.Job,
    compute: Callable[[np.ndarray], Generator[jobs.Piece, None, None]],
    folder: Folder,
    on_segment: OnSegment | None,
    identity: Mapping[str, Any],
) -> PyTree:
    """Return the results of all rows: read those in the folder, then `compute` and store the others."""
    total, segment = job.rows.count, SEGMENT_CALLS * job.lane * job.turns
    arrays, columns = job.empty(total), job.rows.columns
    tracker = parts.track(arrays, segment, folder, {**identity, **_of_rows(job.rows, segment)}, columns)
    wanted = np.flatnonzero(tracker.missing)
    done = total - len(wanted)
    try:
        with contextlib.closing(compute(wanted)) if len(wanted) else contextlib.nullcontext(()) as pieces:
            for rows, leaves in pieces:
                if len(rows):
                    tracker.add(rows, leaves)
                done += len(rows)
                if on_segment is not None:
                    on_segment(done, total)
    except BaseException as stop:
        stop.add_note(f"sweep stopped after {done} of {total} runs, {tracker}")
        raise
    leaves = zip(arrays, job.program.results, strict=True)
    return jax.tree.unflatten(
        job.program.tree, [lanes.from_numpy(job.rows.reshape(array), result) for array, result in leaves]
    )


def _of_rows(rows: Inputs, segment: int) -> dict[str, Any]:
    """Describe what a folder's segments depend on, in addition to what the bits of a row depend on."""
    columns = {name: segments.digest(column.tobytes()) for name, column in rows.columns.items()}
    settings = {f"setting {name}": columns[name] for name in rows.settings}
    return {"seed": columns["seed"], **settings, "segment": segment}

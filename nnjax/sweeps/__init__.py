"""Any pure function of a random key, over many seeds and settings, in lanes of a fixed width.

A vmapped program's last digits depend on how many seeds run together, and chaos amplifies them; so seeds
always run in lanes of one width, the last one padded.
"""

import functools
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import metadata
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, PyTree

from nnjax import checks
from nnjax.sweeps import devices, inputs, lanes, segments
from nnjax.sweeps.inputs import Columns

SEGMENT_LANES = 16
"""Lanes per segment: with a piece, a lane on every device, what a killed sweep loses at most."""

Piece = tuple[np.ndarray, Sequence[Any]]
"""Some rows, and arrays whose first entries are those rows' results."""
OnSegment = Callable[[int, int], Any]


def sweep(
    fn: Callable[..., PyTree],
    seeds: inputs.Seeds,
    settings: inputs.Settings = None,
    *,
    lane: int | None = None,
    folder: str | os.PathLike | None = None,
    on_segment: OnSegment | None = None,
) -> PyTree:
    """fn(key(s), **setting) for every seed s and every setting, as NumPy arrays.

    A seed's results have the same bits alone, among a million, in any order, after a resume, on one device or
    eight. They depend on the function, the seed, its setting and the lane's width, given the same versions of
    the packages, the same kind of device (of CPU, down to its vector instructions) and the same XLA_FLAGS.

    Args:
        fn: A pure function of a key (and of the settings, by name) to a pytree of arrays: training, a
            gradient norm at initialisation, a search for minima. Purity is taken on trust: what it reads
            from outside is fixed when it is first traced. Pass the same function object again and it is
            not compiled again, whatever the number of seeds.
        seeds: Integers in 0..2³²-1, in any order; a seed given twice is computed twice, with equal results.
        settings: Numbers to vary, as {"rate": [0.1, 0.3], "scale": [1.0, 1.0]}: setting c is the c-th entry
            of every list. They are traced, so that all settings share one compilation, and paired: every
            setting sees the same keys. They keep the dtype that jnp.asarray gives them.
        lane: Runs computed together on one device. None takes it from the bytes that one run touches.
            Results of different widths may differ in their last digits; a width far above the automatic
            one may break the promise: ask `nnjax.steady(fn, lane)`.
        folder: Where finished segments are kept. Run a killed sweep again, and it goes on from there.
        on_segment: Called with (runs done, runs in all) after each piece, a lane on every device. What it
            raises ends the sweep, as Ctrl-C does.

    Returns:
        What fn returns, each leaf with a leading axis "seed", and then "setting" where settings are given.

    Raises:
        TypeError: Seeds that are no integers, settings that are no numbers, an output that is no array of
            numbers, or no output; an fn or on_segment that cannot be called, an fn that cannot be hashed.
        ValueError: No seeds, seeds out of range, settings of unequal length or out of their dtype's range, a
            lane below 1; a folder that holds another sweep, or damaged segments.
        OSError: The folder cannot be written.
    """
    checks.functions(fn=fn)
    columns, shape = inputs.columns(seeds, settings)
    one = lanes.one_run(fn, tuple(columns)[1:])
    traced = lanes.trace(one, *inputs.dtypes(columns))
    width = lanes.width(lane, traced)
    job = _Job(columns, traced.leaves, one, width, functools.partial(_run, one, width))
    leaves = _results(job, folder, on_segment)
    return jax.tree.unflatten(traced.tree, [leaf.reshape(*shape, *leaf.shape[1:]) for leaf in leaves])


class Ended(NamedTuple):
    """What `sweep_until` returns; every leaf has the leading axes of `sweep`.

    Attributes:
        state: Where each seed ended.
        steps: How many steps it took, a multiple of `check_every`.
        finished: Whether `done(state)` holds. False: it reached `max_steps`, or its state holds NaN.
    """

    state: PyTree
    steps: Any
    finished: Any


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
    folder: str | os.PathLike | None = None,
    on_segment: OnSegment | None = None,
) -> Ended:
    """step(step(... init(key(s), **setting))) until done, for work that ends at different times.

    Seeds that are done leave their lane, and others take their places; each seed's results have the bits
    that it would have with nobody leaving. A seed ends at its first check where `done` holds, so that a
    coarser `check_every` lets it run a little further.

    Args:
        init: A pure function of a key (and of the settings) to the state, a pytree of arrays.
        step: state -> state, pure. It is also applied to states that are done, and the outcome dropped: it
            must come to an end there too.
        done: state -> whether it is finished.
        seeds: As in `sweep`.
        settings: As in `sweep`; they reach `init` alone, which puts what `step` needs into the state.
        check_every: Steps between two checks; hundreds keep the checks cheap.
        max_steps: Seeds that took as many leave unfinished; None waits for every one.
        lane: As in `sweep`.
        folder: As in `sweep`; a segment is kept once its last seed is done.
        on_segment: As in `sweep`; called at every check, though nobody may be done.

    Raises:
        TypeError: As in `sweep`; a step that changes the state's structure, shapes or dtypes.
        ValueError: As in `sweep`; check_every or max_steps below 1.
    """
    checks.functions(init=init, step=step, done=done)
    checks.count("check_every", check_every)
    if max_steps is not None:
        checks.count("max_steps", max_steps)
    columns, shape = inputs.columns(seeds, settings)
    work = _until(init, step, done, tuple(columns)[1:], check_every, max_steps)
    traced = lanes.trace(work.whole, *inputs.dtypes(columns))
    width = lanes.width(lane, traced)
    job = _Job(columns, traced.leaves, work.whole, width, functools.partial(_pool, work, width))
    leaves = _results(job, folder, on_segment)
    return jax.tree.unflatten(traced.tree, [leaf.reshape(*shape, *leaf.shape[1:]) for leaf in leaves])


class _Until(NamedTuple):
    """The two programs of a pool, for one slot; `whole` is both in a row, to look at.

    Attributes:
        enter: (whether to, who is there, seed, *setting) -> who is there then.
        advance: Ended -> Ended after check_every steps, unless it had left.
    """

    enter: Callable[..., tuple[Ended, Array]]
    advance: Callable[..., tuple[Ended, Array]]
    whole: Callable[..., Ended]


@functools.lru_cache(maxsize=64)
def _until(
    init: Callable,
    step: Callable,
    done: Callable,
    names: tuple[str, ...],
    check_every: int,
    max_steps: int | None,
) -> _Until:
    start = lanes.one_run(init, names)

    def broken(state: PyTree) -> Array:
        found = [jnp.any(jnp.isnan(leaf)) for leaf in jax.tree.leaves(state)]
        return functools.reduce(jnp.logical_or, found, jnp.zeros((), bool))

    def is_done(state: PyTree) -> Array:
        found = jnp.asarray(done(state), bool)
        if found.shape != ():
            raise TypeError(f"done must give one truth value per seed, got shape {found.shape}")
        return found & ~broken(state)

    def leaves(ended: Ended) -> Array:
        late = ended.steps >= max_steps if max_steps is not None else False
        return ended.finished | late | broken(ended.state)

    def first(*values: Array) -> Ended:
        state = jax.tree.map(jnp.asarray, start(*values))
        return Ended(state, jnp.zeros((), jnp.int32), is_done(state))

    def enter(entering: Array, present: Ended, *values: Array) -> tuple[Ended, Array]:
        now = jax.tree.map(functools.partial(jnp.where, entering), first(*values), present)
        return now, leaves(now)

    def advance(before: Ended) -> tuple[Ended, Array]:
        state, _ = jax.lax.scan(lambda state, _: (step(state), None), before.state, length=check_every)
        after = Ended(state, before.steps + check_every, is_done(state))
        now = jax.tree.map(functools.partial(jnp.where, leaves(before)), before, after)
        return now, leaves(now)

    return _Until(enter, advance, lambda *values: advance(first(*values))[0])


def _pool(work: _Until, lane: int, columns: Columns) -> Iterator[Piece]:
    """Slots that work through the rows; refilled once an eighth of them is free."""
    where = devices.chosen()
    enter, advance = lanes.vmapped(work.enter, where), lanes.vmapped(work.advance, where)
    slots, total, following = lane * len(where), len(columns["seed"]), 0
    rows = np.full(slots, -1)
    shapes = jax.eval_shape(
        jax.vmap(work.whole), *(jax.ShapeDtypeStruct((slots,), d) for d in inputs.dtypes(columns))
    )
    present = jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), shapes)
    free, empty = np.ones(slots, bool), np.ones(slots, bool)
    while True:
        waiting = total - following
        if free.all() or (waiting and free.sum() >= slots / 8):
            leaving = np.flatnonzero(free & (rows >= 0))
            yield rows[leaving], [np.asarray(leaf)[leaving] for leaf in jax.tree.leaves(present)]
            entering = np.flatnonzero(free)[:waiting]
            rows[free] = -1
            rows[entering] = np.arange(following, following + len(entering))
            following += len(entering)
            if not len(entering):
                return
            values = [column[np.maximum(rows, 0)] for column in columns.values()]
            # Where nobody has been yet a copy of the first row enters: zeros are no state that `step` knows.
            present, left = enter(empty | np.isin(np.arange(slots), entering), present, *values)
            empty[:] = False
        else:
            present, left = advance(present)
            yield rows[:0], ()
        free = np.asarray(left) | (rows < 0)


def steady(
    fn: Callable[..., PyTree],
    lane: int | None = None,
    seed: int = 0,
    setting: Mapping[str, float] | None = None,
) -> bool:
    """Whether a seed has the same bits at every place in a lane of this width: runs one in all of them.

    Args:
        fn: As in `sweep`.
        lane: The width; None for the automatic one.
        seed: The seed to try.
        setting: One value of every setting.
    """
    settings = None if setting is None else {name: np.array([value]) for name, value in setting.items()}
    columns, _ = inputs.columns([seed], settings)
    one = lanes.one_run(fn, tuple(columns)[1:])
    width = lanes.width(lane, lanes.trace(one, *inputs.dtypes(columns)))
    everywhere = {name: np.repeat(column, width) for name, column in columns.items()}
    leaves = [np.asarray(leaf)[:width] for _, piece in _run(one, width, everywhere) for leaf in piece]
    return all(leaf[:1].tobytes() * width == leaf.tobytes() for leaf in leaves)


def _run(one: Callable, lane: int, columns: Columns) -> Iterator[Piece]:
    """The columns' results, a lane per device at a time; the next is under way while one is handed over."""
    where = devices.chosen()
    program, chunk = lanes.vmapped(one, where), lane * len(where)
    total, waiting = len(columns["seed"]), None
    for start in range(0, total, chunk):
        padded = np.minimum(np.arange(start, start + chunk), total - 1)
        results = jax.tree.leaves(program(*(column[padded] for column in columns.values())))
        if waiting is not None:
            yield waiting
        waiting = np.arange(start, min(start + chunk, total)), results
    if waiting is not None:
        yield waiting


class _Job(NamedTuple):
    """What is to be computed, and how.

    Attributes:
        columns: One row per run.
        leaves: Shape and dtype of one run's results.
        one: One run, as a function of a row.
        lane: Runs computed together on one device.
        run: Columns -> (which rows, their results), piece by piece.
    """

    columns: Columns
    leaves: list[jax.ShapeDtypeStruct]
    one: Callable
    lane: int
    run: Callable[[Columns], Iterator[Piece]]


def _results(job: _Job, folder: str | os.PathLike | None, on_segment: OnSegment | None) -> list[np.ndarray]:
    """All rows' results: what the folder has is read, the rest computed in one go and kept there."""
    if on_segment is not None:
        checks.functions(on_segment=on_segment)
    total, segment = len(job.columns["seed"]), SEGMENT_LANES * job.lane
    results = [np.empty((total, *leaf.shape), leaf.dtype) for leaf in job.leaves]
    opened = None if folder is None else segments.open_folder(folder, _identity(job, segment))
    kept = segments.Kept(results, segment, opened)
    wanted = np.flatnonzero(kept.missing)
    done = total - len(wanted)
    pieces = job.run({name: column[wanted] for name, column in job.columns.items()}) if len(wanted) else ()
    try:
        for chosen, leaves in pieces:
            rows = wanted[chosen]
            if len(rows):
                for target, leaf in zip(results, leaves, strict=True):
                    target[rows] = np.asarray(leaf)[: len(rows)]
                kept.add(rows)
            done += len(rows)
            if on_segment is not None:
                on_segment(done, total)
    except KeyboardInterrupt as stop:
        stop.add_note(f"sweep stopped after {done} of {total} runs, {kept}")
        raise
    return results


def _identity(job: _Job, segment: int) -> dict[str, Any]:
    """What the bits of the results depend on. The program's text holds the data that fn closes over."""
    program = jax.jit(job.one).lower(*(jax.ShapeDtypeStruct((), d) for d in inputs.dtypes(job.columns)))
    return {
        "function": _digest(program.as_text().encode()),
        **{
            name if name == "seed" else f"setting {name}": _digest(column.tobytes())
            for name, column in job.columns.items()
        },
        "lane": job.lane,
        "segment": segment,
        "jax": jax.__version__,
        "jaxlib": metadata.version("jaxlib"),
        "device": devices.kind(),
        "compiler_options": devices.compiler_options(),
        "XLA_FLAGS": devices.flags(),
    }


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]

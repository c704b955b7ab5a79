"""Rows that end at different times: a slot takes a new row soon after its previous row has ended.

A slot is one place in a lane. All slots advance together by `check_every` steps. A slot whose row has ended
keeps the state of that row. When enough slots are free, they are all refilled. Rows never interact, so a
row's bits do not depend on which rows come and go next to it.
"""

import functools
from collections.abc import Callable, Generator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, PyTree

from nnjax.sweeps import lanes, lapack
from nnjax.sweeps.inputs import Inputs


class Ended(NamedTuple):
    """What `sweep_until` returns; every leaf has the same leading axes as in `sweep`.

    Attributes:
        state: The state in which each seed ended.
        steps: The number of steps that the seed took, a multiple of `check_every`.
        finished: Whether `done(state)` is true; otherwise the seed reached `max_steps`, or its state contains
            NaN.
    """

    state: PyTree
    steps: Any
    finished: Any


class Work(NamedTuple):
    """What was passed to `sweep_until`; `start` is the argument `init`, wrapped by `lanes.one_run`."""

    start: Callable[..., PyTree]
    step: Callable[[PyTree], PyTree]
    done: Callable[[PyTree], ArrayLike]
    check_every: int
    max_steps: int | None


class Programs(NamedTuple):
    """The two programs of one slot; `whole` chains them, and is only traced to find shapes and lane widths.

    Attributes:
        refill: (refill, occupant, seed, *setting) -> (occupant, whether it must leave).
        advance: occupant -> (occupant, whether it must leave), after `check_every` steps.
        whole: (seed, *setting) -> occupant.
    """

    refill: Callable[..., tuple[Ended, Array]]
    advance: Callable[[Ended], tuple[Ended, Array]]
    whole: Callable[..., Ended]


@functools.lru_cache(maxsize=64)
def programs(work: Work) -> Programs:
    """Make the programs for this work; equal work gives the same objects, so that jit recognises them."""

    def whole(*row: Array) -> Ended:
        return _advance(work, _start(work, *row))[0]

    return Programs(functools.partial(_refill, work), functools.partial(_advance, work), whole)


def _is_nan(state: PyTree) -> Array:
    """Check whether any number in the state is NaN; integers and random keys never are."""
    inexact = [leaf for leaf in jax.tree.leaves(state) if jnp.issubdtype(leaf.dtype, jnp.inexact)]
    flags = [jnp.any(jnp.isnan(leaf)) for leaf in inexact]
    return functools.reduce(jnp.logical_or, flags, jnp.zeros((), bool))


def _is_finished(work: Work, state: PyTree) -> Array:
    flag = jnp.asarray(work.done(state), bool)
    if flag.shape != ():
        raise TypeError(f"done must give one truth value per seed, got shape {flag.shape}")
    return flag & ~_is_nan(state)


def _must_leave(work: Work, occupant: Ended) -> Array:
    late = occupant.steps >= work.max_steps if work.max_steps is not None else False
    return occupant.finished | late | _is_nan(occupant.state)


def _choose(condition: Array, chosen: Ended, otherwise: Ended) -> Ended:
    return jax.tree.map(functools.partial(jnp.where, condition), chosen, otherwise)


def _start(work: Work, *row: Array) -> Ended:
    state = jax.tree.map(jnp.asarray, work.start(*row))
    return Ended(state, jnp.zeros((), jnp.int32), _is_finished(work, state))


def _refill(work: Work, refill: Array, occupant: Ended, *row: Array) -> tuple[Ended, Array]:
    """Start the row if `refill` is true; otherwise leave the occupant as it is."""
    now = _choose(refill, _start(work, *row), occupant)
    return now, _must_leave(work, now)


def _advance(work: Work, before: Ended) -> tuple[Ended, Array]:
    """Take `check_every` steps; an occupant that must leave stays as it is."""
    state, _ = jax.lax.scan(lambda state, _: (work.step(state), None), before.state, length=work.check_every)
    after = Ended(state, before.steps + work.check_every, _is_finished(work, state))
    now = _choose(_must_leave(work, before), before, after)
    return now, _must_leave(work, now)


EMPTY = -1
"""The row number of an empty slot."""


class Slots:
    """A lane's slots on each device (see `lapack.where`), and the rows that wait for a slot.

    Attributes:
        rows: The row in each slot, (slots,), or `EMPTY`.
        free: Which slots hold no unfinished row, (slots,).
        waiting: Rows that no slot has taken yet, (rows,).
    """

    def __init__(self, work: Work, lane: int, inputs: Inputs, rows: np.ndarray) -> None:
        """Start with empty slots, and with these rows of the inputs waiting."""
        program = lanes.inspect(programs(work).whole, *inputs.dtypes)
        where = lapack.where(program.jaxpr)
        count = lane * len(where)
        self._inputs, self._first = inputs, rows[0]
        self._refill = lanes.vmapped(programs(work).refill, where)
        self._advance = lanes.vmapped(programs(work).advance, where)
        self.rows, self.free, self.waiting = np.full(count, EMPTY), np.ones(count, bool), rows
        empty = jax.tree.unflatten(program.tree, [_zeros(count, result) for result in program.results])
        # Spread like what the programs return; otherwise the second refill would be compiled again.
        self._occupants = jax.device_put(empty, lanes.sharding(where))
        self._never_taken = np.ones(count, bool)

    def due(self) -> bool:
        """Check whether an eighth of the slots are free and rows are waiting, or all slots are free."""
        return bool(self.free.all() or (len(self.waiting) and self.free.sum() >= len(self.free) / 8))

    def finished(self) -> tuple[np.ndarray, list[np.ndarray]]:
        """Return the rows that have ended since the last refill, and their results."""
        ended = np.flatnonzero(self.free & (self.rows != EMPTY))
        return self.rows[ended], [lanes.to_numpy(leaf)[ended] for leaf in jax.tree.leaves(self._occupants)]

    def refill(self) -> bool:
        """Assign the free slots to waiting rows; return False if no rows are waiting."""
        taken = np.flatnonzero(self.free)[: len(self.waiting)]
        self.rows[self.free] = EMPTY
        self.rows[taken], self.waiting = np.split(self.waiting, [len(taken)])
        if not len(taken):
            return False
        # A slot that is still empty starts a copy of the first row, since `step` may fail on a state of
        # zeros.
        starting = self._never_taken | np.isin(np.arange(len(self.rows)), taken)
        row = self._inputs.take(np.where(self.rows == EMPTY, self._first, self.rows))
        self._update(self._refill(starting, self._occupants, *row))
        self._never_taken[:] = False
        return True

    def advance(self) -> None:
        """Take `check_every` steps in every slot."""
        self._update(self._advance(self._occupants))

    def _update(self, outcome: tuple[Ended, Array]) -> None:
        self._occupants, must_leave = outcome
        self.free = np.asarray(must_leave) | (self.rows == EMPTY)


def _zeros(count: int, result: jax.ShapeDtypeStruct) -> np.ndarray | Array:
    """Make the zeros that stand for one of the results in each of the empty slots."""
    kept = lanes.stored(result)
    return lanes.from_numpy(np.zeros((count, *kept.shape), kept.dtype), result)


def run(
    work: Work, lane: int, inputs: Inputs, rows: np.ndarray
) -> Generator[tuple[np.ndarray, list[np.ndarray]], None, None]:
    """Work through these rows; at each check, yield those that have ended and their results, if any."""
    slots = Slots(work, lane, inputs, rows)
    while True:
        if slots.due():
            yield slots.finished()
            if not slots.refill():
                return
        else:
            slots.advance()
            yield rows[:0], []

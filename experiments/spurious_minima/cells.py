"""The runs of one cell (k, n): each from its random start to its end, and what kind of point the end is."""

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

import nnjax
from experiments.runner.context import Context
from experiments.spurious_minima import descent
from nnjax import minima

LANE, CHECK_EVERY, PART = 32, 50, 16
ROUNDS = ((descent.HANDOVER, descent.PATIENCE), (1e-5, 30_000), (descent.CONVERGED, 150_000))
"""When Newton's method is tried: at this gradient norm, or else after this many steps. A run that
Newton's method rejects keeps descending."""
FURTHER = 4
"""How many times a run is continued if it stops at a saddle or has not converged after the last round."""
SAME_VALUE, SAME_SPECTRUM = 1e-7, 1e-4
"""Ends whose F and Hessian eigenvalues all agree to these tolerances are copies of one minimum."""
OUTCOMES = ("not spurious", "spurious", "unsettled")
NOT_SPURIOUS, SPURIOUS, UNSETTLED = range(len(OUTCOMES))


class Cell(NamedTuple):
    """One cell's runs (s,). A run that went to F = 0 has NaN in weights, gradient_norm and spectrum.

    Attributes:
        weights: W (s, n, k) at the end.
        outcome: Index into `OUTCOMES`.
        objective: F at the end.
        gradient_norm: maxᵢ |2π ∂F/∂wᵢ| at the end.
        spectrum: The Hessian's eigenvalues (s, n k) at the end, ascending.
        steps: Steps of gradient descent.
        newton: Whether Newton's method finished the run.
        pushed: How often the run came to rest at a saddle and was pushed off.
        rise: The largest rise of F in any step.
    """

    weights: np.ndarray
    outcome: np.ndarray
    objective: np.ndarray
    gradient_norm: np.ndarray
    spectrum: np.ndarray
    steps: np.ndarray
    newton: np.ndarray
    pushed: np.ndarray
    rise: np.ndarray


def _empty(count: int, k: int, n: int) -> Cell:
    return Cell(
        weights=np.full((count, n, k), np.nan),
        outcome=np.full(count, UNSETTLED),
        objective=np.full(count, np.nan),
        gradient_norm=np.full(count, np.nan),
        spectrum=np.full((count, n * k), np.nan),
        steps=np.zeros(count, int),
        newton=np.zeros(count, bool),
        pushed=np.zeros(count, int),
        rise=np.zeros(count),
    )


@functools.lru_cache(maxsize=64)
def start(k: int, n: int) -> Any:
    """Make a function that maps a key to the first State; each cell always gets the same function object."""
    return functools.partial(descent.start, k=k, n=n)


def descend_all(
    context: Context, k: int, n: int, seeds: np.ndarray, handover: float, patience: int
) -> nnjax.Ended:
    """Descend from a cell's seeds until `descent.settled`.

    Raises:
        FloatingPointError: A run became infinite or NaN.
    """
    limits = {"handover": np.array([handover]), "patience": np.array([patience], np.int32)}
    ended = context.sweep_until(
        f"k {k} n {n} until {handover} {patience}",
        start(k, n),
        descent.descend,
        descent.settled,
        seeds,
        limits,
        check_every=CHECK_EVERY,
        lane=LANE,
    )
    ended = jax.tree.map(lambda leaf: leaf[:, 0], ended)
    _refuse_not_finite(seeds, ended.state)
    return ended


def _refuse_not_finite(seeds: np.ndarray, state: descent.State) -> None:
    n, k = state.weights.shape[1:]
    broken = ~np.isfinite(state.objective) | ~np.isfinite(state.weights).all(axis=(1, 2))
    if broken.any():
        raise FloatingPointError(f"k = {k}, n = {n}: seeds {seeds[broken]} are not finite")


def cell(
    context: Context,
    k: int,
    n: int,
    seeds: np.ndarray,
    rounds: Sequence[tuple[float, int]] = ROUNDS,
) -> Cell:
    """Follow every run of a cell from its random start to its end.

    Args:
        context: Runs the descents, shows their progress and stores them.
        k: Number of target neurons.
        n: Number of neurons.
        seeds: The runs' seeds.
        rounds: When Newton's method is tried, in the form of `ROUNDS`.
    """
    runs = _empty(len(seeds), k, n)
    for handover, patience in rounds:
        left = np.flatnonzero(runs.outcome == UNSETTLED)
        if len(left):
            ended = descend_all(context, k, n, seeds[left], handover, patience)
            runs.steps[left] = ended.steps
            _write(runs, left, ended.state)
    for _ in range(FURTHER):
        left = np.flatnonzero(runs.outcome == UNSETTLED)
        if len(left):
            _continue(runs, left, seeds[left], *rounds[-1])
    return runs


def finish_all(weights: np.ndarray) -> descent.Finished:
    """Call `descent.finish` on W (s, n, k), s >= 1, in parts of equal size, so that it compiles only once."""
    parts = []
    for first in range(0, len(weights), PART):
        rows = np.minimum(np.arange(first, first + PART), len(weights) - 1)
        parts.append(descent.finish(weights[rows]))
    return jax.tree.map(lambda *leaves: np.concatenate(leaves)[: len(weights)], *parts)


def _write(runs: Cell, rows: np.ndarray, state: descent.State) -> None:
    """Record where the descents of some runs, `rows`, have ended."""
    runs.objective[rows] = state.objective
    runs.rise[rows] = np.maximum(runs.rise[rows], state.rise)
    for values in (runs.weights, runs.gradient_norm, runs.spectrum):
        values[rows] = np.nan
    settled = state.objective < descent.GLOBAL
    runs.outcome[rows[settled]] = NOT_SPURIOUS
    rows, stuck = rows[~settled], np.asarray(state.weights)[~settled]
    if len(rows):
        ends = finish_all(stuck)
        runs.objective[rows], runs.gradient_norm[rows] = ends.objective, ends.gradient_norm
        runs.spectrum[rows], runs.newton[rows] = ends.spectrum, ends.accepted
        runs.weights[rows] = ends.weights
        minimum = (ends.gradient_norm <= descent.CONVERGED) & (ends.spectrum[:, 0] > 0)
        runs.outcome[rows[minimum]] = SPURIOUS


def _continue(runs: Cell, rows: np.ndarray, seeds: np.ndarray, handover: float, patience: int) -> None:
    """Continue some runs, `rows`, from where they are; push each one that rests at a saddle off it first.

    These few runs are continued one by one, so that not even the last bit of a run's result depends on
    which other runs are continued.
    """
    saddle = (runs.gradient_norm[rows] <= descent.CONVERGED) & (runs.spectrum[rows, 0] < 0)
    runs.pushed[rows] += saddle
    states = [
        descent.follow(
            descent.push(runs.weights[row]) if at_rest else runs.weights[row],
            runs.objective[row],
            handover,
            patience,
        )
        for row, at_rest in zip(rows, saddle, strict=True)
    ]
    state = jax.tree.map(lambda *leaves: np.stack(leaves), *states)
    _refuse_not_finite(seeds, state)
    runs.steps[rows] += patience - state.patience
    _write(runs, rows, state)


def distinct(value: np.ndarray, spectrum: np.ndarray) -> np.ndarray:
    """Number the distinct minima among the ends, 0, 1, ... in the order of F; −1 where the value is NaN."""
    tolerance = [SAME_VALUE, *[SAME_SPECTRUM] * spectrum.shape[1]]
    return minima.group(np.column_stack([value, spectrum]), tolerance)

"""How often does gradient descent end in a local minimum that is provably not the global one?"""

import concurrent.futures
import dataclasses
import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
import xarray as xr
from threadpoolctl import threadpool_limits

import nnjax
from experiments.runner import progress, statistics, sweeps, threads
from experiments.runner.experiment import Experiment
from experiments.spurious_minima import objective as safran_shamir
from experiments.spurious_minima.figures import figures, findings, tables
from nnjax import minima

LANE, CHECK_EVERY, PART = 32, 50, 16
ROUNDS = (
    (safran_shamir.HANDOVER, safran_shamir.PATIENCE),
    (1e-5, 30_000),
    (safran_shamir.CONVERGED, 150_000),
)
"""When Newton's method is tried: (gradient norm, or else steps); who is refused descends further."""
PURE = ROUNDS[-1:]
"""Descent alone."""
FURTHER = 4
"""Who rests at a saddle, or does not rest after the last round, is followed on at most so often."""
SAME_VALUE, SAME_SPECTRUM = 1e-7, 1e-4
"""Ends whose F and whose every Hessian eigenvalue agree to these are copies of one minimum."""
NOT_SPURIOUS, SPURIOUS, UNSETTLED = 0, 1, 2


@dataclasses.dataclass(frozen=True)
class Config:
    """Options of the spurious minima.

    Attributes:
        seed: First seed; a cell's runs have the seeds seed, seed + 1, ...
        seeds: Runs per cell.
        k: Target neurons (and inputs) of each cell.
        n: Neurons of each cell, paired with k; empty means n = k.
    """

    seed: int = 0
    seeds: int = 1000
    k: tuple[int, ...] = (6, 7, 8, 9, 10, 11, 12, 13)
    n: tuple[int, ...] = ()


def pairs(config: Config) -> list[tuple[int, int]]:
    """The cells (k, n).

    Raises:
        ValueError: No cell, a cell twice, k below 2, n below k, n and k of unequal number, seeds below 1.
    """
    n = config.n or config.k
    if config.seeds < 1:
        raise ValueError(f"seeds must be 1 or more, got {config.seeds}")
    if not config.k or len(n) != len(config.k):
        raise ValueError(f"k and n must be paired; got {len(config.k)} of k and {len(n)} of n")
    cells = list(zip(config.k, n, strict=True))
    if any(k < 2 or n < k for k, n in cells) or len(set(cells)) != len(cells):
        raise ValueError(f"every cell must differ from the others and have n >= k >= 2; got (k, n) = {cells}")
    return cells


class Cell(NamedTuple):
    """One cell's runs. Seeds whose end was not followed have NaN in all but outcome, F, steps and rise.

    `pushed` counts how often a run has come to rest at a saddle and was pushed on.
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


@functools.lru_cache(maxsize=64)
def start(k: int, n: int) -> Any:
    """A function of a key: the first State; the same object for the same cell."""
    return functools.partial(safran_shamir.start, k=k, n=n)


def descend(k: int, n: int, seeds: np.ndarray, handover: float, patience: int) -> nnjax.Ended:
    """Gradient descent of a cell's seeds until `safran_shamir.settled`.

    Raises:
        FloatingPointError: A run left the finite numbers.
    """
    limits = {"handover": np.array([handover]), "patience": np.array([patience], np.int32)}
    ended = sweeps.sweep_until(
        f"k {k} n {n} until {handover} {patience}",
        start(k, n),
        safran_shamir.descend,
        safran_shamir.settled,
        seeds,
        limits,
        check_every=CHECK_EVERY,
        lane=LANE,
    )
    ended = jax.tree.map(lambda leaf: leaf[:, 0], ended)
    _refuse_not_finite(seeds, ended.state)
    return ended


def _refuse_not_finite(seeds: np.ndarray, state: safran_shamir.State) -> None:
    n, k = state.weights.shape[1:]
    broken = ~np.isfinite(state.objective) | ~np.isfinite(state.weights).all(axis=(1, 2))
    if broken.any():
        raise FloatingPointError(f"k = {k}, n = {n}: seeds {seeds[broken]} are not finite")


def finish(weights: np.ndarray) -> safran_shamir.Finished:
    """`safran_shamir.finish` of (s, n, k), s >= 1, in parts of one size, so that it compiles once."""
    parts = []
    for first in range(0, len(weights), PART):
        rows = np.minimum(np.arange(first, first + PART), len(weights) - 1)
        parts.append(safran_shamir.finish(weights[rows]))
    return jax.tree.map(lambda *leaves: np.concatenate(leaves)[: len(weights)], *parts)


def cell(k: int, n: int, seeds: np.ndarray, rounds: Sequence[tuple[float, int]] = ROUNDS) -> Cell:
    """Every run of a cell from its random start to its end.

    Args:
        k: Target neurons.
        n: Neurons.
        seeds: The runs' seeds.
        rounds: When Newton's method is tried, as `ROUNDS`.
    """
    count = len(seeds)
    found = Cell(
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
    for handover, patience in rounds:
        left = np.flatnonzero(found.outcome == UNSETTLED)
        if len(left):
            ended = descend(k, n, seeds[left], handover, patience)
            found.steps[left] = ended.steps
            _write(found, left, ended.state)
    for _ in range(FURTHER):
        left = np.flatnonzero(found.outcome == UNSETTLED)
        if len(left):
            _further(found, left, seeds[left], *rounds[-1])
    return found


def _write(found: Cell, rows: np.ndarray, state: safran_shamir.State) -> None:
    """Write down what a descent of some rows has come to."""
    found.objective[rows] = state.objective
    found.rise[rows] = np.maximum(found.rise[rows], state.rise)
    for values in (found.weights, found.gradient_norm, found.spectrum):
        values[rows] = np.nan
    settled = state.objective < safran_shamir.GLOBAL
    found.outcome[rows[settled]] = NOT_SPURIOUS
    rows, stuck = rows[~settled], np.asarray(state.weights)[~settled]
    if len(rows):
        ends = finish(stuck)
        found.objective[rows], found.gradient_norm[rows] = ends.objective, ends.gradient_norm
        found.spectrum[rows], found.newton[rows] = ends.spectrum, ends.accepted
        found.weights[rows] = ends.weights
        minimum = (ends.gradient_norm <= safran_shamir.CONVERGED) & (ends.spectrum[:, 0] > 0)
        found.outcome[rows[minimum]] = SPURIOUS


def _further(found: Cell, rows: np.ndarray, seeds: np.ndarray, handover: float, patience: int) -> None:
    """Follow some rows on from where they are, off the saddle if they rest at one.

    One by one, so that no run's bits depend on who else is followed; they are few.
    """
    saddle = (found.gradient_norm[rows] <= safran_shamir.CONVERGED) & (found.spectrum[rows, 0] < 0)
    found.pushed[rows] += saddle
    starts = [
        safran_shamir.pushed(found.weights[row]) if at_rest else found.weights[row]
        for row, at_rest in zip(rows, saddle, strict=True)
    ]
    before = found.objective[rows]
    states = [
        safran_shamir.follow(start, each, handover, patience)
        for start, each in zip(starts, before, strict=True)
    ]
    state = jax.tree.map(lambda *leaves: np.stack(leaves), *states)
    _refuse_not_finite(seeds, state)
    found.steps[rows] += patience - state.patience
    _write(found, rows, state)


def distinct(value: np.ndarray, spectrum: np.ndarray) -> np.ndarray:
    """Which minimum each end is a copy of: 0, 1, ... in the order of F; -1 where the value is NaN."""
    tolerance = [SAME_VALUE, *[SAME_SPECTRUM] * spectrum.shape[1]]
    return minima.group(np.column_stack([value, spectrum]), tolerance)


def summary(runs: Cell) -> dict[str, float]:
    """The cell's row of Safran and Shamir's table; means over the spurious runs, NaN without any."""
    spurious = runs.outcome == SPURIOUS
    low, high = statistics.share(int(spurious.sum()), len(spurious))
    some = bool(spurious.any())
    return {
        "runs": len(spurious),
        "spurious": int(spurious.sum()),
        "unsettled": int((runs.outcome == UNSETTLED).sum()),
        "finished_by_newton": int(runs.newton.sum()),
        "pushed_off_a_saddle": int((runs.pushed > 0).sum()),
        "share": float(spurious.mean()),
        "share_low": low,
        "share_high": high,
        "mean_objective": float(runs.objective[spurious].mean()) if some else np.nan,
        "mean_smallest_eigenvalue": float(runs.spectrum[spurious, 0].mean()) if some else np.nan,
        "largest_eigenvalue": float(runs.spectrum[spurious, -1].max()) if some else np.nan,
        "largest_rise": float(runs.rise.max()),
    }


def reached(runs: Cell, index: np.ndarray) -> list[dict[str, float]]:
    """Each distinct minimum of a cell: its value, how often it was reached, its certificate."""
    rows = []
    for each in range(index.max(initial=-1) + 1):
        members = np.flatnonzero(index == each)
        spectrum = runs.spectrum[members]
        rows.append(
            {
                "minimum_objective": float(np.median(runs.objective[members])),
                "minimum_count": len(members),
                "minimum_smallest_eigenvalue": float(spectrum[:, 0].min()),
                "minimum_largest_eigenvalue": float(spectrum[:, -1].max()),
                "minimum_gradient_norm": float(runs.gradient_norm[members].max()),
            }
        )
    return rows


def dataset(config: Config, cells: list[tuple[int, int]], results: list[Cell]) -> xr.Dataset:
    """The table, the runs and the distinct minima as one dataset."""
    spurious = [np.where(r.outcome == SPURIOUS, r.objective, np.nan) for r in results]
    index = [distinct(value, r.spectrum) for value, r in zip(spurious, results, strict=True)]
    table = [summary(each) for each in results]
    found = [(c, row) for c, (r, i) in enumerate(zip(results, index, strict=True)) for row in reached(r, i)]
    unit = {"units": "1"}
    data = xr.Dataset(
        {name: ("cell", np.array([row[name] for row in table]), unit) for name in table[0]},
        coords={
            "k": ("cell", np.array([k for k, _ in cells])),
            "n": ("cell", np.array([n for _, n in cells])),
            "seed": config.seed + np.arange(config.seeds),
        },
        attrs={"outcomes": "0 not spurious, 1 spurious, 2 unsettled"},
    )
    kept = [name for name in Cell._fields if name not in ("weights", "spectrum")]
    per_seed = {name: [getattr(r, name) for r in results] for name in kept}
    per_seed["smallest_eigenvalue"] = [r.spectrum[:, 0] for r in results]
    per_seed["minimum_index"] = index
    for name, values in per_seed.items():
        data[f"seed_{name}"] = (
            ("cell", "seed"),
            np.stack(values).astype(np.result_type(values[0], np.int8)),
            unit,
        )
    data["minimum_cell"] = ("minimum", np.array([c for c, _ in found], dtype=int))
    for name in ("objective", "count", "smallest_eigenvalue", "largest_eigenvalue", "gradient_norm"):
        values = [row[f"minimum_{name}"] for _, row in found]
        data[f"minimum_{name}"] = ("minimum", np.array(values, dtype=float), unit)
    return data


def run(config: Config) -> xr.Dataset:
    """Descend from every seed of every cell, and say where each ends.

    Two cells at a time, the largest first: one compiles while another computes. So LAPACK keeps to one thread
    each: on matrices this small its threads wait for each other, ten times as long on a busy machine.

    Args:
        config: The options.

    Returns:
        The table along "cell", the runs along ("cell", "seed"), the distinct minima along "minimum".

    Raises:
        ValueError: Options that make no cells.
        FloatingPointError: A run left the finite numbers.
    """
    cells = pairs(config)
    seeds = config.seed + np.arange(config.seeds)
    order = sorted(range(len(cells)), key=lambda c: -cells[c][0] * cells[c][1])
    with threadpool_limits(1), threads.pool(2) as workers:
        futures = {c: workers.submit(cell, *cells[c], seeds) for c in order}
        for done, finished in enumerate(concurrent.futures.as_completed(futures.values()), start=1):
            finished.result()  # a failure ends the others
            progress.report(done, len(cells))
    return dataset(config, cells, [futures[c].result() for c in range(len(cells))])


SQUARE = tuple(range(6, 21))
EXPERIMENT = Experiment(
    name="spurious_minima",
    title="Local minima that are real",
    question="How often does gradient descent end in a local minimum that is not the global one?",
    method=(
        "n ReLU neurons learn k fixed ones over all Gaussian inputs, a task whose global minimum is 0, by "
        "plain gradient descent on the exact expectation. Every run that does not go to 0 is followed to a "
        "gradient of 1e-9, and the eigenvalues of the Hessian tell what the point is. Runs that rest at a "
        "saddle are pushed off it, the way descent was leaving it, and go on."
    ),
    config=Config,
    run=run,
    figures=figures,
    findings=findings,
    tables=tables,
    smoke={"seeds": 100, "k": (8,)},
    full={"k": (*SQUARE, *SQUARE), "n": (*SQUARE, *(k + 1 for k in SQUARE))},
    remember=(
        "Local minima that are not the global one exist and are strict: the more neurons, the more of the "
        "seeds end in one."
    ),
    minutes=(1.0, 15.0),
    order=75,
)

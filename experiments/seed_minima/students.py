"""The students of one teacher, whose ends are compared with the eight copies of the known global minimum."""

import functools
import itertools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import xarray as xr
from jax.flatten_util import ravel_pytree

import nnjax
from experiments.runner.certificates import (
    VERDICT_FLAGS,
    as_rows,
    certificates,
    loss_and_gradient,
    polished,
)
from experiments.runner.context import Context
from nnjax import datasets, minima, symmetries

STUDENT = nnjax.mlp((2, 2, 1), "tanh", "identity")
COPIES = 8
"""2ⁿ n! for n = 2 tanh nodes."""
RATE, PLAIN, MOMENTUM = 0.0015, 2000, 0.95
"""Learning rate, epochs without momentum, and momentum (handout, footnote 12). Momentum is used because
valleys are long: plain descent takes 100,000 epochs. Momentum starts after PLAIN epochs: an earlier start
would throw nodes far out, where a fifth of them stay. The Hessian's largest eigenvalue at any settled end,
1069, is below 2 / RATE = 1333."""
NEARLY = 1e-6
"""A student has arrived when the gradient's length is at most this; Newton's method does the rest."""
MOVED = 0.05
"""Newton's method may move a student by at most this share of 1 + |θ|: a minimum farther away is not the one
to which descent led."""
SOLVED = 1e-9
"""A student below this summed loss has learnt what its teacher computes."""


def copies(params: nnjax.Params) -> list[nnjax.Params]:
    """List the eight networks that compute the same function as a 2-2-1 tanh network."""
    return [
        symmetries.flipped(
            STUDENT, symmetries.permuted(params, 0, np.array(order)), 0, jnp.array(signs, jnp.float64)
        )
        for order in itertools.permutations(range(2))
        for signs in itertools.product((1.0, -1.0), repeat=2)
    ]


class State(NamedTuple):
    """A student in training: its parameters, its last step, and the number of epochs done."""

    params: nnjax.Params
    step: nnjax.Params
    epochs: jax.Array


@functools.cache
def task() -> tuple[nnjax.Params, datasets.Data]:
    """Make the teacher's parameters and the 80 rows it labels, as concrete numbers even during tracing."""
    with jax.ensure_compile_time_eval():
        teacher = datasets.teacher(STUDENT, nnjax.key(1), 80, jnp.float64)
    rows = datasets.Data(np.asarray(teacher.xs), np.asarray(teacher.ys))
    return jax.tree.map(np.asarray, teacher.params), rows


def begin(key: jax.Array) -> State:
    """Draw weights and biases from N(0, 1), and start with zero momentum."""
    params = nnjax.init(STUDENT, key, "normal", "normal", dtype=jnp.float64)
    return State(params, jax.tree.map(jnp.zeros_like, params), jnp.zeros((), jnp.int32))


def descend(state: State) -> State:
    """Do one epoch: step ← μ · step − η ∂L/∂θ, θ ← θ + step, with μ = 0 at first."""
    momentum = jnp.where(state.epochs < PLAIN, 0.0, MOMENTUM)
    gradient = nnjax.gradients(STUDENT, state.params, *task()[1])
    step = jax.tree.map(lambda old, g: momentum * old - RATE * g, state.step, gradient)
    return State(jax.tree.map(jnp.add, state.params, step), step, state.epochs + 1)


def arrived(state: State) -> jax.Array:
    """Return whether the gradient is so small that Newton's method can finish."""
    return optax.tree.norm(nnjax.gradients(STUDENT, state.params, *task()[1])) <= NEARLY


def paths(context: Context, seeds: np.ndarray, epochs: int, looks: int = 60) -> np.ndarray:
    """Record parameters (s, looks, p) at `looks` epochs, spread evenly on a logarithmic scale."""
    at = np.unique(np.geomspace(1, epochs, looks).astype(int))

    def path(key: jax.Array) -> jax.Array:
        def on(state: State, count: jax.Array) -> tuple[State, jax.Array]:
            after = jax.lax.fori_loop(0, count, lambda _, now: descend(now), state)
            return after, ravel_pytree(after.params)[0]

        first = begin(key)
        _, rows = jax.lax.scan(on, first, jnp.asarray(np.diff(at, prepend=0)))
        return jnp.concatenate([ravel_pytree(first.params)[0][None], rows])

    return context.sweep("paths of students", path, seeds, lane=16)


def students(context: Context, seeds: np.ndarray, path_count: int, epochs: int) -> xr.Dataset:
    """Train every seed, and return its end, the nearest copy of the teacher, and the first few paths."""
    teacher, rows = task()
    check_every = min(500, epochs)
    ended = context.sweep_until(
        "students", begin, descend, arrived, seeds, check_every=check_every, max_steps=epochs, lane=16
    )
    ends = polished(STUDENT, ended.state.params, *rows, steps=20)
    certificate = certificates(STUDENT, ends.params, *rows)
    parameters = as_rows(ends.params, len(seeds))
    teachers = np.stack([np.asarray(ravel_pytree(copy)[0]) for copy in copies(teacher)])
    distances = np.abs(parameters[:, None] - teachers[None]).max(axis=2)
    at_rest = np.isin(certificate.verdict, (minima.STRICT, minima.FLAT))
    near = ends.moved <= MOVED * (1 + np.linalg.norm(parameters, axis=1))
    settled = at_rest & ended.finished & near
    columns = {
        "loss": (certificate.loss, {"long_name": "SSE summed over the rows"}),
        "verdict": (certificate.verdict.astype(np.int8), {"long_name": "kind of point"} | VERDICT_FLAGS),
        "gradient_norm": (certificate.gradient_norm, {"long_name": "|∂L/∂θ|"}),
        "copy": (distances.argmin(axis=1).astype(np.int8), {"long_name": "nearest copy of the teacher"}),
        "distance": (
            distances.min(axis=1),
            {"long_name": "largest distance of any weight from the nearest copy"},
        ),
        "smallest_eigenvalue": (
            certificate.eigenvalues[:, 0],
            {"long_name": "smallest eigenvalue of the Hessian"},
        ),
        "largest_eigenvalue": (
            certificate.eigenvalues[:, -1],
            {"long_name": "largest eigenvalue of the Hessian"},
        ),
        "epochs": (ended.steps, {"long_name": "epochs done"}),
        "moved": (ends.moved, {"long_name": "distance that Newton's method moved the parameters"}),
        "settled": (settled, {"long_name": "whether descent and Newton's method reached the same minimum"}),
        "minimum": (
            _distinct(certificate, settled),
            {"long_name": "minimum reached, numbered by increasing loss; −1 for none"},
        ),
    }
    return xr.Dataset(
        {name: ("seed", values, attributes) for name, (values, attributes) in columns.items()}
        | {
            "end": (("seed", "parameter"), parameters),
            "path": (("path", "look", "parameter"), paths(context, seeds[:path_count], epochs)),
        },
        {"seed": seeds},
    )


def _distinct(certificate: minima.Certificate, settled: np.ndarray) -> np.ndarray:
    """Number the minima (s,) by increasing loss; unsettled students get −1.

    Ends with equal loss and eigenvalues count as one minimum.
    """
    scale = np.abs(certificate.eigenvalues).max(axis=0).clip(1e-3)
    features = np.column_stack([certificate.loss, certificate.eigenvalues])
    return minima.group(np.where(settled[:, None], features, np.nan), [1e-6, *1e-3 * scale])


def _corners(data: xr.Dataset) -> np.ndarray:
    """Choose the first three ends that match different copies of the teacher, or just the first three."""
    rows = np.flatnonzero(data["settled"].values & (data["loss"].values < SOLVED))
    firsts = rows[np.sort(np.unique(data["copy"].values[rows], return_index=True)[1])]
    return firsts[:3] if len(firsts) >= 3 else np.arange(3)


def landscape(data: xr.Dataset, size: int = 121) -> dict[str, xr.Dataset]:
    """Compute the loss on the plane through three ends, with paths, and on a random plane through the first.

    A slice has `size` × `size` points; `step` gives the positions of the points along each axis.
    """
    corners = _corners(data)
    ends = data["end"].values[corners]
    joins = np.isin(data["copy"].values, data["copy"].values[corners])
    joins &= data["settled"].values & (data["loss"].values < SOLVED)
    joins = joins[: data.sizes["path"]]
    return {"plane": _plane(ends, data["path"].values, joins, size), "random": _random(ends[0], size)}


def _plane(ends: np.ndarray, paths: np.ndarray, joins: np.ndarray, size: int) -> xr.Dataset:
    centre = ends.mean(axis=0)
    basis = np.linalg.svd(ends - centre, full_matrices=False)[2][:2]
    corners = (ends - centre) @ basis.T
    steps = np.linspace(-1, 1, size) * 1.6 * max(np.abs(corners).max(), 1e-3)
    middle, first, second = (_unravelled(vector) for vector in (centre, *basis))
    return _slice(middle, first, second, steps).assign(
        end=(("corner", "axis"), corners),
        path=(("path", "look", "axis"), (paths - centre) @ basis.T),
        joins=("path", joins, {"long_name": "whether the path ends at a copy that the plane goes through"}),
    )


def _random(end: np.ndarray, size: int) -> xr.Dataset:
    start = _unravelled(end)
    first, second = (minima.filter_normalised(nnjax.key(seed), start) for seed in (1, 2))
    return _slice(start, first, second, np.linspace(-1.5, 1.5, size))


def _unravelled(vector: np.ndarray) -> nnjax.Params:
    return ravel_pytree(begin(nnjax.key(0)).params)[1](jnp.asarray(vector))


def _slice(centre: nnjax.Params, first: nnjax.Params, second: nnjax.Params, steps: np.ndarray) -> xr.Dataset:
    loss_of, _ = loss_and_gradient(STUDENT, *task()[1])
    loss = np.array(minima.plane(loss_of, centre, first, second, steps, steps))
    columns = {
        "loss": (("across", "along"), loss, {"long_name": "SSE summed over the rows"}),
        "step": ("along", steps),
    }
    return xr.Dataset(columns)

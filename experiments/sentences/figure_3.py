"""The handout's Figure 3 with real minima: a local one, a global one, and a path of descent into each."""

import itertools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import optax
import xarray as xr
from jax.flatten_util import ravel_pytree

import nnjax
from nnjax import datasets, minima

NETWORK = nnjax.mlp((2, 2, 1), "tanh", "identity")
TEACHER = 1
"""The seed of the teacher, whose 80 rows a second network of the same kind learns."""
UNLUCKY, LUCKY = 150, 0
"""Seeds of two students. In the experiment seed_minima, 5 of 1000 students end where the first one does."""
RATE, PLAIN, MOMENTUM = 0.0015, 2000, 0.95
"""The learning rate, the epochs without momentum, and the momentum afterwards. Without momentum, descent
would take 100,000 epochs along the valleys."""
LOOKS = 400
KINDS = ("local", "global")


def task() -> datasets.Teacher:
    """Return the teacher, and the rows that it labels, in float64."""
    return datasets.teacher(NETWORK, nnjax.key(TEACHER), 80, jnp.float64)


def paths(epochs: int) -> np.ndarray:
    """Record both students' parameters (2, looks, 9), from N(0, 1) weights to where Newton's method ends."""
    teacher = task()
    rows = (teacher.xs, teacher.ys)

    def path(key: jax.Array) -> jax.Array:
        params = nnjax.init(NETWORK, key, "normal", "normal", dtype=jnp.float64)
        parts = []
        for momentum, length in ((0.0, min(PLAIN, epochs)), (MOMENTUM, max(epochs - PLAIN, 1))):
            params, history = nnjax.train(
                NETWORK,
                params,
                *rows,
                optimizer=optax.sgd(RATE, momentum),
                epochs=length,
                view="columns",
                record_every=-(-length // (LOOKS // 2)),
                measures={"parameters": lambda p: ravel_pytree(p)[0]},
            )
            parts.append(history.curves["parameters"])
        end = minima.polish(loss(rows), params, gradient(rows), 20, 3.0).params
        return jnp.concatenate([*parts, ravel_pytree(end)[0][None]])

    keys = jnp.stack([nnjax.key(seed) for seed in (UNLUCKY, LUCKY)])
    return np.asarray(jax.jit(jax.vmap(path))(keys))


def loss(rows: tuple) -> minima.Objective:
    """Make a function that maps parameters to the SSE summed over rows."""
    return lambda params: nnjax.total_loss(NETWORK, params, *rows)


def gradient(rows: tuple) -> Callable[[nnjax.Params], nnjax.Params]:
    """Make a function that maps parameters to the manual gradient of the loss."""
    return lambda params: nnjax.gradients(NETWORK, params, *rows)


def shaped(vector: np.ndarray) -> nnjax.Params:
    """Make parameters from a flat vector (9,)."""
    return ravel_pytree(nnjax.init(NETWORK, nnjax.key(0), "zeros", dtype=jnp.float64))[1](jnp.asarray(vector))


def nearest_copy(way: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Transform a path (k, 9) into the one of its eight equivalent copies whose end is nearest to a target.

    All points are transformed in the same way, so that the path remains one of descent: hidden nodes swap
    places, and the signs of the weights into and out of a node flip, since tanh is odd.
    """
    copies = [
        np.column_stack(
            [way[:, [*order, *(2 + order), *(4 + order), *(6 + order)]] * np.tile(signs, 4), way[:, 8]]
        )
        for order in (np.array([0, 1]), np.array([1, 0]))
        for signs in itertools.product((1.0, -1.0), repeat=2)
    ]
    return min(copies, key=lambda copy: float(np.linalg.norm(copy[-1] - target)))


def landscape(epochs: int, size: int = 81) -> xr.Dataset:
    """Compute both paths, their ends, and the loss on the plane through both ends and the first start."""
    teacher = task()
    rows = (teacher.xs, teacher.ys)
    unlucky, lucky = paths(epochs)
    ways = [unlucky, nearest_copy(lucky, unlucky[-1])]
    ends = np.stack([way[-1] for way in ways])
    values = jax.tree.map(
        np.asarray, jax.jit(jax.vmap(lambda end: looked_at(shaped(end), rows)))(jnp.asarray(ends))
    )
    centre, basis, steps = plane(np.stack([*ends, unlucky[0]]))
    origin, first, second = (shaped(vector) for vector in (centre, *basis))
    slice_ = minima.plane(loss(rows), origin, first, second, jnp.asarray(steps), jnp.asarray(steps))
    between = np.linspace(0, 1, size)[:, None] * (ends[1] - ends[0]) + ends[0]
    along = jax.jit(jax.vmap(lambda vector: loss(rows)(shaped(vector))))(jnp.asarray(between))
    return xr.Dataset(
        {
            "end_loss": ("kind", values[0], {"long_name": "SSE summed over the rows"}),
            "gradient_norm": ("kind", values[1], {"long_name": "|∂L/∂θ|"}),
            "eigenvalue": (
                ("kind", "parameter"),
                np.linalg.eigvalsh(values[2]),
                {"long_name": "eigenvalues of the Hessian"},
            ),
            "path": (("kind", "look", "axis"), (np.stack(ways) - centre) @ basis.T),
            "loss": (("across", "along"), np.array(slice_), {"long_name": "SSE summed over the rows"}),
            "step": ("along", steps),
            "between": (
                "along",
                np.asarray(along),
                {"long_name": "loss from the local to the global minimum"},
            ),
        },
        {"kind": list(KINDS)},
    )


def looked_at(params: nnjax.Params, rows: tuple) -> tuple[jax.Array, ...]:
    """Compute the loss, the length of the gradient, and the Hessian."""
    steepness = ravel_pytree(gradient(rows)(params))[0]
    curvature = minima.hessian(loss(rows), params, gradient(rows))
    return loss(rows)(params), jnp.sqrt(jnp.sum(steepness**2)), curvature


def plane(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the middle of corners (3, p), two orthogonal directions (2, p), and the steps along each."""
    centre = corners.mean(axis=0)
    basis = np.linalg.svd(corners - centre, full_matrices=False)[2][:2]
    reach = 1.4 * np.abs((corners - centre) @ basis.T).max()
    return centre, basis, np.linspace(-reach, reach, 81)

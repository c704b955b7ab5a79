"""Seeds and minima, the measurements whose minima are known: a teacher's students, a linear bottleneck."""

import functools
import itertools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import xarray as xr
from jax.flatten_util import ravel_pytree

import nnjax
from experiments.runner import sweeps
from experiments.seed_minima.xor import certificates, each, losses, polished, vector
from nnjax import datasets, minima, symmetries

STUDENT = nnjax.mlp((2, 2, 1), "tanh", "identity")
COPIES = 8
"""2ⁿ n! for n = 2 tanh nodes."""
RATE, PLAIN, MOMENTUM = 0.0015, 2000, 0.95
"""Learning rate; after so many plain epochs, with momentum (handout, footnote 12), since valleys are long:
plain descent takes 100,000 epochs. Momentum from the start throws nodes far out, where a fifth of them
stay. The Hessian's largest eigenvalue at any settled end, 1069, is below 2 / RATE = 1333."""
NEARLY = 1e-6
"""A student has arrived when the gradient is this short; Newton's method does the rest."""
MOVED = 0.05
"""Newton's method may move it by this share: further away is not the minimum that descent went to."""
SOLVED = 1e-9
"""A student below this summed loss has found what its teacher computes."""


def copies(params: nnjax.Params) -> list[nnjax.Params]:
    """The eight networks that compute what a 2-2-1 tanh network computes."""
    return [
        symmetries.flipped(
            STUDENT, symmetries.permuted(params, 0, np.array(order)), 0, jnp.array(signs, jnp.float64)
        )
        for order in itertools.permutations(range(2))
        for signs in itertools.product((1.0, -1.0), repeat=2)
    ]


class State(NamedTuple):
    """A student under way: parameters, its last step, epochs done."""

    params: nnjax.Params
    step: nnjax.Params
    epochs: jax.Array


@functools.cache
def task() -> tuple[nnjax.Params, datasets.Data]:
    """The teacher's parameters and the 80 rows that it labels: numbers, also inside a traced function."""
    with jax.ensure_compile_time_eval():
        teacher = datasets.teacher(STUDENT, nnjax.key(1), 80, jnp.float64)
    data = datasets.Data(np.asarray(teacher.xs), np.asarray(teacher.ys))
    return jax.tree.map(np.asarray, teacher.params), data


def begin(key: jax.Array) -> State:
    """N(0, 1) weights and biases, at rest."""
    params = nnjax.init(STUDENT, key, "normal", "normal", dtype=jnp.float64)
    return State(params, jax.tree.map(jnp.zeros_like, params), jnp.zeros((), jnp.int32))


def descend(state: State) -> State:
    """One epoch: step ← μ · step − η ∂L/∂θ, θ ← θ + step, with μ = 0 at first."""
    momentum = jnp.where(state.epochs < PLAIN, 0.0, MOMENTUM)
    slope = nnjax.gradients(STUDENT, state.params, *task()[1])
    step = jax.tree.map(lambda old, g: momentum * old - RATE * g, state.step, slope)
    return State(jax.tree.map(jnp.add, state.params, step), step, state.epochs + 1)


def arrived(state: State) -> jax.Array:
    """Whether the gradient is so small that Newton's method has a short way left."""
    return optax.tree.norm(nnjax.gradients(STUDENT, state.params, *task()[1])) <= NEARLY


def ways(seeds: np.ndarray, epochs: int, looks: int = 60) -> np.ndarray:
    """Parameters (s, looks, p) after 0, 1, ... epochs, the looks spread evenly over the logarithm."""
    at = np.unique(np.geomspace(1, epochs, looks).astype(int))

    def way(key: jax.Array) -> jax.Array:
        def on(state: State, count: jax.Array) -> tuple[State, jax.Array]:
            after = jax.lax.fori_loop(0, count, lambda _, now: descend(now), state)
            return after, ravel_pytree(after.params)[0]

        first = begin(key)
        _, rows = jax.lax.scan(on, first, jnp.asarray(np.diff(at, prepend=0)))
        return jnp.concatenate([ravel_pytree(first.params)[0][None], rows])

    return sweeps.sweep("ways of students", way, seeds, lane=16)


def students(seeds: np.ndarray, paths: int, epochs: int) -> xr.Dataset:
    """Students of a tanh 2-2-1 teacher: where each ends, which copy that is, and the way of some of them."""
    teacher, data = task()
    ended = sweeps.sweep_until(
        "students", begin, descend, arrived, seeds, check_every=min(500, epochs), max_steps=epochs, lane=16
    )
    ends = polished(STUDENT, ended.state.params, *data, steps=20)
    found = certificates(STUDENT, ends.params, *data)
    rows = vector(ends.params, len(seeds))
    every = np.stack([np.asarray(ravel_pytree(copy)[0]) for copy in copies(teacher)])
    distance = np.abs(rows[:, None] - every[None]).max(axis=2)
    at_rest = np.isin(found.verdict, (minima.STRICT, minima.FLAT))
    settled = at_rest & ended.finished & (ends.moved <= MOVED * (1 + np.linalg.norm(rows, axis=1)))
    per_seed = {
        "loss": found.loss,
        "verdict": found.verdict.astype(np.int8),
        "gradient_norm": found.gradient_norm,
        "copy": distance.argmin(axis=1).astype(np.int8),
        "distance": distance.min(axis=1),
        "smallest_eigenvalue": found.eigenvalues[:, 0],
        "largest_eigenvalue": found.eigenvalues[:, -1],
        "epochs": ended.steps,
        "moved": ends.moved,
        "settled": settled,
    }
    out = xr.Dataset({f"student_{name}": ("student_seed", values) for name, values in per_seed.items()})
    scale = np.abs(found.eigenvalues).max(axis=0).clip(1e-3)
    features = np.where(settled[:, None], np.column_stack([found.loss, found.eigenvalues]), np.nan)
    out["student_minimum"] = "student_seed", minima.group(features, [1e-6, *1e-3 * scale])
    out["student_end"] = ("student_seed", "parameter"), rows
    out["student_path"] = ("path", "look", "parameter"), ways(seeds[:paths], epochs)
    return out.assign(_slices(out, data)).assign_coords(student_seed=seeds)


def _corners(data: xr.Dataset) -> np.ndarray:
    """Three end states: of the first seeds that solve the task, on three copies; else any three."""
    solved = data["student_settled"].values & (data["student_loss"].values < SOLVED)
    rows = np.flatnonzero(solved)
    firsts = rows[np.sort(np.unique(data["student_copy"].values[rows], return_index=True)[1])]
    return firsts[:3] if len(firsts) >= 3 else np.arange(3)


def _slices(data: xr.Dataset, rows: datasets.Data, size: int = 121) -> dict[str, Any]:
    """The loss on the plane through three end states with the ways in it, and around the first of them."""
    loss_of, _ = losses(STUDENT, *rows)
    _, back = ravel_pytree(begin(nnjax.key(0)).params)
    corners = _corners(data)
    ends = data["student_end"].values[corners]
    centre = ends.mean(axis=0)
    basis = np.linalg.svd(ends - centre, full_matrices=False)[2][:2]
    flat = (ends - centre) @ basis.T
    reach = np.linspace(-1, 1, size) * 1.6 * max(np.abs(flat).max(), 1e-3)
    middle, along, across = (back(jnp.asarray(v)) for v in (centre, *basis))
    start = back(jnp.asarray(ends[0]))
    one, other = (minima.filter_normalised(nnjax.key(seed), start) for seed in (1, 2))
    share = np.linspace(-1.5, 1.5, size)
    paths = data["student_path"].values
    joins = np.isin(data["student_copy"].values, data["student_copy"].values[corners])
    joins &= data["student_settled"].values & (data["student_loss"].values < SOLVED)
    return {
        "plane_loss": (
            ("across", "along"),
            np.array(minima.plane(loss_of, middle, along, across, reach, reach)),
        ),
        "plane_step": ("along", reach),
        "plane_end": (("corner", "axis"), flat),
        "plane_path": (("path", "look", "axis"), (paths - centre) @ basis.T),
        "plane_joins": ("path", joins[: len(paths)]),
        "random_loss": (
            ("across", "along"),
            np.array(minima.plane(loss_of, start, one, other, share, share)),
        ),
        "random_step": ("along", share),
    }


LINEAR = nnjax.mlp((4, 2, 4), "identity", "identity", biases=False)
SUBSETS = list(itertools.combinations(range(4), 2))
"""Which two of the four principal directions a critical point keeps."""


def bottleneck(seeds: np.ndarray) -> xr.Dataset:
    """A linear 4-2-4 network gives Iris back (Baldi & Hornik 1989): ends of all seeds, and all saddles.

    Raises:
        FloatingPointError: A seed diverged.
    """
    xs = np.asarray(datasets.iris().train.xs)
    xs = xs - xs.mean(axis=0)
    values, vectors = np.linalg.eigh(xs.T @ xs)
    values, vectors = values[::-1], vectors[:, ::-1]

    def end(key: jax.Array) -> nnjax.Params:
        params = nnjax.init(LINEAR, key, "lecun_normal", dtype=jnp.float64)
        return nnjax.train(LINEAR, params, xs, xs, optimizer=optax.sgd(2e-4, 0.9), epochs=1500)[0]

    own = [
        layer.weights
        for layer in polished(LINEAR, sweeps.sweep("linear networks", end, seeds), xs, xs, steps=30).params
    ]
    product = np.einsum("sij,sjk->sik", *own)
    if not np.isfinite(product).all():
        raise FloatingPointError(f"seeds {seeds[~np.isfinite(product).all(axis=(1, 2))]} diverged")
    points = [vectors[:, list(chosen)] for chosen in SUBSETS]
    kinds = _certificates_of_weights([np.stack(points), np.stack([u.T for u in points])], xs)
    theory = [values.sum() - values[list(kept)].sum() for kept in SUBSETS]
    downhill = [sum(j < i for i in kept for j in set(range(4)) - set(kept)) for kept in SUBSETS]
    return xr.Dataset(
        {
            "linear_loss": ("linear_seed", _certificates_of_weights(own, xs).loss),
            "linear_product": (("linear_seed", "row", "column"), product),
            "linear_weights": (("linear_seed", "row", "node"), own[0]),
            "linear_least": values[2:].sum(),
            "subset_loss": ("subset", kinds.loss),
            "subset_theory": ("subset", np.array(theory)),
            "subset_negative": ("subset", kinds.negative),
            "subset_downhill": ("subset", np.array(downhill)),
            "subset_verdict": ("subset", kinds.verdict),
        },
        {"linear_seed": seeds, "subset": ["".join(str(i + 1) for i in chosen) for chosen in SUBSETS]},
    )


def _certificates_of_weights(weights: list[np.ndarray], xs: np.ndarray) -> minima.Certificate:
    """Certificates of linear networks over their weights (s, ...) alone, since they have no biases."""
    loss, gradient = losses(LINEAR, xs, xs)

    def layers(own: list[jax.Array]) -> nnjax.Params:
        return tuple(nnjax.Layer(w, jnp.zeros(w.shape[1], w.dtype)) for w in own)

    def slope(own: list[jax.Array]) -> list[jax.Array]:
        return [layer.weights for layer in gradient(layers(own))]

    def one(own: list[jax.Array]) -> minima.Certificate:
        return minima.certify(lambda weights: loss(layers(weights)), own, slope)

    return each(one, weights)

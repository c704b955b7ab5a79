"""Students of many teachers: how often each teacher's students end in a minimum other than the teacher's."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import xarray as xr

import nnjax
from experiments.runner import certificates
from experiments.runner.certificates import VERDICT_FLAGS, as_rows, loss_and_gradient
from experiments.runner.context import Context
from experiments.seed_minima.students import MOMENTUM, MOVED, NEARLY, PLAIN, SOLVED, STUDENT
from nnjax import datasets, minima

ROWS = 80
STEEP = 1.6
"""A teacher's students learn at the rate STEEP / (largest eigenvalue of the Hessian at their goal). Descent
is stable for STEEP below 2, and this value suits the first teacher."""


class Tasks(NamedTuple):
    """What the students of t teachers learn.

    Attributes:
        xs: Inputs (t, rows, 2).
        ys: The teachers' answers (t, rows, 1).
        rates: Learning rates (t,).
    """

    xs: np.ndarray
    ys: np.ndarray
    rates: np.ndarray


@functools.cache
def tasks(count: int) -> Tasks:
    """Draw teachers from the keys 1, 2, ...; the first teacher is the one of `students.task`."""
    with jax.ensure_compile_time_eval():
        drawn = [
            datasets.teacher(STUDENT, nnjax.key(number), ROWS, jnp.float64) for number in range(1, count + 1)
        ]
        steepest = [np.linalg.eigvalsh(_hessian(each.params, each.xs, each.ys))[-1] for each in drawn]
    xs, ys = (np.stack([np.asarray(getattr(each, name)) for each in drawn]) for name in ("xs", "ys"))
    return Tasks(xs, ys, STEEP / np.array(steepest))


@jax.jit
def _hessian(params: nnjax.Params, xs: jax.Array, ys: jax.Array) -> jax.Array:
    loss, gradient = loss_and_gradient(STUDENT, xs, ys)
    return minima.hessian(loss, params, gradient)


class State(NamedTuple):
    """A student in training: its teacher's number from 0, parameters, last step, and number of epochs."""

    teacher: jax.Array
    params: nnjax.Params
    step: nnjax.Params
    epochs: jax.Array


def begin(key: jax.Array, teacher: jax.Array) -> State:
    """Draw weights and biases from N(0, 1), and start with zero momentum."""
    params = nnjax.init(STUDENT, key, "normal", "normal", dtype=jnp.float64)
    return State(teacher, params, jax.tree.map(jnp.zeros_like, params), jnp.zeros((), jnp.int32))


def _gradient(state: State, count: int) -> nnjax.Params:
    xs, ys = (jnp.asarray(values)[state.teacher] for values in tasks(count)[:2])
    return nnjax.gradients(STUDENT, state.params, xs, ys)


@functools.cache
def descend(count: int) -> functools.partial:
    """Make a function that does one epoch, like `students.descend`, with the student's own rate."""
    return functools.partial(_descend, count=count)


def _descend(state: State, count: int) -> State:
    momentum, rate = jnp.where(state.epochs < PLAIN, 0.0, MOMENTUM), jnp.asarray(tasks(count).rates)
    step = jax.tree.map(
        lambda old, g: momentum * old - rate[state.teacher] * g, state.step, _gradient(state, count)
    )
    return State(state.teacher, jax.tree.map(jnp.add, state.params, step), step, state.epochs + 1)


@functools.cache
def arrived(count: int) -> functools.partial:
    """Make a function that returns whether a student is near enough for Newton's method to finish."""
    return functools.partial(_arrived, count=count)


def _arrived(state: State, count: int) -> jax.Array:
    return optax.tree.norm(_gradient(state, count)) <= NEARLY


def measure(context: Context, seeds: np.ndarray, count: int, epochs: int) -> xr.Dataset:
    """Train every seed with every teacher; return losses, kinds of ends, and whether each settled.

    Each of these has the axes (seed, teacher).
    """
    numbers = np.arange(count, dtype=np.int32)
    ended = context.sweep_until(
        "students of many teachers",
        begin,
        descend(count),
        arrived(count),
        seeds,
        {"teacher": numbers},
        check_every=min(500, epochs),
        max_steps=epochs,
        lane=16,
    )
    flat = jax.tree.map(lambda leaf: np.reshape(leaf, (-1, *leaf.shape[2:])), ended.state)
    polished, certificate = _looked_at(flat, count)
    near = polished.moved <= MOVED * (1 + np.linalg.norm(as_rows(polished.params, len(flat.epochs)), axis=1))
    at_rest = np.isin(certificate.verdict, (minima.STRICT, minima.FLAT))
    settled = near & at_rest & np.ravel(ended.finished)
    columns = {
        "loss": (certificate.loss, {"long_name": "SSE summed over the rows"}),
        "verdict": (certificate.verdict.astype(np.int8), {"long_name": "kind of point"} | VERDICT_FLAGS),
        "settled": (settled, {"long_name": "whether descent and Newton's method reached the same minimum"}),
    }
    shape = len(seeds), count
    return xr.Dataset(
        {
            name: (("seed", "teacher"), np.reshape(values, shape), about)
            for name, (values, about) in columns.items()
        },
        {"seed": seeds, "teacher": numbers + 1},
        {"epochs": epochs},
    )


def _looked_at(state: State, count: int) -> tuple[minima.Polished, minima.Certificate]:
    """Polish every student's end by Newton's method and certify it, on the rows of its own teacher."""

    def of_one(teacher: jax.Array, params: nnjax.Params) -> tuple[minima.Polished, minima.Certificate]:
        xs, ys = (jnp.asarray(values)[teacher.astype(jnp.int32)] for values in tasks(count)[:2])
        loss, gradient = loss_and_gradient(STUDENT, xs, ys)
        end = minima.polish(loss, params, gradient, 20, 3.0)
        return end, minima.certify(loss, end.params, gradient)

    return certificates.over_networks(lambda both: of_one(*both), (state.teacher, state.params), 256)


def local(teachers: xr.Dataset) -> np.ndarray:
    """Return which students have settled in a strict minimum that is not the global one, (teacher, seed)."""
    strict = teachers["settled"] & (teachers["verdict"] == minima.STRICT) & (teachers["loss"] >= SOLVED)
    return strict.transpose("teacher", "seed").values


def solved(teachers: xr.Dataset) -> np.ndarray:
    """Return which students have learnt what their teacher computes, (teacher, seed)."""
    return (teachers["settled"] & (teachers["loss"] < SOLVED)).transpose("teacher", "seed").values

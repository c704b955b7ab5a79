"""Pairs of runs on the digits, or on MNIST: what differs between them, and how far apart the runs get."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import xarray as xr

import nnjax
from experiments.runner.context import Context
from experiments.runner.mnist import load
from experiments.seed_worth.lyapunov import growth
from nnjax import datasets

HIDDEN, BATCH = 30, 10
USUAL, LARGE = "usual", "large"
RATES = {USUAL: 0.15, LARGE: 0.7}
"""Learning rates, for changes summed over a batch: a usual one, and about the largest at which most networks
learn."""
BIT, ORDER, WEIGHTS, BOTH = "one bit", "order", "weights", "both"
SOURCES = (BIT, ORDER, WEIGHTS, BOTH)
"""What differs from the first run: one bit of one weight, the order of the rows, the initial weights, or
both the order and the weights."""
OTHER_WEIGHTS, ROWS, OTHER_ROWS = 1 << 20, 1 << 21, 1 << 22
"""Folded into a seed's key."""


class Course(NamedTuple):
    """The runs of one seed: a first run, then one run for each source; e is the epoch.

    Attributes:
        labels: The label given to each test row after the epochs that are kept, (run, kept, n).
        apart: |θ - θ'| / |θ| for the parameters of the first run and of each other run, (source, e).
        disagree: Share of the test rows that the first run and each other run label differently, (source, e).
    """

    labels: Any
    apart: Any
    disagree: Any


def flip_bit(params: nnjax.Params) -> nnjax.Params:
    """Replace the weight from h₁ to the first output with the next larger floating-point number."""
    *below, last = params
    weights = last.weights.at[0, 0].set(jnp.nextafter(last.weights[0, 0], jnp.inf))
    return (*below, last._replace(weights=weights))


class Task(NamedTuple):
    """What is learnt, and by which network."""

    network: nnjax.Network
    train: datasets.Data
    test: datasets.Data


@functools.cache
def task(folder: str = "") -> Task:
    """Load the digits, 1797 rows with a quarter held back, or the pictures in a folder of four IDX files."""
    found: Any = load(folder) if folder else datasets.digits()
    sizes = found.train.xs.shape[1], HIDDEN, found.train.ys.shape[1]
    return Task(nnjax.mlp(sizes), found.train, found.test)


def one_epoch(
    learnt: Task, params: nnjax.Params, order: jax.Array, number: jax.Array, rate: jax.Array
) -> nnjax.Params:
    """Train on all rows once, in the order of this epoch."""
    after, _ = nnjax.train(
        learnt.network,
        params,
        *learnt.train,
        optimizer=optax.sgd(rate),
        epochs=1,
        batch_size=BATCH,
        key=jax.random.fold_in(order, number),
    )
    return after


def starts(
    network: nnjax.Network, key: jax.Array, sources: tuple[str, ...]
) -> tuple[nnjax.Params, jax.Array]:
    """Draw the weights and orders of the first run and of the run for each source, stacked (run, ...)."""
    first, other = (nnjax.init(network, k) for k in (key, jax.random.fold_in(key, OTHER_WEIGHTS)))
    orders = [jax.random.fold_in(key, number) for number in (ROWS, OTHER_ROWS)]
    weights = {BIT: flip_bit(first), WEIGHTS: other, BOTH: other}
    params = [first, *(weights.get(source, first) for source in sources)]
    places = np.array([0, *(source in (ORDER, BOTH) for source in sources)], int)
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *params), jnp.stack(orders)[places]


@functools.cache
def learner(
    epochs: int, kept: tuple[int, ...], sources: tuple[str, ...] = SOURCES, folder: str = ""
) -> Callable[..., Course]:
    """Make a function that maps a key and a rate to the course of a first run and a run for each source."""
    learnt = task(folder)
    xs = jnp.asarray(learnt.test.xs, jnp.float32)

    def read(params: nnjax.Params) -> jax.Array:
        return jnp.argmax(nnjax.predict_batch(learnt.network, params, xs), axis=1).astype(jnp.uint8)

    def run(key: jax.Array, rate: jax.Array) -> Course:
        params, orders = starts(learnt.network, key, sources)

        def epoch(params: nnjax.Params, number: jax.Array) -> tuple[nnjax.Params, Any]:
            after = jax.vmap(lambda p, order: one_epoch(learnt, p, order, number, rate))(params, orders)
            labels = jax.vmap(read)(after)
            disagree = jnp.mean(labels[1:] != labels[:1], axis=1, dtype=jnp.float32)
            return after, (labels, distances(after), disagree)

        _, (labels, apart, disagree) = jax.lax.scan(epoch, params, jnp.arange(epochs))
        return Course(jnp.moveaxis(labels[np.array(kept) - 1], 0, 1), apart.T, disagree.T)

    return run


def distances(params: nnjax.Params) -> jax.Array:
    """Return |θ₀ - θₖ| / |θ₀| of stacked parameters for k = 1, 2, ..., (source,)."""
    flat = jnp.concatenate([leaf.reshape(len(leaf), -1) for leaf in jax.tree.leaves(params)], axis=1)
    return jnp.linalg.norm(flat[1:] - flat[:1], axis=1) / jnp.linalg.norm(flat[0])


@functools.cache
def tangent(epochs: int) -> Callable[..., jax.Array]:
    """Make a function that maps a key and a rate to ln of the growth of an infinitely small difference.

    The result (e,) has one value for each epoch.
    """
    learnt = task()

    def run(key: jax.Array, rate: jax.Array) -> jax.Array:
        first, order = nnjax.init(learnt.network, key), jax.random.fold_in(key, ROWS)
        *below, last = jax.tree.map(jnp.zeros_like, first)
        flip = (*below, last._replace(weights=last.weights.at[0, 0].set(1)))
        return growth(
            lambda p, number: one_epoch(learnt, p, order, number, rate), first, flip, jnp.arange(epochs)
        )[1]

    return run


def kept_epochs(epochs: int) -> tuple[int, ...]:
    """List the epochs after which labels are kept: 1, 2, 4, ... and the last epoch."""
    doubling = [2**k for k in range(epochs.bit_length()) if 2**k < epochs]
    return (*doubling, epochs)


def measure(context: Context, rate: str, seeds: np.ndarray, traced: np.ndarray, epochs: int) -> xr.Dataset:
    """Train each seed's pairs of runs at one of `RATES`, and follow tangents for some seeds."""
    name = f"digits, {rate} rate"
    found = pairs(context, name, RATES[rate], seeds, epochs)
    setting = {"rate": np.array([RATES[rate]], np.float32)}
    grown = context.sweep(f"{name}, tangent", tangent(epochs), traced, setting)[:, 0]
    text = {"long_name": "ln of the growth of an infinitely small difference in this epoch"}
    return found.assign_coords(traced_seed=traced).assign(growth=(("traced_seed", "during"), grown, text))


def measure_mnist(context: Context, folder: str, seeds: np.ndarray, epochs: int) -> xr.Dataset:
    """Train each seed's pairs of runs on the pictures in a folder, at the usual rate, as Nielsen does."""
    name = load(folder).name
    return pairs(context, name, RATES[USUAL], seeds, epochs, folder).assign_attrs(pictures=name)


def pairs(
    context: Context, name: str, rate: float, seeds: np.ndarray, epochs: int, folder: str = ""
) -> xr.Dataset:
    """Train each seed's pairs of runs; return which test rows they misread, and how far apart they are."""
    kept = kept_epochs(epochs)
    learn = learner(epochs, kept, folder=folder)
    course = context.sweep(name, learn, seeds, {"rate": np.array([rate], np.float32)})
    course = jax.tree.map(lambda leaf: leaf[:, 0], course)
    texts = {
        "wrong": "whether the test row is misread",
        "apart": "|θ − θ'| / |θ| of the first run and the changed one",
        "disagree": "share of the test rows that the first run and the changed one label differently",
    }
    columns = {
        "wrong": (
            ("seed", "run", "kept", "test_row"),
            course.labels != np.argmax(task(folder).test.ys, axis=1),
        ),
        "apart": (("seed", "source", "during"), course.apart),
        "disagree": (("seed", "source", "during"), course.disagree),
    }
    axes = {"seed": seeds, "source": list(SOURCES), "during": np.arange(1, epochs + 1)}
    axes |= {"run": ["first", *SOURCES], "kept": list(kept)}
    named = {name: (*column, {"long_name": texts[name]}) for name, column in columns.items()}
    return xr.Dataset(named, axes, {"rate": rate})

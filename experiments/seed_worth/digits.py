"""Pairs of runs on the digits: what is changed between them, and how far apart they come, epoch by epoch."""

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
from experiments.seed_worth.lyapunov import growth
from nnjax import datasets

NETWORK = nnjax.mlp((64, 30, 10))
BATCH = 10
RATES = {"usual": 0.15, "large": 0.7}
"""Learning rates of changes summed over a batch: a usual one, and nearly the largest at which most learn."""
BIT, ORDER, WEIGHTS, BOTH = "one bit", "order", "weights", "both"
SOURCES = (BIT, ORDER, WEIGHTS, BOTH)
"""What a run changes of the first one: one bit of one weight, the order of its rows, its initial weights."""
OTHER_WEIGHTS, ROWS, OTHER_ROWS = 1 << 20, 1 << 21, 1 << 22
"""Folded into a seed's key."""


class Course(NamedTuple):
    """Runs of one seed: the first, then one for each source; epoch by epoch, e.

    Attributes:
        labels: What each test row is read as after the epochs that are kept, (run, kept, n).
        apart: |θ - θ'| / |θ|, of the first run's and each other's parameters, (source, e).
        disagree: Share of the test rows that the two read differently, (source, e).
    """

    labels: Any
    apart: Any
    disagree: Any


def flip_bit(params: nnjax.Params) -> nnjax.Params:
    """Replace the weight h₁ → first output by the next larger number."""
    *below, last = params
    weights = last.weights.at[0, 0].set(jnp.nextafter(last.weights[0, 0], jnp.inf))
    return (*below, last._replace(weights=weights))


@functools.cache
def rows() -> datasets.Split:
    """The digits, 1797 rows, a quarter held back."""
    return datasets.digits()


def one_epoch(params: nnjax.Params, order: jax.Array, number: jax.Array, rate: jax.Array) -> nnjax.Params:
    """Train on all rows once, in the order of this epoch."""
    after, _ = nnjax.train(
        NETWORK,
        params,
        *rows().train,
        optimizer=optax.sgd(rate),
        epochs=1,
        batch_size=BATCH,
        key=jax.random.fold_in(order, number),
    )
    return after


def starts(key: jax.Array, sources: tuple[str, ...]) -> tuple[nnjax.Params, jax.Array]:
    """Draw the first run's weights and order, and what each source makes of them: stacked, (run, ...)."""
    first, other = (nnjax.init(NETWORK, k) for k in (key, jax.random.fold_in(key, OTHER_WEIGHTS)))
    orders = [jax.random.fold_in(key, number) for number in (ROWS, OTHER_ROWS)]
    weights = {BIT: flip_bit(first), WEIGHTS: other, BOTH: other}
    params = [first, *(weights.get(source, first) for source in sources)]
    places = np.array([0, *(source in (ORDER, BOTH) for source in sources)], int)
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *params), jnp.stack(orders)[places]


@functools.cache
def learner(epochs: int, kept: tuple[int, ...], sources: tuple[str, ...] = SOURCES) -> Callable[..., Course]:
    """Return a function of a key and a rate: the course of a first run and of one for each source."""
    xs = jnp.asarray(rows().test.xs, jnp.float32)

    def read(params: nnjax.Params) -> jax.Array:
        return jnp.argmax(nnjax.predict_batch(NETWORK, params, xs), axis=1).astype(jnp.uint8)

    def run(key: jax.Array, rate: jax.Array) -> Course:
        params, orders = starts(key, sources)

        def epoch(params: nnjax.Params, number: jax.Array) -> tuple[nnjax.Params, Any]:
            after = jax.vmap(lambda p, order: one_epoch(p, order, number, rate))(params, orders)
            labels = jax.vmap(read)(after)
            disagree = jnp.mean(labels[1:] != labels[:1], axis=1, dtype=jnp.float32)
            return after, (labels, distances(after), disagree)

        _, (labels, apart, disagree) = jax.lax.scan(epoch, params, jnp.arange(epochs))
        return Course(jnp.moveaxis(labels[np.array(kept) - 1], 0, 1), apart.T, disagree.T)

    return run


def distances(params: nnjax.Params) -> jax.Array:
    """|θ₀ - θₖ| / |θ₀| of stacked parameters, k = 1, 2, ...: (source,)."""
    flat = jnp.concatenate([leaf.reshape(len(leaf), -1) for leaf in jax.tree.leaves(params)], axis=1)
    return jnp.linalg.norm(flat[1:] - flat[:1], axis=1) / jnp.linalg.norm(flat[0])


@functools.cache
def tangent(epochs: int) -> Callable[..., jax.Array]:
    """Return a function of a key and a rate: ln of the growth of an infinitely small flip, (e,)."""

    def run(key: jax.Array, rate: jax.Array) -> jax.Array:
        first, order = nnjax.init(NETWORK, key), jax.random.fold_in(key, ROWS)
        *below, last = jax.tree.map(jnp.zeros_like, first)
        flip = (*below, last._replace(weights=last.weights.at[0, 0].set(1)))
        return growth(lambda p, number: one_epoch(p, order, number, rate), first, flip, jnp.arange(epochs))[1]

    return run


def kept_epochs(epochs: int) -> tuple[int, ...]:
    """List the epochs after which labels are kept: 1, 2, 4, ... and the last."""
    doubling = [2**k for k in range(epochs.bit_length()) if 2**k < epochs]
    return (*doubling, epochs)


def measure(context: Context, rate: str, seeds: np.ndarray, traced: np.ndarray, epochs: int) -> xr.Dataset:
    """Train the pairs of every seed at a rate of `RATES`, and carry tangents along for some seeds."""
    kept, setting = kept_epochs(epochs), {"rate": np.array([RATES[rate]], np.float32)}
    course = context.sweep(f"digits, {rate} rate", learner(epochs, kept), seeds, setting)
    course = jax.tree.map(lambda leaf: leaf[:, 0], course)
    grown = context.sweep(f"digits, {rate} rate, tangent", tangent(epochs), traced, setting)[:, 0]
    wrong = course.labels != np.argmax(rows().test.ys, axis=1)
    texts = {
        "wrong": "whether the test row is misread",
        "apart": "|θ − θ'| / |θ| of the first run and the changed one",
        "disagree": "share of the test rows that the first run and the changed one read differently",
        "growth": "ln of the growth of an infinitely small difference in this epoch",
    }
    columns = {
        "wrong": (("seed", "run", "kept", "test_row"), wrong),
        "apart": (("seed", "source", "during"), course.apart),
        "disagree": (("seed", "source", "during"), course.disagree),
        "growth": (("traced_seed", "during"), grown),
    }
    axes = {"seed": seeds, "source": list(SOURCES), "traced_seed": traced, "during": np.arange(1, epochs + 1)}
    axes |= {"run": ["first", *SOURCES], "kept": list(kept)}
    named = {name: (*column, {"long_name": texts[name]}) for name, column in columns.items()}
    return xr.Dataset(named, axes, {"rate": RATES[rate]})

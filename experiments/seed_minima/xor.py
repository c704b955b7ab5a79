"""Seeds and minima, the measurements whose ends are not known beforehand: XOR and digits."""

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import xarray as xr

import nnjax
from experiments.runner import sweeps
from nnjax import datasets, minima

LEVELS = (0.0, 1 / 2, 2 / 3, 1.0)
"""The infima of XOR's SSE for a logistic 2-2-1 network: Σ n p (1 - p) over rows that share an output."""
WIDTH = 0.02
"""A loss is counted to a level within this."""
DRAWS = (("normal", "normal"), ("uniform", "uniform"), ("lecun_normal", "zeros"))
"""Initial weights and biases on XOR."""
SETTINGS = {
    "N(0, 1), rate 2": (1.0, 2.0, 0),
    "N(0, 1) × ¼, rate 2": (0.25, 2.0, 0),
    "N(0, 1) × 4, rate 2": (4.0, 2.0, 0),
    "U(−1, 1), rate 2": (1.0, 2.0, 1),
    "LeCun, rate 2": (1.0, 2.0, 2),
    "N(0, 1), rate 0.5": (1.0, 0.5, 0),
    "N(0, 1), rate 0.1": (1.0, 0.1, 0),
}
"""(scale of the initial weights and biases, learning rate, index into DRAWS); the first is the main case."""
XOR_NETWORKS = {
    "2-2-1 sigmoid": nnjax.mlp((2, 2, 1)),
    "2-3-1 sigmoid": nnjax.mlp((2, 3, 1)),
    "2-4-1 sigmoid": nnjax.mlp((2, 4, 1)),
    "2-2-1 ReLU": nnjax.mlp((2, 2, 1), "relu"),
}
MAIN = "2-2-1 sigmoid"
LONGER, AGAIN = 10, 1024
"""Of each level above 0, so many seeds run again with so many times the steps."""
NOT_AGAIN = -2


@functools.cache
def xor_end(name: str, steps: int) -> Callable[..., tuple[nnjax.Params, jax.Array]]:
    """A function of a key, a scale, a rate and a draw: parameters and SSE after full-batch steps on XOR."""
    network = XOR_NETWORKS[name]

    def end(
        key: jax.Array, scale: jax.Array, rate: jax.Array, draw: int | jax.Array = 0
    ) -> tuple[nnjax.Params, jax.Array]:
        starts = [nnjax.init(network, key, *kinds, scale) for kinds in DRAWS]
        params = jax.tree.map(lambda *leaves: jnp.stack(leaves)[draw], *starts)
        params, history = nnjax.train(
            network, params, *datasets.xor(), optimizer=optax.sgd(rate), epochs=steps, view="nodes"
        )
        return params, history.loss

    return end


def each(fn: Callable, params: Any, width: int = 1024) -> Any:
    """fn(network) for every network (s, ...) in float64, so many at a time."""
    double = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), params)
    program = jax.jit(lambda many: jax.lax.map(fn, many, batch_size=width))
    return jax.tree.map(np.array, program(double))


def losses(network: nnjax.Network, xs: Any, ys: Any) -> tuple[Callable, Callable]:
    """The SSE summed over the rows, and its manual gradients, as functions of the parameters."""
    return (
        lambda params: nnjax.total_loss(network, params, xs, ys),
        lambda params: nnjax.gradients(network, params, xs, ys),
    )


def certificates(network: nnjax.Network, params: Any, xs: Any, ys: Any) -> minima.Certificate:
    """`minima.certify` of every network (s, ...) in float64, by the manual gradients."""
    loss, gradient = losses(network, xs, ys)
    return each(lambda own: minima.certify(loss, own, gradient), params)


def polished(network: nnjax.Network, params: Any, xs: Any, ys: Any, steps: int = 40) -> minima.Polished:
    """`minima.polish` of every network (s, ...) in float64."""
    loss, gradient = losses(network, xs, ys)
    return each(lambda own: minima.polish(loss, own, gradient, steps, 3.0), params, 256)


def level(values: Any) -> np.ndarray:
    """Index into `LEVELS` of the level that a loss is within `WIDTH` of; -1 for none."""
    distance = np.abs(np.asarray(values)[..., None] - np.array(LEVELS))
    return np.where(distance.min(axis=-1) <= WIDTH, distance.argmin(axis=-1), -1)


def vector(params: Any, count: int) -> np.ndarray:
    """Parameters (s, ...) as rows (s, p)."""
    return np.concatenate([np.reshape(leaf, (count, -1)) for leaf in jax.tree.leaves(params)], axis=1)


def _settings(count: int | None = None) -> dict[str, np.ndarray]:
    scale, rate, draw = zip(*list(SETTINGS.values())[:count], strict=True)
    return {
        "scale": np.array(scale, np.float32),
        "rate": np.array(rate, np.float32),
        "draw": np.array(draw, np.int32),
    }


def xor(seeds: np.ndarray, steps: int) -> xr.Dataset:
    """Every seed's end on XOR in the main case, its certificate, and whether who is stuck stays so."""
    params, loss = sweeps.sweep("XOR", xor_end(MAIN, steps), seeds, _settings(1))
    params = jax.tree.map(lambda leaf: leaf[:, 0], params)
    found = certificates(XOR_NETWORKS[MAIN], params, *datasets.xor())
    levels = level(loss[:, 0])
    per_seed = {
        "loss": loss[:, 0],
        "level": levels.astype(np.int8),
        "again": _again(seeds, levels, LONGER * steps),
        "verdict": found.verdict.astype(np.int8),
        "gradient_norm": found.gradient_norm,
        "step": found.step,
        "eigenvalue": found.eigenvalues[:, -1],
        "small_eigenvalue": np.abs(found.eigenvalues[:, :-1]).max(axis=1),
        "length": np.linalg.norm(vector(params, len(seeds)), axis=1),
    }
    data = xr.Dataset({f"xor_{name}": ("xor_seed", values) for name, values in per_seed.items()})
    return data.assign_coords(xor_seed=seeds)


def _again(seeds: np.ndarray, levels: np.ndarray, steps: int) -> np.ndarray:
    """The level (s,) after more steps, of some seeds at each level above 0; `NOT_AGAIN` of the others."""
    rows = np.concatenate([np.flatnonzero(levels == k)[:AGAIN] for k in range(1, len(LEVELS))])
    again = np.full(len(seeds), NOT_AGAIN, np.int8)
    if len(rows):
        end = xor_end(MAIN, steps)
        _, loss = sweeps.sweep("XOR, for longer", end, seeds[rows], _settings(1), lane=1024)
        again[rows] = level(loss[:, 0])
    return again


def conditions(seeds: np.ndarray, steps: int) -> xr.Dataset:
    """XOR's last losses for other networks and settings, from the same seeds."""
    found = [
        sweeps.sweep(f"XOR, {name}", xor_end(name, steps), seeds, _settings())[1] for name in XOR_NETWORKS
    ]
    return xr.Dataset(
        {"condition_loss": (("network", "few_seed", "setting"), np.stack(found))},
        {
            "few_seed": seeds,
            "network": list(XOR_NETWORKS),
            "setting": list(SETTINGS),
            "setting_rate": ("setting", _settings()["rate"]),
        },
    )


STARTS = {"LeCun": ("lecun_normal", "zeros"), "N(0, 1)": ("normal", "normal")}
"""Initial weights and biases on the digits."""


def digits_end(sizes: Sequence[int], start: str, rate: float, epochs: int) -> Callable[[jax.Array], Any]:
    """A function of a key: parameters, labels (n,) of the test rows, loss per row, gradient norm per row."""
    train, test = datasets.digits()
    network = nnjax.mlp(tuple(sizes))
    rows = jnp.asarray(test.xs, jnp.float32)

    def end(key: jax.Array) -> tuple[nnjax.Params, jax.Array, jax.Array, jax.Array]:
        params = nnjax.init(network, key, *STARTS[start])
        params, history = nnjax.train(
            network,
            params,
            *train,
            optimizer=optax.sgd(rate),
            epochs=epochs,
            batch_size=10,
            key=jax.random.fold_in(key, 1 << 20),
        )
        y_hats = jax.vmap(lambda x: nnjax.predict(network, params, x))(rows)
        steepness = optax.tree.norm(nnjax.gradients(network, params, *train))
        return params, jnp.argmax(y_hats, axis=1), history.loss / len(train.xs), steepness / len(train.xs)

    return end


def digits(seeds: np.ndarray, epochs: int) -> xr.Dataset:
    """64-30-10 from many seeds and two kinds of initial weights: what their ends say, and where they differ.

    Seeds are paired without overlap, so that the pairs are independent of each other.
    """
    truth = np.argmax(datasets.digits().test.ys, axis=1)
    first, second = (np.arange(k, len(seeds) - len(seeds) % 2, 2) for k in (0, 1))
    parts = []
    for start in STARTS:
        end = digits_end((64, 30, 10), start, 0.15, epochs)
        _, labels, loss, steepness = sweeps.sweep(f"digits, {start}", end, seeds)
        given = np.stack([(labels == c).any(axis=1) for c in range(10)], axis=1)
        apart = np.mean(labels[first] != labels[second], axis=1)
        parts.append((np.mean(labels == truth, axis=1), loss, steepness, ~given, apart))
    accuracy, loss, steepness, lost, apart = (np.stack(column) for column in zip(*parts, strict=True))
    within = ("digits_start", "digits_seed")
    return xr.Dataset(
        {
            "digits_accuracy": (within, accuracy),
            "digits_loss": (within, loss),
            "digits_gradient_norm": (within, steepness),
            "digits_lost": ((*within, "digit"), lost),
            "digits_apart": (("digits_start", "pair_of_seeds"), apart),
        },
        {"digits_start": list(STARTS), "digits_seed": seeds, "digit": np.arange(10)},
    )


def barriers(seeds: np.ndarray, epochs: int) -> xr.Dataset:
    """The barrier per row between each two of several 64-64-10 networks, before and after aligning."""
    network = nnjax.mlp((64, 64, 10))
    train, _ = datasets.digits()
    params = sweeps.sweep("64-64-10", digits_end(network.sizes, "LeCun", 0.05, epochs), seeds)[0]
    double = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), params)
    pairs = np.array(list(itertools.combinations(range(len(seeds)), 2)))

    @jax.jit
    def both(a: nnjax.Params, b: nnjax.Params) -> jax.Array:
        aligned = minima.align(network, b, a)
        return jnp.stack([minima.barrier(network, a, end, *train, points=25) for end in (b, aligned)])

    ends = [jax.tree.map(lambda leaf, s=s: leaf[s], double) for s in range(len(seeds))]
    found = np.array([both(ends[a], ends[b]) for a, b in pairs]) / len(train.xs)
    return xr.Dataset(
        {"barrier_before": ("barrier_pair", found[:, 0]), "barrier_after": ("barrier_pair", found[:, 1])}
    )

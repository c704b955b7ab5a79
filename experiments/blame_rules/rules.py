"""Rules of blame, the measurements: three published rules beside backpropagation, their angles, training."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import nnjax
from nnjax import activations, datasets
from nnjax.backprop import Deltas
from nnjax.network import product

Rule = Callable[..., Deltas]


def _through(
    network: nnjax.Network,
    trace: nnjax.Trace,
    output: jax.Array,
    blames: Callable[[int, jax.Array], jax.Array],
) -> Deltas:
    """δ of every layer from the output's, with `blames(layer, δ)` in place of W δ."""
    found = [output]
    for layer in reversed(range(len(network.sizes) - 2)):
        names, z, a = network.activations[layer], trace.net_inputs[layer], trace.activations[layer + 1]
        found.append(blames(layer, found[-1]) * activations.slope(names, z, a))
    return tuple(reversed(found))


def backpropagation(
    network: nnjax.Network, params: nnjax.Params, trace: nnjax.Trace, y: jax.Array, _: tuple
) -> Deltas:
    """The gradient: δᵢ = Σⱼ wᵢⱼ δⱼ · f'(zᵢ)."""
    return nnjax.deltas(network, params, trace, y)


def summed(
    network: nnjax.Network, params: nnjax.Params, trace: nnjax.Trace, y: jax.Array, _: tuple
) -> Deltas:
    """The handout's rule as printed: summed over the siblings, δᵢ = Σ_k Σⱼ wₖⱼ δⱼ · f'(zᵢ)."""
    return nnjax.deltas_as_printed(network, params, trace, y, params)


def squared(
    network: nnjax.Network, params: nnjax.Params, trace: nnjax.Trace, y: jax.Array, _: tuple
) -> Deltas:
    """The handout author's own code (HLasse/COSC420): the weight enters twice, the factor 2 is missing."""
    half = nnjax.deltas(network, params, trace, y)[-1] / 2
    return _through(network, trace, half, lambda layer, delta: product(params[layer + 1].weights ** 2, delta))


def feedback(
    network: nnjax.Network, params: nnjax.Params, trace: nnjax.Trace, y: jax.Array, fixed: tuple
) -> Deltas:
    """Feedback alignment (Lillicrap et al. 2016): δᵢ = Σⱼ bᵢⱼ δⱼ · f'(zᵢ) with fixed random weights b."""
    output = nnjax.deltas(network, params, trace, y)[-1]
    return _through(network, trace, output, lambda layer, delta: product(fixed[layer + 1].weights, delta))


PRINTED = "handout, as printed"
RULES: dict[str, Rule] = {
    "backpropagation": backpropagation,
    PRINTED: summed,
    "author's code": squared,
    "fixed random feedback": feedback,
}


def step(
    network: nnjax.Network,
    rule: Rule,
    params: nnjax.Params,
    fixed: nnjax.Params,
    xs: jax.Array,
    ys: jax.Array,
    rate: float | jax.Array,
) -> nnjax.Params:
    """One update with the weight changes that a rule asks for, summed over the rows."""
    traces = jax.vmap(lambda x: nnjax.forward(network, params, x))(xs)
    found = jax.vmap(lambda trace, y: rule(network, params, trace, y, fixed))(traces, ys)
    return tuple(
        nnjax.Layer(w + rate * product(a.T, delta), b + rate * jnp.sum(delta, axis=0))
        for (w, b), a, delta in zip(params, traces.activations[:-1], found, strict=True)
    )


INPUTS = ("U(0, 1)", "the handout's (1, 3, 5)")
"""Inputs of the random networks: the larger they are, the more the slopes f' differ from node to node."""


def angles(network: nnjax.Network) -> Callable[[jax.Array], jax.Array]:
    """A function of a key: cosines (input, rule) with the true weight change of layer 1."""

    def one(key: jax.Array) -> jax.Array:
        params, fixed = (
            nnjax.init(network, jax.random.fold_in(key, part), "normal", dtype=jnp.float64)
            for part in range(2)
        )
        x = jax.random.uniform(jax.random.fold_in(key, 2), (network.sizes[0],), jnp.float64)
        y = jax.random.uniform(jax.random.fold_in(key, 3), (network.sizes[-1],), jnp.float64)
        handout = jnp.asarray(datasets.handout().xs[0])
        return jnp.stack([cosines(network, params, fixed, each, y) for each in (x, handout)])

    return one


def with_equal_slopes(network: nnjax.Network) -> Callable[[jax.Array], jax.Array]:
    """A function of a key: the printed rule's cosine where all f' are equal, measured and as derived.

    cos = |Σⱼ vⱼ| / (√n |v|) for n hidden nodes with the weights v into one output node: never below 0.
    """
    inputs, nodes, _ = network.sizes
    network = nnjax.mlp((inputs, nodes, 1), "identity", biases=False)

    def one(key: jax.Array) -> jax.Array:
        params = nnjax.init(network, key, "normal", dtype=jnp.float64)
        v = params[1].weights[:, 0]
        found = cosines(network, params, params, jnp.ones(inputs), jnp.ones(1))
        measured = found[list(RULES).index(PRINTED)]
        return jnp.stack([measured, jnp.abs(jnp.sum(v)) / jnp.sqrt(nodes * jnp.sum(v * v))])

    return one


def cosines(
    network: nnjax.Network, params: nnjax.Params, fixed: nnjax.Params, x: jax.Array, y: jax.Array
) -> jax.Array:
    """Cosine between each rule's δ of layer 1 and the true one, which is that of the weight changes."""
    trace = nnjax.forward(network, params, x)
    found = jnp.stack([rule(network, params, trace, y, fixed)[0] for rule in RULES.values()])
    lengths = jnp.sqrt(jnp.sum(found * found, axis=1))
    return product(found, found[0]) / (lengths * lengths[0])


@dataclasses.dataclass(frozen=True)
class Job:
    """What is learnt, and how long: full batches, or batches of `batch` rows in one fixed order.

    The rate suits backpropagation; others are tried, `times` it, up to where more is worse for every rule, so
    that none is judged by another's rate.
    """

    network: nnjax.Network
    train: datasets.Data
    test: datasets.Data
    rate: float
    epochs: int
    batch: int
    times: tuple[float, ...] = (0.2, 0.5, 1.0, 2.0, 5.0)


def trained(job: Job) -> Callable[..., tuple[jax.Array, jax.Array]]:
    """A function of a key and a rate: last loss per row, and share of the test rows labelled right, per rule.

    The rules share one program, since drawing the initial weights takes most of its compilation.
    """
    whole = len(job.train.xs) // job.batch * job.batch
    order = np.random.default_rng(0).permutation(len(job.train.xs))[:whole].reshape(-1, job.batch)
    batches: Any = tuple(jnp.asarray(values[order], jnp.float32) for values in job.train)
    network = job.network

    def end(key: jax.Array, rate: jax.Array) -> tuple[jax.Array, jax.Array]:
        params, fixed = (
            nnjax.init(network, jax.random.fold_in(key, k), "normal", "normal") for k in range(2)
        )
        ends = [descend(rule, params, fixed, rate) for rule in RULES.values()]
        losses = [nnjax.total_loss(network, last, *job.train) / len(job.train.xs) for last in ends]
        return jnp.stack(losses), jnp.stack([right(last) for last in ends])

    def descend(rule: Rule, params: nnjax.Params, fixed: nnjax.Params, rate: jax.Array) -> nnjax.Params:
        def update(now: nnjax.Params, rows: tuple[jax.Array, jax.Array]) -> tuple[nnjax.Params, None]:
            return step(network, rule, now, fixed, *rows, rate), None

        return jax.lax.fori_loop(0, job.epochs, lambda _, now: jax.lax.scan(update, now, batches)[0], params)

    def right(params: nnjax.Params) -> jax.Array:
        y_hats = jax.vmap(lambda x: nnjax.predict(network, params, x))(jnp.asarray(job.test.xs, jnp.float32))
        return jnp.mean(jnp.argmax(y_hats, axis=1) == np.argmax(job.test.ys, axis=1), dtype=jnp.float32)

    return end

"""Rules of blame: backpropagation and three other published rules, their angles, and training with them."""

import dataclasses
import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import nnjax
from nnjax import activations, datasets
from nnjax.backprop import Deltas
from nnjax.network import product


class Example(NamedTuple):
    """The input of a rule of blame: one example's forward pass through a network.

    Attributes:
        network: The network.
        params: The parameters that produced the trace.
        trace: The forward pass.
        y: The label (out,).
        feedback: Fixed random parameters of the same shapes, for rules that send blame back through them.
    """

    network: nnjax.Network
    params: nnjax.Params
    trace: nnjax.Trace
    y: jax.Array
    feedback: nnjax.Params


Rule = Callable[[Example], Deltas]


def send_back(example: Example, output: jax.Array, blame: Callable[[int, jax.Array], jax.Array]) -> Deltas:
    """Compute every layer's δ from the output's, with `blame(layer, δ)` in place of W δ."""
    network, trace, deltas = example.network, example.trace, [output]
    for layer in reversed(range(len(network.sizes) - 2)):
        names, z, a = network.activations[layer], trace.net_inputs[layer], trace.activations[layer + 1]
        deltas.append(blame(layer, deltas[-1]) * activations.slope(names, z, a))
    return tuple(reversed(deltas))


def backpropagation(example: Example) -> Deltas:
    """Apply the gradient's rule: δᵢ = Σⱼ wᵢⱼ δⱼ · f'(zᵢ)."""
    return nnjax.deltas(example.network, example.params, example.trace, example.y)


def summed(example: Example) -> Deltas:
    """Apply the handout's rule as printed, which sums over the siblings: δᵢ = Σ_k Σⱼ wₖⱼ δⱼ · f'(zᵢ)."""
    network, params, trace, y, _ = example
    return nnjax.deltas_as_printed(network, params, trace, y, params)


def squared(example: Example) -> Deltas:
    """Apply the rule of the author's code (HLasse/COSC420): the weight enters twice, and the 2 is missing."""
    half, params = backpropagation(example)[-1] / 2, example.params
    return send_back(example, half, lambda layer, delta: product(params[layer + 1].weights ** 2, delta))


def through_feedback(example: Example) -> Deltas:
    """Apply feedback alignment (Lillicrap et al. 2016): δᵢ = Σⱼ bᵢⱼ δⱼ · f'(zᵢ), with random b."""
    output, feedback = backpropagation(example)[-1], example.feedback
    return send_back(example, output, lambda layer, delta: product(feedback[layer + 1].weights, delta))


TRUE, PRINTED, AUTHORS, FEEDBACK = (
    "backpropagation",
    "handout, as printed",
    "author's code",
    "fixed random feedback",
)
RULES: dict[str, Rule] = {
    TRUE: backpropagation,
    PRINTED: summed,
    AUTHORS: squared,
    FEEDBACK: through_feedback,
}


def step(
    rule: Rule,
    network: nnjax.Network,
    params: nnjax.Params,
    *,
    feedback: nnjax.Params,
    xs: jax.Array,
    ys: jax.Array,
    rate: float | jax.Array,
) -> nnjax.Params:
    """Update once with the weight changes that a rule gives, summed over the rows."""
    traces = jax.vmap(lambda x: nnjax.forward(network, params, x))(xs)
    deltas = jax.vmap(lambda trace, y: rule(Example(network, params, trace, y, feedback)))(traces, ys)
    return tuple(
        nnjax.Layer(w + rate * product(a.T, delta), b + rate * jnp.sum(delta, axis=0))
        for (w, b), a, delta in zip(params, traces.activations[:-1], deltas, strict=True)
    )


UNIFORM, HANDOUT = "U(0, 1)", "the handout's (1, 3, 5)"
INPUTS = (UNIFORM, HANDOUT)
"""Inputs of the random networks: the larger the inputs, the more the slopes f' differ between nodes."""


def angles(network: nnjax.Network) -> Callable[[jax.Array], jax.Array]:
    """Make a function that maps a key to the cosines (input, rule) with the true weight change of layer 1."""

    def cosines_of(key: jax.Array) -> jax.Array:
        params, feedback = (
            nnjax.init(network, jax.random.fold_in(key, part), "normal", dtype=jnp.float64)
            for part in range(2)
        )
        x = jax.random.uniform(jax.random.fold_in(key, 2), (network.sizes[0],), jnp.float64)
        y = jax.random.uniform(jax.random.fold_in(key, 3), (network.sizes[-1],), jnp.float64)
        handout = jnp.asarray(datasets.handout().xs[0])
        return jnp.stack([cosines(network, params, feedback, inputs, y) for inputs in (x, handout)])

    return cosines_of


def with_equal_slopes(network: nnjax.Network) -> Callable[[jax.Array], jax.Array]:
    """Make a function that maps a key to the printed rule's cosine for equal f', measured and derived.

    For n hidden nodes with the weights v into one output node, the cosine is |Σⱼ vⱼ| / (√n |v|), which is
    never below 0.
    """
    inputs, nodes, _ = network.sizes
    network = nnjax.mlp((inputs, nodes, 1), "identity", biases=False)

    def cosines_of(key: jax.Array) -> jax.Array:
        params = nnjax.init(network, key, "normal", dtype=jnp.float64)
        v = params[1].weights[:, 0]
        measured = cosines(network, params, params, jnp.ones(inputs), jnp.ones(1))[list(RULES).index(PRINTED)]
        return jnp.stack([measured, jnp.abs(jnp.sum(v)) / jnp.sqrt(nodes * jnp.sum(v * v))])

    return cosines_of


def cosines(
    network: nnjax.Network, params: nnjax.Params, feedback: nnjax.Params, x: jax.Array, y: jax.Array
) -> jax.Array:
    """Compute the cosine of each rule's δ of layer 1 with the true δ; weight changes have the same cosine."""
    example = Example(network, params, nnjax.forward(network, params, x), y, feedback)
    deltas = jnp.stack([rule(example)[0] for rule in RULES.values()])
    lengths = jnp.sqrt(jnp.sum(deltas * deltas, axis=1))
    return product(deltas, deltas[0]) / (lengths * lengths[0])


@dataclasses.dataclass(frozen=True)
class Task:
    """What is learnt, and for how long, in batches of `batch` rows (or all of them) in one fixed order.

    The rate suits backpropagation. Its products with `times` are tried as well, up to the point where every
    rule gets worse, so that no rule is judged at a rate that suits only another rule.

    Attributes:
        title: A name for readers.
        network: The network.
        train: Rows to train on.
        test: Rows to test with.
        rate: Learning rate.
        epochs: Passes over the training rows.
        batch: Rows per update.
        seeds: How many networks learn the task by each rule.
        times: Factors by which the rate is multiplied.
        measure: How rules are compared: "test accuracy", or "share solved" (summed loss below 0.1).
    """

    title: str
    network: nnjax.Network
    train: datasets.Data
    test: datasets.Data
    rate: float
    epochs: int
    batch: int
    seeds: int
    times: tuple[float, ...] = (0.2, 0.5, 1.0, 2.0, 5.0)
    measure: str = "test accuracy"


def trained(task: Task) -> Callable[..., tuple[jax.Array, jax.Array]]:
    """Make a function that maps a key and a rate to each rule's final loss per row and test accuracy.

    The rules share one program, since drawing the initial weights takes up most of the compilation time.
    """
    batches, network = in_batches(task), task.network

    def ends(key: jax.Array, rate: jax.Array) -> tuple[jax.Array, jax.Array]:
        params, feedback = begin(network, key)
        last = [
            descend(task, rule, params, feedback=feedback, batches=batches, rate=rate, epochs=task.epochs)
            for rule in RULES.values()
        ]
        losses = [nnjax.total_loss(network, params, *task.train) / len(task.train.xs) for params in last]
        return jnp.stack(losses), jnp.stack([accuracy(network, params, task.test) for params in last])

    return ends


def begin(network: nnjax.Network, key: jax.Array) -> tuple[nnjax.Params, nnjax.Params]:
    """Draw a network's N(0, 1) parameters, and the parameters through which blame is sent back."""
    params, feedback = (
        nnjax.init(network, jax.random.fold_in(key, part), "normal", "normal") for part in range(2)
    )
    return params, feedback


def in_batches(task: Task) -> Any:
    """Put the training rows into whole batches in one fixed order, (b, rows, ...)."""
    whole = len(task.train.xs) // task.batch * task.batch
    order = np.random.default_rng(0).permutation(len(task.train.xs))[:whole].reshape(-1, task.batch)
    return tuple(jnp.asarray(values[order], jnp.float32) for values in task.train)


def descend(
    task: Task,
    rule: Rule,
    params: nnjax.Params,
    *,
    feedback: nnjax.Params,
    batches: Any,
    rate: float | jax.Array,
    epochs: int,
) -> nnjax.Params:
    """Train a network by one rule for a number of epochs."""

    def update(params: nnjax.Params, rows: tuple[jax.Array, jax.Array]) -> tuple[nnjax.Params, None]:
        xs, ys = rows
        return step(rule, task.network, params, feedback=feedback, xs=xs, ys=ys, rate=rate), None

    def epoch(_: int, params: nnjax.Params) -> nnjax.Params:
        return jax.lax.scan(update, params, batches)[0]

    return jax.lax.fori_loop(0, epochs, epoch, params)


def accuracy(network: nnjax.Network, params: nnjax.Params, test: datasets.Data) -> jax.Array:
    """Compute the share of the rows whose largest output is the label's."""
    y_hats = jax.vmap(lambda x: nnjax.predict(network, params, x))(jnp.asarray(test.xs, jnp.float32))
    return jnp.mean(jnp.argmax(y_hats, axis=1) == np.argmax(test.ys, axis=1), dtype=jnp.float32)


LOOKS = (0, 1, 2, 5, 10, 20, 60)
"""The epochs after which the alignment of feedback is measured, if training lasts that long."""


def alignment(task: Task, rate: float) -> Callable[[jax.Array], jax.Array]:
    """Make a function that maps a key to feedback's cosine with the true change after each epoch in `LOOKS`.

    The network is trained by fixed random feedback; both changes are summed over the training rows.
    """
    network, batches = task.network, in_batches(task)
    xs, ys = (jnp.asarray(values, jnp.float32) for values in task.train)

    def cosines_of(key: jax.Array) -> jax.Array:
        params, feedback = begin(network, key)
        found = []
        for before, after in itertools.pairwise((0, *looks(task))):
            params = descend(
                task,
                RULES[FEEDBACK],
                params,
                feedback=feedback,
                batches=batches,
                rate=jnp.float32(rate),
                epochs=after - before,
            )
            moved = [
                step(RULES[name], network, params, feedback=feedback, xs=xs, ys=ys, rate=jnp.float32(1.0))[
                    0
                ].weights
                for name in (TRUE, FEEDBACK)
            ]
            true, fixed = (after - params[0].weights for after in moved)
            lengths = jnp.sqrt(jnp.sum(true * true) * jnp.sum(fixed * fixed))
            found.append(jnp.sum(true * fixed) / lengths)
        return jnp.stack(found)

    return cosines_of


def looks(task: Task) -> tuple[int, ...]:
    """Return the epochs in `LOOKS` that a task's training reaches, and its last epoch."""
    return tuple(sorted({epoch for epoch in LOOKS if epoch <= task.epochs} | {task.epochs}))

"""Handwritten digits, the measurements: what a network's seed, loss, batches and end of training do to it."""

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import xarray as xr

import nnjax
from experiments.runner import sweeps
from nnjax import datasets

HIDDEN = 30
ORDER = 1 << 20
"""What is folded into a seed's key for the order of its rows; weights are drawn from other numbers."""


class Start(NamedTuple):
    """How a network begins, and what it minimises.

    Attributes:
        weights: Initial weights.
        biases: Initial biases.
        loss: The loss; with a cross-entropy the outputs are logits, and σ of them is what they say.
        rate: Learning rate of changes summed over a batch.
    """

    weights: str
    biases: str
    loss: str
    rate: float


STARTS = {
    "LeCun, SSE": Start("lecun_normal", "zeros", "sse", 0.15),
    "N(0, 1), SSE": Start("normal", "normal", "sse", 0.15),
    "N(0, 1), cross-entropy": Start("normal", "normal", "binary_cross_entropy", 0.05),
}
"""Nielsen's N(0, 1) weights and biases and his rates, 3 and 0.5 averaged over 10 rows; and LeCun's."""
AGAIN = "N(0, 1), SSE"
"""The start from which every seed runs again with its rows in another order."""
BATCHES: Mapping[str, tuple[int | None, tuple[float, ...]]] = {
    "1 row": (1, (0.15, 0.5, 1.5)),
    "10 rows": (10, (0.05, 0.15, 0.5)),
    "48 rows": (48, (0.02, 0.05, 0.15)),
    "all rows": (None, (0.0002, 0.0005, 0.002)),
}
"""Rows per update, and the learning rates tried with them: fewer updates want longer steps each."""
NEVER = 1e-30
STOPS = {
    "all epochs": (NEVER, NEVER),
    "validation loss below 0.1 per row": (0.1, NEVER),
    "gradient norm below 50": (NEVER, 50.0),
}
"""Footnote 13's criteria: (loss per row held back, norm of the gradient summed over the others)."""


class Look(NamedTuple):
    """What the test rows show after an epoch.

    Attributes:
        accuracy: Share labelled right.
        said: Mean over the rows of digit c of what output node c says, a or σ(ŷ), (c,).
        delta: Mean over the same rows of that node's δ, (c,).
    """

    accuracy: Any
    said: Any
    delta: Any


def network_for(data: datasets.Split, loss: str = "sse") -> nnjax.Network:
    """in-30-10; logits where the loss takes them."""
    sizes = (data.train.xs.shape[1], HIDDEN, data.train.ys.shape[1])
    return nnjax.mlp(sizes, output="identity" if nnjax.LOSSES[loss].logits else "sigmoid")


def look(network: nnjax.Network, params: nnjax.Params, test: datasets.Data, loss: str) -> Look:
    """Look at the test rows (n, ...) of a network."""
    xs, ys = (jnp.asarray(values, jnp.float32) for values in test)
    traces = jax.vmap(lambda x: nnjax.forward(network, params, x))(xs)
    deltas = jax.vmap(lambda trace, y: nnjax.deltas(network, params, trace, y, loss)[-1])(traces, ys)
    said = nnjax.probabilities(loss, traces.activations[-1])
    right = jnp.argmax(said, axis=1) == jnp.argmax(ys, axis=1)
    rows = jnp.sum(ys, axis=0)
    means = [jnp.sum(values * ys, axis=0) / rows for values in (said, deltas)]
    return Look(jnp.mean(right, dtype=jnp.float32), *means)


@functools.cache
def learner(name: str, mnist: str, epochs: int) -> Callable[..., tuple[Look, jax.Array, jax.Array]]:
    """A function of a key and a number: looks after 0..E epochs, labels of the test rows, hidden weights.

    The number says which order the rows come in.
    """
    start, data = STARTS[name], load(mnist)
    network = network_for(data, start.loss)

    def end(key: jax.Array, order: jax.Array) -> tuple[Look, jax.Array, jax.Array]:
        params = nnjax.init(network, key, start.weights, start.biases)
        order = jax.random.fold_in(key, order)

        def epoch(now: nnjax.Params, number: jax.Array) -> tuple[nnjax.Params, Look]:
            after, _ = nnjax.train(
                network,
                now,
                *data.train,
                optimizer=optax.sgd(start.rate),
                epochs=1,
                batch_size=10,
                key=jax.random.fold_in(order, number),
                loss=start.loss,
            )
            return after, look(network, now, data.test, start.loss)

        params, looks = jax.lax.scan(epoch, params, jnp.arange(epochs))
        last = look(network, params, data.test, start.loss)
        looks = jax.tree.map(lambda many, one: jnp.concatenate([many, one[None]]), looks, last)
        return looks, labels(network, params, data.test), params[0].weights

    return end


def labels(network: nnjax.Network, params: nnjax.Params, test: datasets.Data) -> jax.Array:
    """The digit whose output node says most, (n,)."""
    xs = jnp.asarray(test.xs, jnp.float32)
    return jnp.argmax(jax.vmap(lambda x: nnjax.predict(network, params, x))(xs), axis=1).astype(jnp.int8)


def accuracy(network: nnjax.Network, params: nnjax.Params, test: datasets.Data) -> jax.Array:
    """Share of the test rows labelled right."""
    right = labels(network, params, test) == np.argmax(test.ys, axis=1).astype(np.int8)
    return jnp.mean(right, dtype=jnp.float32)


@functools.cache
def load(mnist: str) -> datasets.Split:
    """scikit-learn's digits, or MNIST from a folder."""
    return datasets.mnist(mnist) if mnist else datasets.digits()


def seeds(mnist: str, chosen: np.ndarray, epochs: int) -> xr.Dataset:
    """Every seed's way and end from each start, and the hidden weights of the first LeCun seed."""
    found = {}
    for name in STARTS:
        kinds = (name, f"{name}, other order") if name == AGAIN else (name,)
        orders = {"order": np.arange(ORDER, ORDER + len(kinds), dtype=np.uint32)}
        ends = sweeps.sweep(name, learner(name, mnist, epochs), chosen, orders)
        for k, kind in enumerate(kinds):
            found[kind] = jax.tree.map(lambda leaf, k=k: leaf[:, k], ends)
    looks = Look(*(np.stack(leaves) for leaves in zip(*(each[0] for each in found.values()), strict=True)))
    data, within = load(mnist), ("start", "seed", "epoch")
    side = round(data.train.xs.shape[1] ** 0.5)
    first = next(iter(found.values()))
    columns = {
        "accuracy": (within, looks.accuracy, {"long_name": "share of the test rows labelled right"}),
        "said": ((*within, "digit"), looks.said, {"long_name": "what its node says on a digit's own rows"}),
        "delta": ((*within, "digit"), looks.delta, {"long_name": "that node's δ on the same rows"}),
        "label": (("start", "seed", "row"), np.stack([each[1] for each in found.values()])),
        "truth": ("row", np.argmax(data.test.ys, axis=1).astype(np.int8)),
        "image": (("row", "y", "x"), np.float32(data.test.xs).reshape(-1, side, side)),
        "hidden_weights": (("node", "y", "x"), first[2][0].T.reshape(-1, side, side)),
    }
    return xr.Dataset(columns, {"start": list(found), "seed": chosen, "digit": np.arange(10)})


def batches(mnist: str, chosen: np.ndarray, epochs: int) -> xr.Dataset:
    """Test accuracy for each number of rows per update and each learning rate, after the same epochs."""
    data = load(mnist)
    network = network_for(data)
    rates = np.array([rates for _, rates in BATCHES.values()])

    def end(key: jax.Array, **tried: jax.Array) -> jax.Array:
        """Accuracies (batch,); one program, since drawing weights and orders takes most of a compilation."""
        params, order = nnjax.init(network, key), jax.random.fold_in(key, ORDER)
        found = []
        for name, (size, _) in BATCHES.items():
            options: Any = {"optimizer": optax.sgd(tried[name]), "epochs": epochs}
            options |= {"batch_size": size, "key": order if size else None}
            trained, _ = nnjax.train(network, params, *data.train, **options)
            found.append(accuracy(network, trained, data.test))
        return jnp.stack(found)

    settings = dict(zip(BATCHES, rates.astype(np.float32), strict=True))
    found = sweeps.sweep("rows per update", end, chosen, settings)
    return xr.Dataset(
        {
            "batch_accuracy": (("batch", "batch_seed", "trial"), np.moveaxis(found, -1, 0)),
            "batch_rate": (("batch", "trial"), rates),
        },
        {"batch": list(BATCHES), "batch_seed": chosen},
    )


def stops(mnist: str, chosen: np.ndarray, epochs: int) -> xr.Dataset:
    """When each stopping criterion stops, and with what accuracy; the last fifth of the rows validates."""
    data = load(mnist)
    network, cut = network_for(data), len(data.train.xs) * 4 // 5
    train, held = (datasets.Data(*(part[rows] for part in data.train)) for rows in _cut(cut))

    def end(key: jax.Array, validation: jax.Array, gradient_norm: jax.Array) -> tuple[jax.Array, ...]:
        params, history = nnjax.train(
            network,
            nnjax.init(network, key),
            *train,
            optimizer=optax.sgd(0.15),
            epochs=epochs,
            batch_size=10,
            key=jax.random.fold_in(key, ORDER),
            stop=nnjax.Stop(gradient_norm, (held.xs, held.ys, validation * len(held.xs))),
        )
        return history.epochs, history.reason, accuracy(network, params, data.test)

    validation, gradient_norm = np.array(list(STOPS.values()), np.float32).T
    limits = {"validation": validation, "gradient_norm": gradient_norm}
    found = sweeps.sweep("stopping criteria", end, chosen, limits)
    epochs_done, reason, right = (leaf.T for leaf in found)
    within = ("stop", "stop_seed")
    return xr.Dataset(
        {
            "stop_epochs": (within, epochs_done),
            "stop_reason": (within, reason.astype(np.int8)),
            "stop_accuracy": (within, right),
        },
        {"stop": list(STOPS), "stop_seed": chosen},
    )


def _cut(row: int) -> tuple[slice, slice]:
    return slice(None, row), slice(row, None)

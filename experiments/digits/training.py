"""Training on handwritten digits: effects of the seed, the start, the loss, the batches and the stopping."""

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import xarray as xr

import nnjax
from experiments.digits.networks import Look, accuracy, labels, load, look, network_for
from experiments.runner.context import Context
from nnjax import datasets

ORDER = 1 << 20
"""A number that is folded into a seed's key for the order of its rows, so that the order and the weights are
drawn from different random numbers."""


class Start(NamedTuple):
    """How a network starts, and what it minimises.

    Attributes:
        weights: Initial weights.
        biases: Initial biases.
        loss: The loss; with a cross-entropy the outputs are logits, whose σ is the answer.
        rate: Learning rate, for changes summed over a batch.
    """

    weights: str
    biases: str
    loss: str
    rate: float


LECUN, NIELSEN, ENTROPY = "LeCun, SSE", "N(0, 1), SSE", "N(0, 1), cross-entropy"
STARTS = {
    LECUN: Start("lecun_normal", "zeros", "sse", 0.15),
    NIELSEN: Start("normal", "normal", "sse", 0.15),
    ENTROPY: Start("normal", "normal", "binary_cross_entropy", 0.05),
}
"""Ways to start: from LeCun's weights, and from Nielsen's N(0, 1) weights and biases with his rates. His
rates are 3 and 0.5 for a mean over 10 rows."""
OTHER_ORDER = "N(0, 1), SSE, other order"
"""Every seed runs again from `NIELSEN`'s start, with its rows in another order."""
ONE_ROW, TEN_ROWS, ALL_ROWS = "1 row", "10 rows", "all rows"
ONE_EPOCH, AS_MANY = "10 rows, one epoch", "all rows, as many updates"


class Batch(NamedTuple):
    """How rows are gathered into updates.

    Attributes:
        size: Rows per update; None for all.
        rates: The learning rates that are tried; with fewer updates, each update has to be larger.
        epochs: "as asked for", "one", or "as many updates" (as there are in one epoch in batches of 10).
    """

    size: int | None
    rates: tuple[float, ...]
    epochs: str = "as asked for"


BATCHES: Mapping[str, Batch] = {
    ONE_ROW: Batch(1, (0.15, 0.5, 1.5)),
    TEN_ROWS: Batch(10, (0.05, 0.15, 0.5)),
    "48 rows": Batch(48, (0.02, 0.05, 0.15)),
    ALL_ROWS: Batch(None, (0.0002, 0.0005, 0.002)),
    ONE_EPOCH: Batch(10, (0.05, 0.15, 0.5), "one"),
    AS_MANY: Batch(None, (0.0005, 0.002, 0.005), "as many updates"),
}
NEVER, ALL_EPOCHS = 1e-30, "all epochs"
STOPS = {ALL_EPOCHS: NEVER, "validation loss below 0.1 per row": 0.1}
"""Footnote 13's first criterion: {name: the loss per held-out row at which training stops}."""
PLATEAU, PATIENCE = "no lower validation loss for 5 epochs", 5
"""Footnote 13's second criterion, “a stable state”: training that no longer improves."""


REASON_FLAGS = {
    "flag_values": np.arange(len(nnjax.REASONS), dtype=np.int8),
    "flag_meanings": " ".join(nnjax.REASONS),
}


class End(NamedTuple):
    """A trained network.

    Attributes:
        looks: A `Look` after 0..E epochs.
        labels: Labels of the test rows (n,), given by the node with the largest output.
        training_loss: Loss per training row at the end.
        gradient_norm: |∂L/∂θ| per training row at the end.
        hidden_weights: Weights of the hidden nodes (i, j).
    """

    looks: Look
    labels: Any
    training_loss: Any
    gradient_norm: Any
    hidden_weights: Any


@functools.cache
def learner(name: str, epochs: int) -> Callable[[jax.Array, jax.Array], End]:
    """Make a function that maps a key, and a number that sets the order of the rows, to a trained network."""
    start, data = STARTS[name], load()
    network = network_for(data, start.loss)

    def end(key: jax.Array, order: jax.Array) -> End:
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
        xs, ys = data.train
        loss = nnjax.total_loss(network, params, xs, ys, start.loss) / len(xs)
        gradient = nnjax.gradients(network, params, xs, ys, start.loss)
        steepness = optax.tree.norm(gradient) / len(xs)
        given = labels(network, params, data.test)
        return End(looks, given, loss, steepness, params[0].weights)

    return end


def starts(context: Context, seeds: np.ndarray, epochs: int) -> dict[str, xr.Dataset]:
    """Train every seed from each start: groups "starts" and "pictures"."""
    ends: dict[str, End] = {}
    for name in STARTS:
        kinds = (name, OTHER_ORDER) if name == NIELSEN else (name,)
        orders = {"order": np.arange(ORDER, ORDER + len(kinds), dtype=np.uint32)}
        swept = context.sweep(name, learner(name, epochs), seeds, orders)
        for k, kind in enumerate(kinds):
            ends[kind] = jax.tree.map(lambda leaf, k=k: leaf[:, k], swept)
    all_ends = jax.tree.map(lambda *leaves: np.stack(leaves), *ends.values())
    test = load().test
    truth = np.argmax(test.ys, axis=1).astype(np.int8)
    coordinates = {"start": list(ends), "seed": seeds, "epoch": np.arange(epochs + 1)}
    return {
        "starts": _starts(all_ends, truth).assign_coords(coordinates),
        "pictures": _pictures(test, ends[LECUN].hidden_weights[0]),
    }


def _starts(ends: End, truth: np.ndarray) -> xr.Dataset:
    each_seed = ("start", "seed")
    each_epoch, each_digit = (*each_seed, "epoch"), (*each_seed, "epoch", "digit")
    return xr.Dataset(
        {
            "accuracy": (
                each_epoch,
                ends.looks.accuracy,
                {"long_name": "share of the test rows labelled right"},
            ),
            "said": (
                each_digit,
                ends.looks.said,
                {"long_name": "output of a digit's node on the digit's rows"},
            ),
            "delta": (each_digit, ends.looks.delta, {"long_name": "δ of a digit's node on the digit's rows"}),
            "label": ((*each_seed, "row"), ends.labels, {"long_name": "label of a test row at the end"}),
            "truth": ("row", truth, {"long_name": "true digit"}),
            "training_loss": (
                each_seed,
                ends.training_loss,
                {"long_name": "loss per training row at the end"},
            ),
            "gradient_norm": (
                each_seed,
                ends.gradient_norm,
                {"long_name": "|∂L/∂θ| per training row at the end"},
            ),
        },
        {"digit": np.arange(ends.looks.said.shape[-1])},
    )


def _pictures(test: datasets.Data, hidden_weights: np.ndarray) -> xr.Dataset:
    """Store the test rows, and the weights into each hidden node of the first LeCun seed, as pictures."""
    side = round(test.xs.shape[1] ** 0.5)
    columns = {
        "image": (("row", "y", "x"), np.float32(test.xs).reshape(-1, side, side)),
        "hidden_weights": (("node", "y", "x"), hidden_weights.T.reshape(-1, side, side)),
    }
    return xr.Dataset(columns)


def updates(context: Context, seeds: np.ndarray, epochs: int) -> xr.Dataset:
    """Vary the rows per update and the learning rate, and measure the test accuracy after `epochs` epochs."""
    data = load()
    network = network_for(data)
    rates = np.array([batch.rates for batch in BATCHES.values()])

    def end(key: jax.Array, **tried: jax.Array) -> jax.Array:
        """Return accuracies (b,) from one program, since drawing weights and orders is slow to compile."""
        params, order = nnjax.init(network, key), jax.random.fold_in(key, ORDER)
        accuracies = []
        for name, batch in BATCHES.items():
            options: Any = {"optimizer": optax.sgd(tried[name]), "epochs": _epochs(batch, data, epochs)}
            options |= {"batch_size": batch.size, "key": order if batch.size else None}
            trained, _ = nnjax.train(network, params, *data.train, **options)
            accuracies.append(accuracy(network, trained, data.test))
        return jnp.stack(accuracies)

    settings = dict(zip(BATCHES, rates.astype(np.float32), strict=True))
    accuracies = np.moveaxis(context.sweep("rows per update", end, seeds, settings), -1, 0)
    right = {"long_name": "share of the test rows labelled right"}
    return xr.Dataset(
        {
            "accuracy": (("rows_per_update", "seed", "trial"), accuracies, right),
            "rate": (("rows_per_update", "trial"), rates, {"long_name": "learning rate"}),
        },
        {"rows_per_update": list(BATCHES), "seed": seeds},
        {"epochs": epochs},
    )


def _epochs(batch: Batch, data: datasets.Split, epochs: int) -> int:
    many = -(-len(data.train.xs) // 10) if epochs > 1 else 1  # only smoke runs have one epoch
    return {"as asked for": epochs, "one": 1, "as many updates": many}[batch.epochs]


def stopping(context: Context, seeds: np.ndarray, epochs: int) -> xr.Dataset:
    """Measure when, and at what accuracy, each criterion stops training.

    The last fifth of the rows is held out.
    """
    data = load()
    network, cut = network_for(data), len(data.train.xs) * 4 // 5
    train, held = (
        datasets.Data(*(part[rows] for part in data.train)) for rows in (slice(None, cut), slice(cut, None))
    )

    def train_until(key: jax.Array, stop: nnjax.Stop) -> tuple[jax.Array, ...]:
        params, history = nnjax.train(
            network,
            nnjax.init(network, key),
            *train,
            optimizer=optax.sgd(0.15),
            epochs=epochs,
            batch_size=10,
            key=jax.random.fold_in(key, ORDER),
            stop=stop,
        )
        return history.epochs, history.reason, accuracy(network, params, data.test)

    def below(key: jax.Array, validation: jax.Array) -> tuple[jax.Array, ...]:
        return train_until(key, nnjax.Stop(validation=(held.xs, held.ys, validation * len(held.xs))))

    def plateau(key: jax.Array) -> tuple[jax.Array, ...]:
        return train_until(key, nnjax.Stop(validation=(held.xs, held.ys), patience=PATIENCE))

    limits = {"validation": np.array(list(STOPS.values()), np.float32)}
    stopped = context.sweep("stopping criteria", below, seeds, limits)
    stable = context.sweep("plateau of the validation loss", plateau, seeds)
    done, reason, right = (
        np.concatenate([leaf.T, other[None]]) for leaf, other in zip(stopped, stable, strict=True)
    )
    dims = ("criterion", "seed")
    return xr.Dataset(
        {
            "epochs": (dims, done, {"long_name": "epochs done"}),
            "reason": (dims, reason.astype(np.int8), {"long_name": "why it stopped"} | REASON_FLAGS),
            "accuracy": (dims, right, {"long_name": "share of the test rows labelled right"}),
        },
        {"criterion": [*STOPS, PLATEAU], "seed": seeds},
        {"epochs": epochs},
    )

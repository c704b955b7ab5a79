"""Training deep networks on real data: does a network of this depth learn, and do its first layers move?"""

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import xarray as xr

import nnjax
from experiments import progress
from nnjax import gradient_flow
from nnjax.datasets import Data

CLIP = 5.0
"""Longest gradient of a batch: longer ones are shortened to it (Pascanu et al. 2013)."""


class Task(NamedTuple):
    """What is learnt.

    Attributes:
        train: Rows to learn, as many as whole batches hold.
        test: Rows to be judged by.
        width: Nodes per hidden layer.
        batch_size: Rows per update.
    """

    train: Data
    test: Data
    width: int
    batch_size: int

    @property
    def constant(self) -> float:
        """Loss per row of the best constant answer, the mean label: what is left if nothing is learnt."""
        labels = self.train.ys
        return float(np.sum((labels - labels.mean(axis=0)) ** 2) / len(labels))


@functools.cache
def task(name: str, width: int) -> Task:
    """The task of that name with hidden layers of `width`."""
    split, batch_size = {
        "digits": (nnjax.datasets.digits, 50),
        "iris": (nnjax.datasets.iris, 16),
    }[name]
    train, test = split()
    rows = len(train.xs) // batch_size * batch_size
    return Task(Data(train.xs[:rows], train.ys[:rows]), test, width, batch_size)


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a network is built and trained.

    Attributes:
        depth: Layers with weights.
        activation: Of the hidden nodes.
        scheme: Initial weights.
        scale: What multiplies them.
        output: Activation of the output nodes.
        loss: The loss.
        optimizer: A name in `OPTIMIZERS`.
        bias_scheme: Initial biases; None for a network without biases.
        rates: Learning rates to try.
    """

    depth: int
    activation: str = "sigmoid"
    scheme: str = "lecun_normal"
    scale: float = 1.0
    output: str = "identity"
    loss: str = "sse"
    optimizer: str = "sgd"
    bias_scheme: str | None = "zeros"
    rates: tuple[float, ...] = (0.001, 0.01, 0.1)


def _per_layer(rate: Any) -> optax.GradientTransformation:
    """Each layer's rate is 1/√χ times the one above it: as much as a sigmoid layer takes from δ."""
    factor = gradient_flow.fixed_point("sigmoid", 1.0)[1] ** -0.5

    def scaled(updates: Any, _: Any) -> Any:
        return tuple(
            jax.tree.map(lambda g, k=k: factor ** (len(updates) - 1 - k) * g, layer)
            for k, layer in enumerate(updates)
        )

    return optax.chain(optax.stateless(scaled), optax.clip_by_global_norm(CLIP), optax.sgd(rate))


OPTIMIZERS: dict[str, Callable[[Any], optax.GradientTransformation]] = {
    "sgd": lambda rate: optax.chain(optax.clip_by_global_norm(CLIP), optax.sgd(rate)),
    "adam": lambda rate: optax.adam(rate),
    "per layer": _per_layer,
}


class Record(NamedTuple):
    """One run, epoch by epoch e and layer by layer l.

    Attributes:
        loss: Per training row, after 0..E epochs, (e + 1,).
        accuracy: Share of the test rows that are labelled right, (e + 1,).
        change: |ΔWₗ|/|Wₗ| over each epoch, (e, l).
    """

    loss: Any
    accuracy: Any
    change: Any


def learner(job: Task, recipe: Recipe, epochs: int) -> Callable[..., Record]:
    """A function of a key and a rate: one training run, with every epoch's rows in a new order.

    The orders are the same for all seeds, so that the initial weights alone differ.
    """
    inner = (job.width,) * (recipe.depth - 1)
    sizes = (job.train.xs.shape[1], *inner, job.train.ys.shape[1])
    network = nnjax.mlp(sizes, recipe.activation, recipe.output, biases=recipe.bias_scheme is not None)

    orders = jnp.asarray(_orders(len(job.train.xs), epochs))
    rows = jnp.concatenate([job.train.xs, job.test.xs]).astype(jnp.float32)
    ys, labels = jnp.asarray(job.train.ys, jnp.float32), np.argmax(job.test.ys, axis=1)

    def look(params: nnjax.Params) -> tuple[jax.Array, jax.Array]:
        y_hats = jax.vmap(lambda x: nnjax.predict(network, params, x))(rows)
        losses = jax.vmap(nnjax.LOSSES[recipe.loss].value)(ys, y_hats[: len(ys)])
        right = jnp.argmax(y_hats[len(ys) :], axis=1) == labels
        return jnp.mean(losses), jnp.mean(right, dtype=jnp.float32)

    def one(key: jax.Array, rate: jax.Array) -> Record:
        start = nnjax.init(network, key, recipe.scheme, recipe.bias_scheme or "zeros", recipe.scale)

        def epoch(params: nnjax.Params, number: jax.Array) -> tuple[nnjax.Params, Any]:
            # Epoch 0, at rate 0, only looks: a look of its own would compile all layers once more.
            after, _ = nnjax.train(
                network,
                params,
                *(jnp.asarray(rows, jnp.float32)[orders[number]] for rows in job.train),
                optimizer=OPTIMIZERS[recipe.optimizer](jnp.where(number > 0, rate, 0)),
                epochs=1,
                batch_size=job.batch_size,
                loss=recipe.loss,
            )
            moved = [
                jnp.sqrt(jnp.sum((new.weights - old.weights) ** 2) / jnp.sum(old.weights**2))
                for new, old in zip(after, params, strict=True)
            ]
            return after, (*look(after), jnp.stack(moved))

        _, (losses, accuracies, changes) = jax.lax.scan(epoch, start, jnp.arange(epochs + 1))
        return Record(losses, accuracies, changes[1:])

    return one


@functools.cache
def _orders(rows: int, epochs: int) -> np.ndarray:
    """Permutations of the rows, (e + 1, n), one for each epoch."""
    draw = jax.jit(lambda epoch: jax.random.permutation(jax.random.fold_in(nnjax.key(0), epoch), rows))
    return np.stack([draw(epoch) for epoch in range(epochs + 1)])


def run_all(jobs: Sequence[tuple[Task, Recipe]], epochs: int, seeds: np.ndarray) -> list[Record]:
    """Records (seed, rate, ...) of all jobs; a job that is named twice is run once."""
    records: dict[tuple[int, Recipe], Record] = {}
    for done, (job, recipe) in enumerate(jobs):
        progress.report(done, len(jobs))
        if (id(job), recipe) not in records:
            rates = {"rate": np.asarray(recipe.rates, np.float32)}
            records[id(job), recipe] = nnjax.sweep(learner(job, recipe, epochs), seeds, rates)
    return [records[id(job), recipe] for job, recipe in jobs]


def as_dataset(prefix: str, axes: Mapping[str, Sequence], records: Sequence[Record]) -> xr.Dataset:
    """Records of the jobs along `axes`, (seed, rate, ...) within each; layers that are not there are NaN."""
    shape = tuple(len(values) for values in axes.values())
    layers = max(r.change.shape[-1] for r in records)
    changes = [
        np.pad(r.change, [(0, 0)] * 3 + [(0, layers - r.change.shape[-1])], constant_values=np.nan)
        for r in records
    ]
    parts = {"loss": [r.loss for r in records], "accuracy": [r.accuracy for r in records], "change": changes}
    within = (f"{prefix}_seed", "rate", f"{prefix}_epoch")
    dims = {"loss": within, "accuracy": within, "change": (*within[:2], f"{prefix}_after", f"{prefix}_layer")}

    def shaped(leaves: Sequence[np.ndarray]) -> np.ndarray:
        return np.stack(leaves).reshape(*shape, *leaves[0].shape)

    return xr.Dataset(
        {f"{prefix}_{name}": ((*axes, *dims[name]), shaped(leaves)) for name, leaves in parts.items()},
        {name: list(values) for name, values in axes.items()},
    )


def best(data: xr.Dataset, prefix: str) -> xr.Dataset:
    """Each job at the rate whose loss after the last epoch is least on average over the seeds."""
    loss = data[f"{prefix}_loss"].isel({f"{prefix}_epoch": -1}).mean(f"{prefix}_seed", skipna=False)
    chosen = loss.fillna(np.inf).argmin("rate")
    names = [f"{prefix}_{name}" for name in ("loss", "accuracy", "change")]
    return data[names].isel(rate=chosen).assign({f"{prefix}_best": chosen})

"""Training deep networks on real data: do networks of a given depth learn, and do their first layers move?"""

import functools
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import xarray as xr

import nnjax
from experiments.runner import selected
from experiments.runner.context import Context
from experiments.vanishing_gradients import recipes
from experiments.vanishing_gradients.recipes import ACTIVATIONS, LOSSES, OUTPUTS, Recipe, Task


class Record(NamedTuple):
    """What is recorded of one run, for each epoch e and each layer l.

    Attributes:
        loss: Loss per training row, after 0..E epochs, (e + 1,).
        accuracy: Share of the test rows that are labelled correctly, (e + 1,).
        change: |ΔWₗ|/|Wₗ| over each epoch, (e, l).
    """

    loss: Any
    accuracy: Any
    change: Any


class Choices(NamedTuple):
    """The parts of a recipe that its program reads as numbers, apart from the initial weights' spread."""

    network: nnjax.Network
    loss: nnjax.Loss
    optimizer: Callable[[Any], optax.GradientTransformation]


def learner(task: Task, recipe: Recipe, epochs: int) -> Callable[..., Record]:
    """Make a function that maps a key and a recipe's arguments to the record of one run.

    Recipes with the same `program` get the same function. Each epoch takes the rows in a new order. The
    orders are the same for all seeds, so only the initial weights differ.
    """
    sizes, (_, optimizer) = _sizes(task, recipe), recipe.program
    orders = jnp.asarray(_orders(len(task.train.xs), epochs))

    def run(
        key: jax.Array, rate: jax.Array, a: jax.Array, b: jax.Array, c: jax.Array, **numbers: jax.Array
    ) -> Record:
        chosen = _chosen(sizes, optimizer, **numbers)
        score = _scorer(task, chosen)

        def epoch(params: nnjax.Params, number: jax.Array) -> tuple[nnjax.Params, Any]:
            # Epoch 0 has rate 0 and only measures; a separate measurement would compile all layers again.
            order, this_rate = orders[number], jnp.where(number > 0, rate, 0)
            after = _one_epoch(chosen, params, task, order, this_rate)
            return after, (*score(after), _relative_change(params, after))

        start = _scaled(nnjax.init(chosen.network, key, "normal"), sizes, a, b, c)
        _, (losses, accuracies, changes) = jax.lax.scan(epoch, start, jnp.arange(epochs + 1))
        return Record(losses, accuracies, changes[1:])

    return run


def _chosen(
    sizes: Sequence[int],
    optimizer: str,
    activation: jax.Array,
    output: jax.Array,
    loss: jax.Array,
    **how: jax.Array,
) -> Choices:
    kinds = selected.activation(ACTIVATIONS, activation), selected.activation(OUTPUTS, output)
    network = nnjax.mlp(tuple(sizes), *kinds)
    return Choices(
        network, selected.loss(LOSSES, loss), lambda rate: recipes.optimizer(optimizer, rate, **how)
    )


def _sizes(task: Task, recipe: Recipe) -> tuple[int, ...]:
    inner = (task.width,) * (recipe.depth - 1)
    return task.train.xs.shape[1], *inner, task.train.ys.shape[1]


def _scaled(drawn: nnjax.Params, sizes: Sequence[int], a: Any, b: Any, c: Any) -> nnjax.Params:
    """Divide each layer's weights, which have variance 1 and lead from n to m nodes, by √(a + b n + c m)."""
    return tuple(
        nnjax.Layer(layer.weights / jnp.sqrt(a + b * n + c * m), layer.biases)
        for layer, (n, m) in zip(drawn, itertools.pairwise(sizes), strict=True)
    )


def _one_epoch(
    chosen: Choices, params: nnjax.Params, task: Task, order: jax.Array, rate: jax.Array
) -> nnjax.Params:
    """Train on every row once, in the given order."""
    after, _ = nnjax.train(
        chosen.network,
        params,
        *(jnp.asarray(values, jnp.float32)[order] for values in task.train),
        optimizer=chosen.optimizer(rate),
        epochs=1,
        batch_size=task.batch_size,
        loss=chosen.loss,
    )
    return after


def _relative_change(before: nnjax.Params, after: nnjax.Params) -> jax.Array:
    """Compute |ΔWₗ|/|Wₗ| of each layer, (l,)."""
    changes = [
        jnp.sqrt(jnp.sum((new.weights - old.weights) ** 2) / jnp.sum(old.weights**2))
        for new, old in zip(after, before, strict=True)
    ]
    return jnp.stack(changes)


def _scorer(task: Task, chosen: Choices) -> Callable[[nnjax.Params], tuple[jax.Array, jax.Array]]:
    """Make a function that maps parameters to the mean training loss and the accuracy on the test rows."""
    rows = jnp.concatenate([task.train.xs, task.test.xs]).astype(jnp.float32)
    ys, labels = jnp.asarray(task.train.ys, jnp.float32), np.argmax(task.test.ys, axis=1)

    def score(params: nnjax.Params) -> tuple[jax.Array, jax.Array]:
        y_hats = jax.vmap(lambda x: nnjax.predict(chosen.network, params, x))(rows)
        losses = jax.vmap(chosen.loss.value)(ys, y_hats[: len(ys)])
        right = jnp.argmax(y_hats[len(ys) :], axis=1) == labels
        return jnp.mean(losses), jnp.mean(right, dtype=jnp.float32)

    return score


@functools.cache
def _orders(rows: int, epochs: int) -> np.ndarray:
    """Draw permutations of the rows, (e + 1, n), one for each epoch."""
    draw = jax.jit(lambda epoch: jax.random.permutation(jax.random.fold_in(nnjax.key(0), epoch), rows))
    return np.stack([draw(epoch) for epoch in range(epochs + 1)])


class Group(NamedTuple):
    """Recipes arranged along some axes; they form one group of the data.

    Attributes:
        task: What is learnt.
        epochs: Passes over its rows.
        axes: {axis: its values}; recipes are in the order of their product.
        recipes: One recipe for each combination, all with the same number of rates.
    """

    task: Task
    epochs: int
    axes: Mapping[str, Sequence]
    recipes: Sequence[Recipe]


class Job(NamedTuple):
    """A training job for recipes that share one program; identical jobs of different groups run only once."""

    task: str
    program: tuple[int, str]
    epochs: int


def measure(context: Context, groups: Mapping[str, Group], seeds: np.ndarray) -> dict[str, xr.Dataset]:
    """Train all groups' recipes and return {group: its records}; a recipe in two groups is trained once."""
    tasks = {group.task.name: group.task for group in groups.values()}
    named: dict[Job, dict[Recipe, None]] = {}
    for group in groups.values():
        for recipe in group.recipes:
            named.setdefault(_job(group, recipe), {})[recipe] = None

    def run(job: Job) -> dict[Recipe, Record]:
        trained = train_all(context, tasks[job.task], list(named[job]), job.epochs, seeds)
        return dict(zip(named[job], trained, strict=True))

    parts = [functools.partial(run, job) for job in named]
    records = dict(zip(named, context.two_at_a_time(parts), strict=True))
    return {
        name: as_dataset(group, [records[_job(group, recipe)][recipe] for recipe in group.recipes], seeds)
        for name, group in groups.items()
    }


def _job(group: Group, recipe: Recipe) -> Job:
    return Job(group.task.name, recipe.program, group.epochs)


def train_all(
    context: Context, task: Task, recipes: Sequence[Recipe], epochs: int, seeds: np.ndarray
) -> list[Record]:
    """Train recipes that share one program, from every seed and at every rate: records (seed, rate, ...)."""
    learn = learner(task, recipes[0], epochs)
    return [
        context.sweep(f"{task.name}, {epochs} epochs, {recipe.label}", learn, seeds, recipe.arguments)
        for recipe in recipes
    ]


LONG_NAMES = {
    "loss": "loss per training row",
    "accuracy": "share of the test rows that are labelled right",
    "change": "|ΔW|/|W| during an epoch",
    "rate": "learning rate",
    "constant": "loss per training row of the best constant answer",
    "classes": "classes of the labels",
}


def as_dataset(group: Group, records: Sequence[Record], seeds: np.ndarray) -> xr.Dataset:
    """Label one group's records, each (seed, setting, ...); values of layers that a network lacks are NaN."""
    run, layers = (*group.axes, "seed", "setting"), max(record.change.shape[-1] for record in records)
    columns = {
        "loss": ((*run, "epoch"), _shaped(group, [record.loss for record in records])),
        "accuracy": ((*run, "epoch"), _shaped(group, [record.accuracy for record in records])),
        "change": ((*run, "during", "layer"), _shaped(group, [_padded(r.change, layers) for r in records])),
        "rate": ((*group.axes, "setting"), _shaped(group, [np.array(r.rates) for r in group.recipes])),
        "constant": ((), group.task.constant),
        "classes": ((), group.task.train.ys.shape[1]),
    }
    epochs, numbers = np.arange(group.epochs + 1), np.arange(1, layers + 1)
    axes = {axis: list(values) for axis, values in group.axes.items()}
    axes |= {"seed": seeds, "epoch": epochs, "during": epochs[1:], "layer": numbers}
    return xr.Dataset({k: (*column, {"long_name": LONG_NAMES[k]}) for k, column in columns.items()}, axes)


def _shaped(group: Group, leaves: Sequence[np.ndarray]) -> np.ndarray:
    """Stack the arrays of all recipes along the group's axes."""
    lengths = [len(values) for values in group.axes.values()]
    return np.stack(leaves).reshape(*lengths, *leaves[0].shape)


def _padded(change: np.ndarray, layers: int) -> np.ndarray:
    missing = [(0, 0)] * 3 + [(0, layers - change.shape[-1])]
    return np.pad(change, missing, constant_values=np.nan)

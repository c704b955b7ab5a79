"""Training deep networks on real data: does a network of this depth learn, and do its first layers move?"""

import dataclasses
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
from experiments.runner import progress, sweeps, threads
from nnjax import signal_propagation
from nnjax.datasets import Data

CLIP = 5.0
"""Longest gradient of a batch: longer ones are shortened to it (Pascanu et al. 2013)."""
RATES = (0.003, 0.01, 0.03, 0.1)
"""Learning rates to try; all of them share one compilation."""
TASKS = {"deep": "digits", "iris": "Iris"}
"""Prefix of a task's variables, and its title."""
LEARNT = 0.9
"""A depth is learnt if the loss ends below this share of the best constant answer's."""


SPREADS = {
    "normal": (1, 0, 0),
    "lecun_normal": (0, 1, 0),
    "he_normal": (0, 1 / 2, 0),
    "glorot_normal": (0, 1 / 2, 1 / 2),
}
"""{initial weights: (a, b, c)}: those from n to m nodes have the variance 1/(a + b n + c m)."""


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
        scheme: Initial weights, a name in `SPREADS`.
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
    rates: tuple[float, ...] = RATES


def _per_layer(rate: Any) -> optax.GradientTransformation:
    """Each layer's rate is 1/√χ times the one above it: as much as a sigmoid layer takes from δ."""
    factor = signal_propagation.fixed_point("sigmoid", 1.0)[1] ** -0.5

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
    """A function of a key and `arguments`: one training run, with every epoch's rows in a new order.

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

    def one(key: jax.Array, rate: jax.Array, a: jax.Array, b: jax.Array, c: jax.Array) -> Record:
        drawn = nnjax.init(network, key, "normal", recipe.bias_scheme or "zeros")
        start = tuple(
            nnjax.Layer(layer.weights / jnp.sqrt(a + b * n + c * m), layer.biases)
            for layer, (n, m) in zip(drawn, itertools.pairwise(sizes), strict=True)
        )

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


def arguments(recipe: Recipe) -> dict[str, np.ndarray]:
    """What a program is told of a recipe, for each of its rates: rate, and the spread of initial weights."""
    spread = {
        name: value / recipe.scale**2 for name, value in zip("abc", SPREADS[recipe.scheme], strict=True)
    }
    told = {"rate": np.array(recipe.rates), **spread}
    return {name: np.full(len(recipe.rates), value, np.float32) for name, value in told.items()}


def program(recipe: Recipe) -> Recipe:
    """What a recipe's program depends on: recipes that only differ in their `arguments` share one."""
    return dataclasses.replace(recipe, scheme="", scale=1.0, rates=())


@functools.cache
def _orders(rows: int, epochs: int) -> np.ndarray:
    """Permutations of the rows, (e + 1, n), one for each epoch."""
    draw = jax.jit(lambda epoch: jax.random.permutation(jax.random.fold_in(nnjax.key(0), epoch), rows))
    return np.stack([draw(epoch) for epoch in range(epochs + 1)])


class Group(NamedTuple):
    """Recipes along some axes.

    Attributes:
        name: Prefix of its variables.
        task: What is learnt.
        epochs: For how long.
        axes: {dimension: its values}; recipes are in the order of their product.
        recipes: As many, each with equally many rates.
    """

    name: str
    task: Task
    epochs: int
    axes: Mapping[str, Sequence]
    recipes: Sequence[Recipe]


def measure(groups: Sequence[Group], seeds: np.ndarray) -> xr.Dataset:
    """All groups' records and the best constant answers' losses; what is named twice is trained once."""
    jobs: dict[Any, tuple[Task, dict[Recipe, None]]] = {}
    for group in groups:
        for recipe in group.recipes:
            key = id(group.task), program(recipe), group.epochs
            jobs.setdefault(key, (group.task, {}))[1][recipe] = None
    records = {}
    # A program is compiled on one core, and compiling takes half of the time: so two jobs at once.
    with threads.pool(2) as pool:
        found = pool.map(lambda key: train_all(jobs[key][0], list(jobs[key][1]), key[2], seeds), jobs)
        for done, (key, trained) in enumerate(zip(jobs, found, strict=True)):
            for recipe, record in zip(jobs[key][1], trained, strict=True):
                records[key[0], recipe, key[2]] = record
            progress.report(done + 1, len(jobs))
    return xr.merge(
        as_dataset(group, [records[id(group.task), recipe, group.epochs] for recipe in group.recipes])
        for group in groups
    )


def train_all(job: Task, recipes: Sequence[Recipe], epochs: int, seeds: np.ndarray) -> list[Record]:
    """All seeds at all rates, (seed, rate, ...), of recipes that share one program."""
    learn, where = learner(job, recipes[0], epochs), f"{job.train.xs.shape} {job.width} {job.batch_size}"
    return [
        sweeps.sweep(
            f"{recipe.depth} layers {recipe.activation} {recipe.scheme} {where} {recipe} {epochs}",
            learn,
            seeds,
            arguments(recipe),
        )
        for recipe in recipes
    ]


def as_dataset(group: Group, records: Sequence[Record]) -> xr.Dataset:
    """Records of one group, (seed, setting, ...) within each job; layers that are not there are NaN."""
    shape, name = tuple(len(values) for values in group.axes.values()), group.name
    layers = max(r.change.shape[-1] for r in records)
    changes = [
        np.pad(r.change, [(0, 0)] * 3 + [(0, layers - r.change.shape[-1])], constant_values=np.nan)
        for r in records
    ]
    parts = {"loss": [r.loss for r in records], "accuracy": [r.accuracy for r in records], "change": changes}
    rates = {"rate": [np.array(recipe.rates) for recipe in group.recipes]}
    within = (f"{name}_seed", f"{name}_setting", f"{name}_epoch")
    dims = {"loss": within, "accuracy": within, "change": (*within[:2], f"{name}_after", f"{name}_layer")}
    dims |= {"rate": within[1:2]}

    def shaped(leaves: Sequence[np.ndarray]) -> np.ndarray:
        return np.stack(leaves).reshape(*shape, *leaves[0].shape)

    found = {f"{name}_{part}": ((*group.axes, *dims[part]), shaped(v)) for part, v in (parts | rates).items()}
    return xr.Dataset(
        found | {f"{name}_constant": group.task.constant},
        {axis: list(values) for axis, values in group.axes.items()},
    )


def best(data: xr.Dataset, prefix: str) -> xr.Dataset:
    """Each job at the rate whose loss after the last epoch is least on average over the seeds.

    The same seeds choose and are judged, which favours a job a little: who fails here fails at every rate.
    """
    loss = data[f"{prefix}_loss"].isel({f"{prefix}_epoch": -1}).mean(f"{prefix}_seed", skipna=False)
    chosen = loss.fillna(np.inf).argmin(f"{prefix}_setting")
    names = [f"{prefix}_{name}" for name in ("loss", "accuracy", "change", "rate")]
    return data[names].isel({f"{prefix}_setting": chosen})


def last(data: xr.Dataset, prefix: str, name: str, **where: Any) -> np.ndarray:
    """Loss or accuracy after the last epoch at each job's best rate, (..., seed)."""
    part = best(data, prefix)[f"{prefix}_{name}"].isel({f"{prefix}_epoch": -1}).sel(where)
    return part.transpose(..., f"{prefix}_seed").values


def first_failing(data: xr.Dataset, prefix: str, start: str) -> np.ndarray:
    """Per seed the least depth that is not learnt, inf where all are; NaN is a run that diverged."""
    failed = ~(last(data, prefix, "loss", start=start) < LEARNT * float(data[f"{prefix}_constant"]))
    depths = data[f"{prefix}_depth"].values
    return np.where(failed.any(axis=0), depths[np.argmax(failed, axis=0)], np.inf)

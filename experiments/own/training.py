"""Training on the table: every depth, activation, initial scale and rate, from many seeds."""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import xarray as xr

import nnjax
from experiments.own.task import SMALL, Task
from experiments.runner.context import Context
from nnjax import signal_propagation
from nnjax.datasets import Data
from nnjax.sweeps import lanes

TOGETHER = 256_000_000
"""Maximum number of bytes that the networks of one lane may take when they process all rows at once."""


class Plan(NamedTuple):
    """What is varied.

    Attributes:
        activations: Activations of the hidden nodes.
        weights: Names of initial weights.
        rates: Learning rates, for the loss summed over a batch.
        updates: Number of updates for each network.
    """

    activations: Sequence[str]
    weights: Sequence[str]
    rates: Sequence[float]
    updates: int

    @property
    def settings(self) -> dict[str, np.ndarray]:
        """Return all combinations of initial weights, given by their index, and learning rates."""
        starts, rates = zip(*itertools.product(range(len(self.weights)), self.rates), strict=True)
        return {"start": np.array(starts, np.int32), "rate": np.array(rates, np.float32)}


class Trained(NamedTuple):
    """One network.

    Attributes:
        delta: |δₗ| before training, over the first `SMALL` training rows, (l,).
        loss: Loss per training row, after training.
        test_loss: Loss per test row.
        accuracy: Share of the test rows whose class is right; NaN if the task is to predict a number.
        answers: The network's answer to each probe: the index of a class, or a number, (probe,).
    """

    delta: Any
    loss: Any
    test_loss: Any
    accuracy: Any
    answers: Any


def network_of(task: Task, activation: str, hidden: Sequence[int]) -> nnjax.Network:
    """Make the network with these hidden layers for the task's inputs and outputs."""
    return nnjax.mlp((task.train.xs.shape[1], *hidden, task.train.ys.shape[1]), activation, task.output)


def ends(task: Task, network: nnjax.Network, plan: Plan) -> Callable[..., tuple[nnjax.Params, nnjax.Params]]:
    """Make a function that maps a key, an index into `plan.weights` and a rate to two sets of parameters.

    They are the initial parameters and the trained ones.
    """
    epochs = math.ceil(plan.updates * task.batch / len(task.train.xs))
    view = nnjax.fastest_view(network, task.batch)

    def end(key: jax.Array, start: jax.Array, rate: jax.Array) -> tuple[nnjax.Params, nnjax.Params]:
        draws = [nnjax.init(network, key, scheme) for scheme in plan.weights]
        before = jax.tree.map(lambda *leaves: jnp.stack(leaves)[start], *draws)
        options = {"epochs": epochs, "batch_size": task.batch, "loss": task.loss, "view": view}
        # No key is passed: the order of the rows stays the same, so that only the initial weights vary.
        after, _ = nnjax.train(network, before, *task.train, optimizer=optax.sgd(rate), **options)
        return before, after

    return end


def learner(task: Task, network: nnjax.Network, plan: Plan) -> Callable[..., Trained]:
    """Make a function that maps the arguments of `ends` to δ before training and the performance after it."""
    end, few = ends(task, network, plan), Data(*(part[:SMALL] for part in task.train))

    def trained(key: jax.Array, start: jax.Array, rate: jax.Array) -> Trained:
        before, after = end(key, start, rate)
        delta = signal_propagation.flow(network, before, few.xs, few.ys, task.loss).delta
        loss, test_loss = (
            nnjax.total_loss(network, after, part.xs, part.ys, task.loss) / len(part.xs)
            for part in (task.train, task.test)
        )
        accuracy, answers = _judged(task, network, after)
        return Trained(delta, loss, test_loss, accuracy, answers)

    return trained


def _judged(task: Task, network: nnjax.Network, params: nnjax.Params) -> tuple[jax.Array, jax.Array]:
    """Return the accuracy on the test rows, and the answers to the probes."""
    y_hats = nnjax.predict_batch(network, params, task.probes)
    if not task.has_classes:
        return jnp.full((), jnp.nan, y_hats.dtype), y_hats[:, 0]
    return (
        nnjax.accuracy(network, params, task.test.xs, task.test.ys, task.loss).astype(y_hats.dtype),
        nnjax.labels(task.loss, y_hats).astype(jnp.int16),
    )


def lane(task: Task, network: nnjax.Network) -> int | None:
    """Return how many runs to do at a time, or None if memory suffices for the sweep's default number."""
    fitting = TOGETHER // bytes_of_rows(task, network)
    return None if fitting >= usual_lane(task, network) else 2 ** int(math.log2(max(1, fitting)))


def usual_lane(task: Task, network: nnjax.Network) -> int:
    """Estimate how many runs the sweep does at a time by default: as many as fit into a core's cache."""
    update = 4 * (2 * parameters(network) + 5 * task.batch * sum(network.sizes))
    return 2 ** int(math.log2(max(1, min(lanes.WIDEST, lanes.LANE_BYTES // update))))


def parameters(network: nnjax.Network) -> int:
    """Count weights and biases."""
    return sum(a * b + b for a, b in itertools.pairwise(network.sizes))


def bytes_of_rows(task: Task, network: nnjax.Network) -> int:
    """Return the bytes that one network needs while it processes all training rows."""
    return 12 * len(task.train.xs) * sum(network.sizes)


def train_all(
    context: Context, task: Task, plan: Plan, lists: Mapping[tuple[int, ...], np.ndarray]
) -> dict[tuple[str, tuple[int, ...]], Trained]:
    """Train the seeds `lists[hidden]` with each activation; the axes are (seed, weights, rate, ...)."""
    jobs = list(itertools.product(plan.activations, lists))

    def run(job: tuple[str, tuple[int, ...]]) -> Trained:
        activation, hidden = job
        network = network_of(task, activation, hidden)
        name = f"{activation}, {'-'.join(map(str, network.sizes))}"
        seeds = lists[hidden]
        found = context.sweep(
            name, learner(task, network, plan), seeds, plan.settings, lane=lane(task, network)
        )
        shape = (len(seeds), len(plan.weights), len(plan.rates))
        return jax.tree.map(lambda leaf: leaf.reshape(*shape, *leaf.shape[2:]), found)

    # Compilation takes much of the time and uses only one core, so two jobs run side by side.
    with context.pool(2) as pool:
        found = {}
        for done, (job, trained) in enumerate(zip(jobs, pool.map(run, jobs), strict=True)):
            found[job] = trained
            context.report(done + 1, len(jobs) + len(plan.activations))
    return found


RUN = ("activation", "seed", "weights", "rate")
ABOUT = {
    "loss": "loss per training row after training",
    "test_loss": "loss per test row after training",
    "accuracy": "share of the test rows whose class is right",
}


def by_seed(trained: Sequence[Trained], plan: Plan, seeds: np.ndarray) -> xr.Dataset:
    """Label the results of networks of one size, one `Trained` for each activation."""
    columns = {
        name: (RUN, np.stack([getattr(one, name) for one in trained]), {"long_name": text})
        for name, text in ABOUT.items()
    }
    return xr.Dataset(columns, _axes(plan) | {"seed": seeds})


def by_depth(
    trained: Sequence[Sequence[Trained]], plan: Plan, depths: Sequence[int], seeds: np.ndarray
) -> xr.Dataset:
    """Label the results `trained[activation][depth]`; layers that a network does not have are NaN."""
    layers = max(depths) + 1
    parts = [by_seed(of_depth, plan, seeds) for of_depth in zip(*trained, strict=True)]
    delta = [[_padded(one.delta[:, :, 0], layers) for one in of_depth] for of_depth in trained]
    data = xr.concat(parts, xr.DataArray(list(depths), dims="depth", name="depth"))
    data = data.transpose("activation", "depth", ...)
    about = {"long_name": "|δ| of each layer before training"}
    column = (("activation", "depth", "seed", "weights", "layer"), np.stack(delta), about)
    return data.assign(delta=column).assign_coords(layer=np.arange(1, layers + 1))


def _padded(delta: np.ndarray, layers: int) -> np.ndarray:
    return np.pad(delta, [(0, 0), (0, 0), (0, layers - delta.shape[-1])], constant_values=np.nan)


def _axes(plan: Plan) -> dict[str, Any]:
    return {"activation": list(plan.activations), "weights": list(plan.weights), "rate": list(plan.rates)}

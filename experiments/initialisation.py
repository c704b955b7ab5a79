"""Do the initial weights matter? Their range and law, two activations, biases, and all zeros."""

import dataclasses
import itertools
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import xarray as xr
from matplotlib.figure import Figure
from scipy import stats

import nnjax
from experiments import claims, progress, statistics, style
from experiments.experiment import Experiment, Finding, Table
from nnjax import datasets

HIDDEN = {"sigmoid": "sigmoid", "ReLU": "relu"}
BIASES = {"with": True, "without": False}
NETWORKS = tuple(itertools.product(HIDDEN, BIASES))
LAWS = ("uniform", "normal")
ENOUGH = 100
"""Fewer seeds say too little about a share."""
MINIMA = "handout: “Different weight initializations will lead you to find different minima”"
NOWAY = "handout: “you are in no way guaranteed to find the optimal solution”"
ROBUST = "handout: “ReLU is far more robust” (to vanishing gradients)"
SIMPLY = "handout: “each node also has a bias … For simplicity we assume it to be zero here”"
RANDOM = "handout: “all weights between the nodes are initiated with a random value”"


@dataclasses.dataclass(frozen=True)
class Task:
    """What is learnt, and when it counts as learnt; rates are the best of a few tried for each activation.

    Attributes:
        sizes: Nodes per layer.
        train: Rows to train on.
        watched: Rows whose loss is looked at before every epoch.
        threshold: A run has converged once the loss summed over those rows is below this.
        rates: Learning rate for each kind of hidden nodes.
        batch: Rows per update, always in the same order; None for all.
    """

    sizes: tuple[int, ...]
    train: datasets.Data
    watched: datasets.Data
    threshold: float
    rates: Mapping[str, float]
    batch: int | None = None


THRESHOLDS = {"XOR": 0.1, "encoder": 0.2, "Iris": 0.05}
"""SSE below which a task is learnt: over all rows of XOR and the encoder, per held-out row of Iris.

An output on the wrong side of ½ costs (1/2)² = 1/4 at least, so below 0.1 and 0.2 every output is right. An
Iris labelled wrong has one output at least as high as that of its own kind, and costs (1 - p)² + p² ≥ 1/2; so
below 0.05 per row fewer than a tenth are labelled wrong (handout: "a certain validation error threshold").
"""


def tasks() -> dict[str, Task]:
    """XOR 2-2-1 and the 8-3-8 encoder in full batches, which have no other rows to watch; Iris in batches."""
    xor, encoder, iris = datasets.xor(), datasets.encoder(), datasets.iris()
    per_row = THRESHOLDS["Iris"] * len(iris.test.xs)
    return {
        "XOR": Task((2, 2, 1), xor, xor, THRESHOLDS["XOR"], {"sigmoid": 2.0, "ReLU": 0.3}),
        "encoder": Task((8, 3, 8), encoder, encoder, THRESHOLDS["encoder"], {"sigmoid": 1.0, "ReLU": 0.2}),
        "Iris": Task((4, 4, 3), *iris, per_row, {"sigmoid": 1.0, "ReLU": 0.3}, batch=16),
    }


@dataclasses.dataclass(frozen=True)
class Config:
    """Options.

    Attributes:
        seed: First seed.
        seeds: Initial weights per condition, 2 or more; shares are judged from 100 on.
        ranges: r of uniform weights in [-r, r], above 0, rising; normal ones have the same deviation, r / √3.
        xor_epochs: Epochs at most on XOR.
        encoder_epochs: Epochs at most on the encoder.
        iris_epochs: Epochs at most on Iris.
    """

    seed: int = 0
    seeds: int = 300
    ranges: tuple[float, ...] = (0.05, 0.1, 0.2, 0.4, 0.8, 1.5)
    xor_epochs: int = 10_000
    encoder_epochs: int = 2000
    iris_epochs: int = 100

    def __post_init__(self) -> None:
        for name, least in {"seeds": 2, "xor_epochs": 1, "encoder_epochs": 1, "iris_epochs": 1}.items():
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be {least} or more; got {getattr(self, name)}")
        if len(self.ranges) < 2 or min(self.ranges) <= 0 or list(self.ranges) != sorted(set(self.ranges)):
            raise ValueError(f"ranges must be two or more rising numbers above 0; got {self.ranges}")

    @property
    def epochs(self) -> dict[str, int]:
        """Epochs at most on each task."""
        return {"XOR": self.xor_epochs, "encoder": self.encoder_epochs, "Iris": self.iris_epochs}


def start(sizes: tuple[int, ...], key: jax.Array, uniform: jax.Array, normal: jax.Array) -> nnjax.Params:
    """W = uniform · U(-1, 1) + normal · N(0, 1), b = 0; one of the two factors is 0, or both.

    Factors instead of names let one compilation serve both laws, all ranges and all zeros. Both draws stem
    from one key and so are paired: a normal draw is a rising function of the uniform one.
    """
    network = nnjax.mlp(sizes)
    parts = [
        nnjax.init(network, key, law, scale=scale) for law, scale in zip(LAWS, (uniform, normal), strict=True)
    ]
    return jax.tree.map(jnp.add, *parts)


def learner(task: Task, epochs: int) -> Callable[..., dict[str, jax.Array]]:
    """A function of a key and the two factors: how training ends for each of NETWORKS, from one start."""
    stop = nnjax.Stop(validation=(*task.watched, task.threshold))

    def one(params: nnjax.Params, hidden: str, biases: str) -> dict[str, jax.Array]:
        network = nnjax.mlp(task.sizes, HIDDEN[hidden], biases=BIASES[biases])
        made = optax.sgd(task.rates[hidden])
        # No key: the order of the rows stays the same, so that the initial weights alone vary.
        params, history = nnjax.train(
            network, params, *task.train, optimizer=made, epochs=epochs, batch_size=task.batch, stop=stop
        )
        largest = jnp.stack([jnp.max(jnp.abs(layer.weights)) for layer in params])
        converged = history.reason == nnjax.REASONS.index("validation")
        return {
            "epochs": history.epochs,
            "converged": converged,
            "loss": history.loss,
            "largest_weight": jnp.max(largest),
        }

    def end(key: jax.Array, uniform: jax.Array, normal: jax.Array) -> dict[str, jax.Array]:
        params = start(task.sizes, key, uniform, normal)
        ends = [one(params, *names) for names in NETWORKS]
        return jax.tree.map(lambda *leaves: jnp.stack(leaves), *ends)

    return end


def settings(ranges: tuple[float, ...]) -> dict[str, np.ndarray]:
    """Factors of the two laws, equal in standard deviation: r and r / √3. The last pair is all zeros."""
    r, none = np.asarray(ranges, np.float32), np.zeros(len(ranges), np.float32)
    last = np.zeros(1, np.float32)
    return {
        "uniform": np.concatenate([r, none, last]),
        "normal": np.concatenate([none, r / np.float32(np.sqrt(3)), last]),
    }


def from_zeros(task: Task, biases: str, epochs: int) -> nnjax.Params:
    """Sigmoid nodes from all zeros, the handout's way: node by node, an update after every row, float64."""
    network = nnjax.mlp(task.sizes, biases=BIASES[biases])
    rows = tuple(jnp.asarray(values, jnp.float64) for values in task.train)
    rate = jnp.asarray(task.rates["sigmoid"], jnp.float64)

    def step(now: nnjax.Params, row: tuple[jax.Array, ...]) -> tuple[nnjax.Params, None]:
        grads = nnjax.nodewise.gradients(network, now, *(value[None] for value in row))
        return jax.tree.map(lambda w, g: w - rate * g, now, grads), None

    params = nnjax.init(network, nnjax.key(0), "zeros", dtype=jnp.float64)
    return jax.jit(lambda p: jax.lax.fori_loop(0, epochs, lambda _, now: jax.lax.scan(step, now, rows)[0], p))(
        params
    )


def apart(params: nnjax.Params) -> float:
    """The largest difference between weights, in or out, of two hidden nodes: 0 as long as they are copies."""
    first, last = (np.asarray(layer.weights) for layer in params)
    return float(max(np.max(np.ptp(first, axis=1)), np.max(np.ptp(last, axis=0))))


def run(config: Config) -> xr.Dataset:
    """How training ends for every seed, range, law and network on each task; all zeros apart."""
    seeds = config.seed + np.arange(config.seeds)
    ends, zeros = [], []
    for name, task in tasks().items():
        progress.report(len(ends), len(THRESHOLDS))
        epochs = config.epochs[name]
        found = nnjax.sweep(learner(task, epochs), seeds, settings(config.ranges))
        ends.append(_shaped(found, seeds, config.ranges))
        zeros.append(_shaped_zeros(found, [apart(from_zeros(task, biases, epochs)) for biases in BIASES]))
    parts = [xr.concat(each, xr.Variable("task", list(THRESHOLDS))) for each in (ends, zeros)]
    most = {"most_epochs": ("task", [config.epochs[name] for name in THRESHOLDS])}
    data = xr.merge([*parts, xr.Dataset(most, {"task": list(THRESHOLDS)})])
    for name in ("epochs", "zeros_epochs", "most_epochs"):
        data[name].attrs["units"] = "epochs"
    return data


def _shaped(found: Mapping[str, Any], seeds: np.ndarray, ranges: tuple[float, ...]) -> xr.Dataset:
    dims = ("seed", "law", "range", "hidden", "biases")
    shape = len(seeds), len(LAWS), len(ranges), len(HIDDEN), len(BIASES)
    columns = {name: (dims, found[name][:, :-1].reshape(shape)) for name in ("epochs", "converged", "loss")}
    coordinates = dict(zip(dims, (seeds, list(LAWS), list(ranges), list(HIDDEN), list(BIASES)), strict=True))
    return xr.Dataset(columns, coordinates)


def _shaped_zeros(found: Mapping[str, Any], difference: list[float]) -> xr.Dataset:
    # All seeds start and end alike here: the first stands for them.
    shape = len(HIDDEN), len(BIASES)
    columns: dict[str, Any] = {
        f"zeros_{name}": (("hidden", "biases"), leaf[0, -1].reshape(shape)) for name, leaf in found.items()
    }
    return xr.Dataset(columns | {"zeros_difference": ("biases", difference)})

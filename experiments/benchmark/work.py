"""The benchmark's training tasks: each has a network, rows, and numbers of updates and seeds."""

import dataclasses
import itertools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import nnjax

Job = Callable[[], np.ndarray]
"""A function that trains once and returns the final loss of each seed."""


@dataclasses.dataclass(frozen=True, eq=False)
class Work:
    """Gradient descent on the SSE of a sigmoid network, for many seeds.

    Attributes:
        network: The network.
        xs: Inputs (n, in).
        ys: Labels (n, out).
        rate: Learning rate.
        steps: Updates per seed.
        seeds: Number of seeds.
        first_seed: The first seed.
        batch_size: Rows per update; None for all.
        order_per_seed: Whether each seed sees the rows in a different order.
        checked: Whether all methods are checked for equal losses; tasks not checked run the same code.
    """

    network: nnjax.Network
    xs: np.ndarray
    ys: np.ndarray
    rate: float
    steps: int
    seeds: int
    first_seed: int = 0
    batch_size: int | None = None
    order_per_seed: bool = False
    checked: bool = False

    def seed_range(self) -> range:
        """The seeds."""
        return range(self.first_seed, self.first_seed + self.seeds)

    @property
    def seed_steps(self) -> int:
        """Updates of all seeds together."""
        return self.seeds * self.steps

    @property
    def epochs(self) -> int:
        """Number of passes over the data that `steps` updates take."""
        return self.steps if self.batch_size is None else self.steps * self.batch_size // len(self.xs)

    @property
    def rows_per_update(self) -> int:
        """The batch size, or the number of rows if batches are full."""
        return self.batch_size or len(self.xs)

    @property
    def flops(self) -> float:
        """Multiplications and additions in one update's products: forward, backward and weight gradients."""
        sizes = self.network.sizes
        weights = [i * o for i, o in itertools.pairwise(sizes)]
        return 2.0 * self.rows_per_update * (2 * sum(weights) + sum(weights[1:]))

    def init(self, key: Any) -> nnjax.Params:
        """Draw a seed's initial parameters."""
        return nnjax.init(self.network, key, "lecun_normal", "normal")

    def order_key(self, key: Any) -> Any:
        """Return the key that shuffles a seed's rows, or None if the rows keep their order."""
        if self.batch_size is None:
            return None
        return jax.random.fold_in(key, 1) if self.order_per_seed else nnjax.key(0)

    def starts(self) -> list[np.ndarray]:
        """Return the weights and biases of every layer in turn, with the seeds as the first axis."""
        return [np.asarray(leaf) for leaf in jax.tree.leaves(nnjax.sweep(self.init, self.seed_range()))]

    def stacked_starts(self) -> list[np.ndarray]:
        """Return `starts` with biases as rows (s, 1, j), which broadcast over a batch of rows."""
        return [leaf[..., None, :] if index % 2 else leaf for index, leaf in enumerate(self.starts())]

    def rows(self) -> np.ndarray:
        """Return each update's row numbers, (steps, batch) or, if orders differ, (steps, seeds, batch)."""
        if self.batch_size is None:
            return np.tile(np.arange(len(self.xs)), (self.steps, 1))

        def order(key: Any) -> jax.Array:
            shuffling = self.order_key(key)
            epochs = [
                jax.random.permutation(jax.random.fold_in(shuffling, epoch), len(self.xs))
                for epoch in range(self.epochs)
            ]
            return jnp.concatenate(epochs).reshape(self.steps, -1)

        rows = nnjax.sweep(order, self.seed_range() if self.order_per_seed else [self.first_seed])
        return np.swapaxes(rows, 0, 1) if self.order_per_seed else rows[0]


def xor(sizes: tuple[int, ...], steps: int, seeds: int) -> Work:
    """Make a task with full batches of XOR's four rows; inputs beyond XOR's two are always 1."""
    data = nnjax.datasets.xor()
    xs = np.concatenate([data.xs, np.ones((4, sizes[0] - 2))], axis=1).astype(np.float32)
    return Work(nnjax.mlp(sizes), xs, np.asarray(data.ys, np.float32), rate=0.5, steps=steps, seeds=seeds)


def digits(epochs: int, small: bool) -> Work:
    """Make the digits task, 64-30-10, with batches of 10; if `small`, four seeds and two updates each."""
    xs, ys = (part[:1340].astype(np.float32) for part in nnjax.datasets.digits().train)
    if small:
        return Work(nnjax.mlp((64, 30, 10)), xs[:20], ys[:20], rate=0.15, steps=2, seeds=4, batch_size=10)
    steps = epochs * len(xs) // 10
    return Work(nnjax.mlp((64, 30, 10)), xs, ys, rate=0.15, steps=steps, seeds=256, batch_size=10)


def wide(sizes: tuple[int, ...], small: bool) -> Work:
    """Make a task as large as MNIST: one epoch in batches of 10 from 50,000 random rows, for 16 seeds."""
    rows = 20 if small else 50_000
    random = np.random.default_rng(0)
    xs = random.random((rows, sizes[0]), np.float32)
    ys = np.eye(sizes[-1], dtype=np.float32)[random.integers(0, sizes[-1], rows)]
    return Work(nnjax.mlp(sizes), xs, ys, rate=0.01, steps=rows // 10, seeds=16, batch_size=10)


def sigmoid(z: np.ndarray) -> np.ndarray:
    """Compute σ(z) in NumPy."""
    return 1 / (1 + np.exp(-z))


def stacked_loss(params: list[np.ndarray], xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
    """Compute the SSE (s,) of stacked parameters (s, i, j) and (s, 1, j), or of one seed's parameters."""
    a = xs
    for weights, biases in zip(params[::2], params[1::2], strict=True):
        a = sigmoid(a @ weights + biases)
    return np.sum((ys - a) ** 2, axis=(-1, -2))

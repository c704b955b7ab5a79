"""The reference: sigmoid networks in a few NumPy formulas, in float64, without JAX or nnjax."""

import functools
import itertools
from typing import NamedTuple

import numpy as np

# The rate is small enough to keep training from being chaotic, since chaos would amplify rounding errors.
RATE = 0.05

Arrays = list[np.ndarray]


class Problem(NamedTuple):
    """A network, its number of seeds, and `steps` mini-batches of `rows` rows."""

    sizes: tuple[int, ...]
    seeds: int = 1
    rows: int = 1
    steps: int = 1

    def __str__(self) -> str:
        depth = len(self.sizes) - 1
        name = "-".join(map(str, self.sizes)) if depth < 5 else f"{depth} layers of {self.sizes[0]}"
        counts = {"rows": self.rows, "seeds": self.seeds, "steps": self.steps}
        return ", ".join([name] + [f"{count} {what}" for what, count in counts.items() if count > 1])


class Drawn(NamedTuple):
    """Parameters, with the seeds along axis 0, and rows xs with their labels ys."""

    weights: Arrays
    biases: Arrays
    xs: np.ndarray
    ys: np.ndarray


@functools.cache
def draw(problem: Problem) -> Drawn:
    """Draw weights N(0, 1/in), biases and rows N(0, 1), labels U(0, 1); xs, ys are (steps, rows, nodes)."""
    rng, sizes = np.random.default_rng(0), problem.sizes
    shapes, batches = list(itertools.pairwise(sizes)), (problem.steps, problem.rows)
    weights = [_exact(rng.normal(scale=i**-0.5, size=(problem.seeds, i, j))) for i, j in shapes]
    biases = [_exact(rng.normal(size=(problem.seeds, j))) for _, j in shapes]
    xs = _exact(rng.normal(size=(*batches, sizes[0])))
    return Drawn(weights, biases, xs, _exact(rng.uniform(size=(*batches, sizes[-1]))))


def _exact(values: np.ndarray) -> np.ndarray:
    """Round to numbers that float32 can represent, so that every precision starts from the same numbers."""
    return values.astype(np.float32).astype(np.float64)


def numpy_forward(data: Drawn) -> Arrays:
    """aₗ = 1 / (1 + exp(-(aₗ₋₁ Wₗ + bₗ))), a₀ = x, for every seed and row: arrays (seeds, rows, nodes)."""
    activated = [data.xs[None]]
    for w, b in zip(data.weights, data.biases, strict=True):
        activated.append(1 / (1 + np.exp(-(activated[-1] @ w + b[:, None]))))
    return activated


def numpy_gradients(data: Drawn) -> tuple[Arrays, Arrays]:
    """∂L/∂W = aᵀ d, ∂L/∂b = Σₙ d, where d = ∂L/∂z = 2(a - y) a(1 - a); in earlier layers (d Wᵀ) a(1 - a)."""
    activated, by_weights, by_biases = numpy_forward(data), [], []
    blame = 2 * (activated[-1] - data.ys)
    for w, before, a in zip(data.weights[::-1], activated[-2::-1], activated[:0:-1], strict=True):
        d = blame * a * (1 - a)
        blame = d @ w.swapaxes(1, 2)
        by_weights.insert(0, before.swapaxes(1, 2) @ d)
        by_biases.insert(0, d.sum(axis=1))
    return by_weights, by_biases


@functools.cache
def numpy_training(problem: Problem) -> tuple[Arrays, Arrays]:
    """W ← W - rate · ∂L/∂W, b ← b - rate · ∂L/∂b, one mini-batch after another."""
    weights, biases, *batches = draw(problem)
    for xs, ys in zip(*batches, strict=True):
        by_weights, by_biases = numpy_gradients(Drawn(weights, biases, xs, ys))
        weights = [w - RATE * change for w, change in zip(weights, by_weights, strict=True)]
        biases = [b - RATE * change for b, change in zip(biases, by_biases, strict=True)]
    return weights, biases


def numpy_printed(data: Drawn) -> np.ndarray:
    """(Σᵢⱼ wᵢⱼ δⱼ) · a(1 - a), δ = 2(y - ŷ) ŷ(1 - ŷ): the hidden delta as printed in the handout."""
    _, hidden, output = numpy_forward(data)
    delta = 2 * (data.ys - output) * output * (1 - output)
    return (delta @ data.weights[1].swapaxes(1, 2)).sum(axis=2, keepdims=True) * hidden * (1 - hidden)

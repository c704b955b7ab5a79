"""Tasks, recipes for networks, and remedies that may help where nothing is learnt."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np
import optax

import nnjax
from nnjax import signal_propagation
from nnjax.datasets import Data

CLIP = 5.0
"""The greatest length of a batch's gradient; longer gradients are shortened to it (Pascanu et al. 2013)."""
RATES = (0.003, 0.01, 0.03, 0.1)
"""Learning rates to try; all of them share one compilation."""
LOW, HIGH = (0.01, 0.03, 0.1, 0.3), (0.03, 0.1, 0.3, 1.0)
"""Two sets of larger learning rates, for recipes that learn best at such rates."""
SPREADS = {
    "normal": (1, 0, 0),
    "lecun_normal": (0, 1, 0),
    "he_normal": (0, 1 / 2, 0),
    "glorot_normal": (0, 1 / 2, 1 / 2),
}
"""{initial weights: (a, b, c)}: weights from n to m nodes have the variance 1/(a + b n + c m)."""


class Task(NamedTuple):
    """What is learnt.

    Attributes:
        name: A name that is unique within the experiment.
        train: Rows to learn from; they make up a whole number of batches.
        test: Rows to test with.
        width: Nodes per hidden layer.
        batch_size: Rows per update.
    """

    name: str
    train: Data
    test: Data
    width: int
    batch_size: int

    @property
    def constant(self) -> float:
        """Loss per row of the best constant answer, the mean label; learning nothing gives this loss."""
        labels = self.train.ys
        return float(np.sum((labels - labels.mean(axis=0)) ** 2) / len(labels))


@functools.cache
def task(name: str, width: int) -> Task:
    """Load the task called `name`, "digits" or "iris", for networks with hidden layers of `width` nodes."""
    split, batch_size = {"digits": (nnjax.datasets.digits, 50), "iris": (nnjax.datasets.iris, 16)}[name]
    train, test = split()
    rows = len(train.xs) // batch_size * batch_size
    return Task(name, Data(train.xs[:rows], train.ys[:rows]), test, width, batch_size)


def _per_layer(rate: Any) -> optax.GradientTransformation:
    """Give each layer 1/√χ times the rate of the layer above, since a sigmoid layer multiplies |δ| by √χ."""
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


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a network is built and trained.

    Attributes:
        depth: Number of layers with weights.
        activation: Activation of the hidden nodes.
        scheme: Scheme of the initial weights, a name in `SPREADS`.
        scale: Factor by which the initial weights are multiplied.
        output: Activation of the output nodes.
        loss: Loss to minimise.
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

    @property
    def label(self) -> str:
        """A unique description of the recipe: depth, activation, weights, and all unusual settings."""
        shown = [f"{self.depth} layers", self.activation, self.scheme]
        for field in dataclasses.fields(self)[3:]:
            value = getattr(self, field.name)
            if value != field.default:
                text = "/".join(map(str, value)) if isinstance(value, tuple) else str(value)
                shown.append(f"{field.name.replace('_', ' ')} {text}")
        return ", ".join(shown)

    @property
    def program(self) -> "Recipe":
        """The part that determines a recipe's program; recipes that differ only in `arguments` share it."""
        return dataclasses.replace(self, scheme="", scale=1.0, rates=())

    @property
    def arguments(self) -> dict[str, np.ndarray]:
        """The program's arguments for each learning rate: the rate and the spread of the initial weights."""
        spread = dict(zip("abc", (value / self.scale**2 for value in SPREADS[self.scheme]), strict=True))
        columns = {"rate": np.array(self.rates), **spread}
        return {name: np.full(len(self.rates), value, np.float32) for name, value in columns.items()}


STARTS = {"sigmoid": "lecun_normal", "relu": "he_normal"}
"""Activations that are trained at every depth, each with suitable initial weights."""
STALL = {"he_normal": (0.01, 0.03), "glorot_normal": (0.003, 0.01)}
"""{initial weights of the very deep ReLU network: the rates tried, which were the best from 0.003 to 0.1}."""

REMEDY_DEPTH = 5
PLAIN = "sigmoid, LeCun: as it is"
"""The recipe from which every remedy differs in one thing."""
SATURATED_SSE = "saturated outputs, SSE"
SATURATED_CROSS_ENTROPY = "saturated outputs, cross-entropy"
"""Two recipes to compare with each other; both networks start with saturated outputs."""
_SATURATED = Recipe(2, scheme="normal", scale=3.0, output="sigmoid", rates=HIGH)
REMEDIES = {
    PLAIN: Recipe(REMEDY_DEPTH),
    "without biases": Recipe(REMEDY_DEPTH, bias_scheme=None),
    "normal(0, 1) initial weights": Recipe(REMEDY_DEPTH, scheme="normal"),
    "tanh": Recipe(REMEDY_DEPTH, "tanh"),
    "ReLU, He": Recipe(REMEDY_DEPTH, "relu", "he_normal", rates=LOW),
    "a learning rate per layer": Recipe(REMEDY_DEPTH, optimizer="per layer", rates=LOW),
    "Adam": Recipe(REMEDY_DEPTH, optimizer="adam", rates=(0.001, 0.003, 0.01, 0.03)),
    SATURATED_SSE: _SATURATED,
    SATURATED_CROSS_ENTROPY: dataclasses.replace(_SATURATED, output="identity", loss="binary_cross_entropy"),
}
"""{name: recipe} of possible remedies."""

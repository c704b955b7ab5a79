"""Tasks, recipes for networks, and remedies that may help where nothing is learnt."""

import dataclasses
import functools
from typing import Any, NamedTuple

import jax.numpy as jnp
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


ACTIVATIONS, OUTPUTS = ("sigmoid", "relu", "tanh"), ("identity", "sigmoid")
LOSSES = ("sse", "binary_cross_entropy")
"""Activations of hidden and of output nodes, and losses, of which a recipe's arguments give the index."""
OPTIMIZERS = ("sgd", "per layer", "adam")
"""Plain descent, the same with a rate for each layer, and Adam."""


def optimizer(name: str, rate: Any, biases: Any, per_layer: Any) -> optax.GradientTransformation:
    """Make an optimiser in `OPTIMIZERS`; plain descent has rates per layer if `per_layer` is 1 and not 0.

    Each layer's rate is then 1/√χ times the rate of the layer above, since a sigmoid layer multiplies |δ| by
    √χ. The gradients of biases are multiplied by `biases`; 0 leaves biases at 0, as in a network without
    them.
    """
    factor = signal_propagation.fixed_point("sigmoid", 1.0)[1] ** -0.5

    def scaled(updates: Any, _: Any) -> Any:
        gains = [jnp.where(per_layer > 0, np.float32(factor**k), 1) for k in reversed(range(len(updates)))]
        return tuple(
            nnjax.Layer(gain * layer.weights, gain * biases * layer.biases)
            for gain, layer in zip(gains, updates, strict=True)
        )

    steps = [optax.adam(rate)] if name == "adam" else [optax.clip_by_global_norm(CLIP), optax.sgd(rate)]
    return optax.chain(optax.stateless(scaled), *steps)


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a network is built and trained.

    Attributes:
        depth: Number of layers with weights.
        activation: Activation of the hidden nodes, one of `ACTIVATIONS`.
        scheme: Scheme of the initial weights, a name in `SPREADS`.
        scale: Factor by which the initial weights are multiplied.
        output: Activation of the output nodes, one of `OUTPUTS`.
        loss: Loss to minimise, one of `LOSSES`.
        optimizer: A name in `OPTIMIZERS`.
        biases: Whether the network has biases, which start at 0.
        rates: Learning rates to try.
    """

    depth: int
    activation: str = "sigmoid"
    scheme: str = "lecun_normal"
    scale: float = 1.0
    output: str = "identity"
    loss: str = "sse"
    optimizer: str = "sgd"
    biases: bool = True
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
    def program(self) -> tuple[int, str]:
        """What determines a recipe's program; everything else is an argument, since compiling takes long."""
        return self.depth, "adam" if self.optimizer == "adam" else "sgd"

    @property
    def arguments(self) -> dict[str, np.ndarray]:
        """The program's arguments for each learning rate: the rate, the weights' spread, and choices."""
        spread = dict(zip("abc", (value / self.scale**2 for value in SPREADS[self.scheme]), strict=True))
        numbers = {"biases": self.biases, "per_layer": self.optimizer == "per layer"} | spread
        choices = {
            "activation": ACTIVATIONS.index(self.activation),
            "output": OUTPUTS.index(self.output),
            "loss": LOSSES.index(self.loss),
        }
        columns = {"rate": np.array(self.rates, np.float32)}
        columns |= {name: np.full(len(self.rates), value, np.float32) for name, value in numbers.items()}
        return columns | {name: np.full(len(self.rates), value, np.int32) for name, value in choices.items()}


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
    "without biases": Recipe(REMEDY_DEPTH, biases=False),
    "normal(0, 1) initial weights": Recipe(REMEDY_DEPTH, scheme="normal"),
    "tanh": Recipe(REMEDY_DEPTH, "tanh"),
    "ReLU, He": Recipe(REMEDY_DEPTH, "relu", "he_normal", rates=LOW),
    "a learning rate per layer": Recipe(REMEDY_DEPTH, optimizer="per layer", rates=LOW),
    "Adam": Recipe(REMEDY_DEPTH, optimizer="adam", rates=(0.001, 0.003, 0.01, 0.03)),
    SATURATED_SSE: _SATURATED,
    SATURATED_CROSS_ENTROPY: dataclasses.replace(_SATURATED, output="identity", loss="binary_cross_entropy"),
}
"""{name: recipe} of possible remedies."""

"""Do gradients vanish? Sigmoid against ReLU, at birth and in training, held against exact theory."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from experiments.runner import threads
from experiments.runner.experiment import Experiment, at_least
from experiments.vanishing_gradients import at_birth as birth
from experiments.vanishing_gradients import exact_laws as birth_laws
from experiments.vanishing_gradients import training as depth_training
from experiments.vanishing_gradients.figures import figures
from experiments.vanishing_gradients.findings import findings, tables
from experiments.vanishing_gradients.training import Group, Recipe
from nnjax.activations import ACTIVATIONS

STARTS = {"sigmoid": "lecun_normal", "relu": "he_normal"}
"""What is trained at every depth, each with the initial weights that suit it."""

STALL = ("he_normal", "glorot_normal")
"""Initial weights of the very deep ReLU network."""

LOW, HIGH = (0.01, 0.03, 0.1, 0.3), (0.03, 0.1, 0.3, 1.0)
"""Rates of the remedies whose best one is large."""
REMEDY_DEPTH = 5
REMEDIES = {
    "sigmoid, LeCun: as it is": Recipe(REMEDY_DEPTH),
    "without biases": Recipe(REMEDY_DEPTH, bias_scheme=None),
    "normal(0, 1) initial weights": Recipe(REMEDY_DEPTH, scheme="normal"),
    "tanh": Recipe(REMEDY_DEPTH, "tanh"),
    "ReLU, He": Recipe(REMEDY_DEPTH, "relu", "he_normal", rates=LOW),
    "a learning rate per layer": Recipe(REMEDY_DEPTH, optimizer="per layer", rates=LOW),
    "Adam": Recipe(REMEDY_DEPTH, optimizer="adam", rates=(0.001, 0.003, 0.01, 0.03)),
    "saturated outputs, SSE": Recipe(2, scheme="normal", scale=3.0, output="sigmoid", rates=HIGH),
    "saturated outputs, cross-entropy": Recipe(
        2, scheme="normal", scale=3.0, loss="binary_cross_entropy", rates=HIGH
    ),
}
"""What may help; the first is what the others change in one thing, the last two are a pair of their own."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Sizes and conditions.

    Attributes:
        seed: First seed; the others follow it: seed, seed + 1, and so on.
        seeds: How many networks are drawn at birth for each condition, 2 or more.
        depths: Numbers of layers with weights of the networks at birth, 1 or more, in any order.
        widths: Their nodes per layer, 2 or more, in any order; PROFILE=full adds 32, 128 and 512.
        activations: Their activations, names in nnjax.ACTIVATIONS.
        inits: Initial weights: normal, uniform, orthogonal, or lecun_, glorot_, he_ with normal or uniform.
        orthogonal_width: Orthogonal weights, which take long to draw, up to this width.
        samples: Networks drawn for each exact law.
        training_depths: Numbers of layers with weights of the networks that are trained on the digits, 1 or
            more.
        iris_depths: The same for Iris.
        stall_depth: Layers of the ReLU networks on which He's and Glorot's weights are compared.
        training_seeds: How many networks are trained in each condition, 2 or more.
        epochs: How long, on the digits.
        stall_epochs: How long at `stall_depth`. Glorot's networks do not stall for ever: at the rate 0.003
            some begin to learn after about 25 epochs.
        iris_epochs: How long, on Iris, whose epochs have four times fewer updates.
        remedies: Whether to try what may help.
    """

    seed: int = 0
    seeds: int = 100
    depths: tuple[int, ...] = (1, 2, 3, 5, 10, 20, 30, 50)
    widths: tuple[int, ...] = (16, 64, 256)
    activations: tuple[str, ...] = ("sigmoid", "tanh", "relu", "leaky_relu")
    inits: tuple[str, ...] = (
        "uniform",
        "normal",
        "lecun_normal",
        "glorot_normal",
        "he_normal",
        "orthogonal",
    )
    orthogonal_width: int = 64
    samples: int = 20_000
    training_depths: tuple[int, ...] = (2, 3, 5, 10)
    iris_depths: tuple[int, ...] = (2, 5, 10)
    stall_depth: int = 30
    training_seeds: int = 4
    epochs: int = 15
    stall_epochs: int = 8
    iris_epochs: int = 40
    remedies: bool = True

    def __post_init__(self) -> None:
        for name, least in {"depths": 1, "widths": 2, "training_depths": 1, "iris_depths": 1}.items():
            values = getattr(self, name)
            if not values or min(values) < least or len(set(values)) < len(values):
                raise ValueError(f"{name} must be different numbers, {least} or more; got {values}")
            object.__setattr__(self, name, tuple(sorted(values)))  # "the widest" must not depend on the order
        for name, known in {"activations": tuple(ACTIVATIONS), "inits": birth.INITS}.items():
            values = getattr(self, name)
            if not values or set(values) - set(known) or len(set(values)) < len(values):
                raise ValueError(f"{name} must be different ones of {', '.join(known)}; got {values}")
        at_least(self, seeds=2, training_seeds=2, samples=2, orthogonal_width=0)
        at_least(self, stall_depth=1, epochs=1, stall_epochs=1, iris_epochs=1)


def run(config: Config) -> xr.Dataset:
    """All parts as one dataset; lengths of δ and of weights have no unit."""
    seeds = np.arange(config.seed, config.seed + config.seeds)
    conditions = config.widths, config.depths, config.activations, config.inits
    trained = np.arange(config.seed, config.seed + config.training_seeds)
    # The parts share no numbers; a program is compiled on one core, and another part keeps the other busy.
    with threads.pool(1) as pool:
        born = pool.submit(birth.measure, *conditions, seeds, config.orthogonal_width)
        laws = pool.submit(birth_laws.measure, config.seed, config.samples, config.seeds)
        training = depth_training.measure(groups(config), trained)
        return xr.merge([born.result(), laws.result(), training])


def groups(config: Config) -> list[Group]:
    """What is trained: sigmoid and ReLU at all depths, He and Glorot where it is deep, and the remedies."""
    digits, iris = depth_training.task("digits", 64), depth_training.task("iris", 8)
    stalled = [Recipe(config.stall_depth, "relu", scheme) for scheme in STALL]
    found = [
        _deep("deep", digits, config.epochs, config.training_depths),
        _deep("iris", iris, config.iris_epochs, config.iris_depths),
        Group("stall", digits, config.stall_epochs, {"stall_init": STALL}, stalled),
    ]
    helping = Group("remedy", digits, config.epochs, {"remedy": list(REMEDIES)}, list(REMEDIES.values()))
    return [*found, helping] if config.remedies else found


def _deep(name: str, job: depth_training.Task, epochs: int, depths: Sequence[int]) -> Group:
    axes = {"start": list(STARTS), f"{name}_depth": depths}
    return Group(name, job, epochs, axes, [Recipe(d, *start) for start in STARTS.items() for d in depths])


SMOKE: Mapping[str, Any] = {
    "seeds": 4,
    "depths": (1, 3, 12),
    "widths": (8,),
    "inits": ("normal", "glorot_normal", "he_normal"),
    "samples": 200,
    "training_depths": (1, 2),
    "iris_depths": (2,),
    "stall_depth": 2,
    "training_seeds": 2,
    "epochs": 1,
    "stall_epochs": 1,
    "iris_epochs": 1,
    "remedies": False,
}
FULL: Mapping[str, Any] = {
    "seeds": 400,
    "widths": (16, 32, 64, 128, 256, 512),
    "samples": 200_000,
    "training_depths": (1, 2, 3, 5, 10, 20, 30),
    "iris_depths": (1, 2, 3, 5, 10, 20, 30),
    "training_seeds": 20,
    "epochs": 30,
    "stall_epochs": 30,
    "iris_epochs": 100,
    "orthogonal_width": 128,
}

EXPERIMENT = Experiment(
    name="vanishing_gradients",
    title="Do gradients vanish?",
    question="How much smaller does δ get from layer to layer, for sigmoid and for ReLU, and does training "
    "suffer?",
    method="At birth, δ is followed through up to 50 layers of random weights, the same draws for every "
    "activation and initial scale, and held against mean-field theory and exact laws. Then networks "
    "of growing depth are trained on real data.",
    config=Config,
    run=run,
    figures=figures,
    findings=findings,
    tables=tables,
    smoke=SMOKE,
    full=FULL,
    remember="A sigmoid layer hands down about a quarter of δ's length, so that five layers learn nothing of "
    "the digits; take ReLU or tanh instead, with initial weights that suit it: with the wrong ones thirty "
    "ReLU layers do not learn either.",
    minutes=(1.0, 10.0),
    order=50,
)

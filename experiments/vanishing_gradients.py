"""Do gradients vanish? Sigmoid against ReLU, at birth and in training, held against exact theory."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from experiments import birth, birth_laws, depth_training
from experiments.depth_training import Recipe
from experiments.experiment import Experiment
from experiments.vanishing_figures import figures
from experiments.vanishing_findings import findings, tables
from nnjax.activations import ACTIVATIONS

STARTS = {"sigmoid": "lecun_normal", "relu": "he_normal"}
"""What is trained at every depth, each with the initial weights that suit it."""

STALL = ("he_normal", "glorot_normal")
"""Initial weights of the very deep ReLU network."""

REMEDY_DEPTH = 5
REMEDIES = {
    "sigmoid, LeCun: as it is": Recipe(REMEDY_DEPTH),
    "without biases": Recipe(REMEDY_DEPTH, bias_scheme=None),
    "normal(0, 1) initial weights": Recipe(REMEDY_DEPTH, scheme="normal"),
    "tanh": Recipe(REMEDY_DEPTH, "tanh"),
    "ReLU, He": Recipe(REMEDY_DEPTH, "relu", "he_normal"),
    "a learning rate per layer": Recipe(REMEDY_DEPTH, optimizer="per layer"),
    "Adam": Recipe(REMEDY_DEPTH, optimizer="adam", rates=(0.0003, 0.003, 0.03)),
    "saturated outputs, SSE": Recipe(2, scheme="normal", scale=3.0, output="sigmoid"),
    "saturated outputs, cross-entropy": Recipe(2, scheme="normal", scale=3.0, loss="binary_cross_entropy"),
}
"""What may help; the first is what the others change in one thing, the last two are a pair of their own."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Sizes and conditions.

    Attributes:
        seed: First seed.
        seeds: Seeds of the networks at birth, 2 or more.
        depths: Numbers of layers with weights of the networks at birth, 1 or more.
        widths: Their nodes per layer, 2 or more.
        activations: Their activations, names in nnjax.ACTIVATIONS.
        inits: Initial weights: normal, uniform, orthogonal, or lecun_, glorot_, he_ with normal or uniform.
        orthogonal_width: Orthogonal weights, which take long to draw, up to this width.
        samples: Networks drawn for each exact law.
        training_depths: Numbers of layers with weights of the networks that are trained on the digits, 1 or
            more. He and Glorot are compared at the largest.
        iris_depths: The same for Iris.
        training_seeds: Seeds of those, 2 or more.
        epochs: How long they are trained.
        remedies: Whether to try what may help.
    """

    seed: int = 0
    seeds: int = 100
    depths: tuple[int, ...] = (1, 2, 3, 5, 10, 20, 30, 50)
    widths: tuple[int, ...] = (16, 256)
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
    training_depths: tuple[int, ...] = (1, 3, 5, 10, 30)
    iris_depths: tuple[int, ...] = (3, 10)
    training_seeds: int = 5
    epochs: int = 8
    remedies: bool = True

    def __post_init__(self) -> None:
        for name, least in {"depths": 1, "widths": 2, "training_depths": 1, "iris_depths": 1}.items():
            values = getattr(self, name)
            if not values or min(values) < least or len(set(values)) < len(values):
                raise ValueError(f"{name} must be different numbers, {least} or more; got {values}")
        for name, known in {"activations": tuple(ACTIVATIONS), "inits": birth.INITS}.items():
            values = getattr(self, name)
            if not values or set(values) - set(known) or len(set(values)) < len(values):
                raise ValueError(f"{name} must be different ones of {', '.join(known)}; got {values}")
        counts = {"seeds": 2, "training_seeds": 2, "samples": 2, "epochs": 1, "orthogonal_width": 0}
        for name, least in counts.items():
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be {least} or more; got {getattr(self, name)}")


def run(config: Config) -> xr.Dataset:
    """All parts as one dataset; lengths of δ and of weights have no unit."""
    widest = max(config.widths)
    inits = birth.drawn_at(widest, config.inits, config.orthogonal_width)
    costs = birth.costs(widest, config.depths, config.activations, inits)
    return xr.merge([*at_birth(config), *trained(config)]).assign_attrs(
        {f"cost_{name}": value for name, value in costs.items()}
    )


def at_birth(config: Config) -> list[xr.Dataset]:
    """Profiles of all seeds, and samples of the exact laws."""
    seeds = np.arange(config.seed, config.seed + config.seeds)
    conditions = config.widths, config.depths, config.activations, config.inits
    return [
        birth.measure(*conditions, seeds, config.orthogonal_width),
        birth_laws.measure(config.seed, config.samples, config.seeds),
    ]


def trained(config: Config) -> list[xr.Dataset]:
    """Sigmoid and ReLU at all depths, He and Glorot at the largest, and the remedies."""
    digits, iris = depth_training.task("digits", 64), depth_training.task("iris", 8)
    seeds = np.arange(config.seed, config.seed + config.training_seeds)
    deepest = max(config.training_depths)
    groups = {
        "deep": _deep(digits, config.training_depths),
        "iris": _deep(iris, config.iris_depths),
        "stall": [(digits, Recipe(deepest, "relu", scheme)) for scheme in STALL],
        "remedy": [(digits, recipe) for recipe in REMEDIES.values()] if config.remedies else [],
    }
    axes = {
        "deep": {"start": list(STARTS), "deep_depth": config.training_depths},
        "iris": {"start": list(STARTS), "iris_depth": config.iris_depths},
        "stall": {"stall_init": STALL},
        "remedy": {"remedy": list(REMEDIES)},
    }
    found = iter(
        depth_training.run_all([job for group in groups.values() for job in group], config.epochs, seeds)
    )
    parts = [
        depth_training.as_dataset(name, axes[name], [next(found) for _ in group])
        for name, group in groups.items()
        if group
    ]
    if config.remedies:
        parts[-1]["remedy_rate"] = ("remedy", "rate"), np.array([r.rates for r in REMEDIES.values()])
    constants = {"deep_constant": digits.constant, "iris_constant": iris.constant}
    return [*parts, xr.Dataset(constants, {"rate": list(Recipe(1).rates)})]


def _deep(job: depth_training.Task, depths: Sequence[int]) -> list[tuple[depth_training.Task, Recipe]]:
    return [(job, Recipe(depth, *start)) for start in STARTS.items() for depth in depths]


SMOKE: Mapping[str, Any] = {
    "seeds": 4,
    "depths": (1, 3, 12),
    "widths": (8,),
    "inits": ("normal", "glorot_normal", "he_normal"),
    "samples": 200,
    "training_depths": (1, 2),
    "iris_depths": (2,),
    "training_seeds": 2,
    "epochs": 1,
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
    remember="A sigmoid layer takes about three quarters of δ's length; ReLU with He's initial weights "
    "keeps it, and with the wrong initial weights loses it too.",
    order=50,
)

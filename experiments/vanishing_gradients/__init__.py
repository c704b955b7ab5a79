"""Do gradients vanish? Sigmoid against ReLU, at birth and in training, compared with exact theory."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import xarray as xr

from experiments.runner.context import Context
from experiments.runner.experiment import Experiment, Options, at_least
from experiments.vanishing_gradients import at_birth, draws, exact_laws, training
from experiments.vanishing_gradients.figures import figures
from experiments.vanishing_gradients.findings import findings, tables
from experiments.vanishing_gradients.recipes import REMEDIES, STALL, STARTS, Recipe, Task, task
from experiments.vanishing_gradients.story import CARD, story
from experiments.vanishing_gradients.training import Group
from nnjax.activations import ACTIVATIONS


@dataclasses.dataclass(frozen=True)
class Config(Options):
    """The networks that are drawn and trained, and how many of each.

    Attributes:
        seeds: Networks to draw at birth for each condition, 2 or more.
        depths: Depths of the networks at birth, in layers with weights, each 1 or more, in any order.
        widths: Nodes per layer of the networks at birth, 2 or more, in any order; PROFILE=full adds 32, 128
            and 512.
        activations: Activations of the networks at birth, names in nnjax.ACTIVATIONS.
        inits: Initial weights of the networks at birth: normal, uniform, orthogonal, or lecun_, glorot_ or
            he_ followed by normal or uniform.
        orthogonal_width: Width of the widest network with orthogonal weights, which are slow to draw.
        samples: Networks drawn for each exact law.
        training_depths: Depths of the networks trained on the digits, each 1 or more.
        iris_depths: Depths of the networks trained on Iris, each 1 or more.
        stall_depth: Number of layers of the ReLU networks on which He's and Glorot's weights are compared.
        training_seeds: Networks to train in each condition, 2 or more; with 12, a median has a 99.9 %
            interval.
        epochs: Epochs of training on the digits.
        stall_epochs: Epochs of training at `stall_depth`; networks with Glorot's weights do not stall
            forever.
        iris_epochs: Epochs of training on Iris, where an epoch has a quarter as many updates as on the
            digits.
        remedies: Whether to try remedies.
    """

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
    training_depths: tuple[int, ...] = (2, 3, 4, 5, 10)
    iris_depths: tuple[int, ...] = (2, 5, 10)
    stall_depth: int = 30
    training_seeds: int = 12
    epochs: int = 15
    stall_epochs: int = 30
    iris_epochs: int = 40
    remedies: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, least in {"depths": 1, "widths": 2, "training_depths": 1, "iris_depths": 1}.items():
            values = getattr(self, name)
            if not values or min(values) < least or len(set(values)) < len(values):
                raise ValueError(f"{name} must be different numbers, {least} or more; got {values}")
            object.__setattr__(self, name, tuple(sorted(values)))  # "the widest" is the last
        for name, known in {"activations": tuple(ACTIVATIONS), "inits": draws.INITS}.items():
            values = getattr(self, name)
            if not values or set(values) - set(known) or len(set(values)) < len(values):
                raise ValueError(f"{name} must be different names from {', '.join(known)}; got {values}")
        at_least(self, seeds=2, training_seeds=2, samples=2, orthogonal_width=0)
        at_least(self, stall_depth=1, epochs=1, stall_epochs=1, iris_epochs=1)


def run(config: Config, context: Context) -> xr.DataTree:
    """Measure all parts; lengths of δ and of weights have no unit."""
    seeds = config.seeds_from_first
    networks = at_birth.Conditions(
        config.widths, config.depths, config.activations, config.inits, config.orthogonal_width
    )
    # While one part compiles, on a single core, another part keeps the other core busy.
    with context.pool(1) as pool:
        birth = pool.submit(at_birth.measure, context, networks, seeds(config.seeds))
        laws = pool.submit(exact_laws.measure, context, seeds(config.samples), config.seeds)
        trained = training.measure(context, groups(config), seeds(config.training_seeds))
        return xr.DataTree.from_dict({"birth": birth.result(), **laws.result(), **trained})


def groups(config: Config) -> dict[str, Group]:
    """List what is trained: sigmoid and ReLU at all depths, two kinds of weights at one depth, remedies."""
    digits, iris = task("digits", 64), task("iris", 8)
    stalled = [Recipe(config.stall_depth, "relu", init, rates=rates) for init, rates in STALL.items()]
    trained = {
        "digits": _growing(digits, config.epochs, config.training_depths),
        "iris": _growing(iris, config.iris_epochs, config.iris_depths),
        "stall": Group(digits, config.stall_epochs, {"init": list(STALL)}, stalled),
    }
    helping = Group(digits, config.epochs, {"remedy": list(REMEDIES)}, list(REMEDIES.values()))
    return trained | ({"remedies": helping} if config.remedies else {})


def _growing(task: Task, epochs: int, depths: Sequence[int]) -> Group:
    recipes = [Recipe(depth, *start) for start in STARTS.items() for depth in depths]
    return Group(task, epochs, {"start": list(STARTS), "depth": depths}, recipes)


SMOKE: Mapping[str, Any] = {
    "seeds": 40,
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
    "training_depths": (1, 2, 3, 4, 5, 10, 20, 30),
    "iris_depths": (1, 2, 3, 5, 10, 20, 30),
    "training_seeds": 20,
    "epochs": 30,
    "stall_epochs": 60,
    "iris_epochs": 100,
    "orthogonal_width": 128,
}

EXPERIMENT = Experiment(
    name="vanishing_gradients",
    title="Do gradients vanish?",
    question="How much smaller does δ get from layer to layer, for sigmoid and for ReLU, and does training "
    "suffer?",
    method="At birth, before any training, δ is followed through up to 50 layers of random weights, with the "
    "same draws for every activation and initial scale, and compared with mean-field theory and exact laws. "
    "Then networks of growing depth are trained on real data.",
    config=Config,
    run=run,
    figures=figures,
    story=story,
    card=CARD,
    findings=findings,
    tables=tables,
    smoke=SMOKE,
    full=FULL,
    remember="A sigmoid layer passes on about a quarter of δ's length, so five layers learn nothing "
    "about the digits in 15 epochs. Use ReLU or tanh instead, with suitable initial weights: with unsuitable "
    "weights thirty ReLU layers learn nothing in 30 epochs.",
    minutes=(1.8, 10.0),
)

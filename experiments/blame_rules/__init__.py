"""How wrong is a wrong rule of blame? Backpropagation and three published rules that differ from it."""

import dataclasses
import functools

import numpy as np
import xarray as xr

import nnjax
from experiments.blame_rules.figures import figures
from experiments.blame_rules.findings import findings, tables
from experiments.blame_rules.rules import (
    INPUTS,
    RULES,
    Task,
    alignment,
    angles,
    looks,
    trained,
    with_equal_slopes,
)
from experiments.blame_rules.story import CARD, story
from experiments.runner.context import Context
from experiments.runner.experiment import Experiment, Options, at_least
from nnjax import datasets

ALIGN_TIMES = 2.0
"""The best rate for feedback on Iris, relative to the task's rate."""


@dataclasses.dataclass(frozen=True)
class Config(Options):
    """How many networks are measured, how many each rule trains, and for how long.

    Attributes:
        seed: First seed.
        angle_seeds: Number of random networks whose angles are measured, 2 or more.
        seeds: Number of networks that learn XOR and Iris by each rule, 2 or more.
        digit_seeds: Number of networks that learn the digits, 2 or more; small differences are judged if
            there are 400 or more.
        align_seeds: Number of networks in which the angle of feedback is followed through training, 2 or
            more.
        steps: Number of full-batch steps on XOR.
        iris_epochs: Number of epochs on Iris, in batches of 16.
        digit_epochs: Number of epochs on the digits, in batches of 10.
    """

    seed: int = 0
    angle_seeds: int = 100_000
    seeds: int = 4000
    digit_seeds: int = 50
    align_seeds: int = 200
    steps: int = 5000
    iris_epochs: int = 60
    digit_epochs: int = 10

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, angle_seeds=2, seeds=2, digit_seeds=2, align_seeds=2)
        at_least(self, steps=1, iris_epochs=1, digit_epochs=1)


def tasks(config: Config) -> dict[str, Task]:
    """Make the tasks, each under the name of its group in the data."""
    xor, iris, digits = datasets.xor(), datasets.iris(), datasets.digits()
    return {
        "xor": Task(
            "XOR 2-2-1",
            nnjax.mlp((2, 2, 1)),
            train=xor,
            test=xor,
            rate=2.0,
            epochs=config.steps,
            batch=4,
            seeds=config.seeds,
            measure="share solved",
        ),
        "iris": Task(
            "Iris 4-8-3",
            nnjax.mlp((4, 8, 3)),
            *iris,
            rate=0.05,
            epochs=config.iris_epochs,
            batch=16,
            seeds=config.seeds,
            times=(0.5, 1.0, 2.0, 5.0, 10.0, 20.0),
        ),
        "digits": Task(
            "digits 64-30-10",
            nnjax.mlp((64, 30, 10)),
            *digits,
            rate=0.15,
            epochs=config.digit_epochs,
            batch=10,
            seeds=config.digit_seeds,
        ),
    }


def run(config: Config, context: Context) -> xr.DataTree:
    """Measure the groups "angles", "equal_slopes", "xor", "iris", "digits" and "alignment".

    Every rule starts from the same random weights.
    """
    named, some = tasks(config), config.seeds_from_first(config.align_seeds)

    def learnt(name: str) -> dict[str, xr.Dataset]:
        return {name: ends(named[name], config.seeds_from_first(named[name].seeds), context)}

    parts = [
        *(functools.partial(learnt, name) for name in named),
        lambda: {"alignment": aligned(named["iris"], some, context)},
        lambda: angle_groups(config, context),
    ]
    groups = context.groups(parts)
    return xr.DataTree.from_dict(groups)


def angle_groups(config: Config, context: Context) -> dict[str, xr.Dataset]:
    """Measure each rule's angle to the true weight change in random networks."""
    network = nnjax.mlp((3, 4, 1), biases=False)
    seeds = config.seeds_from_first(config.angle_seeds)
    cosines = context.sweep("angles", angles(network), seeds)
    equal = context.sweep("angles with equal slopes", with_equal_slopes(network), seeds)
    attributes = {"long_name": "cosine with the true weight change of layer 1", "units": "1"}
    return {
        "angles": xr.Dataset(
            {"cosine": (("seed", "inputs", "rule"), cosines, attributes)},
            {"seed": seeds, "inputs": list(INPUTS), "rule": list(RULES)},
        ),
        "equal_slopes": xr.Dataset(
            {"cosine": (("seed", "source"), equal, attributes)},
            {"seed": seeds, "source": ["measured", "derived"]},
        ),
    }


def aligned(task: Task, seeds: np.ndarray, context: Context) -> xr.Dataset:
    """Measure how fixed random feedback turns towards the gradient during training, at its best rate."""
    cosines = context.sweep(f"alignment, {task.title}", alignment(task, ALIGN_TIMES * task.rate), seeds)
    attributes = {"long_name": "cosine with the true weight change of layer 1", "units": "1"}
    return xr.Dataset(
        {"cosine": (("seed", "epoch"), cosines, attributes)},
        {"seed": seeds, "epoch": list(looks(task))},
        {"title": task.title},
    )


def ends(task: Task, seeds: np.ndarray, context: Context) -> xr.Dataset:
    """Measure the loss and the accuracy that each rule reaches on a task at each rate."""
    rates = np.asarray(task.rate * np.array(task.times), np.float32)
    loss, accuracy = context.sweep(task.title, trained(task), seeds, {"rate": rates})
    dimensions = ("seed", "times", "rule")
    return xr.Dataset(
        {
            "loss": (dimensions, loss, {"long_name": "loss per training row", "units": "1"}),
            "accuracy": (dimensions, accuracy, {"long_name": "test accuracy", "units": "1"}),
        },
        {"seed": seeds, "times": list(task.times), "rule": list(RULES)},
        {"title": task.title, "measure": task.measure},
    )


EXPERIMENT = Experiment(
    name="blame_rules",
    title="Rules of blame",
    question="How much does it matter that a published rule of blame is not the gradient?",
    method="Backpropagation, the handout's printed rule, its author's code and fixed random feedback are "
    "compared by their angle to the true gradient. Then each rule trains the same networks.",
    config=Config,
    run=run,
    findings=findings,
    tables=tables,
    figures=figures,
    story=story,
    card=CARD,
    smoke={
        "angle_seeds": 50,
        "seeds": 4,
        "digit_seeds": 2,
        "align_seeds": 2,
        "steps": 20,
        "iris_epochs": 1,
        "digit_epochs": 1,
    },
    full={"angle_seeds": 1_000_000, "seeds": 10_000, "digit_seeds": 500, "steps": 20_000, "digit_epochs": 30},
    remember="The printed rule learns something from most data, so the slip is easy to miss. How "
    "far a rule points from the gradient at first does not show how well it learns.",
    minutes=(0.8, 6.0),
)

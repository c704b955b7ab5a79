"""Do the initial weights matter?

The experiment varies their range and distribution, the activation and the biases. It also starts networks
from all zeros.
"""

import dataclasses
import functools
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr

from experiments.initialisation import rates
from experiments.initialisation.figures import figures
from experiments.initialisation.findings import findings, tables
from experiments.initialisation.story import CARD, story
from experiments.initialisation.training import (
    BIASES,
    Ending,
    Parting,
    Task,
    learner,
    parting,
    random_starts,
    settings,
    tasks,
    zero_starts,
)
from experiments.runner.context import Context
from experiments.runner.experiment import Experiment, Options, at_least


@dataclasses.dataclass(frozen=True)
class Config(Options):
    """The ranges of the initial weights, how many networks are trained, and for how long.

    Attributes:
        seeds: Number of sets of initial weights per condition, 2 or more; shares are judged only if there are
            at least 100.
        xor_seeds: Number of sets of initial weights per range and rate on XOR.
        ranges: Values of r for uniform weights in [-r, r], positive and increasing; normal weights have the
            same standard deviation, r / √3.
        xor_epochs: Maximum number of epochs on XOR; where range and rate vary, three times as many
            are tried as well.
        encoder_epochs: Maximum number of epochs on the encoder.
        iris_epochs: Maximum number of epochs on Iris.
    """

    seeds: int = 250
    xor_seeds: int = 1000
    ranges: tuple[float, ...] = (0.05, 0.1, 0.2, 0.4, 0.8, 1.5)
    xor_epochs: int = 10_000
    encoder_epochs: int = 2000
    iris_epochs: int = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, seeds=2, xor_seeds=2, xor_epochs=1, encoder_epochs=1, iris_epochs=1)
        rising = all(low < high for low, high in itertools.pairwise((0, *self.ranges, np.inf)))
        if len(self.ranges) < 2 or not rising:
            raise ValueError(f"ranges must be two or more increasing numbers above 0; got {self.ranges}")

    @property
    def epochs(self) -> dict[str, int]:
        """The maximum number of epochs on each task."""
        return {"XOR": self.xor_epochs, "encoder": self.encoder_epochs, "Iris": self.iris_epochs}


def run(config: Config, context: Context) -> xr.DataTree:
    """Measure how training ends on each task for all seeds, distributions (or zeros), ranges and networks."""
    seeds, many = config.seeds_from_first(config.seeds), config.seeds_from_first(config.xor_seeds)

    def ends(name: str, task: Task) -> Ending:
        return context.sweep(name, learner(task, config.epochs[name]), seeds, settings(config.ranges))

    def partings(name: str, task: Task) -> list[Parting]:
        return [parting(task, biases, config.epochs[name]) for biases in BIASES]

    named = tasks()
    parts: list[Callable[[], Any]] = [
        lambda: rates.measure(context, many, config.ranges, config.xor_epochs),
        *(functools.partial(ends, *each) for each in named.items()),
        *(functools.partial(partings, *each) for each in named.items()),
    ]
    by_rate, *others = context.two_at_a_time(parts)
    count = len(named)
    endings, apart = (dict(zip(named, part, strict=True)) for part in (others[:count], others[count:]))
    random = random_starts(endings, seeds, config.ranges, config.epochs)
    return xr.DataTree.from_dict({"random": random, "zeros": zero_starts(endings, apart), "rates": by_rate})


EXPERIMENT = Experiment(
    name="initialisation",
    title="Initial weights",
    question="Do the initial weights decide whether a network learns, and how fast?",
    method="Networks learn XOR, the 8-3-8 encoder and Iris from the same draws at several ranges, uniform "
    "and normal, with sigmoid and ReLU hidden nodes, with and without biases, and from all zeros. A run has "
    "converged once its loss is so low that all answers must be right (on Iris, nine held-out rows in ten).",
    config=Config,
    run=run,
    figures=figures,
    story=story,
    card=CARD,
    findings=findings,
    tables=tables,
    smoke={
        "seeds": 4,
        "xor_seeds": 4,
        "ranges": (0.1, 1.0),
        "xor_epochs": 20,
        "encoder_epochs": 20,
        "iris_epochs": 2,
    },
    full={
        "seeds": 2000,
        "xor_seeds": 10_000,
        "xor_epochs": 30_000,
        "encoder_epochs": 5000,
        "iris_epochs": 300,
    },
    remember="Initial weights must differ from node to node, or the nodes stay copies (apart from rounding). "
    "Which range is best depends on the rate. Up to rate 3, large weights leave more XOR networks on "
    "plateaus, and small weights are merely slow; at rate 4 small weights leave more networks on plateaus.",
    minutes=(1.0, 10.0),
)

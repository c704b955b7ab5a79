"""Where is training possible? Weights and depths that let networks learn, and what shows at birth."""

import dataclasses

import xarray as xr

from experiments.runner.context import Context
from experiments.runner.experiment import Experiment, Options, at_least
from experiments.trainability.figures import figures
from experiments.trainability.findings import findings, tables
from experiments.trainability.orthogonal import isometry, linear
from experiments.trainability.story import CARD, story
from experiments.trainability.training import maps


@dataclasses.dataclass(frozen=True)
class Config(Options):
    """Which depths are tried, by how many networks, and how long.

    Attributes:
        seed: First seed.
        seeds: Networks for each activation, depth, variance of the weights and learning rate, 2 or more.
        depths: Hidden layers, one or more numbers, rising.
        epochs: Passes over 480 rows of the digits.
        isometry_seeds: Networks with orthogonal weights at each rate, beside Gaussian ones; 2 or more.
        isometry_depth: Their hidden layers.
        isometry_epochs: Their passes over the rows.
        linear_seeds: Linear networks with orthogonal weights at each rate, beside Gaussian ones; 2 or more.
        linear_depths: Their hidden layers, two or more numbers, rising.
        linear_updates: Their updates.
    """

    seeds: int = 6
    depths: tuple[int, ...] = (2, 4, 7, 12)
    epochs: int = 5
    isometry_seeds: int = 16
    isometry_depth: int = 8
    isometry_epochs: int = 16
    linear_seeds: int = 8
    linear_depths: tuple[int, ...] = (4, 16)
    linear_updates: int = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, seeds=2, epochs=1)
        at_least(self, isometry_seeds=2, isometry_depth=1, isometry_epochs=1)
        at_least(self, linear_seeds=2, linear_updates=1)
        for name, words, least in (("depths", "one", 1), ("linear_depths", "two", 2)):
            depths = getattr(self, name)
            if len(depths) < least or list(depths) != sorted(set(depths)) or depths[0] < 1:
                raise ValueError(f"{name} must be {words} or more numbers from 1 on, rising; got {depths}")


def run(config: Config, context: Context) -> xr.DataTree:
    """Measure the groups "maps", "isometry" and "linear"."""
    seeds = config.seeds_from_first(config.seeds)
    found = maps(context, seeds, config.depths, config.epochs)
    others = config.seeds_from_first(config.isometry_seeds)
    orthogonal = isometry(context, others, config.isometry_depth, config.isometry_epochs)
    others = config.seeds_from_first(config.linear_seeds)
    deep = linear(context, others, config.linear_depths, config.linear_updates)
    return xr.DataTree.from_dict({"maps": found, "isometry": orthogonal, "linear": deep})


EXPERIMENT = Experiment(
    name="trainability",
    title="Where training is possible",
    question="Can one see at birth, before any training, how deep a network may be to learn?",
    method="Networks of several depths and activations learn the digits from Gaussian weights of many "
    "variances. What theory says of untrained networks, the number ξ of layers over which |δ|² changes by "
    "e, is compared with what trains; orthogonal weights are compared with Gaussian ones.",
    config=Config,
    run=run,
    findings=findings,
    tables=tables,
    figures=figures,
    story=story,
    card=CARD,
    smoke={
        "seeds": 2,
        "depths": (1,),
        "epochs": 1,
        "isometry_seeds": 2,
        "isometry_depth": 1,
        "isometry_epochs": 1,
        "linear_seeds": 2,
        "linear_depths": (1, 2),
        "linear_updates": 2,
    },
    full={
        "seeds": 20,
        "depths": (2, 3, 4, 6, 8, 12, 16, 24, 32),
        "epochs": 20,
        "isometry_seeds": 40,
        "isometry_depth": 32,
        "isometry_epochs": 200,
        "linear_seeds": 40,
        "linear_depths": (4, 8, 16, 32),
        "linear_updates": 400,
    },
    remember="Where δ vanishes at birth within a few layers, a deeper network does not learn; the best "
    "weights are those at which δ neither vanishes nor explodes.",
    float64=False,
    minutes=(0.4, 6.0),
)

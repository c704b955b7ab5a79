"""Where is training possible? Weights and depths that let networks learn, and what can be seen at birth."""

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
    """Which depths are tried, with how many networks, and for how long.

    Attributes:
        seed: First seed.
        seeds: Networks for each activation, depth, variance of the weights and learning rate, 2 or more.
        depths: Numbers of hidden layers, one or more, increasing.
        epochs: Passes over 480 rows of the digits.
        isometry_seeds: tanh networks at each rate with orthogonal weights, and the same number with Gaussian
            ones; 2 or more.
        isometry_depth: Number of hidden layers of these tanh networks.
        isometry_epochs: Passes of these tanh networks over the rows.
        linear_seeds: Linear networks at each rate with orthogonal weights, and the same number with Gaussian
            ones; 2 or more.
        linear_depths: Numbers of hidden layers of the linear networks, two or more, increasing.
        linear_updates: Number of updates of each linear network.
    """

    seeds: int = 8
    depths: tuple[int, ...] = (2, 4, 12)
    epochs: int = 5
    isometry_seeds: int = 16
    isometry_depth: int = 8
    isometry_epochs: int = 10
    linear_seeds: int = 16
    linear_depths: tuple[int, ...] = (4, 12)
    linear_updates: int = 60

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, seeds=2, epochs=1)
        at_least(self, isometry_seeds=2, isometry_depth=1, isometry_epochs=1)
        at_least(self, linear_seeds=2, linear_updates=1)
        for name, words, least in (("depths", "one", 1), ("linear_depths", "two", 2)):
            depths = getattr(self, name)
            if len(depths) < least or list(depths) != sorted(set(depths)) or depths[0] < 1:
                raise ValueError(
                    f"{name} must be {words} or more increasing numbers, each at least 1; got {depths}"
                )


def run(config: Config, context: Context) -> xr.DataTree:
    """Measure the groups "maps", "isometry" and "linear"."""
    few, others = config.seeds_from_first(config.linear_seeds), config.seeds_from_first(config.isometry_seeds)
    # The programs of the deepest networks take longest to compile, so they start first, alongside the maps.
    with context.pool(2) as pool:
        deep = pool.submit(linear, context, few, config.linear_depths, config.linear_updates)
        balanced = pool.submit(isometry, context, others, config.isometry_depth, config.isometry_epochs)
        found = maps(context, config.seeds_from_first(config.seeds), config.depths, config.epochs)
        groups = {"maps": found, "isometry": balanced.result(), "linear": deep.result()}
    return xr.DataTree.from_dict(groups)


EXPERIMENT = Experiment(
    name="trainability",
    title="Where training is possible",
    question="Can one see at birth, before any training, how deep a network may be and still learn?",
    method="Networks of several depths and activations learn the digits, starting from Gaussian weights of "
    "many variances. Theory gives, for untrained networks, the number ξ of layers over which |δ|² changes by "
    "a factor of e; this number is compared with the depths at which training works. Orthogonal weights are "
    "compared with Gaussian ones.",
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
    remember="Where δ vanishes within a few layers of the untrained network, deeper networks do not learn; "
    "the best weights are those at which δ neither vanishes nor explodes.",
    float64=False,
    minutes=(0.4, 9.0),
)

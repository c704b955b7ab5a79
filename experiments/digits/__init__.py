"""Handwritten digits: one output node per group, from many seeds; which seeds lose a digit, and why."""

import dataclasses
from collections.abc import Callable, Mapping

import xarray as xr

from experiments.digits import crossed, networks, training
from experiments.digits.figures import figures
from experiments.digits.findings import findings, tables
from experiments.runner.context import Context
from experiments.runner.experiment import Experiment, Options, at_least


@dataclasses.dataclass(frozen=True)
class Config(Options):
    """How many networks are trained on the digits, for how long, and on which digits.

    Attributes:
        seed: First seed.
        seeds: Networks for each start and loss, 2 or more.
        crossed: Initial weights, and orders of the rows, each with each, 2 or more.
        few: Networks for each number of rows per update and each stopping criterion, 2 or more.
        epochs: Epochs for each start and loss; for each stopping criterion three times as many at most.
        batch_epochs: Epochs for each number of rows per update.
        mnist: A folder with MNIST's four IDX files, to use instead of scikit-learn's 1797 digits. It has 45
            times as many rows of 12 times as many pixels: begin with --seeds 2 --few 2 --epochs 3.
    """

    seeds: int = 200
    crossed: int = 16
    few: int = 20
    epochs: int = 30
    batch_epochs: int = 10
    mnist: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, seeds=2, crossed=2, few=2, epochs=1, batch_epochs=1)


Part = Callable[[], Mapping[str, xr.Dataset]]


def run(config: Config, context: Context) -> xr.DataTree:
    """Measure the parts: groups starts, pictures, crossed, updates (rows per update) and stopping.

    Raises:
        FileNotFoundError, ValueError: `mnist` is no folder with the four files.
    """
    networks.load(config.mnist)
    many, few = config.seeds_from_first(config.seeds), config.seeds_from_first(config.few)
    crossing = config.seeds_from_first(config.crossed)
    parts: list[Part] = [
        lambda: training.starts(context, config.mnist, many, config.epochs),
        lambda: {"crossed": crossed.measure(context, config.mnist, crossing, config.epochs)},
        lambda: {"updates": training.updates(context, config.mnist, few, config.batch_epochs)},
        lambda: {"stopping": training.stopping(context, config.mnist, few, 3 * config.epochs)},
    ]
    groups: dict[str, xr.Dataset] = {}
    for done, part in enumerate(parts):
        context.report(done, len(parts))
        groups |= part()
    data = xr.DataTree.from_dict(groups)
    data.attrs["data"] = "MNIST" if config.mnist else "digits"
    return data


EXPERIMENT = Experiment(
    name="digits",
    title="Handwritten digits",
    question="How well does a small network read digits, how much do seeds differ, and why do some never "
    "learn one of the digits?",
    method="Networks with 30 hidden nodes and one output node per digit learn scikit-learn's digits from "
    "many seeds, two kinds of initial weights and two losses. Each output node is watched on the "
    "rows of its own digit; initial weights are crossed with orders of the rows; then the number of rows per "
    "update and the stopping criterion are varied.",
    config=Config,
    run=run,
    figures=figures,
    findings=findings,
    tables=tables,
    smoke={"seeds": 3, "crossed": 2, "few": 2, "epochs": 2, "batch_epochs": 1},
    full={"seeds": 2000, "crossed": 40, "few": 100, "batch_epochs": 30},
    remember="With large random initial weights about one seed in six ends without one of the digits: its "
    "output node is saturated, and squared error gives it next to no δ, however wrong it is; cross-entropy "
    "does.",
    float64=False,
    minutes=(0.9, 12.0),
)

"""Handwritten digits, learnt from many seeds: which networks never answer one of the digits, and why."""

import dataclasses
from collections.abc import Callable, Mapping

import xarray as xr

from experiments.digits import crossed, training
from experiments.digits.figures import figures
from experiments.digits.findings import findings, tables
from experiments.digits.mnist import nielsen
from experiments.digits.story import CARD, story
from experiments.runner.context import Context
from experiments.runner.experiment import Experiment, Options, at_least
from experiments.runner.mnist import FOLDER, load


@dataclasses.dataclass(frozen=True)
class Config(Options):
    """How many networks are trained on the digits, for how long, and whether MNIST is added.

    Attributes:
        seed: First seed.
        seeds: Number of networks for each start and loss, 2 or more.
        crossed: Number of sets of initial weights, and of orders of the rows, in all combinations; 2 or more.
        few: Number of networks for each number of rows per update and each stopping criterion, and on MNIST
            for each number of hidden nodes; 2 or more.
        epochs: Number of epochs for each start and loss; up to three times as many for each stopping
            criterion.
        batch_epochs: Number of epochs for each number of rows per update.
        mnist: Also train Nielsen's networks on MNIST (`make mnist` fetches it), which takes six more minutes
            and 4 GB of memory.
        pictures: The folder with MNIST's four IDX files; the four files of Fashion-MNIST work, too.
    """

    seeds: int = 200
    crossed: int = 16
    few: int = 20
    epochs: int = 30
    batch_epochs: int = 10
    mnist: bool = False
    pictures: str = FOLDER

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, seeds=2, crossed=2, few=2, epochs=1, batch_epochs=1)


BIRTHS = 50
"""For each network trained on MNIST, the number of networks that are examined untrained."""
Part = Callable[[], Mapping[str, xr.Dataset]]


def preview(config: Config) -> str:
    """Say which pictures are added, if any, and how long they take (6.4 minutes for 20 seeds and 30 epochs).

    Raises:
        FileNotFoundError, ValueError: MNIST is asked for, but `pictures` is not a folder with the four files.
    """
    if not config.mnist:
        return ""
    name, minutes = load(config.pictures).name, max(1, round(config.few * config.epochs / 94))
    return f"with {name} from {config.pictures}, about {minutes} min more on two cores"


def run(config: Config, context: Context) -> xr.DataTree:
    """Measure the groups starts, pictures, crossed, updates, stopping; with MNIST, also mnist and births."""
    many, few = config.seeds_from_first(config.seeds), config.seeds_from_first(config.few)
    crossing = config.seeds_from_first(config.crossed)
    parts: list[Part] = [
        lambda: training.starts(context, many, config.epochs),
        lambda: {"crossed": crossed.measure(context, crossing, config.epochs)},
        lambda: {"updates": training.updates(context, few, config.batch_epochs)},
        lambda: {"stopping": training.stopping(context, few, 3 * config.epochs)},
    ]
    if config.mnist:
        births = config.seeds_from_first(BIRTHS * config.few)
        parts.append(lambda: nielsen.measure(context, config.pictures, few, births, config.epochs))
    groups = context.groups(parts)
    data = xr.DataTree.from_dict(groups)
    if config.mnist:
        data["mnist"].attrs["pictures"] = load(config.pictures).name
    return data


EXPERIMENT = Experiment(
    name="digits",
    title="Handwritten digits",
    question="How well does a small network read digits, how much do seeds differ, and why do some never "
    "learn one of the digits?",
    method="Networks with 30 hidden nodes and one output node per digit learn scikit-learn's digits from "
    "many seeds, two kinds of initial weights and two losses. Each output node is watched on the "
    "rows of its own digit. All initial weights are combined with all orders of the rows. Then the number of "
    "rows per update and the stopping criterion are varied.",
    config=Config,
    run=run,
    preview=preview,
    figures=figures,
    story=story,
    card=CARD,
    findings=findings,
    tables=tables,
    smoke={"seeds": 3, "crossed": 2, "few": 2, "epochs": 2, "batch_epochs": 1},
    full={"seeds": 2000, "crossed": 40, "few": 100, "batch_epochs": 30},
    remember="With large initial weights and squared error one seed in five ends below 93 %, nearly always "
    "because a digit is lost: its output node says 0, and δ is next to nothing, however wrong the 0 is. "
    "Cross-entropy cures it.",
    float64=False,
    minutes=(0.9, 12.0),
)

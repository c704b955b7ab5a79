"""What is a seed worth? How much two runs differ, and which source of chance makes them differ."""

import dataclasses
from collections.abc import Callable, Mapping

import xarray as xr

from experiments.runner.context import Context
from experiments.runner.experiment import Experiment, Options, at_least
from experiments.runner.mnist import FOLDER, load
from experiments.seed_worth import digits, xor
from experiments.seed_worth.figures import figures
from experiments.seed_worth.findings import findings, tables
from experiments.seed_worth.story import CARD, story


@dataclasses.dataclass(frozen=True)
class Config(Options):
    """How many pairs of runs there are, and how long the runs are.

    Attributes:
        seed: First seed.
        seeds: Seeds on the digits at the usual rate, 2 or more, with five networks for each seed.
        few: Number of seeds at the large rate, which is also the number of seeds for which the growth of a
            small difference is followed, 2 or more.
        epochs: Number of passes over the digits, 2 or more.
        xor_seeds: Seeds on XOR, 2 or more, with two networks for each seed.
        xor_epochs: Epochs on XOR.
        mnist: Whether to train on MNIST, too (`make mnist` fetches the files).
        mnist_seeds: Seeds on MNIST, 2 or more, with five networks for each seed.
        mnist_epochs: Number of passes over MNIST, 2 or more.
        pictures: The folder with MNIST's four IDX files; the files of Fashion-MNIST work, too.
    """

    seeds: int = 250
    few: int = 48
    epochs: int = 12
    xor_seeds: int = 4000
    xor_epochs: int = 2000
    mnist: bool = False
    mnist_seeds: int = 20
    mnist_epochs: int = 8
    pictures: str = FOLDER

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, seeds=2, few=2, epochs=2, xor_seeds=2, xor_epochs=1)
        at_least(self, mnist_seeds=2, mnist_epochs=2)


def preview(config: Config) -> str:
    """Return a line that says which pictures are added, or an empty line.

    Raises:
        FileNotFoundError, ValueError: MNIST is asked for, but `pictures` is not a folder with the four files.
    """
    return f"with {load(config.pictures).name} from {config.pictures}" if config.mnist else ""


def run(config: Config, context: Context) -> xr.DataTree:
    """Measure the groups "usual" and "large" (two rates on the digits), "xor", and "mnist" if asked for."""
    seeds = config.seeds_from_first
    few = seeds(config.few)

    def on_digits() -> Mapping[str, xr.Dataset]:
        # One part, since both rates need the same programs.
        counts = {"usual": config.seeds, "large": config.few}
        return {
            rate: digits.measure(context, rate, seeds(count), few, config.epochs)
            for rate, count in counts.items()
        }

    parts: list[Callable[[], Mapping[str, xr.Dataset]]] = [
        on_digits,
        lambda: {"xor": xor.measure(context, seeds(config.xor_seeds), config.xor_epochs)},
    ]
    if config.mnist:
        many = config.pictures, seeds(config.mnist_seeds), config.mnist_epochs
        parts.append(lambda: {"mnist": digits.measure_mnist(context, *many)})
    groups = context.groups(parts)
    return xr.DataTree.from_dict(groups)


EXPERIMENT = Experiment(
    name="seed_worth",
    title="What a seed is worth",
    question="How much do two runs differ if only their seeds differ, and what causes the "
    "difference: the initial weights, the order of the rows, or any single bit?",
    method="From each seed, a network is trained on the digits, and again with one bit of one initial "
    "weight flipped, with the rows in another order, with other weights, and with both another order and "
    "other weights; on XOR, only a bit is flipped. The variance of the accuracy is compared with the "
    "variance that independent errors would give, and the growth of the difference after a flipped bit is "
    "compared with the Lyapunov exponent of training.",
    config=Config,
    run=run,
    preview=preview,
    findings=findings,
    tables=tables,
    figures=figures,
    story=story,
    card=CARD,
    smoke={"seeds": 3, "few": 2, "epochs": 2, "xor_seeds": 20, "xor_epochs": 20},
    full={
        "seeds": 2000,
        "few": 400,
        "epochs": 30,
        "xor_seeds": 100_000,
        "xor_epochs": 10_000,
        "mnist_seeds": 40,
    },
    remember="The longer networks train, the larger the share of a seed's effect that is luck with the test "
    "rows. The order of the rows and the initial weights matter; a single bit matters only where training is "
    "chaotic.",
    float64=False,
    minutes=(0.3, 8.0),
)

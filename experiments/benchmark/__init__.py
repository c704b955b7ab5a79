"""How fast is nnjax? The same training is timed with nnjax and with its peers, side by side in one run."""

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple

import xarray as xr

from experiments.benchmark import few, machine, timings, views, work
from experiments.benchmark.figures import figures
from experiments.benchmark.findings import findings, tables
from experiments.benchmark.story import story
from experiments.benchmark.work import Work
from experiments.runner.context import Context
from experiments.runner.experiment import Experiment, Options, at_least


class Size(NamedTuple):
    """A network that learns XOR; for larger ones the numbers of seeds and updates are reduced.

    Attributes:
        sizes: Number of nodes in each layer.
        halvings: How many times the number of seeds is halved.
        divisor: What the number of updates is divided by.
    """

    sizes: tuple[int, ...]
    halvings: int
    divisor: int


XOR_NETWORKS = {
    "2-2-1": Size((2, 2, 1), 0, 1),
    "2-4-4-1": Size((2, 4, 4, 1), 1, 4),
    "2-16-1": Size((2, 16, 1), 2, 4),
    "3-8-8-1": Size((3, 8, 8, 1), 2, 8),
}
SHARED_ORDER, OWN_ORDER = "digits, shared order", "digits, own order"
NETWORKS = (*XOR_NETWORKS, SHARED_ORDER, OWN_ORDER)
WIDE = {"784-30-10": (784, 30, 10), "784-100-10": (784, 100, 10)}
"""Networks of MNIST's sizes, on as many random rows as MNIST has."""
CHECKED = ("2-2-1", SHARED_ORDER, OWN_ORDER)
"""Networks on which all methods must reach the same losses; the other networks run the same code."""
SMOKE: Mapping[str, Any] = {
    "repeats": 1,
    "log_seeds": 3,
    "steps": 30,
    "scaling": 10,
    "growth": 1,
    "networks": ("2-2-1",),
}
FULL: Mapping[str, Any] = {
    "repeats": 5,
    "log_seeds": 18,
    "steps": 2000,
    "digits_epochs": 10,
    "networks": (*NETWORKS, *WIDE),
    "growth": 6,
    "scaling": 20,
    "views": True,
}


@dataclasses.dataclass(frozen=True)
class Config(Options):
    """Sizes of the benchmark.

    Attributes:
        seed: First seed to train; the speed does not depend on it.
        repeats: How many times each method runs; medians are compared.
        log_seeds: Networks are trained on XOR from 2^log_seeds seeds in parallel.
        steps: Number of updates per seed on XOR.
        digits_epochs: Number of epochs on the digits.
        networks: Which of the networks to compare.
        growth: Largest factor by which width and depth grow in the figure of costs.
        scaling: The scaling figure goes up to 2^scaling seeds.
        million: Also train a million 2-2-1 networks for 5000 steps.
        views: Also try all views on networks of the sizes at which another view becomes the fastest.
    """

    seed: int = 0
    repeats: int = 3
    log_seeds: int = 16
    steps: int = 500
    digits_epochs: int = 1
    networks: tuple[str, ...] = ("2-2-1", SHARED_ORDER)
    growth: int = 2
    scaling: int = 18
    million: bool = False
    views: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, repeats=1, log_seeds=0, steps=1, digits_epochs=1, growth=1, scaling=0)
        if not self.networks or not set(self.networks) <= {*NETWORKS, *WIDE}:
            raise ValueError(f"networks must be some of {', '.join((*NETWORKS, *WIDE))}; got {self.networks}")

    @property
    def is_small(self) -> bool:
        """Whether the sizes only show that everything runs."""
        return self.steps < 100

    @property
    def is_full(self) -> bool:
        """Whether the sizes are those at which the aims are judged; smaller ones do not fill the machine."""
        return self.log_seeds >= FULL["log_seeds"] and self.steps >= FULL["steps"]

    def seeds(self, halvings: int) -> int:
        """Return 2^(log_seeds - halvings), at least 1."""
        return 2 ** max(0, self.log_seeds - halvings)


def works(config: Config) -> dict[str, Work]:
    """Make the training tasks, by name."""
    known = {
        name: work.xor(sizes, max(1, config.steps // divisor), config.seeds(halvings))
        for name, (sizes, halvings, divisor) in XOR_NETWORKS.items()
    }
    known |= {name: work.wide(WIDE[name], config.is_small) for name in WIDE if name in config.networks}
    known[SHARED_ORDER] = work.digits(config.digits_epochs, config.is_small)
    known[OWN_ORDER] = dataclasses.replace(known[SHARED_ORDER], order_per_seed=True)
    return {
        name: dataclasses.replace(known[name], first_seed=config.seed, checked=name in CHECKED)
        for name in config.networks
    }


def run(config: Config, context: Context) -> xr.DataTree:
    """Measure the groups "speed", "few", "alone", "one", "machine", "scaling", "growth", and others if named.

    The million networks come first, since only the process's highest use of memory so far can be read.
    """
    steps, repeats, parts = config.steps // 10 + 1, config.repeats, len(config.networks) + 1
    networks = {"2-2-1": work.xor((2, 2, 1), config.steps, 1)}
    if not config.is_small:
        networks["digits"] = work.digits(1, small=False)
    groups = {"million": timings.million(context)} if config.million else {}
    speed = timings.speeds(works(config), repeats, context, parts)
    context.report(parts - 1, parts)
    if config.views:
        groups["views"] = views.tried(repeats, config.seeds(6))
    groups |= {
        "speed": speed.assign_attrs(full=int(config.is_full)),
        "scaling": timings.scaling(config.scaling, steps, repeats),
        "few": few.sweeps(networks, repeats),
        "one": few.one_network(work.digits(30, config.is_small), repeats),
        "alone": timings.alone(20 * config.steps, repeats),
        "machine": machine.measured(repeats),
        "growth": timings.growth(config.growth, config.seeds(3), steps, repeats),
    }
    return xr.DataTree.from_dict(groups)


EXPERIMENT = Experiment(
    name="benchmark",
    title="How fast is it?",
    question="How fast does nnjax train many small networks, compared with programs that do the same?",
    method="Every method trains the same networks from the same parameters on the same rows. The "
    "methods run in turn, several times, and each round's ratios are compared, since a busy machine slows "
    "all methods equally. Slow methods take fewer steps, and loops train only one seed, since speeds are "
    "per seed and step.",
    config=Config,
    run=run,
    findings=findings,
    tables=tables,
    figures=figures,
    story=story,
    smoke=SMOKE,
    full=FULL,
    remember="For tiny networks the handout's own view, node by node, is the fastest, with each node a "
    "vector over the seeds.",
    float64=False,
    second_list=False,
    minutes=(0.9, 20.0),
)

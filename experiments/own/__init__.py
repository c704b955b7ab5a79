"""Your own table: do deltas vanish with depth, and which ends do the seeds reach?"""

import dataclasses
import math
from typing import Any, Literal

import numpy as np
import xarray as xr

from experiments.own import ends, training
from experiments.own.figures import figures
from experiments.own.findings import findings, tables
from experiments.own.story import story
from experiments.own.task import Source, Task, in_row, in_words, read, refuse_beyond_memory
from experiments.own.training import Plan
from experiments.runner.context import Context
from experiments.runner.experiment import Experiment, Options, at_least, positive
from nnjax import activations, initialisers
from nnjax.sweeps import devices

NEEDED = "name a table: --data FILE --target COLUMN, as in --data my.csv --target group"


@dataclasses.dataclass(frozen=True)
class Config(Options):
    """The table, and what is varied.

    Attributes:
        data: CSV file with a header line, separated by commas, semicolons or tabs.
        target: Column to learn, with classes or numbers.
        without: Columns to leave out, such as row names.
        kind: Whether the target is classes or a number; needed if the column has only a few whole
            numbers, which may be either.
        test: Share of the rows to test with, between 0 and 1.
        rows: Maximum number of rows to use, drawn at random.
        split: Seed for the choice of rows, the choice of test rows among them, and the order of the rest.
        loss: sse (the handout's) or cross-entropy (for classes).
        hidden: Number of nodes in each hidden layer; in deep networks all layers are as wide as the first.
        activations: Activations of the hidden nodes.
        weights: Initial weights, as in nnjax.init.
        rates: Learning rates, for the loss summed over a batch.
        seeds: Number of networks for each activation, initial weights and rate, 2 or more.
        depths: Numbers of hidden layers of the deep networks.
        deep_seeds: Number of networks of each depth for each activation, initial weights and rate, 2 or more.
        updates: Number of updates for each network.
        batch: Number of rows per update.
        compared: Number of networks whose ends are compared pair by pair and certified, 2 or more (all, if
            there are fewer networks); the share of minima is judged if there are 100 or more.
    """

    data: str = ""
    target: str = ""
    without: tuple[str, ...] = ()
    kind: Literal["", "classes", "number"] = ""
    test: float = 0.25
    rows: int = 5000
    split: int = 0
    loss: Literal["sse", "cross-entropy"] = "sse"
    hidden: tuple[int, ...] = (8,)
    activations: tuple[str, ...] = ("sigmoid", "relu")
    weights: tuple[str, ...] = ("he_normal", "normal")
    rates: tuple[float, ...] = (0.01, 0.03, 0.1, 0.3)
    seeds: int = 1000
    depths: tuple[int, ...] = (1, 2, 3, 5, 10)
    deep_seeds: int = 40
    updates: int = 3000
    batch: int = 16
    compared: int = 8

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, rows=4, split=0, seeds=2, deep_seeds=2, updates=1, batch=1, compared=2)
        positive(self, "rates")
        for name in ("hidden", "depths"):
            if not getattr(self, name) or min(getattr(self, name)) < 1:
                raise ValueError(f"{name} must be numbers of at least 1; got {getattr(self, name)}")
        found = {
            "activations": tuple(_activation(name) for name in self.activations),
            "weights": tuple(initialisers.find(name) for name in self.weights),
            "depths": tuple(sorted(self.depths)),
        }
        for name, values in found.items():
            object.__setattr__(self, name, values)
        for name in ("activations", "weights", "rates", "depths"):
            values = getattr(self, name)
            if not values or len(set(values)) < len(values):
                raise ValueError(f"{name} must be one or more different values; got {values}")

    @property
    def source(self) -> Source:
        """The table, and how it is read."""
        names = self.data, self.target, self.without, self.kind
        return Source(*names, self.test, self.rows, self.split, self.loss, self.batch)

    @property
    def plan(self) -> Plan:
        """What is varied."""
        return Plan(self.activations, self.weights, self.rates, self.updates)

    @property
    def counts(self) -> dict[tuple[int, ...], int]:
        """Return the largest number of seeds that each shape of hidden layers may have."""
        deep = {(self.hidden[0],) * depth: self.deep_seeds for depth in self.depths}
        return deep | {self.hidden: max(self.seeds, deep.get(self.hidden, 0))}

    @property
    def lists(self) -> dict[tuple[int, ...], np.ndarray]:
        """List the seeds of each shape of hidden layers; a shape in both parts has the seeds of both."""
        wide, few = map(self.seeds_from_first, (self.seeds, self.deep_seeds))
        deep = {(self.hidden[0],) * depth: few for depth in self.depths}
        return deep | {self.hidden: np.union1d(wide, deep.get(self.hidden, wide))}


def _activation(name: str) -> str:
    found = activations.find_kind(name)
    if not isinstance(found, str):
        raise ValueError(f"activations must be names, got {name}")
    return found


def preview(config: Config) -> str:
    """Say what the table contains and what the run needs, before the run begins.

    Raises:
        OSError, ValueError, MemoryError: There is no table, or it cannot be learnt on this machine.
    """
    if not (config.data and config.target):
        raise ValueError(NEEDED)
    task = read(config.source)
    needed = memory(config, task)
    refuse_beyond_memory(needed, f"training {config.seeds} seeds on {len(task.train.xs)} rows")
    what = f"classes {in_row(task.names.classes)}" if task.has_classes else "a number"
    return (
        f"{config.data}: {len(task.train.xs)} rows to train on, {len(task.test.xs)} to test with; inputs "
        f"{in_row(task.names.inputs)}; {config.target}: {what}. Needs about {in_words(needed)} of memory."
    )


def memory(config: Config, task: Task) -> float:
    """Estimate the bytes that a run needs beyond Python and its packages: lanes, results, copies of data."""
    networks = {hidden: training.network_of(task, config.activations[0], hidden) for hidden in config.counts}
    lanes = max(
        training.bytes_of_rows(task, network)
        * (training.lane(task, network) or training.usual_lane(task, network))
        for network in networks.values()
    )
    settings = len(config.weights) * len(config.rates) * len(config.activations)
    results = sum(
        4 * count * settings * (len(task.probes) + len(hidden) + 4) for hidden, count in config.counts.items()
    )
    cores, data = len(devices.chosen()), sum(part.nbytes for part in (*task.train, *task.test))
    return 500e6 + 3 * cores * lanes + 2 * results + (2 + cores) * data


def run(config: Config, context: Context) -> xr.DataTree:
    """Measure "depth", "ends", "answers" and "pairs"; for networks with few parameters, also "kinds"."""
    task, plan = read(config.source), config.plan
    lists = config.lists
    trained = training.train_all(context, task, plan, lists)
    seeds, few = map(config.seeds_from_first, (config.seeds, config.deep_seeds))

    def of(activation: str, hidden: tuple[int, ...], wanted: np.ndarray) -> training.Trained:
        there = np.isin(lists[hidden], wanted)
        return training.Trained(*(leaf[there] for leaf in trained[activation, hidden]))

    shapes = [(config.hidden[0],) * depth for depth in config.depths]
    deep = [[of(activation, shape, few) for shape in shapes] for activation in plan.activations]
    wide = [of(activation, config.hidden, seeds) for activation in plan.activations]
    chosen = [ends.best(one.loss) for one in wide]
    compared = ends.compare(context, task, plan, config.hidden, chosen, seeds[: config.compared])
    groups = {
        "depth": training.by_depth(deep, plan, config.depths, few),
        "ends": training.by_seed(wide, plan, seeds),
        "answers": ends.answers(wide, plan, seeds).to_dataset(name="answer"),
        **compared,
    }
    return xr.DataTree.from_dict(groups | {"/": xr.Dataset(attrs=_about(config, task))})


def _about(config: Config, task: Task) -> dict[str, Any]:
    """Return what findings and figures say about the table."""
    return {
        "table": config.data,
        "table_sha256": task.digest,
        "target": config.target,
        "classes": ", ".join(task.names.classes),
        "inputs": ", ".join(task.names.inputs),
        "rows": len(task.train.xs),
        "test_rows": len(task.test.xs),
        "loss": config.loss,
        "constant": task.constant,
        "network": "-".join(map(str, (task.train.xs.shape[1], *config.hidden, task.train.ys.shape[1]))),
        "updates": math.ceil(config.updates * task.batch / len(task.train.xs))
        * (len(task.train.xs) // task.batch),
        "spread": float(np.mean(np.std(task.train.ys, axis=0))),
    }


EXPERIMENT = Experiment(
    name="own",
    title="Your own table",
    question="Do deltas vanish with depth on your own table, and which ends do the seeds reach?",
    method="Networks learn the table from many seeds, for every activation, initial scale and rate, and at "
    "several depths. δ is measured before training. The ends are compared by their loss, by their answers "
    "on test rows, by the barrier between them, and by the eigenvalues of the Hessian.",
    config=Config,
    run=run,
    figures=figures,
    story=story,
    findings=findings,
    tables=tables,
    smoke={"seeds": 6, "depths": (1, 5), "deep_seeds": 3, "updates": 14, "compared": 2, "rates": (0.1,)},
    full={"seeds": 10_000, "deep_seeds": 100, "updates": 10_000, "compared": 16},
    remember="Whether depth and the seed matter depends on the table. These are the results for your table.",
    minutes=(1.2, 15.0),
    preview=preview,
)

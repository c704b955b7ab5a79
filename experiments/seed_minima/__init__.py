"""Which minimum does a seed reach, is it one, and are two of them different?"""

import dataclasses

import numpy as np
import xarray as xr

from experiments.runner import progress
from experiments.runner.experiment import Experiment, at_least
from experiments.seed_minima import students as minima_known
from experiments.seed_minima import xor as minima_measures
from experiments.seed_minima.figures import figures
from experiments.seed_minima.findings import findings, tables


@dataclasses.dataclass(frozen=True)
class Config:
    """How many seeds each part gets.

    Attributes:
        seed: First seed; every part counts from it.
        seeds: Seeds of the 2-2-1 sigmoid network on XOR, 2 or more.
        few: Seeds of each other network and setting on XOR.
        steps: Full-batch steps on XOR.
        students: Students of the teacher network.
        student_epochs: How long they are trained at most.
        paths: Of how many of them the way is drawn.
        digit_seeds: Networks on the digits, for each kind of initial weights.
        digit_epochs: How long they are trained.
        barrier_seeds: Networks between which barriers are measured.
        barrier_epochs: How long they are trained.
        linear_seeds: Linear networks with a bottleneck.
    """

    seed: int = 0
    seeds: int = 100_000
    few: int = 1000
    steps: int = 15_000
    students: int = 1000
    student_epochs: int = 40_000
    paths: int = 24
    digit_seeds: int = 256
    digit_epochs: int = 30
    barrier_seeds: int = 6
    barrier_epochs: int = 100
    linear_seeds: int = 200

    def __post_init__(self) -> None:
        at_least(self, seed=0, seeds=2, few=2, steps=1, students=3, student_epochs=2, paths=2)
        at_least(self, digit_seeds=2, digit_epochs=1, barrier_seeds=2, barrier_epochs=1, linear_seeds=2)
        if self.paths > self.students:
            raise ValueError(f"paths must be at most students, {self.students}; got {self.paths}")


def run(config: Config) -> xr.Dataset:
    """All parts as one dataset; losses are sums over the rows unless their name says otherwise."""

    def seeds(count: int) -> np.ndarray:
        return np.arange(config.seed, config.seed + count)

    parts = [
        lambda: minima_measures.xor(seeds(config.seeds), config.steps),
        lambda: minima_measures.conditions(seeds(config.few), config.steps),
        lambda: minima_known.students(seeds(config.students), config.paths, config.student_epochs),
        lambda: minima_measures.digits(seeds(config.digit_seeds), config.digit_epochs),
        lambda: minima_measures.barriers(seeds(config.barrier_seeds), config.barrier_epochs),
        lambda: minima_known.bottleneck(seeds(config.linear_seeds)),
    ]
    found = []
    for part in parts:
        progress.report(len(found), len(parts))
        found.append(part())
    return xr.merge(found).assign_attrs(digit_epochs=config.digit_epochs, steps=config.steps)


EXPERIMENT = Experiment(
    name="seed_minima",
    title="Which minimum does a seed reach?",
    question="Do different seeds end in different minima, and are these minima at all?",
    method="XOR, a teacher's students, handwritten digits and a linear network are trained from many seeds. "
    "Each end is certified by the eigenvalues of the Hessian, and copies of one network (nodes in "
    "another order, signs changed) are told from different ones.",
    config=Config,
    run=run,
    figures=figures,
    findings=findings,
    tables=tables,
    smoke={
        "seeds": 200,
        "few": 20,
        "steps": 300,
        "students": 20,
        "student_epochs": 500,
        "paths": 4,
        "digit_seeds": 3,
        "digit_epochs": 1,
        "barrier_seeds": 2,
        "barrier_epochs": 1,
        "linear_seeds": 4,
    },
    full={"seeds": 1_000_000, "few": 10_000, "students": 10_000, "digit_seeds": 512, "barrier_seeds": 12},
    remember="Where a seed ends differs, but “different minima” are mostly copies of one, or no minima: on "
    "XOR no end of a sigmoid network is one. Who is stuck at ½ stays; of those at ⅔ a quarter is only slow.",
    minutes=(1.1, 6.0),
    order=70,
)

"""Which minimum does a seed reach, is it really a minimum, and are two such minima different?"""

import dataclasses
from collections.abc import Callable, Mapping

import xarray as xr

from experiments.runner.context import Context
from experiments.runner.experiment import Experiment, Options, at_least
from experiments.seed_minima import barriers, bottleneck, students, teachers, xor
from experiments.seed_minima.figures import figures
from experiments.seed_minima.findings import findings, tables
from experiments.seed_minima.story import CARD, story


@dataclasses.dataclass(frozen=True)
class Config(Options):
    """The number of seeds in each part, and the length of its training.

    Attributes:
        seed: First seed of every part.
        seeds: Seeds of the 2-2-1 sigmoid network on XOR, 2 or more.
        few: Seeds of each of the other networks and settings on XOR.
        steps: Full-batch steps on XOR.
        students: Students of the teacher network.
        teachers: Further teachers.
        their_students: Students of each further teacher.
        student_epochs: Maximum number of epochs for which a student is trained.
        paths: Number of students whose paths are drawn.
        barrier_seeds: Number of networks between which barriers are measured.
        barrier_epochs: Epochs of training for the networks between which barriers are measured.
        linear_seeds: Number of linear networks with a bottleneck.
    """

    seeds: int = 100_000
    few: int = 1000
    steps: int = 15_000
    students: int = 1000
    teachers: int = 20
    their_students: int = 20
    student_epochs: int = 40_000
    paths: int = 24
    barrier_seeds: int = 6
    barrier_epochs: int = 100
    linear_seeds: int = 200

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, seeds=2, few=2, steps=1, students=3, student_epochs=2, paths=2)
        at_least(self, teachers=1, their_students=1)
        at_least(self, barrier_seeds=2, barrier_epochs=1, linear_seeds=2)
        if self.paths > self.students:
            raise ValueError(f"paths must be at most students, {self.students}; got {self.paths}")


Part = Callable[[], Mapping[str, xr.Dataset]]


def run(config: Config, context: Context) -> xr.DataTree:
    """Measure the parts.

    Groups: students, landscape, xor, conditions, teachers, barriers, linear, critical_points.
    """
    seeds = config.seeds_from_first

    def taught() -> Mapping[str, xr.Dataset]:
        ends = students.students(context, seeds(config.students), config.paths, config.student_epochs)
        slices = students.landscape(ends)
        return {"students": ends} | {f"landscape/{name}": part for name, part in slices.items()}

    def many() -> xr.Dataset:
        each = seeds(config.their_students)
        return teachers.measure(context, each, config.teachers, config.student_epochs)

    def on_xor() -> Mapping[str, xr.Dataset]:
        # One part, since both need the same program.
        ends = xor.ends(context, seeds(config.seeds), config.steps)
        return {"xor": ends, "conditions": xor.conditions(context, seeds(config.few), config.steps)}

    parts: list[Part] = [
        taught,
        on_xor,
        lambda: {"teachers": many()},
        lambda: {"barriers": barriers.barriers(context, seeds(config.barrier_seeds), config.barrier_epochs)},
        lambda: {"linear": bottleneck.linear(context, seeds(config.linear_seeds))},
        lambda: {"critical_points": bottleneck.critical_points()},
    ]
    groups = context.groups(parts)
    return xr.DataTree.from_dict(groups)


EXPERIMENT = Experiment(
    name="seed_minima",
    title="Which minimum does a seed reach?",
    question="Do different seeds end in different minima, and are these ends minima at all?",
    method="Networks are trained from many seeds: on XOR, as students of a teacher network, as linear "
    "networks, and a few on handwritten digits. Each end is certified by the eigenvalues of the Hessian (on "
    "the digits, barriers are measured instead), and copies of one network (nodes in another order, signs "
    "changed) are told apart from different networks.",
    config=Config,
    run=run,
    figures=figures,
    story=story,
    card=CARD,
    findings=findings,
    tables=tables,
    smoke={
        "seeds": 200,
        "few": 20,
        "steps": 300,
        "students": 20,
        "teachers": 2,
        "their_students": 2,
        "student_epochs": 500,
        "paths": 4,
        "barrier_seeds": 2,
        "barrier_epochs": 1,
        "linear_seeds": 4,
    },
    full={"seeds": 1_000_000, "few": 10_000, "students": 10_000, "their_students": 200, "barrier_seeds": 12},
    remember="Seeds end in different places, but “different minima” are mostly copies of one minimum, or "
    "not minima at all: on XOR with two hidden nodes, no end was certified as a minimum. Runs stuck at a "
    "loss of ½ stay there; a quarter of the runs at ⅔ are merely slow.",
    minutes=(1.4, 11.0),
)

"""A map of XOR: from which initial weights is it learnt, and is their border a line or a fractal?"""

import dataclasses

import xarray as xr

from experiments.runner.context import Context
from experiments.runner.experiment import Experiment, Options, at_least
from experiments.xor_map import cliffs, maps
from experiments.xor_map.figures import figures
from experiments.xor_map.findings import findings, most_crooked, tables
from experiments.xor_map.story import CARD, story


@dataclasses.dataclass(frozen=True)
class Config(Options):
    """How many planes are mapped, and how finely.

    Attributes:
        seed: First seed; each seed determines a plane through the seven parameters that stay fixed.
        seeds: Number of planes, 2 or more.
        side: Number of networks along each side of a plane, a positive multiple of 16.
        wall: Number of networks along each side of the large picture, a positive multiple of 16.
        epochs: For how many epochs each network is trained.
    """

    seeds: int = 12
    side: int = 128
    wall: int = 512
    epochs: int = 1000

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, seeds=2, side=16, wall=16, epochs=1)
        for name in ("side", "wall"):
            if getattr(self, name) % 16:
                raise ValueError(f"{name} must be a multiple of 16; got {getattr(self, name)}")


def run(config: Config, context: Context) -> xr.DataTree:
    """Measure the groups "planes", "neighbours" and "wall"."""
    planes = maps.planes(context, config.seeds_from_first(config.seeds), config.side, config.epochs)
    wall = maps.wall(context, most_crooked(planes), config.wall, config.epochs)
    groups = {"planes": planes, "neighbours": cliffs.follow(context, planes), "wall": wall}
    return xr.DataTree.from_dict(groups)


EXPERIMENT = Experiment(
    name="xor_map",
    title="The map of XOR",
    question="From which initial weights is XOR learnt, and is the border between them and the others a line "
    "or a fractal?",
    method="Two weights of a 2-2-1 network are varied over a plane, and the other parameters stay fixed; "
    "every point is one network, trained at a usual or at a large learning rate. The dimension of the border "
    "between networks that learn and networks that do not is measured by counting boxes, over the whole "
    f"plane and through a window {maps.ZOOM} times narrower.",
    config=Config,
    run=run,
    findings=findings,
    tables=tables,
    figures=figures,
    story=story,
    card=CARD,
    smoke={"seeds": 2, "side": 16, "wall": 32, "epochs": 20},
    full={"seeds": 24, "side": 256, "wall": 1024, "epochs": 5000},
    remember="Whether XOR is learnt from given initial weights is easy to predict at a usual learning rate, "
    "where the border is nearly a line. At a large rate the border is a fractal, and near it even the "
    "smallest change in a weight can decide whether XOR is learnt.",
    float64=False,
    minutes=(0.2, 3.0),
)

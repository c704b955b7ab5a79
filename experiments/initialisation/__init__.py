"""Do the initial weights matter? Their range and law, two activations, biases, and all zeros."""

import dataclasses
import itertools
from typing import Any

import numpy as np
import xarray as xr

from experiments.initialisation.figures import figures, findings, tables
from experiments.initialisation.training import (
    BIASES,
    HIDDEN,
    LAWS,
    THRESHOLDS,
    learner,
    parting,
    settings,
    tasks,
)
from experiments.runner import progress, sweeps
from experiments.runner.experiment import Experiment, at_least


@dataclasses.dataclass(frozen=True)
class Config:
    """Options.

    Attributes:
        seed: First seed.
        seeds: Initial weights per condition, 2 or more; shares are judged from 100 on.
        ranges: r of uniform weights in [-r, r], above 0, rising; normal ones have the same deviation, r / √3.
        xor_epochs: Epochs at most on XOR.
        encoder_epochs: Epochs at most on the encoder.
        iris_epochs: Epochs at most on Iris.
    """

    seed: int = 0
    seeds: int = 250
    ranges: tuple[float, ...] = (0.05, 0.1, 0.2, 0.4, 0.8, 1.5)
    xor_epochs: int = 10_000
    encoder_epochs: int = 2000
    iris_epochs: int = 100

    def __post_init__(self) -> None:
        at_least(self, seeds=2, xor_epochs=1, encoder_epochs=1, iris_epochs=1)
        rising = all(low < high for low, high in itertools.pairwise((0, *self.ranges, np.inf)))
        if len(self.ranges) < 2 or not rising:
            raise ValueError(f"ranges must be two or more rising numbers above 0; got {self.ranges}")

    @property
    def epochs(self) -> dict[str, int]:
        """Epochs at most on each task."""
        return {"XOR": self.xor_epochs, "encoder": self.encoder_epochs, "Iris": self.iris_epochs}


def run(config: Config) -> xr.Dataset:
    """How training ends on each task, for every seed, law, range and network; all zeros apart."""
    seeds, found, partings = config.seed + np.arange(config.seeds), [], []
    for name, task in tasks().items():
        progress.report(len(found), len(THRESHOLDS))
        learn = learner(task, config.epochs[name])
        found.append(sweeps.sweep(name, learn, seeds, settings(config.ranges)))
        partings.append([parting(task, biases, config.epochs[name]) for biases in BIASES])
    names = {
        "task": list(THRESHOLDS),
        "seed": seeds,
        "law": list(LAWS),
        "range": list(config.ranges),
        "hidden": list(HIDDEN),
        "biases": list(BIASES),
    }
    lengths = [len(each) for each in names.values()]
    columns: dict[str, Any] = {
        "zeros_parting": (("task", "biases"), np.array(partings)[..., 0]),
        "zeros_difference": (("task", "biases"), np.array(partings)[..., 1]),
        "most_epochs": ("task", [config.epochs[name] for name in THRESHOLDS], {"units": "epochs"}),
    }
    for name in found[0]:
        values = np.stack([each[name] for each in found])
        units = {"units": "epochs"} if name == "epochs" else {}
        columns[name] = list(names), values[:, :, :-1].reshape(lengths), units
        # All zeros start and end alike for every seed: the first stands for them.
        zeros = values[:, 0, -1].reshape(len(THRESHOLDS), len(HIDDEN), len(BIASES))
        columns[f"zeros_{name}"] = ("task", "hidden", "biases"), zeros, units
    return xr.Dataset(columns, names)


EXPERIMENT = Experiment(
    name="initialisation",
    title="Initial weights",
    question="Do the initial weights decide whether a network learns, and how soon?",
    method="Networks learn XOR, the 8-3-8 encoder and Iris from the same draws at several ranges, uniform "
    "and normal, with sigmoid and ReLU hidden nodes, with and without biases, and from all zeros. A run has "
    "converged once its loss is so low that all answers must be right (Iris: nine held-out rows in ten).",
    config=Config,
    run=run,
    figures=figures,
    findings=findings,
    tables=tables,
    smoke={"seeds": 4, "ranges": (0.1, 1.0), "xor_epochs": 20, "encoder_epochs": 20, "iris_epochs": 2},
    full={"seeds": 2000, "xor_epochs": 30_000, "encoder_epochs": 5000, "iris_epochs": 300},
    remember="Initial weights must differ from node to node, or the nodes stay copies (rounding apart); "
    "averaged over the ranges, uniform and normal could not be told apart on XOR and Iris.",
    minutes=(0.4, 6.0),
    order=60,
)

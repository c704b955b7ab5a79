"""A tiny experiment for the tests of the runner: numbers, their sum, one line."""

import dataclasses

import numpy as np
import xarray as xr

from experiments.runner import store, style, timing
from experiments.runner.expectations import Expectation
from experiments.runner.experiment import Card, Drawing, Experiment, Fold, Options, Show
from experiments.runner.findings import Finding
from experiments.runner.manifest import manifest


@dataclasses.dataclass(frozen=True)
class Config(Options):
    """The options of the tiny experiment.

    Attributes:
        seed: The seed.
        size: How many numbers there are.
        explode: Whether to fail.
    """

    size: int = 5
    explode: bool = False


def run(config, context):
    if config.explode:
        raise RuntimeError("planted failure")
    return xr.Dataset({"x": ("n", config.seeds_from_first(config.size))})


def figures(data):
    figure, axes = style.panel()
    axes.plot(data["x"])
    return {"line": Drawing("A line & its <title>", [figure], "A line & its <caption>", png=True)}


SUM = Expectation("sum", kind="theorem", source="arithmetic", expected=(10.0, 10.0))


def findings(data):
    total = float(data["x"].sum())
    return [
        Finding(
            SUM,
            "the sum is 10",
            measured=total,
            interval=(total, total),
            note="exact",
        )
    ]


def tables(data):
    return {"Numbers": (("x",), [[str(x)] for x in data["x"].values])}


TINY = Experiment(
    name="tiny",
    title="A tiny one",
    question="What is the sum, from each seed?",
    method="Add them.",
    config=Config,
    run=run,
    findings=findings,
    tables=tables,
    figures=figures,
    story=lambda data: ("The sum is <{sum}>.", Show("line"), Fold("Any <more>?"), "Not one."),
    card=Card("Five numbers sum up.", "sum", "line"),
    smoke={"size": 2},
)
TOOK = timing.Timing(wall_time=1.0, longest_compilation=0.25)
BROKEN = dataclasses.replace(TINY, name="broken", run=lambda config, context: run(Config(explode=True), None))


def measured(out, config=None, experiment=TINY, smoke=False):
    """Return a folder with the data of a run, but no findings or figures yet."""
    config = config or Config()
    about = manifest(experiment, config, TOOK, f"python -m experiments {experiment.name}", smoke)
    return store.save_data(out, run(config, None), about)


def saved(out, config=None, experiment=TINY, smoke=False):
    """Return the folder of a complete result."""
    folder = measured(out, config, experiment, smoke)
    store.save_result(experiment, folder)
    return folder


def numbers(folder):
    return np.asarray(store.load_data(folder)["x"]).tolist()

"""Hidden nodes: what is the question?"""

import dataclasses
from collections.abc import Mapping

import jax
import numpy as np
import optax
import xarray as xr

import nnjax
from experiments.runner import style
from experiments.runner.context import Context
from experiments.runner.expectations import Expectation
from experiments.runner.experiment import Card, Drawing, Experiment, Options, Show, Story, Table, at_least
from experiments.runner.findings import Finding, share
from nnjax import datasets

NETWORK = nnjax.mlp((2, 2, 1))
SOLVED = 0.1
"""XOR is solved when its summed squared error is below this."""
LEARNT = Expectation(
    "solved",
    kind="guess",
    source="say whose claim this is: the handout's sentence, a paper, a guess",
    expected=(0.6, 0.9),
    since="the date on which you set the bounds, before you look",
    why="say why the bounds are as wide as they are",
)
"""The expectation; move it to experiments/expectations.toml if you keep the experiment."""


@dataclasses.dataclass(frozen=True)
class Config(Options):
    """What is varied; these fields become the command's options.

    Attributes:
        seed: First seed.
        seeds: Number of networks to train, 1 or more.
        epochs: Epochs for which each is trained.
    """

    seeds: int = 1000
    epochs: int = 5000

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, seeds=1, epochs=1)


def run(config: Config, context: Context) -> xr.Dataset:
    """Train one network from every seed, and keep its final loss."""

    def last_loss(key: jax.Array) -> jax.Array:
        params = nnjax.init(NETWORK, key, "normal", "normal")
        _, history = nnjax.train(
            NETWORK, params, *datasets.xor(), optimizer=optax.sgd(2.0), epochs=config.epochs, view="nodes"
        )
        return history.loss

    seeds = config.seeds_from_first(config.seeds)
    loss = context.sweep("XOR", last_loss, seeds)
    about = {"long_name": "summed squared error after training", "units": "1"}
    return xr.Dataset({"loss": ("seed", loss, about)}, {"seed": seeds})


def findings(data: xr.Dataset) -> list[Finding]:
    """Compare each claim with the data."""
    return [
        share(
            LEARNT,
            "XOR 2-2-1: share of the seeds that solve it",
            data["loss"].values < SOLVED,
            note=f"{data.sizes['seed']} seeds",
        )
    ]


def tables(data: xr.Dataset) -> Mapping[str, Table]:
    """Give each table a title, a header, and rows of text."""
    quantiles = np.quantile(data["loss"].values, (0.05, 0.5, 0.95))
    return {"Loss after training": (("5 %", "median", "95 %"), [[f"{value:.4f}" for value in quantiles]])}


def figures(data: xr.Dataset) -> Mapping[str, Drawing]:
    """Draw from the data alone, so that `make report` can draw again without running."""
    figure, axes = style.panel()
    axes.hist(data["loss"].values, bins=48, range=(0, 1.2))
    axes.set(xlabel="summed squared error after training", ylabel="seeds")
    title = "Most seeds end near 0, some on a plateau at ½"
    return {"losses": Drawing(title, [figure], "How many seeds end at which loss.")}


def story(data: xr.Dataset) -> Story:
    """Tell what was found; a finding's id in braces stands for its number."""
    words = "XOR is learnt by {solved:%} of the seeds; the others stop where two rows are still wrong."
    return [words, Show("losses")]


EXPERIMENT = Experiment(
    name="hidden_nodes",
    title="Hidden nodes",
    question="Hidden nodes: what is the question?",
    method="Say in two sentences what is trained and what is measured.",
    config=Config,
    run=run,
    findings=findings,
    tables=tables,
    figures=figures,
    story=story,
    card=Card("Say the most surprising result in at most 20 plain words.", "solved:%", "losses"),
    smoke={"seeds": 20, "epochs": 50},
    full={"seeds": 100_000},
    remember="Say the one sentence that a reader should remember.",
    minutes=(0.2, 0.5),
)

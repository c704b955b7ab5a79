"""The handout from top to bottom: the printed numbers beside the computed ones."""

import dataclasses

import xarray as xr

from experiments.runner.context import Context
from experiments.runner.experiment import Experiment, Options, at_least, positive
from experiments.walkthrough import curves, numbers
from experiments.walkthrough.figures import figures
from experiments.walkthrough.findings import findings
from experiments.walkthrough.story import CARD, story
from experiments.walkthrough.tables import tables


@dataclasses.dataclass(frozen=True)
class Config(Options):
    """From which weights, and for how long, the network is trained; the handout fixes everything else.

    Attributes:
        seed: Seed for the random initial weights of the network that is trained.
        epochs: Epochs of training, with one update per row.
        rate: Learning rate (the handout's 0.01 would take far longer).
        threshold: Training has converged if the norm of the loss gradient over all rows is below this value.
    """

    seed: int = 0
    epochs: int = 20_000
    rate: float = 0.5
    threshold: float = 1e-3

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, epochs=1)
        positive(self, "rate", "threshold")


def run(config: Config, context: Context) -> xr.DataTree:
    """Compute everything that the handout prints and asks for.

    Returns:
        The groups "printed", "cases" (with one group for each layer), "delta", "activations", "rates" and
        "training".
    """
    training = curves.training(config.seed, config.epochs, config.rate)
    return xr.DataTree.from_dict(
        {
            "printed": numbers.printed_numbers(),
            **numbers.cases(),
            "delta": curves.delta(),
            "activations": curves.activations(),
            "rates": curves.rates(),
            "training": training.assign_attrs(threshold=config.threshold),
        }
    )


EXPERIMENT = Experiment(
    name="walkthrough",
    title="The handout, number by number",
    question="Which of the handout's numbers and sentences are right?",
    method=(
        "The library recomputes every printed number in float64, both by backpropagation and by the rule as "
        "printed. Every exercise is solved, and every figure is redrawn from the computed values."
    ),
    config=Config,
    run=run,
    findings=findings,
    tables=tables,
    figures=figures,
    story=story,
    card=CARD,
    smoke={"epochs": 200},
    remember="Blame reaches a hidden node through its own outgoing weights, with their values from the "
    "forward pass.",
    second_list=False,
    minutes=(0.1, 0.1),
)

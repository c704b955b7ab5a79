"""Do the handout's other sentences hold? One update, rows per update, regression, momentum, approximation."""

import dataclasses
from collections.abc import Callable

import xarray as xr

from experiments.runner.context import Context
from experiments.runner.experiment import Experiment, Options, at_least
from experiments.sentences import approximation, figure_3, layers, one_row, regression, rows, xor
from experiments.sentences.figures import figures
from experiments.sentences.findings import findings
from experiments.sentences.story import CARD, story
from experiments.sentences.tables import tables


@dataclasses.dataclass(frozen=True)
class Config(Options):
    """How many seeds each part gets, and how long it trains.

    Attributes:
        seeds: Random networks whose first update is measured.
        row_seeds: Networks on the digits for each number of rows per update, 2 or more.
        row_epochs: Epochs on the digits.
        regression_seeds: Networks, each with its own split of the diabetes data.
        regression_epochs: Full-batch epochs on the diabetes data.
        descent_steps: Steps of descent to the least-squares solution, 4000 or more: plain descent takes 3208.
        xor_seeds: Networks that learn XOR, 2 or more.
        xor_epochs: Epochs on XOR, 500 or more.
        function_seeds: 1-h-1 networks per width and function.
        function_epochs: Full-batch epochs on each function.
        layer_seeds: Networks with one and with two hidden layers.
        layer_epochs: Epochs on the handout's row.
        path_epochs: Epochs for each of the two paths of Figure 3, 2001 or more.
    """

    seeds: int = 50_000
    row_seeds: int = 100
    row_epochs: int = 10
    regression_seeds: int = 100
    regression_epochs: int = 500
    descent_steps: int = 4000
    xor_seeds: int = 2000
    xor_epochs: int = 5000
    function_seeds: int = 100
    function_epochs: int = 1000
    layer_seeds: int = 1500
    layer_epochs: int = 1000
    path_epochs: int = 14_000

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, seeds=1, row_seeds=2, row_epochs=1, regression_seeds=1, regression_epochs=1)
        at_least(self, descent_steps=4000, xor_seeds=2, xor_epochs=500, function_seeds=1, function_epochs=1)
        at_least(self, layer_seeds=1, layer_epochs=10, path_epochs=2001)


Part = Callable[[], xr.Dataset]


def run(config: Config, context: Context) -> xr.DataTree:
    """Measure the parts, some of them in parallel, since compiling takes most of the time."""
    seeds = config.seeds_from_first
    parts: dict[str, Part] = {
        "figure_3": lambda: figure_3.landscape(config.path_epochs),
        "rows": lambda: rows.accuracies(context, seeds(config.row_seeds), config.row_epochs),
        "xor": lambda: xor.train(context, seeds(config.xor_seeds), config.xor_epochs),
        "layers": lambda: layers.losses(context, seeds(config.layer_seeds), config.layer_epochs),
        "one_row": lambda: one_row.updates(context, seeds(config.seeds)),
        "descents": lambda: regression.descents(config.descent_steps),
    }
    # Optax's Adam mixes dtypes. Even if this thread allows that, the threads of a pool do not.
    by_adam: dict[str, Part] = {
        "approximation": lambda: approximation.errors(
            context, seeds(config.function_seeds), config.function_epochs
        ),
        "regression": lambda: regression.outputs(
            context, seeds(config.regression_seeds), config.regression_epochs
        ),
    }
    with context.pool(2) as pool:
        waiting = {name: pool.submit(part) for name, part in parts.items()}
        groups = {}
        for name, part in [*by_adam.items(), *((name, one.result) for name, one in waiting.items())]:
            context.report(len(groups), len(parts) + len(by_adam))
            groups[name] = part()
    return xr.DataTree.from_dict(groups)


EXPERIMENT = Experiment(
    name="sentences",
    title="The handout, sentence by sentence",
    question="Which of the handout's other sentences hold, and how often?",
    method="Each sentence that can be tested, and that no other experiment tests, gets the smallest "
    "experiment that could refute it: single updates of random networks, regression on the diabetes data, "
    "XOR, three functions of one variable, and Figure 3 with real minima, all of whose curvatures are "
    "positive.",
    config=Config,
    run=run,
    findings=findings,
    tables=tables,
    figures=figures,
    story=story,
    card=CARD,
    smoke={
        "seeds": 20,
        "row_seeds": 2,
        "row_epochs": 1,
        "regression_seeds": 2,
        "regression_epochs": 2,
        "xor_seeds": 4,
        "xor_epochs": 500,
        "function_seeds": 2,
        "function_epochs": 2,
        "layer_seeds": 2,
        "layer_epochs": 20,
        "path_epochs": 2010,
    },
    full={
        "seeds": 1_000_000,
        "row_seeds": 500,
        "row_epochs": 20,
        "regression_seeds": 1000,
        "xor_seeds": 20_000,
        "function_seeds": 500,
        "function_epochs": 5000,
        "layer_seeds": 5000,
    },
    remember="“The weight changes from the input nodes to the hidden nodes will be even smaller”: on the "
    "handout's own row this holds for their mean in nine random networks out of ten, but for single weights "
    "in only two cases out of three, since inputs of 3 and 5 make up for the smaller δ.",
    minutes=(0.5, 5.0),
)

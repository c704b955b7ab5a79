"""How often does gradient descent end in a local minimum that is provably not the global one?"""

import dataclasses
import functools

import xarray as xr
from threadpoolctl import threadpool_limits

from experiments.runner.context import Context
from experiments.runner.experiment import Experiment, Options, at_least
from experiments.spurious_minima.cells import cell
from experiments.spurious_minima.figures import figures
from experiments.spurious_minima.findings import findings, tables
from experiments.spurious_minima.groups import groups
from experiments.spurious_minima.story import CARD, story


@dataclasses.dataclass(frozen=True)
class Config(Options):
    """The sizes of the tasks that are tried (a pair of k and n is a cell), and the number of seeds.

    Attributes:
        seed: First seed; a cell's runs have the seeds seed, seed + 1, ...
        seeds: Runs per cell.
        k: Numbers of target neurons (and inputs), one for each cell.
        n: Numbers of neurons, one for each k; empty means n = k.
    """

    seeds: int = 1000
    k: tuple[int, ...] = (6, 7, 8, 9, 10, 11, 12, 13)
    n: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, seeds=1)
        if not self.k or len(self.n or self.k) != len(self.k):
            raise ValueError(f"k and n must be paired; got {len(self.k)} of k and {len(self.n)} of n")
        pairs = self.pairs()
        if any(k < 2 or n < k for k, n in pairs) or len(set(pairs)) != len(pairs):
            raise ValueError(
                f"every cell must differ from the others and have n >= k >= 2; got (k, n) = {pairs}"
            )

    def pairs(self) -> list[tuple[int, int]]:
        """List the cells (k, n)."""
        return list(zip(self.k, self.n or self.k, strict=True))


def run(config: Config, context: Context) -> xr.DataTree:
    """Descend from every seed of every cell, and return where each descent ends.

    Two cells run at a time, the largest first, so that one cell compiles while the other computes. LAPACK
    uses one thread per cell. On matrices this small, several threads would wait for each other and take ten
    times as long on a busy machine.

    Args:
        config: The options.
        context: Runs the descents, shows their progress and stores them.

    Returns:
        The groups: the table "cells" (c,), the "runs" (c, s), and the distinct "minima" (m,).

    Raises:
        FloatingPointError: A run became infinite or NaN.
    """
    pairs, seeds = config.pairs(), config.seeds_from_first(config.seeds)
    largest_first = sorted(pairs, key=lambda pair: -pair[0] * pair[1])
    with threadpool_limits(1):
        parts = [functools.partial(cell, context, *pair, seeds) for pair in largest_first]
        ended = dict(zip(largest_first, context.two_at_a_time(parts), strict=True))
    return xr.DataTree.from_dict(groups(pairs, seeds, [ended[pair] for pair in pairs]))


SQUARE = tuple(range(6, 21))
EXPERIMENT = Experiment(
    name="spurious_minima",
    title="Local minima that are real",
    question="How often does gradient descent end in a local minimum that is not the global one?",
    method=(
        "n ReLU neurons learn to compute what k fixed ReLU neurons compute. They are trained by plain "
        "gradient descent on the exact expected loss over all Gaussian inputs, whose global minimum is 0. "
        "Every run whose loss does not go to 0 is followed down to a gradient of 1e-9, and the eigenvalues "
        "of the Hessian show what kind of point it has reached. Runs that come to rest at a saddle are "
        "pushed off it, in the direction in which descent was leaving it, and continue."
    ),
    config=Config,
    run=run,
    figures=figures,
    story=story,
    card=CARD,
    findings=findings,
    tables=tables,
    smoke={"seeds": 100, "k": (8,)},
    full={"k": (*SQUARE, *SQUARE), "n": (*SQUARE, *(k + 1 for k in SQUARE))},
    remember=(
        "Strict local minima that are not global do exist, and the more neurons there are, the more seeds "
        "end in one."
    ),
    minutes=(1.0, 15.0),
)

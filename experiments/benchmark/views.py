"""Does `nnjax.fastest_view` pick the fastest view?

All views are timed on networks whose sizes lie near the bounds at which the function's choice changes.
"""

from typing import NamedTuple

import numpy as np
import xarray as xr

import nnjax
from experiments.benchmark import peers
from experiments.benchmark.machine import clock
from experiments.benchmark.work import Work
from nnjax.views import NODE_PRODUCTS, VIEWS, scalar_products

ORDERS = {"none": "", "one": ", one order", "own": ", own order"}
"""{order of the rows: its text in a label}: full batches, one order for all seeds, one for each seed."""


class Case(NamedTuple):
    """A network and the rows on which it is tried.

    Attributes:
        sizes: Nodes per layer.
        rows: Rows per update.
        order: One of `ORDERS`.
    """

    sizes: tuple[int, ...]
    rows: int
    order: str

    @property
    def label(self) -> str:
        """A label such as "13-5-1, 10 rows, own order"."""
        return f"{'-'.join(map(str, self.sizes))}, {self.rows} rows{ORDERS[self.order]}"


FULL_BATCHES = [(2, 16, 1), (3, 8, 8, 1), (2, 10, 10, 1), (2, 50, 1), (3, 12, 12, 1), (4, 14, 14, 1)]
BATCHES = [(13, 5, 1), (13, 8, 1), (20, 30, 1), (64, 100, 10)]
CASES = (
    *(Case(sizes, 4, "none") for sizes in FULL_BATCHES),
    *(Case(sizes, 10, "one") for sizes in BATCHES),
    *(Case(sizes, 10, "own") for sizes in BATCHES),
    *(Case(sizes, 32, "one") for sizes in (BATCHES[0], BATCHES[-1])),
)


def tried(repeats: int, seeds: int) -> xr.Dataset:
    """Measure how fast `fastest_view`'s choice is relative to the fastest other view, (case, repeat)."""
    ratios = np.array([over_the_best_other(random_work(case, seeds), repeats) for case in CASES])
    return xr.Dataset(
        {"ratio": (("case", "repeat"), ratios, {"units": "1"})},
        {
            "case": [case.label for case in CASES],
            "rows": ("case", [case.rows for case in CASES]),
            "order": ("case", [case.order for case in CASES]),
        },
    )


def random_work(case: Case, seeds: int) -> Work:
    """Make a task of 48 updates on random rows: full batches, or batches drawn from four times as many."""
    batches = case.order != "none"
    random = np.random.default_rng(0)
    xs, ys = (
        random.random((4 * case.rows if batches else case.rows, nodes), np.float32)
        for nodes in (case.sizes[0], case.sizes[-1])
    )
    return Work(
        nnjax.mlp(case.sizes),
        xs,
        ys,
        rate=0.1,
        steps=48,
        seeds=seeds,
        batch_size=case.rows if batches else None,
        order_per_seed=case.order == "own",
    )


def over_the_best_other(work: Work, repeats: int) -> list[float]:
    """Measure the chosen view's speed relative to that of the fastest other view, in each round."""
    named = peers.fastest_view(work)
    # The node view's program grows with weights · rows. Beyond twice the bound, compiling it takes too long.
    small = scalar_products(work.network, work.rows_per_update) <= 2 * NODE_PRODUCTS
    others = [view for view in VIEWS if view != named and (view != "nodes" or small)]
    jobs = [peers.nnjax_sweep(view, work) for view in (named, *others)]
    for job in jobs:
        job()
    rounds = np.array([[clock(job)[0] for job in jobs] for _ in range(repeats)])
    best = 1 + int(np.argmin(np.median(rounds[:, 1:], axis=0)))
    return (rounds[:, best] / rounds[:, 0]).tolist()

"""Views: three layouts of one computation, and which of them is the fastest for a network.

"matrix" has one row per example, "columns" one column per example, "nodes" one scalar per node.
"""

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

from jaxtyping import Array

from nnjax import backprop, checks, columnwise, network, nodewise
from nnjax.network import Network, Params

NODE_PRODUCTS = 700
"""Scalar products per step up to which the node-by-node view pays, see `fastest_view`."""
COLUMN_ROWS = 10
"""Rows from which the columns pay with at most one hidden layer, see `fastest_view`."""


class View(NamedTuple):
    """One way to compute the same training: how parameters are laid out meanwhile.

    Attributes:
        enter: Params -> the layout.
        leave: Its inverse.
        gradients: (network, layout, xs, ys, loss) -> gradients in the layout.
        total_loss: The same arguments -> the summed loss.
    """

    enter: Callable[[Params], Any]
    leave: Callable[[Any], Params]
    gradients: Callable[..., Any]
    total_loss: Callable[..., Array]


VIEWS = {
    "matrix": View(lambda params: params, lambda params: params, backprop.gradients, network.total_loss),
    "columns": View(
        columnwise.turn, columnwise.turn, columnwise.column_gradients, columnwise.column_total_loss
    ),
    "nodes": View(nodewise.split, nodewise.join, nodewise.node_gradients, nodewise.node_total_loss),
}


def scalar_products(network: Network, rows: int) -> int:
    """Σ nₗ₋₁ nₗ · rows: the products w · a of one forward pass, each written out node by node."""
    return rows * sum(a * b for a, b in itertools.pairwise(network.sizes))


def fastest_view(network: Network, rows: int) -> str:
    """The fastest view for many seeds: "nodes" up to weights · rows = 700, else "columns" or "matrix".

    A step of scalars fuses into a few loops over the seeds, but its program grows with weights · rows. By the
    benchmark on two cores of an AMD EPYC, 4 rows each, it is so many times as fast as the matrix view: 2-2-1
    (24) 5.8; 2-4-4-1 (112) 46; and as the best other view: 2-16-1 (192) 1.1; 3-8-8-1 (384) 1.3; 2-10-10-1
    (520) 2.0; 2-50-1 (600) 1.6; 3-12-12-1 (768) 0.9; 4-14-14-1 (1064) 0.95. It takes 6 s to compile at 384.

    "columns" with at most one hidden layer and 10 rows or more. The named view's speed over the best other's,
    by the same benchmark, first in one order for all seeds, then in own orders; 10 rows: 13-8-1 0.6 and 1.3;
    20-30-1 1.0 and 1.0; 64-100-10 1.0 and 0.85; and where nodes are named, 13-5-1 (700) 0.7 and 0.8; 32 rows
    in one order: 13-5-1 1.6, 64-100-10 1.4. Sizes and rows alone do not decide: for hours of training, try.

    Args:
        network: The network.
        rows: Rows per update.
    """
    if scalar_products(network, checks.count("rows", rows)) <= NODE_PRODUCTS:
        return "nodes"
    return "columns" if len(network.sizes) <= 3 and rows >= COLUMN_ROWS else "matrix"

"""Views: three layouts of one computation, and which of them is fastest for a network.

"matrix" has one row per example, "columns" one column per example, "nodes" one scalar per node.
"""

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

from jaxtyping import Array

from nnjax import backprop, checks, columnwise, network, nodewise
from nnjax.network import Network, Params, check_network

NODE_PRODUCTS = 700
"""The largest number of multiplications per step with which the node view pays off; see `fastest_view`."""
COLUMN_ROWS = 10
"""The smallest number of rows for which the column view pays off, if there is at most one hidden layer."""


class View(NamedTuple):
    """A parameter layout for training, and the functions that work in it, which do not check arguments.

    Attributes:
        enter: Params -> parameters in the layout.
        leave: The inverse of `enter`.
        gradients: (network, parameters in the layout, xs, ys, Loss) -> gradients in the layout.
        total_loss: The same arguments -> the loss summed over the rows.
    """

    enter: Callable[[Params], Any]
    leave: Callable[[Any], Params]
    gradients: Callable[..., Any]
    total_loss: Callable[..., Array]


VIEWS = {
    "matrix": View(
        lambda params: params, lambda params: params, backprop.matrix_gradients, network.matrix_total_loss
    ),
    "columns": View(
        columnwise.turn, columnwise.turn, columnwise.column_gradients, columnwise.column_total_loss
    ),
    "nodes": View(nodewise.split, nodewise.join, nodewise.node_gradients, nodewise.node_total_loss),
}


def scalar_products(network: Network, rows: int) -> int:
    """Count the products w · a in one forward pass, Σₗ nₗ₋₁ nₗ · rows; the node view writes them all out."""
    return rows * sum(a * b for a, b in itertools.pairwise(network.sizes))


def fastest_view(network: Network, rows: int) -> str:
    """Name the fastest view for many seeds: "nodes", "columns" or "matrix".

    "native" is not considered, since not every machine has a compiler (see `nnjax.native`).

    The answer is "nodes" if a forward pass of a batch takes up to `NODE_PRODUCTS` scalar products: a step of
    scalars fuses into a few loops over the seeds, but its program grows with weights · rows, and so does the
    time that it takes to compile. Otherwise it is "columns" for at most one hidden layer and at least
    `COLUMN_ROWS` rows, and "matrix" for everything else.

    The bounds are where the benchmark's timings cross on two cores of an AMD EPYC
    (`python -m experiments benchmark`). Speed does not depend on sizes and rows alone: near the bounds, the
    named view is 0.55 to 2.5 times as fast as the best of the other two. If training takes hours, measure
    with `nnjax.time_views`.

    >>> import nnjax
    >>> fastest_view(nnjax.mlp((2, 2, 1)), rows=4)
    'nodes'


    Args:
        network: The network.
        rows: The number of rows per update.

    Raises:
        TypeError, ValueError: If network is not an `nnjax.Network`, or rows is not a positive integer.
    """
    check_network(network)
    rows = checks.count("rows", rows)
    if scalar_products(network, rows) <= NODE_PRODUCTS:
        return "nodes"
    return "columns" if len(network.sizes) <= 3 and rows >= COLUMN_ROWS else "matrix"

"""The handout's network with the handout's numbers, as a starting point."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from nnjax.network import Network, Params, mlp
from nnjax.parameters import params

INPUT = (1.0, 3.0, 5.0)
LABEL = 1.0
INPUT_WEIGHTS = ((0.5, 0.1, -0.6, 0.4), (1.2, -0.4, 0.3, 0.2), (-0.3, 0.2, 0.1, -0.5))
"""(input, hidden). The handout gives the first column and leaves the others to the reader; they are ours."""
OUTPUT_WEIGHTS = (0.8, 0.5, 0.1, 0.6)
"""Weights from h₁, ..., h₄ to the output, as in the handout's text; its exercise has 0.8, -1.2, 0.5, -0.3."""


class Handout(NamedTuple):
    """The network of the handout's Figure 1, and its one training row.

    Attributes:
        network: A 3-4-1 network of sigmoids without biases, which the handout assumes to be zero.
        params: Its weights.
        x: The row, (1, 3, 5).
        y: Its label, (1,).
    """

    network: Network
    params: Params
    x: Float[Array, "3"]
    y: Float[Array, "1"]


def handout() -> Handout:
    """Return the handout's network, its weights, its row and its label.

    >>> import nnjax
    >>> network, params, x, y = nnjax.handout()
    >>> trace = nnjax.forward(network, params, x)
    >>> print(f"{trace.net_inputs[0][0]:.1f} {trace.activations[1][0]:.7f}")
    2.6 0.9308616

    The forward pass gives the output 0.7614513; the handout instead goes on with an assumed output of 0.6,
    and its δ belongs to 0.6. The numbers have JAX's default dtype: float32, or float64 if its x64 flag is on.
    """
    network = mlp((3, 4, 1), "sigmoid", "sigmoid", biases=False)
    weights = (INPUT_WEIGHTS, [[weight] for weight in OUTPUT_WEIGHTS])
    return Handout(network, params(network, weights), jnp.array(INPUT), jnp.array([LABEL]))

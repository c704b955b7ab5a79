"""Losses of one example, each a pair: L(y, ŷ) and its hand-written derivative ∂L/∂ŷ.

y is the label and ŷ the output layer's activation, both of shape (out,). The two cross-entropies take
logits: they need the identity on the output, so that nothing overflows and ∂L/∂ŷ stays a simple
difference. To add a loss, add a `Loss` to `LOSSES`.
"""

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Real

from nnjax import checks

Outputs = Float[Array, "*batch out"]


@dataclasses.dataclass(frozen=True)
class Loss:
    """A loss and its derivative.

    Attributes:
        value: (y, ŷ) -> L, summed over the output nodes.
        derivative: (y, ŷ) -> ∂L/∂ŷ, one number per output node.
        probabilities: ŷ -> what the outputs say in terms of probabilities.
        logits: Whether ŷ are logits, so that the output activation must be the identity.
    """

    value: Callable[[Array, Array], Array]
    derivative: Callable[[Array, Array], Array]
    probabilities: Callable[[Array], Array]
    logits: bool


def _same_shape(y: Outputs, y_hat: Outputs) -> None:
    if jnp.shape(y) != jnp.shape(y_hat):
        raise ValueError(f"y has shape {jnp.shape(y)}, y_hat {jnp.shape(y_hat)}; expected the same shape")


def sse(y: Outputs, y_hat: Outputs) -> Float[Array, ""]:
    """SSE = Σⱼ (yⱼ - ŷⱼ)², a sum, with no ½ and no mean (handout, Gradient descent).

    Raises:
        ValueError: The shapes differ; they are never broadcast.
    """
    _same_shape(y, y_hat)
    return jnp.sum(jnp.square(jnp.asarray(y) - jnp.asarray(y_hat)))


def sse_derivative(y: Outputs, y_hat: Outputs) -> Outputs:
    """∂SSE/∂ŷ = -2(y - ŷ)."""
    return -2 * (y - y_hat)


def binary_cross_entropy(y: Outputs, y_hat: Outputs) -> Float[Array, ""]:
    """L = -Σⱼ [yⱼ ln σ(ŷⱼ) + (1 - yⱼ) ln(1 - σ(ŷⱼ))], with ŷ logits (handout, footnote 8)."""
    _same_shape(y, y_hat)
    return jnp.sum(y * jax.nn.softplus(-y_hat) + (1 - y) * jax.nn.softplus(y_hat))


def binary_cross_entropy_derivative(y: Outputs, y_hat: Outputs) -> Outputs:
    """∂L/∂ŷ = σ(ŷ) - y, written as (1 - y) σ(ŷ) - y σ(-ŷ) to stay exact where σ is near 1."""
    return (1 - y) * jax.nn.sigmoid(y_hat) - y * jax.nn.sigmoid(-y_hat)


def softmax_cross_entropy(y: Outputs, y_hat: Outputs) -> Float[Array, ""]:
    """L = -Σⱼ yⱼ ln softmaxⱼ(ŷ), with ŷ logits: "an output node per group" (handout)."""
    _same_shape(y, y_hat)
    return -jnp.sum(y * jax.nn.log_softmax(y_hat))


def softmax_cross_entropy_derivative(y: Outputs, y_hat: Outputs) -> Outputs:
    """∂L/∂ŷ = softmax(ŷ) Σⱼ yⱼ - y; the sum is 1 when y is a distribution."""
    return jax.nn.softmax(y_hat) * jnp.sum(y, axis=-1, keepdims=True) - y


LOSSES: dict[str, Loss] = {
    "sse": Loss(sse, sse_derivative, lambda y_hat: y_hat, logits=False),
    "binary_cross_entropy": Loss(
        binary_cross_entropy, binary_cross_entropy_derivative, jax.nn.sigmoid, logits=True
    ),
    "softmax_cross_entropy": Loss(
        softmax_cross_entropy, softmax_cross_entropy_derivative, jax.nn.softmax, logits=True
    ),
}


def find(name: str) -> Loss:
    """The loss of that name; a ValueError suggests the nearest name."""
    return checks.lookup("loss", name, LOSSES)


def probabilities(loss: str, y_hat: Real[Array, "*batch out"]) -> Outputs:
    """What the outputs ŷ (..., out) say as probabilities.

    "sse": ŷ itself (a probability where the output is a sigmoid); "binary_cross_entropy": σ(ŷ), each
    output on its own; "softmax_cross_entropy": softmax(ŷ), which sums to 1.
    """
    return find(loss).probabilities(jnp.asarray(y_hat))


def labels(loss: str, y_hat: Real[Array, "*batch out"]) -> Int[Array, "..."]:
    """The predicted group of each row of outputs ŷ (..., out).

    One output node: 0 or 1, at probability ½, shape (...). Several: the node with the largest output,
    shape (...); but for "binary_cross_entropy" each node's own 0 or 1, shape (..., out).
    """
    p = probabilities(loss, y_hat)
    if p.ndim == 0:
        raise ValueError("y_hat must have an axis of output nodes, (..., out); got one number")
    if p.shape[-1] > 1 and loss != "binary_cross_entropy":
        return jnp.argmax(p, axis=-1)
    each = (p > 0.5).astype(int)
    return each[..., 0] if p.shape[-1] == 1 else each

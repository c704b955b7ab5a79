"""Losses of one example: L(y, ŷ), its hand-written derivative ∂L/∂ŷ, and the networks and labels it accepts.

y is the label and ŷ the output layer's activation, both of shape (out,). The two cross-entropies take logits:
they need the identity as the output activation, so that nothing overflows and ∂L/∂ŷ stays a simple
difference. To add a loss, put a `Loss` into `LOSSES`, or pass one to any function that takes a loss; its
fields are all that the rest of nnjax needs to know. A plain function L(y, ŷ) works too; JAX then computes its
derivative (see `nnjax.callables`).
"""

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Real

from nnjax import callables, checks

Outputs = Float[Array, "*batch out"]
Nodes = Float[Array, "..."]
"""The values of any number of output nodes, or of one node, (), if the loss treats each node by itself."""


@dataclasses.dataclass(frozen=True)
class Loss:
    """A loss, its derivative, and the networks and labels that it is made for.

    Attributes:
        value: (y, ŷ) -> L, summed over the output nodes.
        derivative: (y, ŷ) -> ∂L/∂ŷ, one number per output node.
        probabilities: ŷ -> the probabilities that the outputs represent. By default this is ŷ itself.
        logits: Whether ŷ consists of logits, so that the output activation must be the identity.
        label_range: The lowest and the highest label that the loss accepts, or None if it accepts all real
            numbers.
        several_outputs: Whether the loss needs two or more output nodes, because it is meaningless for a
            single node.
        per_node: Whether ∂L/∂ŷⱼ depends on yⱼ and ŷⱼ alone.
        label_per_node: Whether each output node answers a separate question, yes or no, so that the predicted
            label has one entry per node. Otherwise the nodes stand for groups, and the label names one of the
            groups.
    """

    value: Callable[[Array, Array], Array]
    derivative: Callable[[Array, Array], Array]
    probabilities: Callable[[Array], Array] = lambda y_hat: y_hat
    logits: bool = False
    label_range: tuple[float, float] | None = None
    several_outputs: bool = False
    per_node: bool = False
    label_per_node: bool = False

    def __repr__(self) -> str:
        return f"Loss({checks.named(self.value)}, {checks.named(self.derivative)})"


def _same_shape(y: Nodes, y_hat: Nodes) -> None:
    if jnp.shape(y) != jnp.shape(y_hat):
        raise ValueError(f"y has shape {jnp.shape(y)}, y_hat {jnp.shape(y_hat)}; expected the same shape")


def sse(y: Outputs, y_hat: Outputs) -> Float[Array, ""]:
    """SSE = Σⱼ (yⱼ - ŷⱼ)², a sum, without a factor ½ and without a mean (handout, Gradient descent).

    >>> print(f"{sse(jnp.array([1.0]), jnp.array([0.6])):.2f}")
    0.16


    Raises:
        ValueError: If the shapes differ; they are never broadcast.
    """
    _same_shape(y, y_hat)
    return jnp.sum(jnp.square(jnp.asarray(y) - jnp.asarray(y_hat)))


def sse_derivative(y: Nodes, y_hat: Nodes) -> Nodes:
    """∂SSE/∂ŷ = -2(y - ŷ)."""
    _same_shape(y, y_hat)
    return -2 * (y - y_hat)


def binary_cross_entropy(y: Outputs, y_hat: Outputs) -> Float[Array, ""]:
    """L = -Σⱼ [yⱼ ln σ(ŷⱼ) + (1 - yⱼ) ln(1 - σ(ŷⱼ))], where ŷ are logits (handout, footnote 8)."""
    _same_shape(y, y_hat)
    return jnp.sum(y * jax.nn.softplus(-y_hat) + (1 - y) * jax.nn.softplus(y_hat))


def binary_cross_entropy_derivative(y: Nodes, y_hat: Nodes) -> Nodes:
    """∂L/∂ŷ = σ(ŷ) - y, written as (1 - y) σ(ŷ) - y σ(-ŷ) to stay exact where σ is near 1."""
    _same_shape(y, y_hat)
    return (1 - y) * jax.nn.sigmoid(y_hat) - y * jax.nn.sigmoid(-y_hat)


def softmax_cross_entropy(y: Outputs, y_hat: Outputs) -> Float[Array, ""]:
    """L = -Σⱼ yⱼ ln softmaxⱼ(ŷ), where ŷ are logits: "an output node per group" (handout)."""
    _same_shape(y, y_hat)
    return -jnp.sum(y * jax.nn.log_softmax(y_hat))


def softmax_cross_entropy_derivative(y: Outputs, y_hat: Outputs) -> Outputs:
    """∂L/∂ŷ = softmax(ŷ) Σⱼ yⱼ - y; the sum is 1 when y is a distribution."""
    _same_shape(y, y_hat)
    return jax.nn.softmax(y_hat) * jnp.sum(y, axis=-1, keepdims=True) - y


LOSSES: dict[str, Loss] = {
    "sse": Loss(sse, sse_derivative, per_node=True),
    "binary_cross_entropy": Loss(
        binary_cross_entropy,
        binary_cross_entropy_derivative,
        probabilities=jax.nn.sigmoid,
        logits=True,
        label_range=(0.0, 1.0),
        per_node=True,
        label_per_node=True,
    ),
    "softmax_cross_entropy": Loss(
        softmax_cross_entropy,
        softmax_cross_entropy_derivative,
        probabilities=jax.nn.softmax,
        logits=True,
        label_range=(0.0, 1.0),
        several_outputs=True,
    ),
}


ALIASES = {
    "sumofsquarederrors": "sse",
    "sumofsquareserror": "sse",
    "bce": "binary_cross_entropy",
    "logloss": "binary_cross_entropy",
    "categoricalcrossentropy": "softmax_cross_entropy",
}
"""Other libraries' names for the losses, in lower case and without underscores."""

Kind = str | Loss | Callable[[Array, Array], Array]
"""A loss: a name in `LOSSES`, a `Loss`, or a function (y, ŷ) -> L of one example."""


def find(loss: Kind) -> Loss:
    """Look up a loss by name (in any case) or alias, or make one from a function (y, ŷ) -> L.

    Raises:
        TypeError: If a function or a Loss cannot be hashed.
        ValueError: If there is no loss of that name; the message suggests the nearest name.
    """
    if isinstance(loss, Loss):
        checks.functions(value=loss.value, derivative=loss.derivative)
        return loss
    if not callable(loss) or isinstance(loss, type):
        return checks.lookup("loss", loss, LOSSES, ALIASES)
    checks.functions(loss=loss)
    known = (known for known in LOSSES.values() if known.value is loss)
    return next(known, None) or Loss(loss, callables.LossSlope(loss))


def said(loss: Kind) -> str:
    """Name a loss in words."""
    return checks.named(loss.value if isinstance(loss, Loss) else loss)


def for_outputs(loss: Kind, count: int) -> Loss:
    """Look up a loss for a network with `count` output nodes.

    Raises:
        TypeError, ValueError: As in `find`; also if there is one output node, but the loss needs several, or
            if a function does not map y (count,) and ŷ (count,) to one number.
    """
    resolved = find(loss)
    if isinstance(resolved.derivative, callables.LossSlope):
        resolved.derivative.check(count)
    if resolved.several_outputs and count == 1:
        accepted = ", ".join(other for other in LOSSES if not LOSSES[other].several_outputs)
        raise ValueError(
            f"loss {said(loss)} needs two output nodes or more, got 1; for one node, use one of: {accepted}"
        )
    return resolved


def probabilities(loss: Kind, y_hat: Real[Array, "*batch out"]) -> Outputs:
    """Turn outputs ŷ (..., out) into probabilities (..., out).

    For "sse" this is ŷ itself (a probability if the output is a sigmoid); for "binary_cross_entropy" it is
    σ(ŷ), for each output by itself; for "softmax_cross_entropy" it is softmax(ŷ), which sums to 1.

    Raises:
        TypeError, ValueError: As in `for_outputs`.
    """
    y_hat = _outputs(y_hat)
    return for_outputs(loss, y_hat.shape[-1]).probabilities(y_hat)


def labels(
    loss: Kind, y_hat: Real[Array, "*batch out"], threshold: float | Array | None = None
) -> Int[Array, "..."]:
    """Name the predicted group of each row of outputs ŷ (..., out).

    For one output node, the label, of shape (...), is 1 above the threshold and 0 otherwise. For several
    nodes, it is the number of the node with the largest output, with shape (...); but for
    "binary_cross_entropy" it is 0 or 1 for each node, with shape (..., out).

    >>> print(labels("sse", jnp.array([[0.2], [0.9]])))
    [0 1]


    Args:
        loss: The loss that the outputs were trained with.
        y_hat: Outputs (..., out); the last axis has one entry per output node. A single row (out,) is
            accepted, too.
        threshold: The value above which the label is 1, on the scale of `probabilities`. None means ½, the
            middle of the range of a probability; for a tanh output trained on -1 and +1, pass 0.

    Raises:
        TypeError: As in `probabilities`; also if threshold is not a single number.
        ValueError: As in `probabilities`; also if a threshold is given although the largest output decides.
    """
    y_hat = _outputs(y_hat)
    resolved = for_outputs(loss, y_hat.shape[-1])
    return group(resolved, resolved.probabilities(y_hat), threshold)


def group(loss: Loss, p: Array, threshold: float | Array | None) -> Array:
    """Name the group of each row of probabilities, or of targets, (..., out)."""
    if threshold is not None:
        checks.number("threshold", threshold)
    if p.shape[-1] > 1 and not loss.label_per_node:
        if threshold is not None:
            raise ValueError(
                f"threshold must be None for {p.shape[-1]} output nodes: the largest output names the group"
            )
        return jnp.argmax(p, axis=-1)
    answers = (p > (0.5 if threshold is None else threshold)).astype(int)
    return answers[..., 0] if p.shape[-1] == 1 else answers


def _outputs(y_hat: Real[Array, "*batch out"]) -> Array:
    array = jnp.asarray(checks.numbers("y_hat", y_hat))
    if array.ndim == 0:
        raise ValueError("y_hat must have an axis of output nodes, (..., out); got one number")
    return array

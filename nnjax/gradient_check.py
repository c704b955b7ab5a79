"""Check a backward pass: compare its gradients, layer by layer, with jax.grad and finite differences."""

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import ArrayLike

from nnjax import backprop, checks, losses, reporting
from nnjax.network import (
    Network,
    Params,
    check_batch,
    check_params,
    matrix_outputs,
    matrix_total_loss,
)

DIRECTIONS = 4
"""The number of random directions along which each layer's slope is measured by differences."""
STEP = 1e-6
"""Step size of the central differences, relative to the size of the parameters."""
AGREE, AGREE_DIFFERENCES = 1e-9, 1e-5
"""The largest relative errors in float64 that count as agreement; finite differences lose half the digits."""
SURE = 10
"""An error proves nothing if it is below this multiple of the rounding error of the differences."""


@dataclasses.dataclass(frozen=True)
class LayerCheck:
    """The comparison for one layer's weights or biases.

    Attributes:
        layer: The number of the layer, counted from 1.
        part: "weights" or "biases".
        ratios: The smallest and the largest ratio of a hand-written derivative to the one from jax.grad.
        error: The largest difference from jax.grad, in units of the layer's largest gradient.
        by_differences: The largest difference from central differences along random directions, in units of
            the larger of the two slopes.
        rounding: The rounding error of the central differences, in the same units. It is estimated from how
            much the differences change with another step size, and from the precision of the loss and the
            outputs in float64. Where the loss is nearly flat (saturated nodes), the differences show
            mostly rounding errors.
    """

    layer: int
    part: str
    ratios: tuple[float, float]
    error: float
    by_differences: float
    rounding: float

    @property
    def agrees(self) -> bool:
        """Whether both errors come from rounding; if differences prove nothing, only `error` counts."""
        allowed = max(AGREE_DIFFERENCES, SURE * self.rounding)
        return self.error <= AGREE and (self.blind or self.by_differences <= allowed)

    @property
    def blind(self) -> bool:
        """Whether differences prove nothing here, since their rounding error may be as large as the slope."""
        return SURE * self.rounding >= 1


@dataclasses.dataclass(frozen=True)
class GradientCheck:
    """The comparison for all layers; it prints as a table.

    Attributes:
        layers: The comparisons for the weights and for the biases of each layer.
    """

    layers: tuple[LayerCheck, ...]

    @property
    def agrees(self) -> bool:
        """Whether every layer agrees."""
        return all(layer.agrees for layer in self.layers)

    def __repr__(self) -> str:
        head = ("layer", "by hand / jax.grad", "off from jax.grad", "off from differences", "")
        rows = [
            (
                f"{one.layer} {one.part}",
                " to ".join(dict.fromkeys(f"{ratio:.6g}" for ratio in one.ratios)),
                f"{one.error:.1e}",
                f"{one.by_differences:.1e}",
                ("agrees" if one.agrees else "DIFFERS")
                + (", differences prove nothing here" if one.blind else ""),
            )
            for one in self.layers
        ]
        return str(reporting.table([head, *rows]))


def check_gradients(
    network: Network,
    params: Params,
    xs: ArrayLike,
    ys: ArrayLike,
    loss: losses.Kind = "sse",
    gradients: Callable[..., Params] = backprop.gradients,
) -> GradientCheck:
    """Compare hand-written gradients with jax.grad and with central differences.

    Use it for your own activation, loss or deltas: if a derivative is wrong, the layers below it disagree and
    those above agree. Everything is computed in float64, whatever JAX's x64 flag says. At a kink (ReLU at
    exactly z = 0, where rows of 0 end up if the biases are 0) the three may differ although all are right.

    >>> import nnjax
    >>> check = nnjax.check_gradients(*nnjax.handout()[:2], [[1, 3, 5]], [[1]])
    >>> check.agrees
    True

    Args:
        network: The network.
        params: The parameters at which gradients are compared.
        xs: Inputs (n, in).
        ys: Labels (n, out).
        loss: As in `nnjax.gradients`.
        gradients: The function to check, such as `nnjax.nodewise.gradients`, `nnjax.columnwise.gradients`, or
            your own. It takes the arguments of `nnjax.gradients`, and returns what that returns.

    Returns:
        A `GradientCheck`: `print` shows a table, `.agrees` says whether all layers agree.

    Raises:
        TypeError, ValueError: As in `nnjax.gradients`; also if `gradients` returns wrong shapes.
    """
    checks.functions(gradients=gradients)
    with jax.enable_x64(True):
        given = check_params(network, params)
        wide = jax.tree.map(lambda part: jnp.asarray(np.asarray(part), jnp.float64), given)
        wide, xs, ys, resolved = check_batch(network, wide, xs, ys, loss)

        def total(at: Params) -> jax.Array:
            return matrix_total_loss(network, at, xs, ys, resolved)

        by_hand = check_params(network, gradients(network, wide, xs, ys, loss))
        by_jax, compiled = jax.jit(jax.grad(total))(wide), jax.jit(total)
        parts = ("weights", "biases") if network.biases else ("weights",)
        noise = _noise(resolved, ys, matrix_outputs(network, wide, xs))
        compared = [
            _compared(compiled, noise, wide, by_hand, by_jax, layer, part)
            for layer in range(len(wide))
            for part in parts
        ]
    return GradientCheck(tuple(compared))


def _noise(loss: losses.Loss, ys: jax.Array, outputs: jax.Array) -> float:
    """Estimate the rounding error of the total loss, including the part that comes from rounded outputs."""
    eps = float(jnp.finfo(outputs.dtype).eps)
    value = jax.vmap(loss.value)
    there = value(ys, outputs)
    moved = [jnp.sum(jnp.abs(value(ys, outputs * (1 + sign * eps)) - there)) for sign in (1, -1)]
    return eps * float(jnp.abs(jnp.sum(there))) + max(map(float, moved))


def _compared(
    total: Callable[[Params], jax.Array],
    noise: float,
    at: Params,
    by_hand: Params,
    by_jax: Params,
    layer: int,
    part: str,
) -> LayerCheck:
    got, truth = (np.asarray(getattr(grads[layer], part)) for grads in (by_hand, by_jax))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = (got / truth)[(truth != 0) | (got != 0)]
    span = (float(ratios.min()), float(ratios.max())) if ratios.size else (1.0, 1.0)
    error = _relative(got - truth, truth)
    rng = np.random.default_rng(layer)
    directions = rng.normal(size=(DIRECTIONS, *got.shape))
    measured, again = (
        np.array([_difference(total, at, layer, part, direction, step) for direction in directions])
        for step in (STEP, 4 * STEP)
    )
    expected = np.array([np.sum(got * direction) for direction in directions])
    slopes, floor = np.array([measured, expected]), noise / _step(getattr(at[layer], part), STEP)
    off = _relative(expected - measured, slopes)
    rounding = max(_relative(again - measured, slopes), _relative(np.array(floor), slopes) if off else 0.0)
    return LayerCheck(layer + 1, part, span, error, off, rounding)


def _relative(error: np.ndarray, size: np.ndarray) -> float:
    largest = float(np.max(np.abs(size)))
    off = float(np.max(np.abs(error)))
    return off / largest if largest else (0.0 if off == 0 else float("inf"))


def _step(values: jax.Array, relative_step: float) -> float:
    return relative_step * max(1.0, float(jnp.max(jnp.abs(values))))


def _difference(
    total: Callable[[Params], jax.Array],
    at: Params,
    layer: int,
    part: str,
    direction: np.ndarray,
    relative_step: float,
) -> float:
    """(L(θ + h v) - L(θ - h v)) / 2h along a direction v of one layer's weights or biases."""
    values = getattr(at[layer], part)
    step = _step(values, relative_step)

    def moved(by: float) -> jax.Array:
        layers = list(at)
        layers[layer] = at[layer]._replace(**{part: values + by * direction})
        return total(tuple(layers))

    return float(moved(step) - moved(-step)) / (2 * step)

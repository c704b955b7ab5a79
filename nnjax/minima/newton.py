"""Newton's method for a loss of any parameter pytree: the Hessian, and steps to a nearby critical point."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.extend import core
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PyTree

from nnjax import checks, linalg

Objective = Callable[[Any], Array]
"""A loss as a function of a parameter pytree alone."""


class OnVectors(NamedTuple):
    """A loss as a function of one vector of parameters.

    Attributes:
        theta: The point θ, (p,).
        value: (p,) -> L.
        gradient: (p,) -> ∂L/∂θ, (p,).
        back: (p,) -> the parameter pytree.
    """

    theta: Array
    value: Objective
    gradient: Callable[[Array], Array]
    back: Callable[[Array], PyTree]


def real_leaf(leaf: Any) -> Array:
    """Return a leaf as floating-point numbers; integers, which are exact, get the widest dtype.

    Raises:
        TypeError: If the leaf does not hold real numbers.
    """
    if isinstance(leaf, int | float):
        return jnp.asarray(float(leaf))
    array = jnp.asarray(checks.numbers("params", leaf))
    if jnp.issubdtype(array.dtype, jnp.complexfloating):
        raise TypeError(f"params must be real numbers, got {array.dtype}")
    is_real = jnp.issubdtype(array.dtype, jnp.floating)
    return array if is_real else array.astype(jax.dtypes.canonicalize_dtype(jnp.float64))


def on_vectors(loss: Objective, params: PyTree, gradient: Callable | None = None) -> OnVectors:
    """Turn a loss of a pytree into functions of one vector."""
    theta, back = ravel_pytree(jax.tree.map(real_leaf, params))
    of_params = gradient or jax.grad(loss)

    def value(v: Array) -> Array:
        return jnp.asarray(loss(back(v)))

    def slope(v: Array) -> Array:
        return ravel_pytree(of_params(back(v)))[0]

    return OnVectors(theta, _traced(value, theta), _traced(slope, theta), back)


def _traced(function: Callable, theta: Array) -> Callable:
    """Trace a function once, however often it is called."""
    run = core.jaxpr_as_fun(jax.make_jaxpr(function)(theta))
    return lambda v: run(v)[0]


def length(vector: Array) -> Array:
    """|v| = √Σ v²."""
    return jnp.sqrt(jnp.sum(vector * vector))


def hessian(loss: Objective, params: PyTree, gradient: Callable | None = None) -> Float[Array, "p p"]:
    """Return ∂²L/∂θ² as a symmetric matrix: the derivative of `gradient`, by default jax.grad(loss)."""
    problem = on_vectors(loss, params, gradient)
    return symmetric_jacobian(problem.gradient, problem.theta)


def symmetric_jacobian(gradient: Callable, theta: Array) -> Float[Array, "p p"]:
    """Return the Hessian at θ as (J + Jᵀ) / 2, where J is the Jacobian of the gradient."""
    matrix = jax.jacfwd(gradient)(theta)
    return (matrix + matrix.T) / 2


class Polished(NamedTuple):
    """A point that was moved to the nearest critical point.

    Attributes:
        params: The critical point, or the start if the critical point was refused.
        gradient_norm: |∂L/∂θ| at `params`.
        moved: The distance from the start.
        accepted: True if the gradient did not grow and the weights stayed bounded.
    """

    params: PyTree
    gradient_norm: Float[Array, ""]
    moved: Float[Array, ""]
    accepted: Array


def polish(
    loss: Objective, params: PyTree, gradient: Callable | None = None, steps: int = 60, growth: float = 1.5
) -> Polished:
    """Descend from where training ended to a nearby minimum, by Newton's method with a safeguard.

    θ ← θ - Σ v (v·g) / (|λ| + μ) over the Hessian's eigenvectors v (Levenberg-Marquardt; |λ| reverses uphill
    Newton steps). A step that would raise the loss is not taken, and μ is multiplied by 10; after any other
    step μ is divided by 10. The end point is refused if the gradient is longer at the end than at the start,
    or if |θ| at the end exceeds `growth` times 1 + |θ| at the start: the minimum is then not near, and may
    lie at infinity.

    Args:
        loss: A function of a parameter pytree.
        params: The parameters to start from, in float64.
        gradient: As in `certify`.
        steps: The number of Newton steps.
        growth: The largest |θ| that is accepted at the end, as a multiple of 1 + |θ| at the start.
    """
    theta, value, gradient_at, back = on_vectors(loss, params, gradient)

    def newton(_: Any, state: tuple[Array, Array]) -> tuple[Array, Array]:
        now, damping = state
        g = gradient_at(now)
        eigenvalues, vectors = linalg.eigh(symmetric_jacobian(gradient_at, now))
        size = jnp.abs(eigenvalues) + damping * jnp.max(jnp.abs(eigenvalues))
        new = now - vectors @ ((vectors.T @ g) / jnp.where(size > 0, size, 1))
        better = (value(new) <= value(now)) & (length(gradient_at(new)) < jnp.inf)
        return jnp.where(better, new, now), jnp.where(better, damping / 10, jnp.minimum(damping * 10, 1e6))

    end, _ = jax.lax.fori_loop(0, steps, newton, (theta, jnp.asarray(1e-3, theta.dtype)))
    fell = length(gradient_at(end)) <= length(gradient_at(theta))
    accepted = fell & (length(end) <= growth * (1 + length(theta)))
    kept = jnp.where(accepted, end, theta)
    return Polished(back(kept), length(gradient_at(kept)), length(kept - theta), accepted)

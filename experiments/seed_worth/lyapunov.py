"""How fast a small difference grows along a path: the difference is carried along as a tangent vector."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax


def growth(step: Callable[[Any, Any], Any], state: Any, direction: Any, inputs: Any) -> tuple[Any, jax.Array]:
    """Return the logs (t,) of the factors by which an infinitely small difference grows, and the last state.

    With dₜ₊₁ = ∂step/∂stateₜ dₜ, λ = (1/T) Σₜ ln |dₜ₊₁|/|dₜ| is the path's largest Lyapunov exponent for
    large T (Benettin et al. 1980). d is scaled to length 1 after every step.

    Args:
        step: (state, input) -> state, differentiable with respect to its state.
        state: The start of the path, a pytree of real arrays.
        direction: The difference, of the same shape as `state` and of any length.
        inputs: The input of each step, (t, ...).
    """

    def one(carry: tuple[Any, Any], given: Any) -> tuple[tuple[Any, Any], jax.Array]:
        state, direction = carry
        state, moved = jax.jvp(lambda at: step(at, given), (state,), (direction,))
        length = optax.tree.norm(moved)
        return (state, optax.tree.scale(1 / length, moved)), jnp.log(length)

    direction = optax.tree.scale(1 / optax.tree.norm(direction), direction)
    (state, _), found = jax.lax.scan(one, (state, direction), inputs)
    return state, found

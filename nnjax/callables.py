"""Plain functions as activations and losses: the only place in nnjax where JAX computes derivatives.

The manual backward pass multiplies by f' and by ∂L/∂ŷ. Both derivatives are written by hand for everything in
the tables `nnjax.ACTIVATIONS` and `nnjax.LOSSES`. If your own function comes without a derivative, this
module computes it with jax.grad. `nnjax.check_gradients` checks a derivative that is written by hand.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from nnjax import checks


@dataclasses.dataclass(frozen=True)
class Elementwise:
    """A function of one number, applied to each number of an array.

    Raises:
        ValueError: If the function does not map one number to one real number; softmax, for instance, needs a
            whole layer.
    """

    function: Callable[[Any], Any]

    def __post_init__(self) -> None:
        _refuse_other_results("activation", self.function, 1, ())

    @property
    def __name__(self) -> str:
        """Return the function's name."""
        return checks.named(self.function)

    def __call__(self, z: Float[Array, "..."]) -> Float[Array, "..."]:
        """Return f(z), number by number."""
        return _each(self.function, z)


@dataclasses.dataclass(frozen=True)
class Slope:
    """The derivative (z, a) -> da/dz of an elementwise function, computed by jax.grad."""

    function: Callable[[Any], Any]

    @property
    def __name__(self) -> str:
        """Return the function's name."""
        return "jax.grad"

    def __call__(self, z: Float[Array, "..."], a: Float[Array, "..."]) -> Float[Array, "..."]:
        """Return f'(z), number by number."""
        return _each(jax.grad(self.function), z)


@dataclasses.dataclass(frozen=True)
class LossSlope:
    """The derivative (y, ŷ) -> ∂L/∂ŷ of a loss on one example, computed by jax.grad."""

    function: Callable[[Any, Any], Any]

    @property
    def __name__(self) -> str:
        """Return the function's name."""
        return "jax.grad"

    def __call__(self, y: Float[Array, " out"], y_hat: Float[Array, " out"]) -> Float[Array, " out"]:
        """Return ∂L/∂ŷ of one example."""
        return jax.grad(self.function, argnums=1)(y, y_hat)

    def check(self, count: int) -> None:
        """Try the loss on `count` outputs; a loss with a weight for each output takes no other number.

        Raises:
            ValueError: If the loss does not map y (count,) and ŷ (count,) to one real number.
        """
        _refuse_other_results("loss", self.function, 2, (count,))


def _each(function: Callable, z: Array) -> Array:
    for _ in range(jnp.ndim(z)):
        function = jax.vmap(function)
    return function(z)


def _refuse_other_results(kind: str, function: Callable, arguments: int, shape: tuple[int, ...]) -> None:
    """Refuse a function that does not map `arguments` arrays of this shape to one floating-point number."""
    given = "one number z" if kind == "activation" else f"y {shape} and ŷ {shape}"
    expected = f"{kind} {checks.named(function)} must return one real number for {given}"
    try:
        made = jax.eval_shape(function, *(jax.ShapeDtypeStruct(shape, jnp.float32),) * arguments)
    except Exception as error:
        raise ValueError(f"{expected}: it raises {type(error).__name__}, {error}") from error
    if getattr(made, "shape", None) != () or not jnp.issubdtype(made.dtype, jnp.floating):
        raise ValueError(f"{expected}, got {made}")

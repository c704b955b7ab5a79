"""Activation functions, each a pair: a(z) and its hand-written derivative f'(z, a).

The derivative receives the net input z and the activation a = f(z), so that it can use whichever is
handier: the handout writes the sigmoid's as a(1 - a). To add one, add a pair to `ACTIVATIONS`.
"""

import dataclasses
import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.scipy.special import erfc
from jaxtyping import Array, Float

from nnjax import checks

LEAK = 0.01
"""Slope of leaky_relu below 0."""

Nodes = Float[Array, "..."]


@dataclasses.dataclass(frozen=True)
class Activation:
    """An activation function and its derivative.

    Attributes:
        value: z -> a, elementwise.
        derivative: (z, a) -> da/dz, elementwise.
    """

    value: Callable[[Nodes], Nodes]
    derivative: Callable[[Nodes, Nodes], Nodes]


def sigmoid(z: Nodes) -> Nodes:
    """σ(z) = 1 / (1 + e⁻ᶻ), "the OG" (handout, Activation functions)."""
    return jax.nn.sigmoid(z)


def sigmoid_derivative(z: Nodes, a: Nodes) -> Nodes:
    """σ' = a(1 - a) (handout, Gradient descent)."""
    return a * (1 - a)


def relu(z: Nodes) -> Nodes:
    """ReLU(z) = max(0, z) (handout, Activation functions)."""
    return jax.nn.relu(z)


def relu_derivative(z: Nodes, a: Nodes) -> Nodes:
    """ReLU' = 1 for z > 0, else 0; at the kink, where there is none, 0 by convention."""
    return jnp.where(z > 0, jnp.ones_like(z), jnp.zeros_like(z))


def identity(z: Nodes) -> Nodes:
    """f(z) = z, for inputs and for regression outputs (handout, footnotes 5 and 8)."""
    return z


def identity_derivative(z: Nodes, a: Nodes) -> Nodes:
    """F' = 1."""
    return jnp.ones_like(z)


def tanh(z: Nodes) -> Nodes:
    """The hyperbolic tangent, 2σ(2z) - 1."""
    return jnp.tanh(z)


def tanh_derivative(z: Nodes, a: Nodes) -> Nodes:
    """Tanh' = 1 - a² = (1 - a)(1 + a)."""
    return (1 - a) * (1 + a)


def leaky_relu(z: Nodes) -> Nodes:
    """f(z) = z for z > 0, else 0.01 z (Maas, Hannun & Ng 2013)."""
    return jnp.where(z > 0, z, LEAK * z)


def leaky_relu_derivative(z: Nodes, a: Nodes) -> Nodes:
    """F' = 1 for z > 0, else 0.01."""
    return jnp.where(z > 0, jnp.ones_like(z), jnp.full_like(z, LEAK))


def elu(z: Nodes) -> Nodes:
    """f(z) = z for z > 0, else eᶻ - 1 (Clevert, Unterthiner & Hochreiter 2016)."""
    return jnp.where(z > 0, z, jnp.expm1(jnp.where(z > 0, jnp.zeros_like(z), z)))


def elu_derivative(z: Nodes, a: Nodes) -> Nodes:
    """F' = 1 for z > 0, else eᶻ; not a + 1, which loses every digit where eᶻ is small."""
    return jnp.exp(jnp.minimum(z, 0))


def softplus(z: Nodes) -> Nodes:
    """f(z) = ln(1 + eᶻ)."""
    return jax.nn.softplus(z)


def softplus_derivative(z: Nodes, a: Nodes) -> Nodes:
    """F' = σ(z)."""
    return jax.nn.sigmoid(z)


def silu(z: Nodes) -> Nodes:
    """f(z) = z σ(z), also called swish."""
    return z * jax.nn.sigmoid(z)


def silu_derivative(z: Nodes, a: Nodes) -> Nodes:
    """F' = σ(z) (1 + z σ(-z))."""
    return jax.nn.sigmoid(z) * (1 + z * jax.nn.sigmoid(-z))


def normal_cdf(z: Nodes) -> Nodes:
    """Φ(z) = erfc(-z/√2) / 2."""
    return erfc(-z / math.sqrt(2)) / 2


def gelu(z: Nodes) -> Nodes:
    """f(z) = z Φ(z), the erf form (Hendrycks & Gimpel 2016)."""
    return z * normal_cdf(z)


def gelu_derivative(z: Nodes, a: Nodes) -> Nodes:
    """F' = Φ(z) + z e^(-z²/2) / √(2π)."""
    return normal_cdf(z) + z * jnp.exp(-z * z / 2) / math.sqrt(2 * math.pi)


ACTIVATIONS: dict[str, Activation] = {
    "sigmoid": Activation(sigmoid, sigmoid_derivative),
    "relu": Activation(relu, relu_derivative),
    "identity": Activation(identity, identity_derivative),
    "tanh": Activation(tanh, tanh_derivative),
    "leaky_relu": Activation(leaky_relu, leaky_relu_derivative),
    "elu": Activation(elu, elu_derivative),
    "softplus": Activation(softplus, softplus_derivative),
    "silu": Activation(silu, silu_derivative),
    "gelu": Activation(gelu, gelu_derivative),
}

Names = str | tuple[str, ...]
"""A layer's activation: one name, or one name per node (handout, footnote 5)."""


def find(name: str) -> Activation:
    """The pair of that name; a ValueError suggests the nearest name."""
    return checks.lookup("activation", name, ACTIVATIONS)


def activate(names: Names, z: Float[Array, " j"]) -> Float[Array, " j"]:
    """aⱼ = fⱼ(zⱼ), for one layer's nodes j."""
    if isinstance(names, str):
        return find(names).value(z)
    each = {name: find(name).value(z) for name in dict.fromkeys(names)}
    return _pick(names, each)


def slope(names: Names, z: Float[Array, " j"], a: Float[Array, " j"]) -> Float[Array, " j"]:
    """fⱼ'(zⱼ, aⱼ), for one layer's nodes j."""
    if isinstance(names, str):
        return find(names).derivative(z, a)
    each = {name: find(name).derivative(z, a) for name in dict.fromkeys(names)}
    return _pick(names, each)


def _pick(names: tuple[str, ...], each: dict[str, Array]) -> Array:
    """Node j's value from the function that node j uses."""
    masks = [jnp.array([own == name for own in names]) for name in each]
    return jnp.select(masks, list(each.values()))

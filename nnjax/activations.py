"""Activation functions: f(z), its hand-written derivative f'(z, a), and the properties of each.

The derivative receives the net input z and the activation a = f(z), so that it can use whichever is handier;
the handout, for example, writes the sigmoid's derivative as a(1 - a). To add an activation, put an
`Activation` into `ACTIVATIONS`, or pass one to `nnjax.mlp`; its fields are all that the rest of nnjax needs
to know. A plain function works too; JAX then computes its derivative (see `nnjax.callables`).
"""

import dataclasses
import functools
import math
from collections.abc import Callable
from typing import Any, cast

import jax
import jax.numpy as jnp
from jax.scipy.special import erfc
from jaxtyping import Array, Bool, Float

from nnjax import callables, checks

LEAK = 0.01
"""Slope of leaky_relu below 0."""

Nodes = Float[Array, "..."]


@dataclasses.dataclass(frozen=True)
class Activation:
    """An activation function, its derivative, and its properties.

    A property that is left at its default is assumed not to hold. The tests check every claimed property.

    Attributes:
        value: z -> a, elementwise.
        derivative: (z, a) -> da/dz, elementwise.
        odd: Whether f(-z) = -f(z), so that a node's sign may be flipped (see `nnjax.symmetries`).
        complement: Whether f(-z) = 1 - f(z), so that a node's sign may be flipped if the next layer has
            biases.
        homogeneous: Whether f(c z) = c f(z) for c > 0, so that a node may be rescaled.
        exactly_flat: z -> whether the slope is exactly 0, and not merely rounded to 0; None if the slope is
            never exactly 0.
        flax: The same function in Flax or jax.nn, from which `nnjax.interop` builds modules; None if there is
            no such function.
    """

    value: Callable[[Nodes], Nodes]
    derivative: Callable[[Nodes, Nodes], Nodes]
    odd: bool = False
    complement: bool = False
    homogeneous: bool = False
    exactly_flat: Callable[[Nodes], Bool[Array, "..."]] | None = None
    flax: Callable[[Nodes], Nodes] | None = None

    def __repr__(self) -> str:
        return f"Activation({checks.named(self.value)}, {checks.named(self.derivative)})"


def sigmoid(z: Nodes) -> Nodes:
    """σ(z) = 1 / (1 + e⁻ᶻ), "the OG" (handout, Activation functions).

    >>> print(f"{sigmoid(2.6):.7f}")
    0.9308616
    """
    return jax.nn.sigmoid(z)


def sigmoid_derivative(z: Nodes, a: Nodes) -> Nodes:
    """σ' = a(1 - a) (handout, Gradient descent).

    >>> print(f"{sigmoid_derivative(2.6, 0.9308616):.8f}")
    0.06435828
    """
    return a * (1 - a)


def relu(z: Nodes) -> Nodes:
    """ReLU(z) = max(0, z) (handout, Activation functions).

    >>> print(f"{relu(2.6):.1f} {relu(-0.1):.1f}")
    2.6 0.0
    """
    return jax.nn.relu(z)


def relu_derivative(z: Nodes, a: Nodes) -> Nodes:
    """ReLU' = 1 for z > 0, else 0; at the kink z = 0, where no derivative exists, it is 0 by convention."""
    return jnp.where(z > 0, jnp.ones_like(z), jnp.zeros_like(z))


def identity(z: Nodes) -> Nodes:
    """f(z) = z, for inputs and for regression outputs (handout, footnotes 5 and 8)."""
    return z


def identity_derivative(z: Nodes, a: Nodes) -> Nodes:
    """f' = 1."""
    return jnp.ones_like(z)


def tanh(z: Nodes) -> Nodes:
    """The hyperbolic tangent, f(z) = 2σ(2z) - 1."""
    return jnp.tanh(z)


def tanh_derivative(z: Nodes, a: Nodes) -> Nodes:
    """tanh' = 1 - a² = (1 - a)(1 + a)."""
    return (1 - a) * (1 + a)


def leaky_relu(z: Nodes) -> Nodes:
    """f(z) = z for z > 0, else 0.01 z (Maas, Hannun & Ng 2013)."""
    return jnp.where(z > 0, z, LEAK * z)


def leaky_relu_derivative(z: Nodes, a: Nodes) -> Nodes:
    """f' = 1 for z > 0, else 0.01."""
    return jnp.where(z > 0, jnp.ones_like(z), jnp.full_like(z, LEAK))


def elu(z: Nodes) -> Nodes:
    """f(z) = z for z > 0, else eᶻ - 1 (Clevert, Unterthiner & Hochreiter 2016)."""
    return jnp.where(z > 0, z, jnp.expm1(jnp.where(z > 0, jnp.zeros_like(z), z)))


def elu_derivative(z: Nodes, a: Nodes) -> Nodes:
    """f' = 1 for z > 0, else eᶻ; eᶻ is not computed as a + 1, which loses all digits if eᶻ is small."""
    return jnp.exp(jnp.minimum(z, 0))


def softplus(z: Nodes) -> Nodes:
    """f(z) = ln(1 + eᶻ)."""
    return jax.nn.softplus(z)


def softplus_derivative(z: Nodes, a: Nodes) -> Nodes:
    """f' = σ(z)."""
    return jax.nn.sigmoid(z)


def silu(z: Nodes) -> Nodes:
    """f(z) = z σ(z), also called swish."""
    return z * jax.nn.sigmoid(z)


def silu_derivative(z: Nodes, a: Nodes) -> Nodes:
    """f' = σ(z) (1 + z σ(-z))."""
    return jax.nn.sigmoid(z) * (1 + z * jax.nn.sigmoid(-z))


def normal_cdf(z: Nodes) -> Nodes:
    """Φ(z) = erfc(-z/√2) / 2, the standard normal distribution function."""
    return erfc(-z / math.sqrt(2)) / 2


def gelu(z: Nodes) -> Nodes:
    """f(z) = z Φ(z), the erf form (Hendrycks & Gimpel 2016)."""
    return z * normal_cdf(z)


def gelu_derivative(z: Nodes, a: Nodes) -> Nodes:
    """f' = Φ(z) + z e^(-z²/2) / √(2π)."""
    return normal_cdf(z) + z * jnp.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def not_positive(z: Nodes) -> Bool[Array, "..."]:
    """Find where ReLU is flat: z ≤ 0."""
    return z <= 0


ACTIVATIONS: dict[str, Activation] = {
    "sigmoid": Activation(sigmoid, sigmoid_derivative, complement=True, flax=jax.nn.sigmoid),
    "relu": Activation(relu, relu_derivative, homogeneous=True, exactly_flat=not_positive, flax=jax.nn.relu),
    "identity": Activation(identity, identity_derivative, odd=True, homogeneous=True, flax=jax.nn.identity),
    "tanh": Activation(tanh, tanh_derivative, odd=True, flax=jnp.tanh),
    "leaky_relu": Activation(leaky_relu, leaky_relu_derivative, homogeneous=True, flax=jax.nn.leaky_relu),
    "elu": Activation(elu, elu_derivative, flax=jax.nn.elu),
    "softplus": Activation(softplus, softplus_derivative, flax=jax.nn.softplus),
    "silu": Activation(silu, silu_derivative, flax=jax.nn.silu),
    "gelu": Activation(gelu, gelu_derivative, flax=functools.partial(jax.nn.gelu, approximate=False)),
}

ALIASES = {
    "linear": "identity",
    "none": "identity",
    "logistic": "sigmoid",
    "swish": "silu",
    "rectifier": "relu",
    "lrelu": "leaky_relu",
}
"""Other libraries' names for the activations, in lower case and without underscores."""

Kind = str | Activation | Callable[[Any], Any]
"""A node's activation: a name, an `Activation` or a function; a network stores a name or an `Activation`."""
Names = Kind | tuple[Kind, ...]
"""A layer's activation: one for all nodes, or one per node (handout, footnote 5)."""


def find(activation: Any) -> Activation:
    """Look up an activation by name or alias (in upper or lower case), or make one from a function.

    Raises:
        TypeError: If a function or an Activation cannot be hashed.
        ValueError: If there is no activation with that name (the message suggests the nearest name), or the
            function does not map each number to one number.
    """
    return resolve(find_kind(activation))


def find_kind(activation: Any) -> Kind:
    """Return our name for an activation, or an `Activation` if it has none; equal inputs give equal results.

    Raises:
        TypeError, ValueError: As in `find`.
    """
    if isinstance(activation, Activation):
        checks.functions(value=activation.value, derivative=activation.derivative)
    elif callable(activation) and not isinstance(activation, type):
        checks.functions(activation=activation)
        activation = _of_function(activation)
    else:
        return checks.canonical("activation", activation, ACTIVATIONS, ALIASES)
    return next((name for name, known in ACTIVATIONS.items() if known == activation), activation)


def _of_function(function: Callable[..., Any]) -> Activation:
    """Return the table's entry for a function, or else make an entry whose derivative JAX computes."""
    for known in ACTIVATIONS.values():
        if function is known.value or function is known.flax:
            return known
    value = callables.Elementwise(function)
    return Activation(value, callables.Slope(function), flax=value)


def resolve(kind: Kind) -> Activation:
    """Return the activation for a kind that `find_kind` returned."""
    return ACTIVATIONS[kind] if isinstance(kind, str) else cast(Activation, kind)


def said(names: Names) -> str:
    """Name a layer's activations in words: one for all nodes, or one per node."""
    return ", ".join(map(said, names)) if isinstance(names, tuple) else _said(names)


def _said(kind: Kind) -> str:
    return kind if isinstance(kind, str) else checks.named(resolve(kind).value)


def per_node(names: Names, width: int) -> tuple[Activation, ...]:
    """Return the activation of each of a layer's `width` nodes."""
    nodes = names if isinstance(names, tuple) else (names,) * width
    return tuple(resolve(kind) for kind in nodes)


def activate(names: Names, z: Float[Array, " j"]) -> Float[Array, " j"]:
    """aⱼ = fⱼ(zⱼ), for one layer's nodes j."""
    if not isinstance(names, tuple):
        return resolve(names).value(z)
    return _pick(names, {kind: resolve(kind).value(z) for kind in dict.fromkeys(names)})


def slope(names: Names, z: Float[Array, " j"], a: Float[Array, " j"]) -> Float[Array, " j"]:
    """fⱼ'(zⱼ, aⱼ), for one layer's nodes j."""
    if not isinstance(names, tuple):
        return resolve(names).derivative(z, a)
    return _pick(names, {kind: resolve(kind).derivative(z, a) for kind in dict.fromkeys(names)})


def _pick(names: tuple[Kind, ...], by_kind: dict[Kind, Array]) -> Array:
    """Take each node's value from the function that the node uses."""
    masks = [jnp.array([node == kind for node in names]) for kind in by_kind]
    return jnp.select(masks, list(by_kind.values()))

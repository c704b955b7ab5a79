"""Networks that differ in their weights and compute the same function: permuted, sign-flipped, rescaled.

A hidden layer of n nodes may be permuted in n! ways. A tanh node may flip the sign of everything that enters
and leaves it, a sigmoid node too if the next layer has a bias to take up the shift, since
σ(-z) = 1 - σ(z): so 2ⁿ n! copies of each (Chen, Lu & Hecht-Nielsen 1993). A ReLU node may be rescaled by any
c > 0. `canonical` picks one copy of all, `align` the one nearest to another network.
"""

from typing import Any

import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float

from nnjax.network import Layer, Network, Params, check_params

ODD = ("tanh", "identity")
"""f(-z) = -f(z): the sign may flip."""
SHIFTED = ("sigmoid",)
"""f(-z) = 1 - f(z): the sign may flip if the next layer has biases."""
HOMOGENEOUS = ("relu", "leaky_relu", "identity")
"""f(c z) = c f(z) for c > 0: the node may be rescaled."""


def _names(network: Network, layer: int) -> tuple[str, ...]:
    names = network.activations[layer]
    return (names,) * network.sizes[layer + 1] if isinstance(names, str) else names


def _is(network: Network, layer: int, known: tuple[str, ...]) -> np.ndarray:
    return np.array([name in known for name in _names(network, layer)])


def may_flip(network: Network, layer: int) -> np.ndarray:
    """Which nodes (j,) of hidden layer `layer`, counted from 0, can change sign."""
    shifted = _is(network, layer, SHIFTED) & network.biases
    return _is(network, layer, ODD) | shifted


def permuted(params: Params, layer: int, order: Any) -> Params:
    """The same function with the nodes of a hidden layer in another order: node j is what order[j] was."""
    here, above = params[layer], params[layer + 1]
    here = Layer(here.weights[:, order], here.biases[order])
    return (*params[:layer], here, Layer(above.weights[order], above.biases), *params[layer + 2 :])


def flipped(network: Network, params: Params, layer: int, sign: Float[Array, " j"]) -> Params:
    """The same function with nodes' signs changed where sign (j,) is -1.

    wⱼ → -wⱼ, bⱼ → -bⱼ, vⱼ → -vⱼ, and for the sigmoid c → c + vⱼ, where vⱼ are the weights out of node j and c
    the next layer's biases.
    """
    here, above = params[layer], params[layer + 1]
    shifted = jnp.asarray(_is(network, layer, SHIFTED)) & (sign < 0)
    shift = jnp.sum(jnp.where(shifted[:, None], above.weights, 0), axis=0)
    here = Layer(here.weights * sign[None], here.biases * sign)
    above = Layer(above.weights * sign[:, None], above.biases + shift)
    return (*params[:layer], here, above, *params[layer + 2 :])


def rescaled(params: Params, layer: int, factor: Float[Array, " j"]) -> Params:
    """The same function, of a layer of ReLU nodes, with what enters node j times factor[j] > 0."""
    here, above = params[layer], params[layer + 1]
    here = Layer(here.weights * factor[None], here.biases * factor)
    above = Layer(above.weights / factor[:, None], above.biases)
    return (*params[:layer], here, above, *params[layer + 2 :])


def incoming(layer: Layer) -> Float[Array, "i1 j"]:
    """Weights and biases into the nodes of a layer, (in + 1, out)."""
    return jnp.concatenate([layer.weights, layer.biases[None]])


def canonical(network: Network, params: Params) -> Params:
    """One representative of all networks that are copies of `params`; it computes the same function.

    Layer by layer from the input: nodes that can be rescaled get incoming weights of length 1; nodes that
    can be flipped get the sign that makes ⟨(wⱼ, bⱼ), r⟩ positive, for a fixed direction r without meaning;
    nodes with the same activation are sorted by that number. Two copies come out equal to rounding, unless
    two nodes' numbers are equal, which has probability 0 for trained networks. Identity nodes have further
    symmetries (any invertible mixture), which are left alone.

    Raises:
        TypeError, ValueError: As `nnjax.forward` for params.
    """
    check_params(network, params)
    for layer in range(len(params) - 1):
        vectors = incoming(params[layer])
        length = jnp.sqrt(jnp.sum(vectors * vectors, axis=0))
        scaled = jnp.asarray(_is(network, layer, HOMOGENEOUS)) & (length > 0)
        params = rescaled(params, layer, jnp.where(scaled, 1 / jnp.where(scaled, length, 1), 1))
        number = _direction(vectors) @ incoming(params[layer])
        sign = jnp.where(jnp.asarray(may_flip(network, layer)) & (number < 0), -1, 1).astype(number.dtype)
        params = flipped(network, params, layer, sign)
        params = permuted(params, layer, _sorted(network, layer, number * sign))
    return params


def _direction(vectors: Array) -> Array:
    return jnp.cos(1 + jnp.arange(vectors.shape[0], dtype=vectors.dtype))


def _sorted(network: Network, layer: int, number: Array) -> Array:
    """Nodes by rising number among those of the same activation, which keep their places as a set."""
    names = np.array(_names(network, layer))
    order = jnp.arange(len(names))
    for name in dict.fromkeys(names):
        places = np.flatnonzero(names == name)
        order = order.at[places].set(jnp.asarray(places)[jnp.argsort(number[places])])
    return order


def align(network: Network, params: Params, reference: Params, passes: int = 4) -> Params:
    """The copy of `params`, permuted and sign-flipped, whose weights are nearest to `reference`.

    maximise ⟨w, w'⟩ + ⟨b, b'⟩ + ⟨v, v'⟩ over the orders and signs of a hidden layer's nodes, an assignment
    problem, solved exactly (Hungarian algorithm); for several hidden layers one after the other, `passes`
    times (weight matching, Ainsworth et al. 2023). Nodes are not rescaled. Nothing is known of the function's
    values, so a nearer network need not be nearer in loss.

    Raises:
        TypeError, ValueError: As `nnjax.forward` for params and reference.
    """
    check_params(network, params)
    check_params(network, reference)
    hidden = len(params) - 1
    for _ in range(passes if hidden > 1 else 1):
        for layer in range(hidden):
            params = _aligned(network, params, reference, layer)
    return params


def _aligned(network: Network, params: Params, reference: Params, layer: int) -> Params:
    def vectors(of: Params) -> Array:
        return jnp.concatenate([incoming(of[layer]), of[layer + 1].weights.T])

    mine, theirs = vectors(params), vectors(reference)
    match = theirs.T @ mine
    flips = jnp.asarray(may_flip(network, layer))
    names = np.array(_names(network, layer))
    worth = jnp.where(flips[None], jnp.abs(match), match)
    allowed = jnp.asarray(names[:, None] == names)
    lowest = -1 - 2 * jnp.sum(jnp.abs(match))
    costs = jnp.where(allowed, -worth, -lowest).astype(jnp.zeros(0).dtype)  # Optax works in the default dtype
    rows, columns = optax.assignment.hungarian_algorithm(costs)
    order = jnp.zeros(len(names), columns.dtype).at[rows].set(columns)
    chosen = jnp.take_along_axis(match, order[:, None], axis=1)[:, 0]
    sign = jnp.where(flips[order] & (chosen < 0), -1, 1).astype(match.dtype)
    return flipped(network, permuted(params, layer, order), layer, sign)

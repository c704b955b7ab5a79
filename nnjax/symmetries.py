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
from jax.core import Tracer
from jaxtyping import Array, Float

from nnjax import checks
from nnjax.activations import Activation, per_node
from nnjax.network import Layer, Network, Params, check_params


def _activations(network: Network, layer: int) -> tuple[Activation, ...]:
    return per_node(network.activations[layer], network.sizes[layer + 1])


def may_flip(network: Network, layer: int) -> np.ndarray:
    """Tell which nodes (j,) of hidden layer `layer`, counted from 0, can change sign."""
    return np.array(
        [node.odd or (node.complement and network.biases) for node in _activations(network, layer)]
    )


def may_rescale(network: Network, layer: int) -> np.ndarray:
    """Tell which nodes (j,) of hidden layer `layer`, counted from 0, can be rescaled."""
    return np.array([node.homogeneous for node in _activations(network, layer)])


def _hidden_width(params: Params, layer: int) -> int:
    """Nodes of hidden layer `layer`, refused if there is no such layer, or `params` are no layers."""
    if not isinstance(params, tuple | list) or not all(hasattr(part, "weights") for part in params):
        raise TypeError("params must be a tuple of nnjax.Layer(weights, biases), as init returns")
    checks.count("layer", layer, least=0, most=len(params) - 2)
    return params[layer].weights.shape[1]


def permuted(params: Params, layer: int, order: Any) -> Params:
    """Put the nodes of a hidden layer in another order, for the same function: node j is what order[j] was.

    Raises:
        TypeError: params are no layers, or order holds no integers.
        ValueError: No such hidden layer, or order is no permutation of its nodes (seen outside jit only).
    """
    width = _hidden_width(params, layer)
    indices = checks.numbers("order", order)
    if not jnp.issubdtype(indices.dtype, jnp.integer):
        raise TypeError(f"order must hold integers, got {indices.dtype}")
    known = not isinstance(indices, Tracer)
    if indices.shape != (width,) or (known and sorted(np.asarray(indices).tolist()) != list(range(width))):
        raise ValueError(f"order must be a permutation of 0 to {width - 1}, got {order}")
    return _permuted(params, layer, indices)


def _permuted(params: Params, layer: int, order: Any) -> Params:
    here, above = params[layer], params[layer + 1]
    here = Layer(here.weights[:, order], here.biases[order])
    return (*params[:layer], here, Layer(above.weights[order], above.biases), *params[layer + 2 :])


def flipped(network: Network, params: Params, layer: int, sign: Float[Array, " j"]) -> Params:
    """Change nodes' signs where sign (j,) is -1, for the same function.

    wⱼ → -wⱼ, bⱼ → -bⱼ, vⱼ → -vⱼ, and for the sigmoid c → c + vⱼ, where vⱼ are the weights out of node j and c
    the next layer's biases.

    Raises:
        TypeError: As `nnjax.forward` for network and params.
        ValueError: params of another network, no such hidden layer, signs that are not 1 or -1, or -1 for a
            node that cannot change sign, see `may_flip` (seen outside jit only).
    """
    dtype = check_params(network, params)
    width = _hidden_width(params, layer)
    signs = checks.numbers("sign", sign)
    if signs.shape != (width,) or not _all_known(signs, lambda known: abs(known) == 1):
        raise ValueError(f"sign must hold {width} numbers 1 or -1, got {sign}")
    if not _all_known(signs, lambda known: (known == 1) | may_flip(network, layer)):
        raise ValueError(f"sign must be 1 for nodes that cannot change it, {network.activations[layer]!r}")
    return _flipped(network, params, layer, jnp.asarray(signs, dtype))


def _all_known(values: Any, holds: Any) -> bool:
    """Tell whether it holds for all values, or they are not known."""
    return isinstance(values, Tracer) or bool(np.all(holds(np.asarray(values))))


def _flipped(network: Network, params: Params, layer: int, sign: Array) -> Params:
    here, above = params[layer], params[layer + 1]
    shifted = np.array([node.complement for node in _activations(network, layer)])
    shifted = jnp.asarray(shifted) & (sign < 0)
    shift = jnp.sum(jnp.where(shifted[:, None], above.weights, 0), axis=0)
    here = Layer(here.weights * sign[None], here.biases * sign)
    above = Layer(above.weights * sign[:, None], above.biases + shift)
    return (*params[:layer], here, above, *params[layer + 2 :])


def rescaled(params: Params, layer: int, factor: Float[Array, " j"]) -> Params:
    """Multiply what enters node j by factor[j] > 0, for the same function of a layer of ReLU nodes.

    Raises:
        TypeError: params are no layers, or factor holds no numbers.
        ValueError: No such hidden layer, or factors that are not one positive number per node (seen outside
            jit only).
    """
    width = _hidden_width(params, layer)
    factors = checks.numbers("factor", factor)
    if factors.shape != (width,) or not _all_known(factors, lambda known: known > 0):
        raise ValueError(f"factor must hold {width} numbers above 0, got {factor}")
    return _rescaled(params, layer, jnp.asarray(factors, params[layer].weights.dtype))


def _rescaled(params: Params, layer: int, factor: Array) -> Params:
    here, above = params[layer], params[layer + 1]
    here = Layer(here.weights * factor[None], here.biases * factor)
    above = Layer(above.weights / factor[:, None], above.biases)
    return (*params[:layer], here, above, *params[layer + 2 :])


def incoming(layer: Layer) -> Float[Array, "i1 j"]:
    """Stack weights and biases into the nodes of a layer, (in + 1, out)."""
    return jnp.concatenate([layer.weights, layer.biases[None]])


def canonical(network: Network, params: Params) -> Params:
    """Choose one representative of all networks that are copies of `params`; it computes the same function.

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
        scaled = jnp.asarray(may_rescale(network, layer)) & (length > 0)
        params = _rescaled(params, layer, jnp.where(scaled, 1 / jnp.where(scaled, length, 1), 1))
        number = _direction(vectors) @ incoming(params[layer])
        sign = jnp.where(jnp.asarray(may_flip(network, layer)) & (number < 0), -1, 1).astype(number.dtype)
        params = _flipped(network, params, layer, sign)
        params = _permuted(params, layer, _sorted(network, layer, number * sign))
    return params


def _direction(vectors: Array) -> Array:
    return jnp.cos(1 + jnp.arange(vectors.shape[0], dtype=vectors.dtype))


def _kinds(network: Network, layer: int) -> np.ndarray:
    """A hidden layer's activations by name, one per node (j,)."""
    names = network.activations[layer]
    return np.array((names,) * network.sizes[layer + 1] if isinstance(names, str) else names)


def _sorted(network: Network, layer: int, number: Array) -> Array:
    """Nodes by rising number among those of the same activation, which keep their places as a set."""
    kinds = _kinds(network, layer)
    order = jnp.arange(len(kinds))
    for kind in dict.fromkeys(kinds.tolist()):
        places = np.flatnonzero(kinds == kind)
        order = order.at[places].set(jnp.asarray(places)[jnp.argsort(number[places])])
    return order


def align(network: Network, params: Params, reference: Params, passes: int = 4) -> Params:
    """Choose the copy of `params`, permuted and sign-flipped, whose weights are nearest to `reference`.

    Maximise ⟨w, w'⟩ + ⟨b, b'⟩ + ⟨v, v'⟩ over the orders and signs of a hidden layer's nodes, an assignment
    problem, solved exactly (Hungarian algorithm); for several hidden layers one after the other, `passes`
    times (weight matching, Ainsworth et al. 2023). Nodes are not rescaled. Nothing is known of the function's
    values, so a nearer network need not be nearer in loss.

    Raises:
        TypeError, ValueError: As `nnjax.forward` for params and reference.
    """
    check_params(network, params)
    check_params(network, reference)
    checks.count("passes", passes)
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
    kinds = _kinds(network, layer)
    worth = jnp.where(flips[None], jnp.abs(match), match)
    allowed = jnp.asarray(kinds[:, None] == kinds)
    lowest = -1 - 2 * jnp.sum(jnp.abs(match))
    costs = jnp.where(allowed, -worth, -lowest).astype(jnp.zeros(0).dtype)  # Optax works in the default dtype
    rows, columns = optax.assignment.hungarian_algorithm(costs)
    order = jnp.zeros(len(kinds), columns.dtype).at[rows].set(columns)
    chosen = jnp.take_along_axis(match, order[:, None], axis=1)[:, 0]
    sign = jnp.where(flips[order] & (chosen < 0), -1, 1).astype(match.dtype)
    return _flipped(network, _permuted(params, layer, order), layer, sign)

"""Networks with different weights that compute the same function: permuted, sign-flipped or rescaled.

The n nodes of a hidden layer can be permuted in n! ways. The signs of all weights into and out of a tanh node
can be flipped. The same is true of a sigmoid node if the next layer has biases to absorb the shift, since
σ(-z) = 1 - σ(z). A network with one hidden layer of such nodes therefore has 2ⁿ n! copies (Chen, Lu &
Hecht-Nielsen 1993). A ReLU node can be rescaled by any c > 0. `canonical` picks one of all the copies, and
`align` picks one that is near another network.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.core import Tracer
from jaxtyping import Array, ArrayLike, Bool, Float

from nnjax import checks
from nnjax.activations import Activation, activate, per_node
from nnjax.network import Layer, Network, Params, as_layers, check_params


def _activations(network: Network, layer: int) -> tuple[Activation, ...]:
    return per_node(network.activations[layer], network.sizes[layer + 1])


def may_flip(network: Network, layer: int) -> np.ndarray:
    """Find which nodes (j,) of hidden layer `layer`, counted from 0, can be flipped."""
    return np.array(
        [node.odd or (node.complement and network.biases) for node in _activations(network, layer)]
    )


def may_rescale(network: Network, layer: int) -> np.ndarray:
    """Find which nodes (j,) of hidden layer `layer`, counted from 0, can be rescaled."""
    return np.array([node.homogeneous for node in _activations(network, layer)])


def _hidden_width(params: Params, layer: int) -> int:
    """Return the width of hidden layer `layer`; raise an exception if there is no such layer."""
    checks.count("layer", layer, least=0, most=len(params) - 2)
    return params[layer].weights.shape[1]


def permuted(params: Params, layer: int, order: Any) -> Params:
    """Reorder a hidden layer's nodes and keep the function: the new node j is the old node order[j].

    Raises:
        TypeError: If params are not layers, or order does not hold integers.
        ValueError: If there is no such hidden layer, or order is not a permutation of its nodes (this is
            checked outside jit only).
    """
    params = as_layers(params)
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
    """Flip the nodes where sign (j,) is -1, and keep the function.

    wⱼ → -wⱼ, bⱼ → -bⱼ, vⱼ → -vⱼ, and for the sigmoid c → c + vⱼ, where vⱼ are the weights out of node j and c
    are the biases of the next layer.

    Raises:
        TypeError: As in `nnjax.forward` for network and params.
        ValueError: If params belong to another network, there is no such hidden layer, a sign is not 1 or -1,
            or a node that cannot be flipped (see `may_flip`) has the sign -1. Signs are checked outside jit
            only.
    """
    params = check_params(network, params)
    dtype = params[0].weights.dtype
    width = _hidden_width(params, layer)
    signs = checks.numbers("sign", sign)
    if signs.shape != (width,) or not _all_known(signs, lambda known: abs(known) == 1):
        raise ValueError(f"sign must hold {width} numbers 1 or -1, got {sign}")
    if not _all_known(signs, lambda known: (known == 1) | may_flip(network, layer)):
        raise ValueError(f"sign must be 1 for nodes that cannot be flipped, {network.activations[layer]!r}")
    return _flipped(network, params, layer, jnp.asarray(signs, dtype))


def _all_known(values: Any, holds: Any) -> bool:
    """Check whether a condition holds for all values; values that are not known yet pass."""
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
    """Multiply the weights into each ReLU node j by factor[j] > 0, and keep the function.

    Raises:
        TypeError: If params are not layers, or factor does not hold numbers.
        ValueError: If there is no such hidden layer, or factor is not one positive number per node (its sign
            is checked outside jit only).
    """
    params = as_layers(params)
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
    """Stack the weights and biases that lead into the nodes of a layer, (in + 1, out)."""
    return jnp.concatenate([layer.weights, layer.biases[None]])


def _entering(network: Network, params: Params, layer: int) -> Float[Array, "i1 j"]:
    """Return `incoming` for a hidden layer, with silent nodes below counted as part of the bias.

    A silent node, whose incoming weights and bias are all 0, has the constant activation f(0). The incoming
    weights of a silent node do not determine its sign and scale, so its outgoing weights must not determine
    the signs and scales of the nodes above.
    """
    if layer == 0:
        return incoming(params[0])
    silent = _silent(network, params, layer - 1)
    weights, biases = params[layer]
    constant = activate(network.activations[layer - 1], jnp.zeros(silent.shape, weights.dtype))
    taken = jnp.sum(jnp.where(silent, constant, 0)[:, None] * weights, axis=0)
    return incoming(Layer(jnp.where(silent[:, None], 0, weights), biases + taken))


def _silent(network: Network, params: Params, layer: int) -> Bool[Array, " j"]:
    return jnp.all(_entering(network, params, layer) == 0, axis=0)


def _lengths(vectors: Float[Array, "i j"]) -> Float[Array, " j"]:
    return jnp.sqrt(jnp.sum(vectors * vectors, axis=0))


def _quotients(above: Array, below: Array, where: ArrayLike) -> Array:
    """Return above / below, or 1 outside `where`, and wherever one of the two is 0."""
    used = jnp.asarray(where) & (above > 0) & (below > 0)
    return jnp.where(used, above / jnp.where(used, below, 1), 1)


def canonical(network: Network, params: Params) -> Params:
    """Choose one representative of all copies of `params`, which computes the same function.

    The representative is made layer by layer, from the input upwards. Nodes that can be rescaled get incoming
    weights of length 1; nodes that can be flipped get the sign that makes ⟨(wⱼ, bⱼ), r⟩ positive, for a
    fixed, arbitrary direction r. Nodes with the same activation are sorted by this inner product. Silent
    nodes, whose incoming weights and bias are all 0, are scaled, flipped and sorted by their outgoing
    weights.

    Two copies give the same result up to rounding, unless two nodes have the same inner product, which has
    probability 0 in trained networks. Nodes with equal incoming weights keep their order. Identity nodes have
    further symmetries (any invertible mixture), which are ignored.

    Raises:
        TypeError, ValueError: As in `nnjax.forward` for params.
    """
    params = check_params(network, params)
    hidden = range(len(params) - 1)
    for layer in hidden:
        length = _lengths(_entering(network, params, layer))
        params = _rescaled(
            params, layer, _quotients(jnp.ones_like(length), length, may_rescale(network, layer))
        )
        number = _numbers(_entering(network, params, layer))
        sign = _signs(may_flip(network, layer), number)
        params = _flipped(network, params, layer, sign)
        params = _permuted(params, layer, _sorted(network, layer, number * sign))
    for layer in reversed(hidden):
        params = _silent_settled(network, params, layer)
    return params


def _silent_settled(network: Network, params: Params, layer: int) -> Params:
    """Scale, flip and sort silent nodes by their outgoing weights; the layers above must be settled."""
    silent, leaving = _silent(network, params, layer), params[layer + 1].weights.T
    length = _lengths(leaving)
    factor = _quotients(length, jnp.ones_like(length), silent & may_rescale(network, layer))
    params = _rescaled(params, layer, factor)
    number = jnp.where(silent, _numbers(params[layer + 1].weights.T), 0)
    sign = _signs(silent & may_flip(network, layer), number)
    params = _flipped(network, params, layer, sign)
    entering = _numbers(_entering(network, params, layer))
    return _permuted(params, layer, _sorted(network, layer, entering, number * sign))


def _numbers(vectors: Float[Array, "i j"]) -> Float[Array, " j"]:
    """Return ⟨vⱼ, r⟩ for a fixed direction r."""
    return jnp.cos(1 + jnp.arange(vectors.shape[0], dtype=vectors.dtype)) @ vectors


def _signs(may: ArrayLike, number: Array) -> Array:
    return jnp.where(jnp.asarray(may) & (number < 0), -1, 1).astype(number.dtype)


def _kinds(network: Network, layer: int) -> np.ndarray:
    """Return a hidden layer's activations by name, one per node (j,)."""
    names = network.activations[layer]
    return np.array(names if isinstance(names, tuple) else (names,) * network.sizes[layer + 1], object)


def _sorted(network: Network, layer: int, number: Array, ties: Array | None = None) -> Array:
    """Sort nodes with the same activation by `number`; as a set, their places stay the same."""
    kinds = _kinds(network, layer)
    order = jnp.arange(len(kinds))
    for kind in dict.fromkeys(kinds.tolist()):
        places = np.flatnonzero(kinds == kind)
        keys = (number[places],) if ties is None else (ties[places], number[places])
        order = order.at[places].set(jnp.asarray(places)[jnp.lexsort(keys)])
    return order


def align(network: Network, params: Params, reference: Params, passes: int = 4) -> Params:
    """Choose a copy of `params`, permuted, sign-flipped and rescaled, that is near `reference`.

    For a hidden layer, ⟨w, w'⟩ + ⟨b, b'⟩ + ⟨v, v'⟩ is maximised over the orders and signs of its nodes; this
    is an assignment problem, which the Hungarian algorithm solves exactly. Several hidden layers are matched
    one after the other, `passes` times (weight matching, Ainsworth et al. 2023). This search may get stuck
    where no single layer can be improved, so it is started twice. The first start is `params` as they are.
    For the second start, the layers are matched from the input upwards by their incoming weights, and nodes
    that can be rescaled get the lengths that they have in the reference. The nearer of the two results is
    returned.

    A copy of `reference` comes out equal to it, up to rounding, unless two of its nodes have equal incoming
    weights. For other networks, the copy that is found is not always the nearest. Only weights are compared,
    so the nearer of two networks need not have the closer loss.

    Args:
        network: The network that both sets of parameters belong to.
        params: The parameters whose copies are considered; they may be traced.
        reference: The parameters that the copy should be near; they are converted to the dtype of params.
        passes: The number of rounds over the hidden layers; a single hidden layer that cannot be rescaled
            needs only one round.

    Raises:
        TypeError, ValueError: As in `nnjax.forward` for params and reference; also if passes is below 1.
    """
    params, reference = check_params(network, params), check_params(network, reference)
    dtype, passes = params[0].weights.dtype, checks.count("passes", passes)
    return _align(network, params, jax.tree.map(lambda leaf: leaf.astype(dtype), reference), passes)


@functools.partial(jax.jit, static_argnames=("network", "passes"))
def _align(network: Network, params: Params, reference: Params, passes: int) -> Params:
    hidden = range(len(params) - 1)
    if not hidden:
        return params
    if len(hidden) == 1 and not may_rescale(network, 0).any():
        return _aligned(network, params, reference, 0)

    def ended(upwards: Array) -> tuple[Params, Array]:
        def matched(now: Params, number: Array) -> tuple[Params, None]:
            moved, first = now, number == 0
            for layer in hidden:
                moved = _aligned(network, moved, reference, layer, first, upwards)
                moved = _as_long(network, moved, reference, layer, upwards)
            taken = upwards | ~first
            return jax.tree.map(lambda new, old: jnp.where(taken, new, old), moved, now), None

        end, _ = jax.lax.scan(matched, params, jnp.arange(passes + 1))
        return end, _squared_distance(end, reference)

    ends, distances = jax.lax.map(ended, jnp.array([False, True]))
    return jax.tree.map(lambda leaf: leaf[jnp.argmin(distances)], ends)


def _squared_distance(one: Params, other: Params) -> Array:
    parts = jax.tree.map(lambda a, b: jnp.sum((a - b) ** 2), one, other)
    return jnp.sum(jnp.stack(jax.tree.leaves(parts)))


def _unit_where(where: ArrayLike, vectors: Float[Array, "i j"]) -> Float[Array, "i j"]:
    length = _lengths(vectors)
    return vectors * _quotients(jnp.ones_like(length), length, where)[None]


def _as_long(network: Network, params: Params, reference: Params, layer: int, wanted: ArrayLike) -> Params:
    """Rescale each node's incoming weights to the reference's length (outgoing weights for silent nodes)."""
    may = may_rescale(network, layer)
    if not may.any():
        return params
    mine, theirs = (_lengths(_entering(network, of, layer)) for of in (params, reference))
    above, below = (_lengths(of[layer + 1].weights.T) for of in (params, reference))
    silent = (mine == 0) & (theirs == 0)
    entering = _quotients(theirs, mine, may & jnp.asarray(wanted))
    leaving = _quotients(above, below, may & silent & jnp.asarray(wanted))
    return _rescaled(params, layer, entering * leaving)


def _aligned(
    network: Network,
    params: Params,
    reference: Params,
    layer: int,
    incoming_alone: ArrayLike = False,
    any_scale: ArrayLike = False,
) -> Params:
    """Permute and flip a layer's nodes, matched by incoming and outgoing weights, or by incoming ones alone.

    With any_scale, silent nodes that can be rescaled are matched by the direction of their outgoing weights.
    """

    def vectors(of: Params) -> Array:
        entering = _unit_where(may_rescale(network, layer), _entering(network, of, layer))
        free = may_rescale(network, layer) & _silent(network, of, layer) & jnp.asarray(any_scale)
        leaving = _unit_where(free, of[layer + 1].weights.T)
        return jnp.concatenate(
            [jnp.where(incoming_alone, entering, incoming(of[layer])), jnp.where(incoming_alone, 0, leaving)]
        )

    match = vectors(reference).T @ vectors(params)
    flips = jnp.asarray(may_flip(network, layer))
    kinds = _kinds(network, layer)
    worth = jnp.where(flips[None], jnp.abs(match), match)
    allowed = jnp.asarray(kinds[:, None] == kinds)
    lowest = -1 - 2 * jnp.sum(jnp.abs(match))
    costs = jnp.where(allowed, -worth, -lowest).astype(jnp.zeros(0).dtype)  # optax uses the default dtype
    rows, columns = optax.assignment.hungarian_algorithm(costs)
    order = jnp.zeros(len(kinds), columns.dtype).at[rows].set(columns)
    chosen = jnp.take_along_axis(match, order[:, None], axis=1)[:, 0]
    return _flipped(network, _permuted(params, layer, order), layer, _signs(flips[order], chosen))

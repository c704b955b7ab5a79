"""The same two passes node by node, as the handout tells them: no matrix product, only scalars.

`forward`, `deltas` and `gradients` take the same arguments and give the same results as their namesakes
in `nnjax`. In between, a network is its nodes: every weight, activation and delta is a scalar of its own.
Each loop is unrolled when it is compiled, so this view is for small networks; there, over many seeds,
every scalar becomes one vector of seeds and a whole training step runs without touching memory.
"""

import itertools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike

from nnjax import activations, checks
from nnjax.backprop import Deltas
from nnjax.network import (
    Layer,
    Network,
    Params,
    Trace,
    check_batch,
    check_loss,
    check_params,
    check_trace,
)

Scalars = tuple[Array, ...]
NodeParams = tuple[tuple[tuple[Scalars, ...], Scalars], ...]
"""Per layer (weights, biases): weights[i][j] leads from node i to node j, biases[j] belongs to node j."""
LOOP_RESULTS = 40
"""Gradients per loop: with all 113 of 3-8-8-1 in one, it no longer is a loop of vectors."""


def split(params: Params) -> NodeParams:
    """Params as scalars, weight by weight."""
    return tuple((tuple(map(_scalars, layer.weights)), _scalars(layer.biases)) for layer in params)


def join(nodes: NodeParams) -> Params:
    """The inverse of `split`."""
    return tuple(
        Layer(jnp.stack([jnp.stack(row) for row in weights]), jnp.stack(biases)) for weights, biases in nodes
    )


def _scalars(vector: Array) -> Scalars:
    return tuple(vector[i] for i in range(len(vector)))


def _total(terms: Sequence[Array]) -> Array:
    return sum(terms[1:], start=terms[0])


def _activation(names: activations.Names, node: int) -> activations.Activation:
    return activations.find(names if isinstance(names, str) else names[node])


def node_forward(network: Network, nodes: NodeParams, x: Scalars) -> tuple[list[Scalars], list[Scalars]]:
    """zⱼ = Σᵢ aᵢ wᵢⱼ + bⱼ, aⱼ = f(zⱼ): net inputs of every layer, and activations, the inputs first."""
    net_inputs, activated = [], [x]
    for names, (weights, biases) in zip(network.activations, nodes, strict=True):
        a = activated[-1]
        z = [_total([a[i] * weights[i][j] for i in range(len(a))]) for j in range(len(biases))]
        z = [z[j] + biases[j] for j in range(len(z))] if network.biases else z
        net_inputs.append(tuple(z))
        activated.append(tuple(_activation(names, j).value(z[j]) for j in range(len(z))))
    return net_inputs, activated


def node_deltas(
    network: Network,
    nodes: NodeParams,
    net_inputs: Sequence[Scalars],
    activated: Sequence[Scalars],
    blame: Sequence[Array],
) -> list[Scalars]:
    """δⱼ = blameⱼ · f'(zⱼ); node i's blame is Σⱼ wᵢⱼ δⱼ over the nodes j it feeds; at the output -∂L/∂ŷⱼ."""
    found = []
    for layer in reversed(range(len(nodes))):
        names, z, a = network.activations[layer], net_inputs[layer], activated[layer + 1]
        delta = tuple(blame[j] * _activation(names, j).derivative(z[j], a[j]) for j in range(len(z)))
        weights = nodes[layer][0]
        blame = [_total([row[j] * delta[j] for j in range(len(delta))]) for row in weights]
        found.append(delta)
    return found[::-1]


def node_descent(network: Network, nodes: NodeParams, x: Scalars, y: Array, loss: str) -> NodeParams:
    """One example's -∂L/∂wᵢⱼ = δⱼ aᵢ and -∂L/∂bⱼ = δⱼ, weight by weight."""
    net_inputs, activated = node_forward(network, nodes, x)
    blame = _scalars(-check_loss(network, loss).derivative(y, jnp.stack(activated[-1])))
    each = node_deltas(network, nodes, net_inputs, activated, blame)
    return tuple(
        (
            tuple(tuple(d * a_i for d in delta) for a_i in a),
            delta if network.biases else tuple(map(jnp.zeros_like, delta)),
        )
        for a, delta in zip(activated[:-1], each, strict=True)
    )


def node_gradients(network: Network, nodes: NodeParams, xs: Array, ys: Array, loss: str) -> NodeParams:
    """∂L/∂wᵢⱼ = -Σₙ δₙⱼ aₙᵢ, added up one example after the other."""
    rows = range(len(xs))
    each = [node_descent(network, nodes, _scalars(xs[n]), ys[n], loss) for n in rows]
    leaves, tree = jax.tree.flatten(jax.tree.map(lambda *terms: -_total(terms), *each))
    together = [_in_one_loop(leaves[i : i + LOOP_RESULTS]) for i in range(0, len(leaves), LOOP_RESULTS)]
    return tree.unflatten(itertools.chain(*together))


def _in_one_loop(scalars: Sequence[Array]) -> Sequence[Array]:
    """The same numbers, each as the larger of two copies of it, all by one reduction.

    XLA's CPU compiler makes a loop of its own for every result, and computes each delta anew in the loop of
    every weight that needs it; the results of one reduction it makes in one loop.
    """
    least = [jnp.array(-jnp.inf, scalar.dtype) for scalar in scalars]
    copies = [jnp.broadcast_to(scalar, (2,)) for scalar in scalars]
    return jax.lax.reduce(copies, least, _larger, (0,))


def _larger(one: Sequence[Array], other: Sequence[Array]) -> list[Array]:
    return [jnp.maximum(a, b) for a, b in zip(one, other, strict=True)]


def node_total_loss(network: Network, nodes: NodeParams, xs: Array, ys: Array, loss: str) -> Array:
    """Σₙ L(yₙ, ŷₙ), one example after the other."""
    value = check_loss(network, loss).value
    outputs = [jnp.stack(node_forward(network, nodes, _scalars(x))[1][-1]) for x in xs]
    return _total([value(y, y_hat) for y, y_hat in zip(ys, outputs, strict=True)])


def forward(network: Network, params: Params, x: ArrayLike) -> Trace:
    """zⱼ = Σᵢ aᵢ wᵢⱼ + bⱼ, aⱼ = f(zⱼ), node after node; see `nnjax.forward`."""
    x = checks.example("x", x, network.sizes[0], check_params(network, params))
    net_inputs, activated = node_forward(network, split(params), _scalars(x))
    return Trace(tuple(map(jnp.stack, net_inputs)), tuple(map(jnp.stack, activated)))


def deltas(network: Network, params: Params, trace: Trace, y: ArrayLike, loss: str = "sse") -> Deltas:
    """δⱼ = -∂L/∂ŷⱼ · f'(zⱼ) at the output, δᵢ = (Σⱼ wᵢⱼ δⱼ) · f'(zᵢ) before; see `nnjax.deltas`."""
    check_trace(network, trace)
    label = checks.example("y", y, network.sizes[-1], check_params(network, params))
    blame = -check_loss(network, loss, y=y).derivative(label, trace.activations[-1])
    net_inputs, activated = ([_scalars(layer) for layer in values] for values in trace)
    found = node_deltas(network, split(params), net_inputs, activated, _scalars(blame))
    return tuple(map(jnp.stack, found))


def gradients(network: Network, params: Params, xs: ArrayLike, ys: ArrayLike, loss: str = "sse") -> Params:
    """∂L/∂wᵢⱼ = -Σₙ δₙⱼ aₙᵢ, example after example; see `nnjax.gradients`."""
    xs, ys = check_batch(network, params, xs, ys, loss)
    return join(node_gradients(network, split(params), xs, ys, loss))

"""Both passes node by node, as in the handout, with scalars only and no matrix products.

`forward`, `deltas` and `gradients` take the same arguments and return the same results as their namesakes in
`nnjax`. Internally, each weight, activation and delta is one scalar. Compiling unrolls every loop, so this
view is for small networks. With many seeds, each scalar becomes a vector with one number per seed, and a
whole training step runs without touching memory.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike

from nnjax import activations, checks, loops, losses
from nnjax.backprop import Deltas
from nnjax.losses import Loss
from nnjax.network import Layer, Network, Params, Trace, check_backward, check_batch, check_params

Scalars = tuple[Array, ...]
Rows = Array | tuple[Scalars, ...]
"""Examples, as an array (n, i) or as scalars."""
NodeParams = tuple[tuple[tuple[Scalars, ...], Scalars], ...]
"""The (weights, biases) of each layer.

weights[i][j] leads from node i to node j, and biases[j] belongs to node j.
"""


def split(params: Params) -> NodeParams:
    """Split parameters into scalars, weight by weight."""
    return tuple((tuple(map(_scalars, layer.weights)), _scalars(layer.biases)) for layer in params)


def join(nodes: NodeParams) -> Params:
    """Assemble parameters from scalars: the inverse of `split`."""
    return tuple(
        Layer(jnp.stack([jnp.stack(row) for row in weights]), jnp.stack(biases)) for weights, biases in nodes
    )


def _scalars(vector: Array | Scalars) -> Scalars:
    return tuple(vector[i] for i in range(len(vector)))


def _vector(values: Array | Scalars) -> Array:
    return jnp.stack(values) if isinstance(values, tuple) else values


def _total(terms: Sequence[Array]) -> Array:
    return sum(terms[1:], start=terms[0])


def node_forward(network: Network, nodes: NodeParams, x: Scalars) -> tuple[list[Scalars], list[Scalars]]:
    """zⱼ = Σᵢ aᵢ wᵢⱼ + bⱼ, aⱼ = f(zⱼ): return all net inputs, and all activations, which start with x."""
    net_inputs, activated = [], [x]
    for names, (weights, biases) in zip(network.activations, nodes, strict=True):
        a = activated[-1]
        z = [_total([a[i] * weights[i][j] for i in range(len(a))]) for j in range(len(biases))]
        z = [z[j] + biases[j] for j in range(len(z))] if network.biases else z
        functions = activations.per_node(names, len(z))
        net_inputs.append(tuple(z))
        activated.append(tuple(functions[j].value(z[j]) for j in range(len(z))))
    return net_inputs, activated


def node_deltas(
    network: Network,
    nodes: NodeParams,
    net_inputs: Sequence[Scalars],
    activated: Sequence[Scalars],
    blame: Sequence[Array],
) -> list[Scalars]:
    """Compute δⱼ = blameⱼ · f'(zⱼ) for the nodes j of every layer.

    The blame is -∂L/∂ŷⱼ at an output node j, and Σⱼ wᵢⱼ δⱼ at a hidden node i.
    """
    deltas = []
    for layer in reversed(range(len(nodes))):
        slopes = _slopes(network.activations[layer], net_inputs[layer], activated[layer + 1])
        delta = tuple(blame[j] * slopes[j] for j in range(len(slopes)))
        blame = _hidden_blame(nodes[layer][0], delta)
        deltas.append(delta)
    return deltas[::-1]


def _slopes(names: activations.Names, z: Scalars, a: Scalars) -> Scalars:
    """Compute fⱼ'(zⱼ, aⱼ) for the nodes j of a layer."""
    functions = activations.per_node(names, len(z))
    return tuple(functions[j].derivative(z[j], a[j]) for j in range(len(z)))


def _hidden_blame(weights: Sequence[Scalars], delta: Scalars) -> list[Array]:
    """Compute Σⱼ wᵢⱼ δⱼ for the nodes i that feed this layer."""
    return [_total([row[j] * delta[j] for j in range(len(delta))]) for row in weights]


def node_descent(
    network: Network, nodes: NodeParams, x: Scalars, y: Scalars | Array, loss: Loss
) -> NodeParams:
    """Compute -∂L/∂wᵢⱼ = δⱼ aᵢ and -∂L/∂bⱼ = δⱼ for one example, weight by weight."""
    net_inputs, activated = node_forward(network, nodes, x)
    deltas = node_deltas(network, nodes, net_inputs, activated, _blame(loss, y, activated[-1]))
    return tuple(
        (_changes(delta, a), delta if network.biases else tuple(map(jnp.zeros_like, delta)))
        for a, delta in zip(activated[:-1], deltas, strict=True)
    )


def _blame(loss: Loss, y: Scalars | Array, y_hat: Scalars) -> Scalars:
    """Compute -∂L/∂ŷⱼ, node by node if the labels are scalars and the loss allows it."""
    if isinstance(y, tuple) and loss.per_node:
        return tuple(-loss.derivative(y[j], y_hat[j]) for j in range(len(y_hat)))
    return _scalars(-loss.derivative(_vector(y), jnp.stack(y_hat)))


def _changes(delta: Scalars, a: Scalars) -> tuple[Scalars, ...]:
    """Compute δⱼ aᵢ for the weights from node i to node j."""
    return tuple(tuple(d * a_i for d in delta) for a_i in a)


def scalar_gradients(network: Network, nodes: NodeParams, xs: Rows, ys: Rows, loss: Loss) -> NodeParams:
    """Add up ∂L/∂wᵢⱼ = -Σₙ δₙⱼ aₙᵢ, one example after the other; rows are arrays or tuples of scalars."""
    descents = [node_descent(network, nodes, _scalars(xs[n]), ys[n], loss) for n in range(len(xs))]
    return jax.tree.map(lambda *terms: _gradient(terms), *descents)


def node_gradients(network: Network, nodes: NodeParams, xs: Rows, ys: Rows, loss: Loss) -> NodeParams:
    """Compute `scalar_gradients` in a few loops over the runs."""
    grads, tree = jax.tree.flatten(scalar_gradients(network, nodes, xs, ys, loss))
    return tree.unflatten(loops.together(grads))


def _gradient(descents: Sequence[Array]) -> Array:
    """Return minus the sum of the terms, of which there is one for each example."""
    return -_total(descents)


def node_total_loss(network: Network, nodes: NodeParams, xs: Rows, ys: Rows, loss: Loss) -> Array:
    """Add up Σₙ L(yₙ, ŷₙ), one example after the other."""
    outputs = [jnp.stack(node_forward(network, nodes, _scalars(x))[1][-1]) for x in xs]
    return _total([loss.value(_vector(y), y_hat) for y, y_hat in zip(ys, outputs, strict=True)])


def forward(network: Network, params: Params, x: ArrayLike) -> Trace:
    """zⱼ = Σᵢ aᵢ wᵢⱼ + bⱼ, aⱼ = f(zⱼ), node by node; arguments and errors are as in `nnjax.forward`."""
    params = check_params(network, params)
    x = checks.example("x", x, network.sizes[0], params[0].weights.dtype)
    net_inputs, activated = node_forward(network, split(params), _scalars(x))
    return Trace(tuple(map(jnp.stack, net_inputs)), tuple(map(jnp.stack, activated)))


def deltas(network: Network, params: Params, trace: Trace, y: ArrayLike, loss: losses.Kind = "sse") -> Deltas:
    """Compute δⱼ = -∂L/∂ŷⱼ · f'(zⱼ) at the output, δᵢ = (Σⱼ wᵢⱼ δⱼ) · f'(zᵢ) below; see `nnjax.deltas`."""
    params, trace, y, resolved = check_backward(network, params, trace, y, loss)
    blame = -resolved.derivative(y, trace.activations[-1])
    net_inputs, activated = ([_scalars(layer) for layer in values] for values in trace)
    scalars = node_deltas(network, split(params), net_inputs, activated, _scalars(blame))
    return tuple(map(jnp.stack, scalars))


def gradients(
    network: Network, params: Params, xs: ArrayLike, ys: ArrayLike, loss: losses.Kind = "sse"
) -> Params:
    """Compute ∂L/∂wᵢⱼ = -Σₙ δₙⱼ aₙᵢ, example by example; arguments and errors are as in `nnjax.gradients`."""
    params, xs, ys, resolved = check_batch(network, params, xs, ys, loss)
    return join(node_gradients(network, split(params), xs, ys, resolved))

"""The same two passes node by node, as the handout tells them: no matrix product, only scalars.

Same arguments and same results as `nnjax.forward`, `nnjax.deltas` and `nnjax.gradients`. Each loop is
unrolled when it is compiled, so this view is for small networks; there, over many seeds, it is fast.
"""

import jax.numpy as jnp
from jaxtyping import Array, ArrayLike

from nnjax import activations, checks
from nnjax.backprop import Deltas
from nnjax.network import Layer, Network, Params, Trace, check_batch, check_loss, check_params


def _activation(names: activations.Names, node: int) -> activations.Activation:
    return activations.find(names if isinstance(names, str) else names[node])


def _net_input(network: Network, layer: Layer, a: Array, j: int) -> Array:
    """zⱼ = Σᵢ aᵢ wᵢⱼ + bⱼ: "the weighted sum of all inputs" of node j."""
    weighted_input = [a[i] * layer.weights[i, j] for i in range(len(a))]
    total = sum(weighted_input[1:], start=weighted_input[0])
    return total + layer.biases[j] if network.biases else total


def forward(network: Network, params: Params, x: ArrayLike) -> Trace:
    """zⱼ = Σᵢ aᵢ wᵢⱼ + bⱼ, aⱼ = f(zⱼ), node after node; see `nnjax.forward`."""
    a = checks.example("x", x, network.sizes[0], check_params(network, params))
    net_inputs, activated = [], [a]
    for names, layer, width in zip(network.activations, params, network.sizes[1:], strict=True):
        z = [_net_input(network, layer, a, j) for j in range(width)]
        a = jnp.stack([_activation(names, j).value(z[j]) for j in range(width)])
        net_inputs.append(jnp.stack(z))
        activated.append(a)
    return Trace(tuple(net_inputs), tuple(activated))


def deltas(network: Network, params: Params, trace: Trace, y: ArrayLike, loss: str = "sse") -> Deltas:
    """δⱼ = -∂L/∂ŷⱼ · f'(zⱼ) at the output, δᵢ = (Σⱼ wᵢⱼ δⱼ) · f'(zᵢ) before; see `nnjax.deltas`."""
    y = checks.example("y", y, network.sizes[-1], check_params(network, params))
    derivative = check_loss(network, loss).derivative(y, trace.activations[-1])
    blame = [-derivative[j] for j in range(network.sizes[-1])]
    found = []
    for layer in reversed(range(len(params))):
        names, z, a = network.activations[layer], trace.net_inputs[layer], trace.activations[layer + 1]
        delta = [blame[j] * _activation(names, j).derivative(z[j], a[j]) for j in range(len(blame))]
        blame = [_share_of_blame(params[layer], delta, i) for i in range(network.sizes[layer])]
        found.append(jnp.stack(delta))
    return tuple(reversed(found))


def _share_of_blame(layer: Layer, delta: list[Array], i: int) -> Array:
    """Σⱼ wᵢⱼ δⱼ: node i answers for each node j that it feeds, by the weight between them."""
    shares = [layer.weights[i, j] * delta[j] for j in range(len(delta))]
    return sum(shares[1:], start=shares[0])


def _gradient(network: Network, params: Params, x: Array, y: Array, loss: str) -> Params:
    """One example's ∂L/∂wᵢⱼ = -δⱼ aᵢ and ∂L/∂bⱼ = -δⱼ, weight by weight."""
    trace = forward(network, params, x)
    found = []
    for a, delta in zip(trace.activations[:-1], deltas(network, params, trace, y, loss), strict=True):
        weights = jnp.stack([jnp.stack([-d * a[i] for d in delta]) for i in range(len(a))])
        found.append(Layer(weights, -delta if network.biases else jnp.zeros_like(delta)))
    return tuple(found)


def gradients(network: Network, params: Params, xs: ArrayLike, ys: ArrayLike, loss: str = "sse") -> Params:
    """∂L/∂wᵢⱼ = -Σₙ δₙⱼ aₙᵢ, example after example; see `nnjax.gradients`."""
    xs, ys = check_batch(network, params, xs, ys)
    each = [_gradient(network, params, xs[n], ys[n], loss) for n in range(len(xs))]
    return tuple(_add(layers) for layers in zip(*each, strict=True))


def _add(layers: tuple[Layer, ...]) -> Layer:
    first, rest = layers[0], layers[1:]
    weights = sum((layer.weights for layer in rest), start=first.weights)
    return Layer(weights, sum((layer.biases for layer in rest), start=first.biases))

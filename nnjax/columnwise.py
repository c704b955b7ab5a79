"""Both passes with one example per column: weights (out, in), activations and deltas (nodes, n).

Textbooks that write z = W a + b use this layout. It is the faster view for many seeds, and for batches on
wide layers, because XLA's CPU code then gets the large matrix products (in the forward pass and in the weight
changes) in the layout that it handles best.
"""

import functools

import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

from nnjax import activations, losses
from nnjax.losses import Loss
from nnjax.network import Layer, Network, Params, check_batch, product

ColumnParams = tuple[Layer, ...]
"""Weights (out, in) and biases (out,) of each layer."""
Batches = list[Float[Array, "_ n"]]
each_column = functools.partial(jax.vmap, in_axes=1, out_axes=1)


def turn(params: Params) -> ColumnParams:
    """Transpose the weights from (in, out) to (out, in), or back."""
    return tuple(Layer(layer.weights.T, layer.biases) for layer in params)


def column_forward(network: Network, columns: ColumnParams, xs: Array) -> tuple[Batches, Batches]:
    """Z = W A + b, A = f(Z): return all net inputs, and all activations, which start with xs (n, in)."""
    net_inputs, activated = [], [xs.T]
    for names, layer in zip(network.activations, columns, strict=True):
        z = product(layer.weights, activated[-1])
        z = z + layer.biases[:, None] if network.biases else z
        net_inputs.append(z)
        activated.append(each_column(functools.partial(activations.activate, names))(z))
    return net_inputs, activated


def column_gradients(
    network: Network, columns: ColumnParams, xs: Array, ys: Array, loss: Loss
) -> ColumnParams:
    """∂L/∂W = -Δ Aᵀ and ∂L/∂b = -Σₙ δₙ, with the deltas Δₗ = (Wₗ₊₁ᵀ Δₗ₊₁) · f'(Zₗ) in columns."""
    net_inputs, activated = column_forward(network, columns, xs)
    blame = _output_blame(loss, ys.T, activated[-1])
    gradients = []
    for layer in reversed(range(len(columns))):
        delta = blame * _slope(network, layer, net_inputs, activated)
        gradients.append(Layer(_weight_gradient(delta, activated[layer]), _bias_gradient(network, delta)))
        if layer:
            blame = _hidden_blame(columns, layer, delta)
    return tuple(reversed(gradients))


def _output_blame(loss: Loss, ys: Float[Array, "j n"], y_hats: Float[Array, "j n"]) -> Float[Array, "j n"]:
    """-∂L/∂ŷ, for each example."""
    return -each_column(loss.derivative)(ys, y_hats)


def _hidden_blame(columns: ColumnParams, layer: int, delta: Float[Array, "j n"]) -> Float[Array, "i n"]:
    """Wᵀ Δ, for the nodes i that feed this layer; Wᵀ is written to memory first, as in `nnjax.backprop`."""
    return product(jax.lax.optimization_barrier(columns[layer].weights.T), delta)


def _slope(network: Network, layer: int, net_inputs: Batches, activated: Batches) -> Float[Array, "j n"]:
    """f'(Zₗ, Aₗ)."""
    of_layer = functools.partial(activations.slope, network.activations[layer])
    return each_column(of_layer)(net_inputs[layer], activated[layer + 1])


def _weight_gradient(delta: Float[Array, "j n"], activated: Float[Array, "i n"]) -> Float[Array, "j i"]:
    """-Δ Aᵀ."""
    return -product(delta, activated.T)


def _bias_gradient(network: Network, delta: Float[Array, "j n"]) -> Float[Array, " j"]:
    """-Σₙ δₙⱼ; this is 0 in a network without biases."""
    return -jnp.sum(delta, axis=1) if network.biases else jnp.zeros(len(delta), delta.dtype)


def column_total_loss(network: Network, columns: ColumnParams, xs: Array, ys: Array, loss: Loss) -> Array:
    """Σₙ L(yₙ, ŷₙ) over the columns."""
    y_hats = column_forward(network, columns, xs)[1][-1]
    return jnp.sum(jax.vmap(loss.value, in_axes=(0, 1))(ys, y_hats))


def gradients(
    network: Network, params: Params, xs: ArrayLike, ys: ArrayLike, loss: losses.Kind = "sse"
) -> Params:
    """∂L/∂W and ∂L/∂b, summed over the batch; arguments, results and errors are as in `nnjax.gradients`."""
    params, xs, ys, resolved = check_batch(network, params, xs, ys, loss)
    return turn(column_gradients(network, turn(params), xs, ys, resolved))

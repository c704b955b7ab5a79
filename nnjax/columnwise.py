"""The same two passes with one example per column: weights (out, in), activations and deltas (nodes, n).

Textbooks that write z = W a + b have it so. Over many seeds and batches of wide layers it is the faster view:
the large products, forward and of the weight changes, then are as XLA's CPU code wants them.
"""

import functools

import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

from nnjax import activations
from nnjax.network import Layer, Network, Params, check_batch, check_loss, product

Columns = tuple[Layer, ...]
"""Per layer weights (out, in) and biases (out,)."""
Batches = list[Float[Array, "_ n"]]
each_column = functools.partial(jax.vmap, in_axes=1, out_axes=1)


def turn(params: Params) -> Columns:
    """Weights (in, out) as (out, in), and back."""
    return tuple(Layer(layer.weights.T, layer.biases) for layer in params)


def column_forward(network: Network, columns: Columns, xs: Array) -> tuple[Batches, Batches]:
    """Z = W A + b, A = f(Z): net inputs of every layer, and activations, the inputs xs (n, in) first."""
    net_inputs, activated = [], [xs.T]
    for names, layer in zip(network.activations, columns, strict=True):
        z = product(layer.weights, activated[-1])
        z = z + layer.biases[:, None] if network.biases else z
        net_inputs.append(z)
        activated.append(each_column(functools.partial(activations.activate, names))(z))
    return net_inputs, activated


def column_gradients(network: Network, columns: Columns, xs: Array, ys: Array, loss: str) -> Columns:
    """∂L/∂W = -Δ Aᵀ and ∂L/∂b = -Σₙ δₙ, with the deltas Δₗ = (Wₗ₊₁ᵀ Δₗ₊₁) · f'(Zₗ) in columns."""
    net_inputs, activated = column_forward(network, columns, xs)
    blame = -each_column(check_loss(network, loss).derivative)(ys.T, activated[-1])
    found = []
    for layer in reversed(range(len(columns))):
        slope = functools.partial(activations.slope, network.activations[layer])
        delta = blame * each_column(slope)(net_inputs[layer], activated[layer + 1])
        biases = -jnp.sum(delta, axis=1) if network.biases else jnp.zeros_like(columns[layer].biases)
        found.append(Layer(-product(delta, activated[layer].T), biases))
        if layer:
            # Laid out beforehand for the same reason as in backprop.py.
            blame = product(jax.lax.optimization_barrier(columns[layer].weights.T), delta)
    return tuple(reversed(found))


def column_total_loss(network: Network, columns: Columns, xs: Array, ys: Array, loss: str) -> Array:
    """Σₙ L(yₙ, ŷₙ) over the columns."""
    y_hats = column_forward(network, columns, xs)[1][-1]
    return jnp.sum(jax.vmap(check_loss(network, loss).value, in_axes=(0, 1))(ys, y_hats))


def gradients(network: Network, params: Params, xs: ArrayLike, ys: ArrayLike, loss: str = "sse") -> Params:
    """∂L/∂W and ∂L/∂b, summed over the batch; see `nnjax.gradients`."""
    xs, ys = check_batch(network, params, xs, ys, loss)
    return turn(column_gradients(network, turn(params), xs, ys, loss))

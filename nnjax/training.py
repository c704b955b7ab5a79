"""Training: the four steps of the handout's summary."""

import jax.numpy as jnp
from jaxtyping import Array, ArrayLike

from nnjax.backprop import deltas, weight_change
from nnjax.network import Layer, Network, Params, forward


def train_step(
    network: Network, params: Params, x: ArrayLike, y: ArrayLike, alpha: float | Array, loss: str = "sse"
) -> Params:
    """One example's update, w + α · δ · activation and b + α · δ (handout, "To sum up").

    Args:
        network: The network.
        params: Its parameters.
        x: One example (in,).
        y: Its label (out,).
        alpha: Learning rate.
        loss: A name in `nnjax.LOSSES`.
    """
    alpha = jnp.asarray(alpha, params[0].weights.dtype)
    trace = forward(network, params, x)
    delta = deltas(network, params, trace, y, loss)
    changes = [weight_change(alpha, d, a) for d, a in zip(delta, trace.activations[:-1], strict=True)]
    return tuple(
        Layer(layer.weights + change, layer.biases + alpha * d if network.biases else layer.biases)
        for layer, change, d in zip(params, changes, delta, strict=True)
    )

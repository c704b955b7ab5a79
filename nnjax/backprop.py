"""The manual backward pass: blame flows back as deltas, deltas become weight changes.

The sign is the handout's: δ = -∂L/∂z, so that a weight change is ADDED. No automatic differentiation.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

from nnjax import activations, checks
from nnjax.network import (
    Layer,
    Network,
    Params,
    Trace,
    check_batch,
    check_loss,
    check_params,
    check_trace,
    forward,
    product,
)

Deltas = tuple[Float[Array, " j"], ...]


def deltas(network: Network, params: Params, trace: Trace, y: ArrayLike, loss: str = "sse") -> Deltas:
    """δ of every layer for one example, δ = -∂L/∂z (handout, step 3).

    Output: δ_L = -∂L/∂ŷ · f'(z_L), for SSE and sigmoid 2(y - ŷ) · a(1 - a).
    Hidden: δₗ = (Wₗ₊₁ δₗ₊₁) · f'(zₗ), node i's share being Σⱼ wᵢⱼ δⱼ over the nodes j it feeds.

    Args:
        network: The network.
        params: The parameters that made `trace`, before any update.
        trace: What `forward` returned.
        y: The label (out,).
        loss: A name in `nnjax.LOSSES`.

    Returns:
        One array (out,) per layer with weights, first hidden layer first.
    """
    dtype = check_params(network, params)
    check_trace(network, trace)
    label = checks.example("y", y, network.sizes[-1], dtype)
    blame = -check_loss(network, loss, y=y).derivative(label, trace.activations[-1])
    found = []
    for layer in reversed(range(len(params))):
        slope = activations.slope(
            network.activations[layer], trace.net_inputs[layer], trace.activations[layer + 1]
        )
        delta = blame * slope
        blame = product(params[layer].weights, delta)
        found.append(delta)
    return tuple(reversed(found))


def deltas_as_printed(
    network: Network, params: Params, trace: Trace, y: ArrayLike, updated: Params, loss: str = "sse"
) -> Deltas:
    """The handout's rule as it is printed: δᵢ = (Σ_k Σⱼ w'ₖⱼ δⱼ) · f'(zᵢ). Not the gradient.

    Erratum. The handout sums δ · weight over the siblings k of hidden node i, and takes the weights w'
    after their update. The chain rule sums over the nodes j that i feeds, with the weights of the
    forward pass: δᵢ = (Σⱼ wᵢⱼ δⱼ) · f'(zᵢ). On its own numbers the handout prints 0.02473567; the true
    value is 0.009885435. Use `deltas`; this function exists to measure the difference.

    Args:
        network: The network.
        params: The parameters that made `trace`.
        trace: What `forward` returned.
        y: The label (out,).
        updated: The parameters after the layers above were updated; pass `params` to isolate the sum.
        loss: A name in `nnjax.LOSSES`.
    """
    check_params(network, updated)
    found = [deltas(network, params, trace, y, loss)[-1]]
    for layer in reversed(range(len(params) - 1)):
        # Weights summed first: jaxlib before 0.11 miscomputes a jitted, vmapped Σ(Wδ) on CPUs, see doctor.py.
        blame = product(jnp.sum(updated[layer + 1].weights, axis=0), found[-1])
        names, z, a = network.activations[layer], trace.net_inputs[layer], trace.activations[layer + 1]
        found.append(blame * activations.slope(names, z, a))
    return tuple(reversed(found))


def weight_change(
    alpha: float | Array, delta: Float[Array, " j"], activation: Float[Array, " i"]
) -> Float[Array, "i j"]:
    """Δwᵢⱼ = α · δⱼ · aᵢ, to be ADDED to the weights (handout: α · δ · activation).

    Args:
        alpha: Learning rate (the handout's α and η).
        delta: δ of the receiving layer (out,).
        activation: Activations of the sending layer (in,).
    """
    delta, activation = jnp.asarray(delta), jnp.asarray(activation)
    if delta.ndim != 1 or activation.ndim != 1:
        raise ValueError(
            f"delta has shape {delta.shape}, activation {activation.shape}; expected (out,) and (in,)"
        )
    return alpha * activation[:, None] * delta[None, :]


def gradients(network: Network, params: Params, xs: ArrayLike, ys: ArrayLike, loss: str = "sse") -> Params:
    """∂L/∂W = -Σₙ aₙᵀ δₙ and ∂L/∂b = -Σₙ δₙ, summed over the batch, one matrix product per layer.

    Args:
        network: The network.
        params: Its parameters.
        xs: Inputs (n, in).
        ys: Labels (n, out).
        loss: A name in `nnjax.LOSSES`.

    Returns:
        Gradients in the shape of `params`; zeros for the biases of a network without them.
    """
    xs, ys = check_batch(network, params, xs, ys, loss)
    traces = jax.vmap(lambda x: forward(network, params, x))(xs)
    each = jax.vmap(lambda trace, y: deltas(network, params, trace, y, loss))(traces, ys)
    # XLA's fast products on CPUs take no transposed left factor. The barrier has it laid out beforehand,
    # which is faster.
    return tuple(
        Layer(-product(jax.lax.optimization_barrier(a.T), delta), _bias_gradient(network, delta))
        for a, delta in zip(traces.activations[:-1], each, strict=True)
    )


def _bias_gradient(network: Network, delta: Float[Array, "n j"]) -> Float[Array, " j"]:
    return -jnp.sum(delta, axis=0) if network.biases else jnp.zeros_like(delta[0])

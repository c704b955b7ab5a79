"""The manual backward pass: blame flows back as deltas, and deltas become weight changes.

As in the handout, δ = -∂L/∂z, so that a weight change is ADDED. No automatic differentiation is used.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

from nnjax import activations, checks, losses
from nnjax.losses import Loss
from nnjax.network import (
    Layer,
    Network,
    Params,
    Trace,
    check_backward,
    check_batch,
    check_params,
    matrix_forward,
    product,
)

Deltas = tuple[Float[Array, " j"], ...]


def matrix_deltas(network: Network, params: Params, trace: Trace, y: Array, loss: Loss) -> Deltas:
    """δₗ = blame · f'(zₗ), layer by layer from the output, as in `deltas`, for arguments already checked."""
    blame = _output_blame(loss, y, trace.activations[-1])
    deltas = []
    for layer in reversed(range(len(params))):
        delta = blame * _slope(network, trace, layer)
        blame = _hidden_blame(params, layer, delta)
        deltas.append(delta)
    return tuple(reversed(deltas))


def _output_blame(loss: Loss, y: Float[Array, " j"], y_hat: Float[Array, " j"]) -> Float[Array, " j"]:
    """-∂L/∂ŷⱼ, for the output nodes j."""
    return -loss.derivative(y, y_hat)


def _hidden_blame(params: Params, layer: int, delta: Float[Array, " j"]) -> Float[Array, " i"]:
    """Σⱼ wᵢⱼ δⱼ, for the nodes i that feed this layer."""
    return product(params[layer].weights, delta)


def _slope(network: Network, trace: Trace, layer: int) -> Float[Array, " j"]:
    """f'(zₗ, aₗ)."""
    names, z, a = network.activations[layer], trace.net_inputs[layer], trace.activations[layer + 1]
    return activations.slope(names, z, a)


def matrix_gradients(network: Network, params: Params, xs: Array, ys: Array, loss: Loss) -> Params:
    """∂L/∂W = -Σₙ aₙᵀ δₙ and ∂L/∂b = -Σₙ δₙ, as in `gradients`, for arguments that are already checked."""
    traces = jax.vmap(lambda x: matrix_forward(network, params, x))(xs)
    deltas = jax.vmap(lambda trace, y: matrix_deltas(network, params, trace, y, loss))(traces, ys)
    return tuple(
        Layer(_weight_gradient(a, delta), _bias_gradient(network, delta))
        for a, delta in zip(traces.activations[:-1], deltas, strict=True)
    )


def _weight_gradient(a: Float[Array, "n i"], delta: Float[Array, "n j"]) -> Float[Array, "i j"]:
    """-Σₙ aₙᵢ δₙⱼ, as one matrix product.

    XLA's fast matrix products on CPUs do not accept a transposed left factor. The barrier makes XLA transpose
    the factor in memory beforehand, which is faster.
    """
    return -product(jax.lax.optimization_barrier(a.T), delta)


def _bias_gradient(network: Network, delta: Float[Array, "n j"]) -> Float[Array, " j"]:
    """-Σₙ δₙⱼ; this is 0 in a network without biases."""
    return -jnp.sum(delta, axis=0) if network.biases else jnp.zeros_like(delta[0])


def deltas(network: Network, params: Params, trace: Trace, y: ArrayLike, loss: losses.Kind = "sse") -> Deltas:
    """δ of every layer for one example, δ = -∂L/∂z (handout, step 3).

    Output: δ_L = -∂L/∂ŷ · f'(z_L); for SSE and the sigmoid this is 2(y - ŷ) · a(1 - a).
    Hidden: δₗ = (Wₗ₊₁ δₗ₊₁) · f'(zₗ), where node i gets Σⱼ wᵢⱼ δⱼ from the nodes j that it feeds.

    With the handout's numbers, and with the output 0.6 that it assumes:

    >>> import nnjax
    >>> network, params, x, y = nnjax.handout()
    >>> trace = nnjax.forward(network, params, x)
    >>> assumed = trace._replace(activations=(*trace.activations[:2], jnp.array([0.6])))
    >>> hidden, output = deltas(network, params, assumed, y)
    >>> print(f"{output[0]:.3f} {hidden[0]:.6f}")
    0.192 0.009885


    Args:
        network: The network.
        params: The parameters that made `trace`, before any update.
        trace: What `forward` returned.
        y: The label (out,).
        loss: A name in `nnjax.LOSSES`, an `nnjax.Loss`, or a function (y, ŷ) -> L.

    Returns:
        One array (out,) per layer with weights, first hidden layer first.

    Raises:
        TypeError: If params, trace or y has the wrong type.
        ValueError: If a shape does not fit the network, or the loss is unknown or does not fit the output or
            the label.
    """
    return matrix_deltas(network, *check_backward(network, params, trace, y, loss))


def deltas_as_printed(
    network: Network, params: Params, trace: Trace, y: ArrayLike, updated: Params, loss: losses.Kind = "sse"
) -> Deltas:
    """The handout's rule as it is printed: δᵢ = (Σ_k Σⱼ w'ₖⱼ δⱼ) · f'(zᵢ). It is not the gradient.

    This is an erratum. The handout sums δ · weight over all nodes k of hidden node i's layer, and takes the
    weights w' after their update. The chain rule sums over the nodes j that i feeds, with the weights of the
    forward pass: δᵢ = (Σⱼ wᵢⱼ δⱼ) · f'(zᵢ). For its own numbers the handout prints 0.02473567; the true
    value is 0.009885435. Use `deltas`; this function exists to measure the difference.

    >>> import nnjax
    >>> network, params, x, y = nnjax.handout()
    >>> trace = nnjax.forward(network, params, x)
    >>> assumed = trace._replace(activations=(*trace.activations[:2], jnp.array([0.6])))
    >>> updated = (params[0], params[1]._replace(weights=params[1].weights.at[0, 0].set(0.8017873)))
    >>> print(f"{deltas_as_printed(network, params, assumed, y, updated)[0][0]:.8f}")
    0.02473567


    Args:
        network: The network.
        params: The parameters that made `trace`.
        trace: What `forward` returned.
        y: The label (out,).
        updated: The parameters after the layers above were updated; pass `params` to see the effect of the
            sum alone.
        loss: A name in `nnjax.LOSSES`, an `nnjax.Loss`, or a function (y, ŷ) -> L.

    Raises:
        TypeError, ValueError: As in `deltas`.
    """
    params, trace, y, resolved = check_backward(network, params, trace, y, loss)
    updated = check_params(network, updated)
    printed = [matrix_deltas(network, params, trace, y, resolved)[-1]]
    for layer in reversed(range(len(params) - 1)):
        # Sum the weights first, because on CPUs jaxlib before version 0.11 miscomputes a jitted, vmapped
        # Σ(Wδ); see doctor.
        blame = product(jnp.sum(updated[layer + 1].weights, axis=0), printed[-1])
        printed.append(blame * _slope(network, trace, layer))
    return tuple(reversed(printed))


def weight_change(
    alpha: float | Array, delta: Float[Array, " j"], activation: Float[Array, " i"]
) -> Float[Array, "i j"]:
    """Δwᵢⱼ = α · δⱼ · aᵢ, to be ADDED to the weights (handout: α · δ · activation).

    >>> print(f"{weight_change(0.01, jnp.array([0.192]), jnp.array([0.9308616]))[0, 0]:.9f}")
    0.001787254


    Args:
        alpha: The learning rate (α and η in the handout).
        delta: δ of the receiving layer (out,).
        activation: Activations of the sending layer (in,).

    Raises:
        TypeError: If alpha is not a single number, or delta or activation does not hold numbers.
        ValueError: If delta or activation is not a single row of numbers.
    """
    checks.number("alpha", alpha)
    delta, activation = (
        jnp.asarray(checks.numbers(name, row)) for name, row in (("delta", delta), ("activation", activation))
    )
    if delta.ndim != 1 or activation.ndim != 1:
        raise ValueError(
            f"delta has shape {delta.shape}, activation {activation.shape}; expected (out,) and (in,)"
        )
    return matrix_change(alpha, delta, activation)


def matrix_change(alpha: float | Array, delta: Array, activation: Array) -> Array:
    """α · δⱼ · aᵢ, as in `weight_change`, for arguments that are already checked."""
    return alpha * activation[:, None] * delta[None, :]


def gradients(
    network: Network, params: Params, xs: ArrayLike, ys: ArrayLike, loss: losses.Kind = "sse"
) -> Params:
    """∂L/∂W = -Σₙ aₙᵀ δₙ and ∂L/∂b = -Σₙ δₙ, summed over the batch, with one matrix product per layer.

    Args:
        network: The network.
        params: The network's parameters; xs and ys are converted to the dtype of the parameters.
        xs: Inputs (n, in).
        ys: Labels (n, out).
        loss: A name in `nnjax.LOSSES`, an `nnjax.Loss`, or a function (y, ŷ) -> L.

    Returns:
        Gradients in the same form as `params`; the gradients for biases are 0 in a network without biases.

    Raises:
        TypeError: If network, params, xs or ys has the wrong type.
        ValueError: If a shape does not fit the network, the batch is empty, or the loss is unknown or does
            not fit the output or the labels; also if there are NaN or infinite numbers, or biases other than
            0 in a network without biases (the last two are checked only outside jit).
    """
    return matrix_gradients(network, *check_batch(network, params, xs, ys, loss))

"""How δ, activations and weight gradients grow or vanish from layer to layer, measured and predicted.

`flow` and `ratios` measure this. `mean_field` and `fixed_point` predict it, for wide networks with random
weights (Poole et al. 2016; Schoenholz et al. 2017). `dead_at_birth`, `relu_step_moments` and `relu_step_cdf`
are exact for ReLU networks of any width (after Hanin 2018 and Hanin & Nica 2018). Predictions are computed in
float64 on the CPU, regardless of the x64 flag.
"""

import functools
import math
from collections.abc import Sequence
from typing import NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import gammainc
from jaxtyping import Array, ArrayLike, Bool, Float

from nnjax import activations, checks, losses
from nnjax.backprop import matrix_deltas
from nnjax.network import Network, Params, check_batch, matrix_forward, product

SMALLEST = 1e-280
"""This q stands for q = 0, where an activation with a kink at 0 has a slope only in the limit."""


class Flow(NamedTuple):
    """One number per layer with weights, l = 1..L, over a batch of n rows; `dead_nodes` has one per node.

    Attributes:
        delta: √(Σₙ |δₗ|²).
        gradient: |∂L/∂Wₗ| (Frobenius norm), of the loss summed over the rows.
        activation: √(Σₙ |aₗ|²).
        dead: The share of (row, node) pairs whose slope f'(z) is exactly 0, as for ReLU with z ≤ 0.
        saturated: The share of pairs whose slope should be positive, but is computed as 0: it is too small
            for the dtype, or rounded away, as in a(1 - a).
        underflow: The share of pairs whose slope is not 0 but whose δ is 0, because δ, or the blame from
            above, is too small for the dtype.
        dead_nodes: Whether the slope of node j is exactly 0 for all rows, so that no row changes its incoming
            weights; L arrays (out,).
    """

    delta: Float[Array, " l"]
    gradient: Float[Array, " l"]
    activation: Float[Array, " l"]
    dead: Float[Array, " l"]
    saturated: Float[Array, " l"]
    underflow: Float[Array, " l"]
    dead_nodes: tuple[Bool[Array, " j"], ...]


def norm(values: Float[Array, "..."], axis: int | tuple[int, ...] | None = None) -> Float[Array, "..."]:
    """Return √(Σ v²), scaled by the largest |v| first: squares of a small δ underflow long before δ does."""
    largest = jnp.max(jnp.abs(values), axis=axis, keepdims=True)
    scaled = values / jnp.where(largest > 0, largest, 1)
    return jnp.squeeze(largest, axis) * jnp.sqrt(jnp.sum(scaled * scaled, axis=axis))


def ratios(values: Float[Array, "l ..."]) -> Float[Array, "m ..."]:
    """Return vₗ / vₗ₊₁ for l = 1..L-1 along the first axis: the factor by which each layer changes a length.

    Use `ratios` for the lengths in a `Flow`, which are 0 or more. The ratio is NaN where vₗ₊₁ = 0.
    """
    below, above = values[:-1], values[1:]
    return jnp.where(above > 0, below / jnp.where(above > 0, above, 1), jnp.nan)


def exactly_flat(names: activations.Names, z: Float[Array, "*n j"]) -> Bool[Array, "*n j"]:
    """Find where the slope is exactly 0, as on the dead side of ReLU, and not just rounded to 0.

    Raises:
        ValueError: If an activation is unknown.
    """
    kinds = (
        tuple(map(activations.find_kind, names)) if isinstance(names, tuple) else activations.find_kind(names)
    )
    return _exactly_flat(kinds, z)


def _exactly_flat(names: activations.Names, z: Array) -> Array:
    nodes = activations.per_node(names, z.shape[-1])
    flat = jnp.zeros(z.shape, bool)
    for rule in dict.fromkeys(node.exactly_flat for node in nodes):
        if rule is not None:
            theirs = np.array([node.exactly_flat is rule for node in nodes])
            flat |= jnp.expand_dims(theirs, tuple(range(z.ndim - 1))) & rule(z)
    return flat


def flow(network: Network, params: Params, xs: ArrayLike, ys: ArrayLike, loss: losses.Kind = "sse") -> Flow:
    """Measure norms per layer, and how often and why δ is 0, for rows xs (n, in) with labels ys (n, out).

    Raises:
        TypeError, ValueError: As in `nnjax.gradients`.
    """
    params, xs, ys, resolved = check_batch(network, params, xs, ys, loss)
    traces = jax.vmap(lambda x: matrix_forward(network, params, x))(xs)
    deltas = jax.vmap(lambda trace, y: matrix_deltas(network, params, trace, y, resolved))(traces, ys)
    rows, dead_nodes = [], []
    for layer, (names, delta) in enumerate(zip(network.activations, deltas, strict=True)):
        z, before, after = traces.net_inputs[layer], *traces.activations[layer : layer + 2]
        zero = jax.vmap(lambda z, a, names=names: activations.slope(names, z, a))(z, after) == 0
        dead = _exactly_flat(names, z)
        dead_nodes.append(jnp.all(dead, axis=0))
        shares = [jnp.mean(kind, dtype=xs.dtype) for kind in (dead, zero & ~dead, (delta == 0) & ~zero)]
        rows.append((norm(delta), norm(product(before.T, delta)), norm(after), *shares))
    columns = [jnp.stack(column) for column in zip(*rows, strict=True)]
    return Flow(*columns, dead_nodes=tuple(dead_nodes))


@functools.cache
def _quadrature() -> tuple[np.ndarray, np.ndarray]:
    """Return points and weights for E[f(z)], z ~ N(0, 1): Gauss-Legendre on panels that halve towards 0.

    Each side of 0 has its own panels, since activations have their kinks at 0. Gauss-Hermite quadrature would
    be off by 1e-3.
    """
    points, weights = np.polynomial.legendre.leggauss(20)
    edges = np.concatenate([[0.0], 14 * 0.5 ** np.arange(24, -1, -1.0)])
    middle, half = (edges[1:] + edges[:-1]) / 2, (edges[1:] - edges[:-1]) / 2
    z = (middle[:, None] + half[:, None] * points).ravel()
    density = (half[:, None] * weights).ravel() * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    return np.concatenate([-z[::-1], z]), np.concatenate([density[::-1], density])


@functools.partial(jax.jit, static_argnames="activation")
def _squares(activation: activations.Kind, q: Array, z: Array, weights: Array) -> tuple[Array, Array]:
    function = activations.resolve(activation)
    net = jnp.sqrt(q) * z
    a = function.value(net)
    slope = function.derivative(net, a)
    return jnp.sum(weights * a * a), jnp.sum(weights * slope * slope)


def mean_squares(activation: activations.Kind, q: float) -> tuple[float, float]:
    """Return E[φ(√q z)²] and E[φ'(√q z)²] for z ~ N(0, 1), to about 1e-12; at q = 0, the limit from above."""
    kind = activations.find_kind(activation)
    if not 0 <= q < math.inf:
        raise ValueError(f"q must be 0 or more and finite, got {q}")
    return _mean_squares(kind, q)


def _mean_squares(activation: activations.Kind, q: float) -> tuple[float, float]:
    cpu = jax.local_devices(backend="cpu")[0]
    # Compile-time evaluation returns a plain number even inside a user's jit.
    with jax.enable_x64(True), jax.default_device(cpu), jax.ensure_compile_time_eval():
        value, slope = _squares(activation, jnp.asarray(max(q, SMALLEST)), *map(jnp.asarray, _quadrature()))
        return float(value), float(slope)


class MeanField(NamedTuple):
    """What theory predicts for a wide network with random weights, layer by layer.

    Attributes:
        q: The mean square of the net inputs of layer l = 1..L, (L,).
        factor: E|δₗ|² / E|δₗ₊₁|² for l = 1..L-1, (L-1,).
    """

    q: np.ndarray
    factor: np.ndarray


def mean_field(
    network: Network, weight_variances: Sequence[float], squared_input: float, bias_variance: float = 0.0
) -> MeanField:
    """Predict qₗ = nₗ₋₁ Var(Wₗ) E[φ(√qₗ₋₁ z)²] + σ_b² and E|δₗ|² = nₗ Var(Wₗ₊₁) E[φ'(√qₗ z)²] E|δₗ₊₁|².

    The formula also covers unequal widths; with variances σ_w²/in, the factor is χ for any widths. It assumes
    that δ is independent of the weights in the layers below. This holds with one output node; with many
    outputs and SSE, δ contains ŷ itself, and ratios are larger than predicted.

    Args:
        network: The network, with one activation per layer.
        weight_variances: Var(Wₗ) of each layer, for example from `nnjax.initialisers.weight_variance`.
        squared_input: |x|² of the input, from which q₁ = Var(W₁) |x|² + σ_b².
        bias_variance: σ_b², which must be 0 for a network without biases.

    Raises:
        ValueError: If the number of variances differs from the number of layers, if a number is
            negative, if bias_variance is not 0 in a network without biases, or if a layer has mixed
            activations.
    """
    if len(weight_variances) != len(network.sizes) - 1:
        expected = f"{len(network.sizes) - 1} numbers, one per layer"
        raise ValueError(f"weight_variances must be {expected}, got {len(weight_variances)}")
    if min(*weight_variances, squared_input, bias_variance) < 0:
        raise ValueError("weight_variances, squared_input and bias_variance must be 0 or more")
    if bias_variance and not network.biases:
        raise ValueError(f"bias_variance must be 0 for a network with biases=False, got {bias_variance}")
    if any(isinstance(names, tuple) for names in network.activations):
        raise ValueError(f"activations must have one name per layer, got {network.activations}")
    q = [weight_variances[0] * squared_input + bias_variance]
    factors = []
    for width, name, variance in zip(
        network.sizes[1:-1], network.activations[:-1], weight_variances[1:], strict=True
    ):
        square, slope = _mean_squares(cast(activations.Kind, name), q[-1])
        factors.append(width * variance * slope)
        q.append(width * variance * square + bias_variance)
    return MeanField(np.array(q), np.array(factors))


def fixed_point(
    activation: activations.Kind, weight_variance: float, bias_variance: float = 0.0
) -> tuple[float, float]:
    """Return q*, the limit of q ← σ_w² E[φ(√q z)²] + σ_b² from q = 1, and χ = σ_w² E[φ'(√q* z)²].

    Deep in a wide network whose weights have variance σ_w²/in, E|δ|² changes by the factor χ per layer
    towards the input.

    If there are several fixed points, q* is the one that the iteration from 1 reaches (for ReLU with σ_w² = 2
    every q is a fixed point, so q* = 1). If q grows without bound, q* is inf and χ is its limit for large q;
    if q shrinks to 0, q* is 0 and χ is its limit for small q. If q has not settled after 10,000 steps, both
    q* and χ are NaN.

    Args:
        activation: A name in `nnjax.ACTIVATIONS`.
        weight_variance: σ_w², 0 or more.
        bias_variance: σ_b², 0 or more.

    Raises:
        ValueError: If the activation is unknown, or a variance is negative or not finite.
    """
    activation = activations.find_kind(activation)
    for name, value in {"weight_variance": weight_variance, "bias_variance": bias_variance}.items():
        if not 0 <= value < math.inf:
            raise ValueError(f"{name} must be 0 or more and finite, got {value}")

    def change(q: float) -> float:
        return weight_variance * _mean_squares(activation, q)[0] + bias_variance - q

    def chi(q: float) -> float:
        return weight_variance * _mean_squares(activation, q)[1]

    q, step, stride = 1.0, change(1.0), 1
    for _ in range(10_000):
        if abs(step) <= 1e-14 * q:
            return q, chi(q)
        if q < 1e-12 and abs(change(0.0)) < 1e-200:
            return 0.0, chi(0.0)
        if q > 1e10 * (1 + weight_variance + bias_variance):
            return math.inf, chi(q)
        # E[φ²] grows with q, so the iteration never turns back. As long as q still moves in the same
        # direction after a stride, ever longer strides do not skip a fixed point.
        candidate = max(q + stride * step, q / 1000)
        next_step = change(candidate)
        if stride == 1 or next_step * step > 0:
            q, step, stride = candidate, next_step, 2 * stride
        else:
            stride = 1
    return math.nan, math.nan


def dead_at_birth(width: int, layers: int) -> float:
    """Return 1 - (1 - 2⁻ⁿ)ᴸ, the probability that any of L ReLU layers of width n is silent for an input.

    The formula holds for networks without biases whose weights have a distribution symmetric around 0. The
    layers below a silent layer get no gradient.
    """
    width = checks.count("width", width)
    return -math.expm1(checks.count("layers", layers) * math.log1p(-(2.0**-width)))


def relu_step_moments(width: int) -> tuple[float, float]:
    """Return E[r] = 1/(1 - 2⁻ⁿ) and E[r²] = (1 + 5/n)/(1 - 2⁻ⁿ) of r = |δₗ|²/|δₗ₊₁|², if layer l is alive.

    Both moments are for ReLU without biases, Gaussian He weights and any width n. The ratios r of different
    layers are independent: over many layers, the mean of their product stays near 1, while its spread grows
    like exp(5 Σ 1/n).
    """
    width = checks.count("width", width)
    alive = 1 - 2.0**-width
    return 1 / alive, (1 + 5 / width) / alive


def relu_step_cdf(width: int, ratio: ArrayLike) -> np.ndarray:
    """Return P(r ≤ ratio), with r as in `relu_step_moments`: r ~ (2/n) χ²_K, K ~ Bin(n, ½) given K ≥ 1.

    Args:
        width: The number n of nodes in each layer.
        ratio: One number, or an array of any shape; the probabilities have the same shape.

    Raises:
        TypeError, ValueError: If width is not a positive integer.
    """
    width = checks.count("width", width)
    # The quotient of two integers is rounded only once, and neither of them has to fit into a float.
    chances = np.array([math.comb(width, k) / (2**width - 1) for k in range(1, width + 1)])
    half, degrees = np.broadcast_arrays(
        np.asarray(ratio, float)[..., None] * width / 4, np.arange(1, width + 1) / 2
    )
    with jax.enable_x64(True), jax.default_device(jax.local_devices(backend="cpu")[0]):
        return np.asarray(np.asarray(gammainc(jnp.asarray(degrees), jnp.asarray(half))) @ chances)

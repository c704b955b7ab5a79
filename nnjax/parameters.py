"""A network's parameters: drawn with a random key or typed in by hand, and shown as a table."""

import itertools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PRNGKeyArray

from nnjax import activations, checks, initialisers, reporting
from nnjax.network import Layer, Network, Params, check_network, check_params


def key(seed: int) -> PRNGKeyArray:
    """Make the random key (threefry2x32) of a seed, for 0 ≤ seed < 2³².

    Raises:
        TypeError: If the seed is not an integer.
        ValueError: If the seed is out of range, where two seeds could silently share a key.
    """
    number = checks.whole("seed", seed)
    if not 0 <= number < 2**32:
        raise ValueError(f"seed must be in 0..2**32-1, got {number}")
    return jax.random.key(jnp.uint32(number), impl="threefry2x32")


def init(
    network: Network,
    key: PRNGKeyArray,
    weights: str = "lecun_normal",
    biases: str = "zeros",
    scale: float | Array = 1.0,
    dtype: jnp.dtype | type = jnp.float32,
) -> Params:
    """Draw random parameters (handout, step 1): W = scale · draw, b = scale · draw.

    Numbers are drawn in float32 and then cast, so that a seed gives the same initial numbers in every
    precision.

    Args:
        network: The network that the parameters are for.
        key: A random key, such as `nnjax.key(seed)`.
        weights: "normal" N(0, 1) or "uniform" U(-1, 1) as in the handout; "lecun_*" (variance 1/in),
            "glorot_*" (2/(in + out)), "he_*" (2/in), where * is normal (the full Gaussian, which the theory
            needs), uniform or truncated_normal (Flax's default); "orthogonal"; "zeros". Case does not matter,
            and other libraries' names are accepted: "xavier_*" means Glorot's scheme and "kaiming_*" means
            He's; on their own, "xavier" and "glorot" mean the uniform distribution, and "kaiming" and "he"
            mean the normal one, as in the papers.
        biases: "zeros", "normal" or "uniform"; only "zeros" if the network has no biases.
        scale: The number by which every draw is multiplied; it may be traced, so that a sweep over it
            compiles only once. Zeros stay zeros.
        dtype: The floating-point type of the parameters; float64 needs JAX's x64 flag.

    Raises:
        TypeError: If `network` is not an `nnjax.Network`, if `key` is not a JAX key, if `scale` is not a
            single number, or if `dtype` is not a floating-point type.
        ValueError: If a scheme is unknown, biases would be drawn for a network without them, or dtype is
            float64 while JAX's x64 flag is off.
    """
    check_network(network)
    checks.random_key(key)
    checks.number("scale", scale)
    dtype = checks.floating_dtype(dtype)
    weights, biases = initialisers.find(weights), initialisers.find_biases(biases)
    if biases != "zeros" and not network.biases:
        raise ValueError(f"biases must be 'zeros' for a network with biases=False, got {biases!r}")
    shapes = list(itertools.pairwise(network.sizes))
    drawn = zip(
        initialisers.draw(weights, jax.random.fold_in(key, 0), shapes),
        initialisers.draw(biases, jax.random.fold_in(key, 1), [shape[1:] for shape in shapes]),
        strict=True,
    )
    factor = jnp.asarray(scale, dtype)
    return tuple(Layer(factor * w.astype(dtype), factor * b.astype(dtype)) for w, b in drawn)


def params(network: Network, weights: Sequence[Any], biases: Sequence[Any] | None = None) -> Params:
    """Make parameters from your own numbers: lists, NumPy arrays or integers, typed or computed elsewhere.

    The dtype is the one that the JAX arrays share, if there are any; otherwise it is the widest dtype of the
    NumPy arrays, or, if there are none either, JAX's default: float32, or float64 if the x64 flag is on.
    While the flag is off, float64 becomes float32.

    >>> import nnjax
    >>> network = nnjax.mlp((3, 1), "sigmoid", "sigmoid")
    >>> params = nnjax.params(network, [[[0.5], [1.2], [-0.3]]])
    >>> print(f"{nnjax.forward(network, params, [1, 3, 5]).net_inputs[0][0]:.1f}")
    2.6

    Args:
        network: The network that the parameters are for.
        weights: One array (in, out) per layer; column j leads into node j.
        biases: One array (out,) per layer. None, for all layers or for one of them, makes zeros.

    Raises:
        TypeError: If `network` is not an `nnjax.Network`, or weights or biases are not real numbers.
        ValueError: If the number of arrays or a shape is wrong, there are NaN or infinite numbers, JAX arrays
            have several dtypes, or biases are not 0 in a network without them.
    """
    check_network(network)
    shapes = list(itertools.pairwise(network.sizes))
    kernels = _fitting("weights", weights, shapes)
    given = [None] * len(shapes) if biases is None else list(biases)
    rows = _fitting("biases", [_zeros(b, shape) for b, shape in zip(given, shapes, strict=False)], shapes)
    return check_params(network, tuple(map(Layer, kernels, rows)))


def _zeros(biases: Any, shape: tuple[int, int]) -> Any:
    return [0] * shape[1] if biases is None else biases


def _fitting(name: str, arrays: Any, shapes: list[tuple[int, int]]) -> list[Any]:
    """Return the arrays; refuse them unless each layer has one array of finite numbers of the right shape."""
    try:
        arrays = list(arrays)
    except TypeError:
        raise TypeError(f"{name} must be a list with one array per layer, got {arrays!r}") from None
    if len(arrays) != len(shapes):
        raise ValueError(f"{name} must be {len(shapes)} arrays, one per layer, got {len(arrays)}")
    for layer, (array, shape) in enumerate(zip(arrays, shapes, strict=True), start=1):
        what, expected = f"{name} of layer {layer}", shape if name == "weights" else shape[1:]
        got = checks.real_array(what, array, jax.dtypes.canonicalize_dtype(np.float64)).shape
        if got != expected:
            turned = " (transposed? column j leads into node j)" if got == expected[::-1] else ""
            raise ValueError(f"{what} have shape {got}, expected {expected}{turned}")
    return arrays


def summary(network: Network) -> reporting.Text:
    """Tabulate a network's layers, their shapes, and how many numbers are trained.

    Raises:
        TypeError: If `network` is not an `nnjax.Network`.
    """
    check_network(network)
    rows = [("layer", "nodes", "activation", "weights", "biases", "parameters")]
    rows.append(("input", str(network.sizes[0]), "", "", "", ""))
    total = 0
    for layer, (inputs, nodes) in enumerate(itertools.pairwise(network.sizes)):
        count = inputs * nodes + network.biases * nodes
        total += count
        name = "hidden" if layer < len(network.sizes) - 2 else "output"
        said = activations.said(network.activations[layer])
        biases = str(nodes) if network.biases else "none"
        rows.append((name, str(nodes), said, f"{inputs} × {nodes}", biases, f"{count:,}"))
    return reporting.table([*rows, ("in all", "", "", "", "", f"{total:,}")])

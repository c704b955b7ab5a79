"""A feedforward network: its static description, its parameters, the forward pass and the loss.

Functions of a single example take one x of shape (in,); use `jax.vmap` for more. Weights have shape (inputs,
outputs): `weights[:, j]` are the handout's "weights coming into" node j.
"""

import dataclasses
import functools
import itertools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.lax import Precision
from jaxtyping import Array, ArrayLike, Float

from nnjax import activations, checks, losses


class Layer(NamedTuple):
    """One layer's parameters: weights (in, out) and biases (out,)."""

    weights: Float[Array, "i j"]
    biases: Float[Array, " j"]


Params = tuple[Layer, ...]


class Trace(NamedTuple):
    """The net inputs and activations of one forward pass.

    Attributes:
        net_inputs: The net inputs z of each layer that has weights, as L arrays (out,).
        activations: The activations a of every layer, as L + 1 arrays; the first is the input, and the last
            is ŷ.
    """

    net_inputs: tuple[Float[Array, " j"], ...]
    activations: tuple[Float[Array, " j"], ...]


@jax.tree_util.register_static
@dataclasses.dataclass(frozen=True)
class Network:
    """The description of a network; it is hashable, and static when passed through `jax.jit`.

    Attributes:
        sizes: The number of nodes in each layer, inputs first: (3, 4, 1) is the handout's Figure 1.
        activations: For each layer after the input, an activation, or a tuple with one activation per node.
            Each activation is a name in `nnjax.ACTIVATIONS` (in any case), another library's name, an
            `nnjax.Activation`, or a function such as jax.nn.mish, whose derivative then comes from jax.grad,
            outside the manual core.
        biases: Whether the biases are trained; if False, as in the handout, they stay at zero.

    Raises:
        TypeError: If a size is not an integer, or biases is not a bool.
        ValueError: If there are fewer than two sizes, if a size is below 1, or if activations are unknown,
            too few or too many.
    """

    sizes: tuple[int, ...]
    activations: tuple[activations.Names, ...]
    biases: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "sizes", _sizes(self.sizes))
        object.__setattr__(self, "activations", _activations(self.activations, self.sizes))
        if not isinstance(self.biases, bool):
            raise TypeError(f"biases must be True or False, got {self.biases!r}")


def _sizes(sizes: tuple[int, ...]) -> tuple[int, ...]:
    if not isinstance(sizes, tuple | list) or len(sizes) < 2:
        raise ValueError(f"sizes must name at least inputs and outputs, such as (3, 4, 1); got {sizes!r}")
    whole = tuple(checks.whole("each of the sizes", size) for size in sizes)
    if any(size < 1 for size in whole):
        raise ValueError(f"sizes must be 1 or more, got {whole!r}")
    return whole


def _activations(names: tuple[activations.Names, ...], sizes: tuple[int, ...]) -> tuple:
    if not isinstance(names, tuple | list) or len(names) != len(sizes) - 1:
        raise ValueError(f"activations must have one entry per layer, {len(sizes) - 1}, got {names!r}")
    for layer, (entry, width) in enumerate(zip(names, sizes[1:], strict=True), start=1):
        nodes = tuple(entry) if isinstance(entry, tuple | list) else (entry,)
        if isinstance(entry, tuple | list) and len(nodes) != width:
            raise ValueError(f"activations of layer {layer} name {len(nodes)} nodes, expected {width}")
    return tuple(_kinds(entry) for entry in names)


def _kinds(entry: Any) -> activations.Names:
    if isinstance(entry, tuple | list):
        return tuple(activations.find_kind(node) for node in entry)
    return activations.find_kind(entry)


def mlp(
    sizes: tuple[int, ...],
    hidden: activations.Names = "sigmoid",
    output: activations.Names = "sigmoid",
    biases: bool = True,
) -> Network:
    """Describe a multilayer perceptron that uses `hidden` in every hidden layer and `output` in the last one.

    Activations are given as in `Network`: as names, `Activation`s or functions.

    Without hidden layers, `hidden` has no effect, so the depth can be varied down to 0; the names in `hidden`
    must still be valid.

    Raises:
        TypeError, ValueError: As in `Network`.
    """
    sizes = _sizes(sizes)
    _kinds(hidden)
    return Network(sizes, (hidden,) * (len(sizes) - 2) + (output,), biases)


def check_network(network: Any) -> None:
    """Refuse anything but a network."""
    if not isinstance(network, Network):
        raise TypeError(f"network must be a nnjax.Network, such as mlp returns; got {type(network).__name__}")


def check_params(network: Network, params: Any) -> Params:
    """Return `params` as layers of JAX arrays; refuse them unless they fit and share a floating-point dtype.

    If the network has no biases, the biases in `params` must be 0, since nothing would read them; this is
    checked only outside jit.
    """
    check_network(network)
    layers = as_layers(params)
    shapes = list(itertools.pairwise(network.sizes))
    expected = [(shape, shape[1:]) for shape in shapes]
    got = [(tuple(layer.weights.shape), tuple(layer.biases.shape)) for layer in layers]
    if got != expected:
        raise ValueError(f"params have shapes {got}, expected {expected} for sizes {network.sizes}")
    if not network.biases:
        for number, layer in enumerate(layers, start=1):
            checks.zeros(f"biases of layer {number}", layer.biases, "in a network with biases=False")
    checks.floating_dtype(layers[0].weights.dtype)
    return layers


def as_layers(params: Any) -> Params:
    """Return layers of JAX arrays of one dtype; lists, NumPy arrays and integers are converted.

    The dtype is the one that the JAX arrays share, if there are any; otherwise it is the widest dtype of the
    NumPy arrays, or JAX's default if there are no NumPy arrays either. float64 becomes float32 while JAX's
    x64 flag is off.
    """
    try:
        pairs = [(weights, biases) for weights, biases in params]
    except (TypeError, ValueError) as error:
        raise TypeError(
            "params must be a tuple of nnjax.Layer(weights, biases), such as nnjax.init and nnjax.params make"
        ) from error
    dtype = _floating([part for pair in pairs for part in pair])
    if isinstance(params, tuple) and all(_is_layer(layer, dtype) for layer in params):
        return params
    arrays = [[checks.numbers("params", part) for part in pair] for pair in pairs]
    return tuple(Layer(*(jnp.asarray(array, dtype) for array in pair)) for pair in arrays)


def _floating(parts: list[Any]) -> jnp.dtype:
    floats = [part for part in parts if jnp.issubdtype(getattr(part, "dtype", int), jnp.floating)]
    own = {part.dtype for part in floats if isinstance(part, jax.Array)}
    if len(own) > 1:
        raise ValueError(f"params must share one dtype, got {', '.join(sorted(map(str, own)))}")
    widest = own or {np.result_type(*(part.dtype for part in floats)) if floats else np.dtype(float)}
    return jax.dtypes.canonicalize_dtype(widest.pop())


def _is_layer(layer: Any, dtype: jnp.dtype) -> bool:
    return isinstance(layer, Layer) and all(
        isinstance(part, jax.Array) and part.dtype == dtype for part in layer
    )


def check_trace(network: Network, trace: Trace, dtype: jnp.dtype) -> Trace:
    """Return `trace` in `dtype`; refuse anything that is not a trace of one example through this network."""
    try:
        net_inputs, activated = (
            tuple(checks.numbers("trace", values) for values in part)
            for part in (trace.net_inputs, trace.activations)
        )
    except AttributeError as error:
        raise TypeError(f"trace must be a nnjax.Trace, such as forward returns; got {trace!r}") from error
    got = [[tuple(values.shape) for values in part] for part in (net_inputs, activated)]
    shapes = [(size,) for size in network.sizes]
    if got != [shapes[1:], shapes]:
        batch = any(len(shape) > 1 for part in got for shape in part)
        hint = " (of a batch? write the function for one example and use jax.vmap)" if batch else ""
        raise ValueError(
            f"trace has shapes {got}{hint}, expected {[shapes[1:], shapes]} for sizes {network.sizes}"
        )
    return Trace(*(tuple(jnp.asarray(values, dtype) for values in part) for part in (net_inputs, activated)))


def loss_of(network: Network, loss: losses.Kind) -> losses.Loss:
    """Look up a loss for this network.

    Raises:
        TypeError, ValueError: As in `losses.for_outputs`; also if the loss takes logits although the output
            activation is not the identity.
    """
    resolved = losses.for_outputs(loss, network.sizes[-1])
    if resolved.logits and not gives_logits(network):
        output = network.activations[-1]
        raise ValueError(
            f"loss {losses.said(loss)} takes logits: the output activation must be 'identity', got {output!r}"
        )
    return resolved


def gives_logits(network: Network) -> bool:
    """Check whether the outputs can be logits, that is, whether all output nodes use the identity."""
    output = network.activations[-1]
    return set(output if isinstance(output, tuple) else (output,)) == {"identity"}


def check_backward(
    network: Network, params: Params, trace: Trace, y: ArrayLike, loss: losses.Kind
) -> tuple[Params, Trace, Array, losses.Loss]:
    """Return the parameters, the trace and the label y (out,) in the parameters' dtype, and the loss."""
    params, resolved = check_params(network, params), loss_of(network, loss)
    dtype = params[0].weights.dtype
    trace = check_trace(network, trace, dtype)
    return params, trace, checks.example("y", y, network.sizes[-1], dtype, resolved.label_range), resolved


def check_batch(
    network: Network, params: Params, xs: ArrayLike, ys: ArrayLike, loss: losses.Kind
) -> tuple[Params, Array, Array, losses.Loss]:
    """Return the parameters, xs (n, in) and ys (n, out) in the parameters' dtype, and the loss."""
    params, resolved = check_params(network, params), loss_of(network, loss)
    dtype = params[0].weights.dtype
    xs, ys = check_rows(network, xs, ys, dtype, resolved, ("inputs xs", "targets ys"))
    return params, xs, ys, resolved


def check_rows(
    network: Network,
    xs: ArrayLike,
    ys: ArrayLike,
    dtype: jnp.dtype,
    loss: losses.Loss,
    names: tuple[str, str],
) -> tuple[Array, Array]:
    """Return xs (n, in) and ys (n, out) as arrays; both must have n ≥ 1 rows and fit the loss."""
    inputs = checks.batch(names[0], xs, network.sizes[0], dtype)
    targets = checks.batch(names[1], ys, network.sizes[-1], dtype, loss.label_range, targets=True)
    if len(inputs) != len(targets):
        raise ValueError(
            f"{names[0]} have {len(inputs)} rows, {names[1]} {len(targets)}; expected the same number"
        )
    return inputs, targets


product = functools.partial(jnp.matmul, precision=Precision.HIGHEST)
"""The matrix product; its precision keeps GPUs and TPUs from rounding gradients to TF32 or bfloat16."""


def matrix_forward(network: Network, params: Params, x: Array) -> Trace:
    """zₗ = aₗ₋₁ Wₗ + bₗ, aₗ = fₗ(zₗ), a₀ = x: `forward`, for arguments already checked."""
    a = x
    net_inputs, activated = [], [a]
    for names, layer in zip(network.activations, params, strict=True):
        z = product(a, layer.weights)
        z = z + layer.biases if network.biases else z
        a = activations.activate(names, z)
        net_inputs.append(z)
        activated.append(a)
    return Trace(tuple(net_inputs), tuple(activated))


def matrix_outputs(network: Network, params: Params, xs: Array) -> Array:
    """Return ŷₙ (n, out): `predict_batch` without its checks, for arguments that have passed them."""
    return jax.vmap(lambda x: matrix_forward(network, params, x).activations[-1])(xs)


def matrix_total_loss(network: Network, params: Params, xs: Array, ys: Array, loss: losses.Loss) -> Array:
    """Return Σₙ L(yₙ, ŷₙ): `total_loss` without its checks, for arguments that have passed them."""
    return jnp.sum(jax.vmap(loss.value)(ys, matrix_outputs(network, params, xs)))


def forward(network: Network, params: Params, x: ArrayLike) -> Trace:
    """zₗ = aₗ₋₁ Wₗ + bₗ, aₗ = fₗ(zₗ), a₀ = x, for one example (handout, step 2).

    Args:
        network: The network.
        params: The network's parameters; x is converted to their dtype.
        x: One example (in,).

    Raises:
        TypeError: If network, params or x has the wrong type.
        ValueError: If x or params has the wrong shape, x contains NaN or infinite numbers, or biases are not
            0 in a network without biases (the last two are checked only outside jit).
    """
    params = check_params(network, params)
    x = checks.example("x", x, network.sizes[0], params[0].weights.dtype)
    return matrix_forward(network, params, x)


def predict(network: Network, params: Params, x: ArrayLike) -> Float[Array, " out"]:
    """Return ŷ, the output layer's activation (out,), for one example x (in,).

    >>> import nnjax
    >>> network, params, x, y = nnjax.handout()
    >>> print(f"{predict(network, params, x)[0]:.6f}")
    0.761451


    Raises:
        TypeError, ValueError: As in `forward`.
    """
    return forward(network, params, x).activations[-1]


def predict_batch(network: Network, params: Params, xs: ArrayLike) -> Float[Array, "n out"]:
    """Return ŷₙ, the output layer's activations (n, out), for the rows of xs (n, in).

    Raises:
        TypeError, ValueError: As in `forward`; also if the batch is empty.
    """
    params = check_params(network, params)
    xs = checks.batch("inputs xs", xs, network.sizes[0], params[0].weights.dtype)
    return matrix_outputs(network, params, xs)


def accuracy(
    network: Network,
    params: Params,
    xs: ArrayLike,
    ys: ArrayLike,
    loss: losses.Kind = "sse",
    threshold: float | Array | None = None,
) -> Float[Array, ""]:
    """Return the share of the rows of xs (n, in) whose predicted group is the one that ys (n, out) names.

    The groups of the outputs and of ys are determined as in `nnjax.labels`. If each output node answers a
    separate question, a row counts as right if all its answers are right.

    Args:
        network: The network.
        params: Its parameters.
        xs: Inputs (n, in).
        ys: Labels (n, out).
        loss: The loss that the network was trained with, as in `total_loss`.
        threshold: The value above which the label is 1, as in `nnjax.labels`. None means ½; for a tanh output
            and labels -1 and +1, pass 0.

    Raises:
        TypeError, ValueError: As in `nnjax.gradients` and `nnjax.labels`.
    """
    params, xs, ys, resolved = check_batch(network, params, xs, ys, loss)
    p = resolved.probabilities(matrix_outputs(network, params, xs))
    right = losses.group(resolved, p, threshold) == losses.group(resolved, ys, threshold)
    return jnp.mean(jnp.all(right.reshape(len(xs), -1), axis=1))


def total_loss(
    network: Network, params: Params, xs: ArrayLike, ys: ArrayLike, loss: losses.Kind = "sse"
) -> Float[Array, ""]:
    """Return Σₙ L(yₙ, ŷₙ), the loss summed over a batch xs (n, in), ys (n, out).

    Raises:
        TypeError, ValueError: As in `nnjax.gradients`.
    """
    return matrix_total_loss(network, *check_batch(network, params, xs, ys, loss))

"""A feedforward network: its static description, its parameters, the forward pass, the loss.

Everything is written for one example x of shape (in,); use `jax.vmap` for more. Weights have shape
(inputs, outputs): `weights[:, j]` are the handout's "weights coming into" node j.
"""

import dataclasses
import functools
import itertools
import operator
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.lax import Precision
from jaxtyping import Array, ArrayLike, Float, PRNGKeyArray

from nnjax import activations, checks, initialisers, losses


class Layer(NamedTuple):
    """One layer's parameters: weights (in, out) and biases (out,)."""

    weights: Float[Array, "i j"]
    biases: Float[Array, " j"]


Params = tuple[Layer, ...]


class Trace(NamedTuple):
    """What a forward pass leaves behind.

    Attributes:
        net_inputs: z of each layer with weights, L arrays (out,).
        activations: a of every layer, L + 1 arrays; the first is the input, the last is ŷ.
    """

    net_inputs: tuple[Float[Array, " j"], ...]
    activations: tuple[Float[Array, " j"], ...]


@jax.tree_util.register_static
@dataclasses.dataclass(frozen=True)
class Network:
    """The description of a network; hashable, and static when passed through `jax.jit`.

    Attributes:
        sizes: Nodes per layer, inputs first: (3, 4, 1) is the handout's Figure 1.
        activations: Per layer after the input, a name or a tuple with one name per node.
        biases: Whether the biases are trained. False as in the handout: they stay zero.

    Raises:
        TypeError: A size is not an integer, or biases not a bool.
        ValueError: Fewer than two sizes, a size below 1, unknown or too few or too many activations.
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
        raise ValueError(f"sizes must name at least inputs and outputs, as (3, 4, 1); got {sizes!r}")
    if any(isinstance(size, bool) or not hasattr(size, "__index__") for size in sizes):
        raise TypeError(f"sizes must be integers, got {tuple(sizes)!r}")
    if any(size < 1 for size in sizes):
        raise ValueError(f"sizes must be 1 or more, got {tuple(sizes)!r}")
    return tuple(operator.index(size) for size in sizes)


def _activations(names: tuple[activations.Names, ...], sizes: tuple[int, ...]) -> tuple:
    if not isinstance(names, tuple | list) or len(names) != len(sizes) - 1:
        raise ValueError(f"activations must have one entry per layer, {len(sizes) - 1}, got {names!r}")
    for layer, (entry, width) in enumerate(zip(names, sizes[1:], strict=True), start=1):
        nodes = tuple(entry) if isinstance(entry, tuple | list) else (entry,)
        if isinstance(entry, tuple | list) and len(nodes) != width:
            raise ValueError(f"activations of layer {layer} name {len(nodes)} nodes, expected {width}")
        for name in dict.fromkeys(nodes):
            activations.find(name)
    return tuple(entry if isinstance(entry, str) else tuple(entry) for entry in names)


def mlp(
    sizes: tuple[int, ...],
    hidden: activations.Names = "sigmoid",
    output: activations.Names = "sigmoid",
    biases: bool = True,
) -> Network:
    """Describe a multilayer perceptron: `hidden` in every hidden layer, `output` in the last.

    Without hidden layers `hidden` plays no part, so that a depth may be varied down to 0; its names are
    looked up all the same.

    Raises:
        TypeError, ValueError: As `Network`.
    """
    sizes = _sizes(sizes)
    for name in hidden if isinstance(hidden, tuple | list) else (hidden,):
        activations.find(name)
    return Network(sizes, (hidden,) * (len(sizes) - 2) + (output,), biases)


def key(seed: int) -> PRNGKeyArray:
    """Make the random key of a seed, threefry2x32, for 0 ≤ seed < 2³².

    Raises:
        TypeError: The seed is not an integer.
        ValueError: It is out of range, where two seeds could silently share a key.
    """
    if isinstance(seed, bool) or not hasattr(seed, "__index__"):
        raise TypeError(f"seed must be an integer, got {seed!r}")
    if not 0 <= operator.index(seed) < 2**32:
        raise ValueError(f"seed must be in 0..2**32-1, got {seed}")
    return jax.random.key(jnp.uint32(operator.index(seed)), impl="threefry2x32")


def init(
    network: Network,
    key: PRNGKeyArray,
    weights: str = "lecun_normal",
    biases: str = "zeros",
    scale: float | Array = 1.0,
    dtype: jnp.dtype | type = jnp.float32,
) -> Params:
    """Draw random parameters (handout, step 1): W = scale · draw, b = scale · draw.

    Drawn in float32 and cast, so that a seed starts from the same numbers in every precision.

    Args:
        network: Whose parameters.
        key: A key, as from `nnjax.key(seed)`.
        weights: "normal" N(0, 1) or "uniform" U(-1, 1) as in the handout; "lecun_*" (variance 1/in),
            "glorot_*" (2/(in + out)), "he_*" (2/in), where * is normal (the full Gaussian, which the
            theory needs), uniform or truncated_normal (Flax's default); "orthogonal"; "zeros".
        biases: "zeros", "normal" or "uniform"; zeros where the network has no biases.
        scale: One number that multiplies every draw; may be traced, so that a sweep over it compiles once.
            Zeros stay zeros.
        dtype: Floating type of the parameters; float64 needs JAX's x64 flag.

    Raises:
        TypeError: `key` is not a JAX key, `scale` not one number, or `dtype` no floating type.
        ValueError: Unknown scheme, or float64 with x64 off.
    """
    checks.random_key(key)
    checks.number("scale", scale)
    dtype = checks.floating_dtype(dtype)
    for what, scheme, known in (
        ("weights", weights, initialisers.SCHEMES),
        ("biases", biases, initialisers.BIAS_SCHEMES),
    ):
        checks.lookup(f"{what} scheme", scheme, dict.fromkeys(known))
    shapes = list(itertools.pairwise(network.sizes))
    drawn = zip(
        initialisers.draw(weights, jax.random.fold_in(key, 0), shapes),
        initialisers.draw(
            biases if network.biases else "zeros", jax.random.fold_in(key, 1), [shape[1:] for shape in shapes]
        ),
        strict=True,
    )
    factor = jnp.asarray(scale, dtype)
    return tuple(Layer(factor * w.astype(dtype), factor * b.astype(dtype)) for w, b in drawn)


def check_params(network: Network, params: Params) -> jnp.dtype:
    """Return the dtype of `params`, refused unless they have the network's shapes and one floating dtype.

    Biases of a network without them must be 0 (seen outside jit only), since nothing would read them.
    """
    if not isinstance(network, Network):
        raise TypeError(f"network must be a nnjax.Network, as mlp returns; got {type(network).__name__}")
    shapes = list(itertools.pairwise(network.sizes))
    expected = [(shape, shape[1:]) for shape in shapes]
    try:
        got = [(tuple(layer.weights.shape), tuple(layer.biases.shape)) for layer in params]
        (dtype,) = {leaf.dtype for layer in params for leaf in layer}
    except (AttributeError, TypeError) as error:
        raise TypeError("params must be a tuple of nnjax.Layer(weights, biases), as init returns") from error
    except ValueError as error:
        raise ValueError("params must share one dtype") from error
    if got != expected:
        raise ValueError(f"params have shapes {got}, expected {expected} for sizes {network.sizes}")
    if not network.biases:
        for number, layer in enumerate(params, start=1):
            checks.zeros(f"biases of layer {number}", layer.biases, "in a network with biases=False")
    return checks.floating_dtype(dtype)


def check_trace(network: Network, trace: Trace, dtype: jnp.dtype) -> Trace:
    """Return `trace` in `dtype`, refused if it is no trace, another network's, or a batch's."""
    try:
        net_inputs, activated = (
            tuple(checks.numbers("trace", values) for values in part)
            for part in (trace.net_inputs, trace.activations)
        )
    except AttributeError as error:
        raise TypeError(f"trace must be a nnjax.Trace, as forward returns; got {trace!r}") from error
    got = [[tuple(values.shape) for values in part] for part in (net_inputs, activated)]
    shapes = [(size,) for size in network.sizes]
    if got != [shapes[1:], shapes]:
        batch = any(len(shape) > 1 for part in got for shape in part)
        hint = " (of a batch? write for one example and use jax.vmap)" if batch else ""
        raise ValueError(
            f"trace has shapes {got}{hint}, expected {[shapes[1:], shapes]} for sizes {network.sizes}"
        )
    return Trace(*(tuple(jnp.asarray(values, dtype) for values in part) for part in (net_inputs, activated)))


def loss_of(network: Network, name: str) -> losses.Loss:
    """Look up the loss of that name for this network.

    Raises:
        ValueError: An unknown name; a loss that takes logits while the output activation is no identity, or
            needs more output nodes than there are.
    """
    loss = losses.for_outputs(name, network.sizes[-1])
    if loss.logits and not gives_logits(network):
        output = network.activations[-1]
        raise ValueError(
            f"loss {name!r} takes logits: the output activation must be 'identity', got {output!r}"
        )
    return loss


def gives_logits(network: Network) -> bool:
    """Tell whether the outputs can be logits: the output activation is the identity on every node."""
    output = network.activations[-1]
    return set((output,) if isinstance(output, str) else output) == {"identity"}


def check_backward(
    network: Network, params: Params, trace: Trace, y: ArrayLike, loss: str
) -> tuple[Trace, Array, losses.Loss]:
    """Return the trace and the label y (out,) in the dtype of the parameters, and the loss of that name."""
    dtype, resolved = check_params(network, params), loss_of(network, loss)
    trace = check_trace(network, trace, dtype)
    return trace, checks.example("y", y, network.sizes[-1], dtype, resolved.label_range), resolved


def check_batch(
    network: Network, params: Params, xs: ArrayLike, ys: ArrayLike, loss: str
) -> tuple[Array, Array, losses.Loss]:
    """Return xs (n, in) and ys (n, out) in the dtype of the parameters, and the loss of that name."""
    dtype, resolved = check_params(network, params), loss_of(network, loss)
    xs, ys = check_rows(network, xs, ys, dtype, resolved, ("inputs xs", "targets ys"))
    return xs, ys, resolved


def check_rows(
    network: Network,
    xs: ArrayLike,
    ys: ArrayLike,
    dtype: jnp.dtype,
    loss: losses.Loss,
    names: tuple[str, str],
) -> tuple[Array, Array]:
    """Return xs (n, in) and ys (n, out) as arrays, refused unless both have n ≥ 1 rows and fit the loss."""
    inputs = checks.batch(names[0], xs, network.sizes[0], dtype)
    targets = checks.batch(names[1], ys, network.sizes[-1], dtype, loss.label_range)
    if len(inputs) != len(targets):
        raise ValueError(
            f"{names[0]} have {len(inputs)} rows, {names[1]} {len(targets)}; expected the same number"
        )
    return inputs, targets


product = functools.partial(jnp.matmul, precision=Precision.HIGHEST)
"""Matrix product; the precision keeps GPUs and TPUs from rounding gradients to TF32 or bfloat16."""


def matrix_forward(network: Network, params: Params, x: Array) -> Trace:
    """zₗ = aₗ₋₁ Wₗ + bₗ, aₗ = fₗ(zₗ), a₀ = x: `forward` for arguments that have been checked."""
    a = x
    net_inputs, activated = [], [a]
    for names, layer in zip(network.activations, params, strict=True):
        z = product(a, layer.weights)
        z = z + layer.biases if network.biases else z
        a = activations.activate(names, z)
        net_inputs.append(z)
        activated.append(a)
    return Trace(tuple(net_inputs), tuple(activated))


def matrix_total_loss(network: Network, params: Params, xs: Array, ys: Array, loss: losses.Loss) -> Array:
    """Σₙ L(yₙ, ŷₙ): `total_loss` for arguments that have been checked."""
    y_hats = jax.vmap(lambda x: matrix_forward(network, params, x).activations[-1])(xs)
    return jnp.sum(jax.vmap(loss.value)(ys, y_hats))


def forward(network: Network, params: Params, x: ArrayLike) -> Trace:
    """zₗ = aₗ₋₁ Wₗ + bₗ, aₗ = fₗ(zₗ), a₀ = x, for one example (handout, step 2).

    Args:
        network: The network.
        params: Its parameters; x is converted to their dtype.
        x: One example (in,).

    Raises:
        TypeError: network, params or x of another type.
        ValueError: x or params of another shape; NaN or infinite x, and biases that are not 0 in a network
            without them (both seen outside jit only).
    """
    dtype = check_params(network, params)
    return matrix_forward(network, params, checks.example("x", x, network.sizes[0], dtype))


def predict(network: Network, params: Params, x: ArrayLike) -> Float[Array, " out"]:
    """ŷ, the output layer's activation, shape (out,), for one example x (in,).

    Raises:
        TypeError, ValueError: As `forward`.
    """
    return forward(network, params, x).activations[-1]


def total_loss(
    network: Network, params: Params, xs: ArrayLike, ys: ArrayLike, loss: str = "sse"
) -> Float[Array, ""]:
    """Σₙ L(yₙ, ŷₙ), summed over a batch xs (n, in), ys (n, out).

    Raises:
        TypeError, ValueError: As `nnjax.gradients`.
    """
    return matrix_total_loss(network, params, *check_batch(network, params, xs, ys, loss))

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
        for name in nodes:
            activations.find(name)
    return tuple(entry if isinstance(entry, str) else tuple(entry) for entry in names)


def mlp(
    sizes: tuple[int, ...],
    hidden: activations.Names = "sigmoid",
    output: activations.Names = "sigmoid",
    biases: bool = True,
) -> Network:
    """A multilayer perceptron: `hidden` in every hidden layer, `output` in the last."""
    sizes = _sizes(sizes)
    return Network(sizes, (hidden,) * (len(sizes) - 2) + (output,), biases)


def key(seed: int) -> PRNGKeyArray:
    """The random key of a seed, threefry2x32, for 0 <= seed < 2³².

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
    """Random parameters (handout, step 1): W = scale · draw, b = scale · draw.

    Drawn in float32 and cast, so that a seed starts from the same numbers in every precision.

    Args:
        network: Whose parameters.
        key: A key, as from `nnjax.key(seed)`.
        weights: "normal" N(0, 1) or "uniform" U(-1, 1) as in the handout; "lecun_*" (variance 1/in),
            "glorot_*" (2/(in + out)), "he_*" (2/in), where * is normal (the full Gaussian, which the
            theory needs), uniform or truncated_normal (Flax's default); "orthogonal"; "zeros".
        biases: "zeros", "normal" or "uniform"; zeros where the network has no biases.
        scale: Multiplies every draw; may be traced, so that a sweep over it compiles once.
        dtype: Floating type of the parameters; float64 needs JAX's x64 flag.

    Raises:
        TypeError: `key` is not a JAX key, or `dtype` no floating type.
        ValueError: Unknown scheme, or float64 with x64 off.
    """
    checks.random_key(key)
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
    """The dtype of `params`, refused unless they have the network's shapes and one floating dtype."""
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
    return checks.floating_dtype(dtype)


def check_trace(network: Network, trace: Trace) -> None:
    """Refuse the trace of another network, or of a batch."""
    got = [tuple(jnp.shape(values)) for values in (*trace.net_inputs, *trace.activations)]
    expected = [(size,) for size in (*network.sizes[1:], *network.sizes)]
    if got != expected:
        batch = (
            " (of a batch? write for one example and use jax.vmap)" if any(len(s) > 1 for s in got) else ""
        )
        raise ValueError(f"trace has shapes {got}{batch}, expected {expected} for sizes {network.sizes}")


def check_loss(network: Network, loss: str, **labels: ArrayLike) -> losses.Loss:
    """The loss of that name, refused if it takes logits and the output activation is no identity.

    A cross-entropy also refuses labels, each under its own name, outside [0, 1]. They are looked at as they
    came: inside jit a known array is known no longer once it is cast.
    """
    found = losses.find(loss)
    if found.logits and set(_nodes(network.activations[-1])) != {"identity"}:
        raise ValueError(
            f"loss {loss!r} takes logits: the output activation must be 'identity', "
            f"got {network.activations[-1]!r}"
        )
    if loss == "softmax_cross_entropy" and network.sizes[-1] == 1:
        raise ValueError(f"loss {loss!r} of one output node is always 0; take 'binary_cross_entropy'")
    for name, values in labels.items() if found.logits else ():
        checks.targets(name, values)
    return found


def _nodes(names: activations.Names) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else names


product = functools.partial(jnp.matmul, precision=Precision.HIGHEST)
"""Matrix product; the precision keeps GPUs and TPUs from rounding gradients to TF32 or bfloat16."""


def forward(network: Network, params: Params, x: ArrayLike) -> Trace:
    """zₗ = aₗ₋₁ Wₗ + bₗ, aₗ = fₗ(zₗ), a₀ = x, for one example (handout, step 2).

    Args:
        network: The network.
        params: Its parameters; x is converted to their dtype.
        x: One example (in,).

    Raises:
        ValueError: x or params of another shape; NaN or infinite x (seen outside jit only).
    """
    a = checks.example("x", x, network.sizes[0], check_params(network, params))
    net_inputs, activated = [], [a]
    for names, layer in zip(network.activations, params, strict=True):
        z = product(a, layer.weights)
        z = z + layer.biases if network.biases else z
        a = activations.activate(names, z)
        net_inputs.append(z)
        activated.append(a)
    return Trace(tuple(net_inputs), tuple(activated))


def predict(network: Network, params: Params, x: ArrayLike) -> Float[Array, " out"]:
    """ŷ, the output layer's activation, shape (out,), for one example x (in,)."""
    return forward(network, params, x).activations[-1]


def total_loss(
    network: Network, params: Params, xs: ArrayLike, ys: ArrayLike, loss: str = "sse"
) -> Float[Array, ""]:
    """Σₙ L(yₙ, ŷₙ), summed over a batch xs (n, in), ys (n, out)."""
    value = check_loss(network, loss).value
    xs, ys = check_batch(network, params, xs, ys, loss)
    y_hats = jax.vmap(lambda x: predict(network, params, x))(xs)
    return jnp.sum(jax.vmap(value)(ys, y_hats))


def check_batch(
    network: Network, params: Params, xs: ArrayLike, ys: ArrayLike, loss: str = "sse"
) -> tuple[Array, Array]:
    """Inputs xs (n, in) and targets ys (n, out) in the dtype of the parameters, n >= 1 rows each."""
    dtype = check_params(network, params)
    xs = checks.batch("inputs xs", xs, network.sizes[0], dtype)
    targets = checks.batch("targets ys", ys, network.sizes[-1], dtype)
    if len(xs) != len(targets):
        raise ValueError(
            f"inputs xs have {len(xs)} rows, targets ys {len(targets)}; expected the same number"
        )
    check_loss(network, loss, ys=ys)
    return xs, targets

"""Networks at birth: norms of δ and of the activations per layer, for many conditions from one set of draws.

For each seed, weights are drawn once per width. All activations, initial scales and depths share these
weights: a scale only multiplies the net inputs, normal and orthogonal weights are functions of the same
uniform draws, and the network of depth d is the first d layers. One pass over the weights therefore serves
all conditions, and each condition adds a row to the matrix product.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr

import nnjax
from experiments.runner.context import Context
from experiments.vanishing_gradients.draws import KINDS, draw, kind, scale
from nnjax import signal_propagation
from nnjax.activations import ACTIVATIONS
from nnjax.initialisers import weight_variance
from nnjax.network import product

FIRST_INPUT = np.s_[:, :, 0]
"""Selects the first input of a layer's array (k, c, p, i): activation, initial weights, input, node."""


class Conditions(NamedTuple):
    """The networks that are drawn.

    Attributes:
        widths: Nodes per layer.
        depths: Numbers of layers with weights.
        activations: Names in `ACTIVATIONS`.
        inits: Names in `draws.INITS`.
        orthogonal_width: Width of the widest network with orthogonal weights, which are slow to draw.
    """

    widths: Sequence[int]
    depths: Sequence[int]
    activations: Sequence[str]
    inits: Sequence[str]
    orthogonal_width: int

    def inits_at(self, width: int) -> tuple[str, ...]:
        """Return the initial weights that are drawn at this width."""
        return tuple(name for name in self.inits if width <= self.orthogonal_width or name != "orthogonal")


class Profile(NamedTuple):
    """One seed's layers l = 1..L, for activations k and initial weights c; only `ratio` uses all inputs.

    Attributes:
        delta: |δₗ| in the deepest network, shape (k, c, l). The last layer's δ has length 1.
        ratio: |δₗ|²/|δₗ₊₁|² in the deepest network, mean over several inputs, shape (k, c, l); nan in layer
            L.
        first_delta: |δ₁| in the network of each depth d, shape (k, c, d).
        activation_norm: |aₗ|, shape (k, c, l).
        dead: Share of nodes whose slope is exactly 0, as ReLU's can be, shape (k, c, l).
        saturated: Share of nodes whose slope is rounded to 0, shape (k, c, l).
    """

    delta: Any
    ratio: Any
    first_delta: Any
    activation_norm: Any
    dead: Any
    saturated: Any


AXES = {name: ("activation", "init", "layer") for name in Profile._fields} | {
    "first_delta": ("activation", "init", "depth")
}
"""Axes of a profile's parts; in the data, width comes before these axes and seed after them."""
LONG_NAMES = {
    "delta": "|δ| of each layer in the deepest network; the last layer's is 1",
    "ratio": "|δ|² / |δ|² of the layer above, mean over the inputs",
    "first_delta": "|δ| of the first layer in the network of each depth; the last layer's is 1",
    "activation_norm": "|a| of each layer",
    "dead": "share of nodes whose slope is exactly 0",
    "saturated": "share of nodes whose slope is rounded to 0",
    "predicted": "E|δ|² of each layer by mean-field theory",
}


@functools.cache
def profile(
    width: int, depths: tuple[int, ...], activations: tuple[str, ...], inits: tuple[str, ...]
) -> Callable[[jax.Array], Profile]:
    """Make a function that maps a key to the profile of all conditions.

    The networks have L = max(depths) layers without biases. The input has |x|² = width. The output is a
    linear read-out v · z_d with |v| = 1, so that δ_d = v. This choice shows what the hidden layers alone do
    to δ, without the loss.
    """
    of_kind = {k: [name for name in inits if kind(name) == k] for k in KINDS}
    of_kind = {k: names for k, names in of_kind.items() if names}

    def one_seed(key: jax.Array) -> Profile:
        weights, ends = draw(key, width, max(depths), tuple(of_kind))
        profiles = {}
        for k, names in of_kind.items():
            scales = jnp.array([scale(name, width) for name in names], jnp.float32)
            joint = _profile(weights[k], scales, *ends, activations, depths)
            profiles |= {
                name: jax.tree.map(lambda leaf, c=c: leaf[:, c], joint) for c, name in enumerate(names)
            }
        return jax.tree.map(lambda *leaves: jnp.stack(leaves, axis=1), *(profiles[name] for name in inits))

    return one_seed


class Forward(NamedTuple):
    """What the forward pass computes in each layer l.

    Attributes:
        slope: f'(zₗ), shape (l, k, c, p, j).
        activation_norm: |aₗ| of the first input, shape (l, k, c).
        dead: Share of the layer's nodes whose slope is exactly 0, shape (l, k, c).
        saturated: Share of the layer's nodes whose slope is rounded to 0, shape (l, k, c).
    """

    slope: jax.Array
    activation_norm: jax.Array
    dead: jax.Array
    saturated: jax.Array


class Backward(NamedTuple):
    """The lengths |δₗ| of δ as it passes down the layers; 0 above the layer where δ starts.

    Attributes:
        from_each_depth: |δₗ| for the first input, in the network of each depth d, shape (l, d, k, c).
        from_the_top: |δₗ| for each input p, in the deepest network, shape (l, p, k, c).
    """

    from_each_depth: jax.Array
    from_the_top: jax.Array


def _profile(
    weights: jax.Array,
    scales: jax.Array,
    x: jax.Array,
    v: jax.Array,
    names: Sequence[str],
    depths: Sequence[int],
) -> Profile:
    """Pass inputs forward once for all depths, and pass δ back from each depth."""
    up = _forward(weights, scales, x, names)
    down = _backward(weights, up.slope, scales, v, depths)
    ratio = jnp.mean(signal_propagation.ratios(down.from_the_top) ** 2, axis=1)
    by_layer = {
        "delta": down.from_the_top[:, 0],
        "ratio": jnp.concatenate([ratio, jnp.full_like(up.dead[:1], jnp.nan)]),
        "activation_norm": up.activation_norm,
        "dead": up.dead,
        "saturated": up.saturated,
    }
    rows = by_layer | {"first_delta": down.from_each_depth[0]}
    return Profile(**{name: jnp.moveaxis(values, 0, -1) for name, values in rows.items()})


def _forward(weights: jax.Array, scales: jax.Array, x: jax.Array, names: Sequence[str]) -> Forward:
    """Pass the inputs x (p, i) up through weights (l, i, j), once for each activation and each scale (c,)."""

    def layer(a: jax.Array, w: jax.Array) -> tuple[jax.Array, Forward]:
        z = scales[None, :, None, None] * product(a, w)
        after = jnp.stack([ACTIVATIONS[name].value(z[k]) for k, name in enumerate(names)])
        slope = jnp.stack([ACTIVATIONS[name].derivative(z[k], after[k]) for k, name in enumerate(names)])
        dead = jnp.stack([signal_propagation.exactly_flat(name, z[k]) for k, name in enumerate(names)])
        shares = [
            jnp.mean(flags[FIRST_INPUT], axis=-1, dtype=a.dtype) for flags in (dead, (slope == 0) & ~dead)
        ]
        return after, Forward(slope, signal_propagation.norm(after[FIRST_INPUT], -1), *shares)

    start = jnp.broadcast_to(x, (len(names), len(scales), *x.shape))
    return jax.lax.scan(layer, start, weights)[1]


def _backward(
    weights: jax.Array, slopes: jax.Array, scales: jax.Array, v: jax.Array, depths: Sequence[int]
) -> Backward:
    """Pass δ (w, k, c, i) down paths w: from each depth for the first input, from the top for the others."""
    others = range(1, len(v))
    inputs = np.array([0] * len(depths) + [*others])
    starts = jnp.array([*depths, *[max(depths)] * len(others)])[:, None, None, None]

    def layer(back: jax.Array, given: tuple[jax.Array, ...]) -> tuple[jax.Array, jax.Array]:
        w, slope, number = given
        passed = jnp.where(number < starts, back * jnp.moveaxis(slope, 2, 0)[inputs], 0)
        delta = jnp.where(number == starts, v[inputs][:, None, None], passed)
        return scales[None, None, :, None] * product(delta, w.T), signal_propagation.norm(delta, -1)

    nothing = jnp.zeros((len(inputs), *slopes.shape[1:3], slopes.shape[-1]), slopes.dtype)
    numbers = jnp.arange(1, len(weights) + 1)
    norms = jax.lax.scan(layer, nothing, (weights, slopes, numbers), reverse=True)[1]
    top = np.append(np.argmax(depths), np.arange(len(depths), len(inputs)))
    return Backward(norms[:, : len(depths)], norms[:, top])


def measure(context: Context, conditions: Conditions, seeds: np.ndarray) -> xr.Dataset:
    """Measure the profiles of all seeds, and compute theory's predictions; NaN where nothing was drawn."""
    parts = [_at_width(context, width, conditions, seeds) for width in conditions.widths]
    joined = xr.concat(parts, "width", join="outer").assign_coords(
        width=list(conditions.widths),
        activation=list(conditions.activations),
        depth=list(conditions.depths),
        layer=np.arange(1, max(conditions.depths) + 1),
        seed=seeds,
    )
    for name, text in LONG_NAMES.items():
        joined[name].attrs["long_name"] = text
    return joined


def _at_width(context: Context, width: int, conditions: Conditions, seeds: np.ndarray) -> xr.Dataset:
    depths, activations = tuple(conditions.depths), tuple(conditions.activations)
    inits = conditions.inits_at(width)
    profiles = context.sweep(f"width {width}", profile(width, depths, activations, inits), seeds)
    columns = {name: (("seed", *AXES[name]), values) for name, values in profiles._asdict().items()}
    part = _without_overflow(xr.Dataset(columns, {"init": list(inits)}).transpose(..., "seed"), depths)
    theory = AXES["delta"], predicted(width, max(depths), activations, inits)
    return part.assign(predicted=theory).reindex(init=list(conditions.inits))


def _without_overflow(part: xr.Dataset, depths: Sequence[int]) -> xr.Dataset:
    """Set δ to NaN in networks with activations that are too large for float32."""
    held = (part["activation_norm"] < np.inf).cumprod("layer") > 0  # False for NaN, too
    whole, up_to = held.isel(layer=-1), held.isel(layer=xr.DataArray(np.asarray(depths) - 1, dims="depth"))
    lasts = {"delta": whole, "ratio": whole, "first_delta": up_to}
    return part.assign({name: part[name].where(held_by) for name, held_by in lasts.items()})


def predicted(width: int, depth: int, activations: Sequence[str], inits: Sequence[str]) -> np.ndarray:
    """Predict E|δₗ|² for |δ_L| = 1 by mean-field theory, shape (activation, init, layer)."""

    def squares(activation: str, scheme: str) -> np.ndarray:
        network = nnjax.mlp((width,) * (depth + 1), activation, "identity", biases=False)
        variance = weight_variance(scheme, width, width)
        factor = signal_propagation.mean_field(network, [variance] * depth, float(width)).factor
        return np.append(np.cumprod(factor[::-1])[::-1], 1.0)

    return np.array([[squares(name, scheme) for scheme in inits] for name in activations])

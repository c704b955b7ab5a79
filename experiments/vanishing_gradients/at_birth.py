"""Networks at birth: norms of δ and of the activations per layer, for many conditions from one set of draws.

Every seed draws its weights once per width. All activations, initial scales and depths share them: a scale
only multiplies the net inputs, normal and orthogonal weights are functions of the same uniform draws, and the
network of depth d is the first d layers. So one pass over the weights serves every condition as one more row.

`python -m experiments.birth` prints what the time goes into.
"""

import functools
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jax.scipy.special import erfinv

import nnjax
from experiments.runner import sweeps
from nnjax import signal_propagation
from nnjax.activations import ACTIVATIONS
from nnjax.initialisers import SCHEMES
from nnjax.network import product

KINDS = ("normal", "uniform", "orthogonal")
INITS = tuple(name for name in SCHEMES if name.split("_")[-1] in KINDS and "truncated" not in name)
"""Schemes whose weights are scaled normal, uniform or orthogonal ones."""
INPUTS = 4
"""Inputs and read-outs per network: drawing weights takes most of the time, so each is looked at so often."""


class Profile(NamedTuple):
    """One seed's layers l = 1..L for activations k and inits c; of the first input, but for `ratio`.

    Attributes:
        delta: |δₗ| in the deepest network, shape (k, c, l). The last layer's δ has length 1.
        ratio: |δₗ|²/|δₗ₊₁|² in the deepest network, mean over `INPUTS` inputs, shape (k, c, l); nan at L.
        first: |δ₁| in the network of each depth d, shape (k, c, d).
        activation: |aₗ|, shape (k, c, l).
        dead: Share of nodes with ReLU's exact slope 0, shape (k, c, l).
        saturated: Share of nodes whose slope is rounded to 0, shape (k, c, l).
    """

    delta: Any
    ratio: Any
    first: Any
    activation: Any
    dead: Any
    saturated: Any


def kind(scheme: str) -> str:
    """Which of `KINDS` a scheme's weights are, up to their scale."""
    if scheme not in INITS:
        raise ValueError(f"inits must be some of {', '.join(INITS)}; got {scheme!r}")
    return scheme.split("_")[-1]


def scale(scheme: str, width: int) -> float:
    """What multiplies normal, uniform (-1, 1) or orthogonal weights (width, width) in this scheme."""
    variance = signal_propagation.weight_variance(scheme, width, width)
    return float(np.sqrt(variance / signal_propagation.weight_variance(kind(scheme), width, width)))


def drawn_at(width: int, inits: Sequence[str], orthogonal_width: int) -> tuple[str, ...]:
    """The inits of a width: orthogonal weights take too long where it is large."""
    return tuple(name for name in inits if width <= orthogonal_width or name != "orthogonal")


def distinct(inits: Iterable[str], width: int) -> Mapping[str, str]:
    """{label: init}: one of each group that draws the same weights at equal widths, as LeCun and Glorot."""
    groups: dict[tuple[str, float], list[str]] = {}
    for name in inits:
        groups.setdefault((kind(name), round(scale(name, width), 9)), []).append(name)
    return {" = ".join(names): names[0] for names in groups.values()}


@functools.cache
def profile(
    width: int, depths: tuple[int, ...], activations: tuple[str, ...], inits: tuple[str, ...]
) -> Callable[[jax.Array], Profile]:
    """A function of a key: the profile of all conditions, L = max(depths) layers of `width` without biases.

    The input has |x|² = width. The output is a linear read-out v · z_d with |v| = 1, so that δ_d = v: what
    the hidden layers do to δ is seen alone, without the loss.
    """
    groups = {k: [name for name in inits if kind(name) == k] for k in KINDS}
    used = {k: names for k, names in groups.items() if names}

    def one(key: jax.Array) -> Profile:
        weights, ends = draw(key, width, max(depths), tuple(used))
        parts = {}
        for k, names in used.items():
            scales = jnp.array([scale(name, width) for name in names], jnp.float32)
            found = _both_ways(weights[k], scales, *ends, activations, depths)
            parts |= {name: jax.tree.map(lambda leaf, c=c: leaf[:, c], found) for c, name in enumerate(names)}
        return jax.tree.map(lambda *leaves: jnp.stack(leaves, axis=1), *(parts[name] for name in inits))

    return one


def draw(
    key: jax.Array, width: int, layers: int, kinds: Sequence[str]
) -> tuple[dict[str, jax.Array], tuple[jax.Array, jax.Array]]:
    """Weights (l, i, j) of each kind from one set of uniform numbers, inputs x and directions v, (p, i)."""
    lowest = np.nextafter(np.float32(-1), np.float32(0))
    # Drawn in one row: with three axes XLA compiles these draws for seconds.
    uniform = jax.random.uniform(jax.random.fold_in(key, 0), (layers * width**2,), jnp.float32, lowest, 1)
    uniform = uniform.reshape(layers, width, width)
    weights = {"uniform": uniform}
    if set(kinds) - {"uniform"}:
        weights["normal"] = jnp.float32(np.sqrt(2)) * erfinv(uniform)
    if "orthogonal" in kinds:
        weights["orthogonal"] = orthogonalised(weights["normal"])
    raw = jax.random.normal(jax.random.fold_in(key, 1), (2 * INPUTS * width,), jnp.float32)
    raw = raw.reshape(2, INPUTS, width)
    x, v = raw / signal_propagation.norm(raw, -1)[..., None]
    return weights, (x * np.float32(np.sqrt(width)), v)


def orthogonalised(matrices: jax.Array) -> jax.Array:
    """Gram-Schmidt, twice, on the columns of each matrix (l, n, n): QR's Q with a positive diagonal of R.

    LAPACK's QR, called from a program that runs on several CPU devices at once, was seen to hang.
    """

    def column(j: Any, q: jax.Array) -> jax.Array:
        c = matrices[:, :, j, None]
        for _ in range(2):
            c = c - product(q, product(jnp.swapaxes(q, 1, 2), c))
        return q.at[:, :, j].set((c / signal_propagation.norm(c, (1, 2))[:, None, None])[..., 0])

    return jax.lax.fori_loop(0, matrices.shape[-1], column, jnp.zeros_like(matrices))


def _both_ways(
    weights: jax.Array,
    scales: jax.Array,
    x: jax.Array,
    v: jax.Array,
    names: Sequence[str],
    depths: Sequence[int],
) -> Profile:
    """Forward once for all depths, then back from each of them; rows are conditions (k, c) and inputs p."""
    scales = scales[None, :, None, None]

    def up(a: jax.Array, w: jax.Array) -> tuple[jax.Array, tuple[jax.Array, ...]]:
        z = scales * product(a, w)
        after = jnp.stack([ACTIVATIONS[name].value(z[k]) for k, name in enumerate(names)])
        slope = jnp.stack([ACTIVATIONS[name].derivative(z[k], after[k]) for k, name in enumerate(names)])
        dead = jnp.stack([signal_propagation.exactly_flat(name, z[k]) for k, name in enumerate(names)])
        shares = [jnp.mean(found[:, :, 0], axis=-1, dtype=a.dtype) for found in (dead, (slope == 0) & ~dead)]
        return after, (slope, signal_propagation.norm(after[:, :, 0], -1), *shares)

    start = jnp.broadcast_to(x, (len(names), scales.shape[1], *x.shape))
    _, (slopes, *rest) = jax.lax.scan(up, start, weights)
    norms = _back(weights, slopes, scales[..., 0], v, depths)
    deepest = norms[:, np.append(np.argmax(depths), np.arange(len(depths), norms.shape[1]))]
    ratio = jnp.mean(signal_propagation.ratios(deepest) ** 2, axis=1)
    ratio = jnp.concatenate([ratio, jnp.full_like(norms[-1:, 0], jnp.nan)])
    layers = (jnp.moveaxis(leaf, 0, -1) for leaf in (deepest[:, 0], ratio, norms[0, : len(depths)], *rest))
    return Profile(*layers)


def _back(
    weights: jax.Array, slopes: jax.Array, scales: jax.Array, v: jax.Array, depths: Sequence[int]
) -> jax.Array:
    """|δₗ|, (l, way, k, c): ways back of the first input from every depth, of the others from the top."""
    others = range(1, len(v))
    ends = jnp.array([*depths, *[max(depths)] * len(others)])[:, None, None, None]
    which = np.array([0] * len(depths) + [*others])

    def down(back: jax.Array, layer: tuple[jax.Array, ...]) -> tuple[jax.Array, jax.Array]:
        w, slope, number = layer
        passed = jnp.where(number < ends, back * jnp.moveaxis(slope, 2, 0)[which], 0)
        delta = jnp.where(number == ends, v[which][:, None, None], passed)
        return scales[None] * product(delta, w.T), signal_propagation.norm(delta, -1)

    nothing = jnp.zeros((len(which), *slopes.shape[1:3], slopes.shape[-1]), slopes.dtype)
    numbers = jnp.arange(1, len(weights) + 1)
    return jax.lax.scan(down, nothing, (weights, slopes, numbers), reverse=True)[1]


SHAPES = {
    "delta": ("activation", "init", "layer"),
    "ratio": ("activation", "init", "layer"),
    "first": ("activation", "init", "depth"),
    "size": ("activation", "init", "layer"),
    "dead": ("activation", "init", "layer"),
    "saturated": ("activation", "init", "layer"),
}
"""Dimensions of a profile's parts; a dataset has width before and seed after them."""


def measure(
    widths: Sequence[int],
    depths: Sequence[int],
    activations: Sequence[str],
    inits: Sequence[str],
    seeds: np.ndarray,
    orthogonal_width: int,
) -> xr.Dataset:
    """Profiles of all seeds, with what mean-field theory predicts; orthogonal weights up to a width only."""
    parts = []
    for width in widths:
        there = drawn_at(width, inits, orthogonal_width)
        look = profile(width, tuple(depths), tuple(activations), there)
        found = sweeps.sweep(f"width {width}", look, seeds)
        columns = {
            name: (("seed", *dims), leaf) for (name, dims), leaf in zip(SHAPES.items(), found, strict=True)
        }
        part = xr.Dataset(columns, {"init": list(there)}).transpose(..., "seed")
        part = _without_overflow(part, depths)
        part["predicted"] = ("activation", "init", "layer"), predicted(width, max(depths), activations, there)
        parts.append(part.reindex(init=list(inits)))
    joined = xr.concat(parts, "width", join="outer")
    return joined.assign_coords(
        width=list(widths),
        activation=list(activations),
        depth=list(depths),
        layer=np.arange(1, max(depths) + 1),
        seed=seeds,
    )


def _without_overflow(part: xr.Dataset, depths: Sequence[int]) -> xr.Dataset:
    """NaN for δ of networks some of whose activations are too large for float32."""
    held = (part["size"] < np.inf).cumprod("layer") > 0  # NaN is not held either
    ends = xr.DataArray(np.asarray(depths) - 1, dims="depth")
    whole, each = held.isel(layer=-1), held.isel(layer=ends)
    return part.assign(
        delta=part["delta"].where(whole), ratio=part["ratio"].where(whole), first=part["first"].where(each)
    )


def predicted(width: int, depth: int, activations: Sequence[str], inits: Sequence[str]) -> np.ndarray:
    """E|δₗ|² by mean-field theory, (activation, init, layer), for |δ_L| = 1."""

    def squares(activation: str, scheme: str) -> np.ndarray:
        network = nnjax.mlp((width,) * (depth + 1), activation, "identity", biases=False)
        variance = signal_propagation.weight_variance(scheme, width, width)
        factor = signal_propagation.mean_field(network, [variance] * depth, float(width)).factor
        return np.append(np.cumprod(factor[::-1])[::-1], 1.0)

    return np.array([[squares(name, scheme) for scheme in inits] for name in activations])


def weight_gradient(data: xr.Dataset, init: str, width: int) -> np.ndarray:
    """|∂f/∂Wₗ| = |aₗ₋₁| |δₗ| of ReLU networks, (layer, seed); |a₀|² is the width."""
    part = data.sel(activation="relu", init=init, width=width).transpose("layer", "seed", ...)
    size = part["size"].values
    before = np.concatenate([np.full_like(size[:1], np.sqrt(width)), size[:-1]])
    return before * part["delta"].values


def costs(
    width: int, depths: tuple[int, ...], activations: tuple[str, ...], inits: tuple[str, ...]
) -> dict[str, float]:
    """Seconds that 8 seeds take: compilation, random numbers, all; and weights drawn per second."""
    kinds = tuple({kind(name) for name in inits})

    def drawn(key: jax.Array) -> jax.Array:
        weights, _ = draw(key, width, max(depths), kinds)
        return sum((jnp.sum(values) for values in weights.values()), jnp.float32(0))

    def seconds(fn: Callable[[jax.Array], Any]) -> tuple[float, float]:
        times = []
        for _ in range(4):
            start = time.perf_counter()
            nnjax.sweep(fn, np.arange(8))
            times.append(time.perf_counter() - start)
        return times[0], min(times[1:])

    (first, whole), (_, random) = seconds(profile(width, depths, activations, inits)), seconds(drawn)
    count = 8 * max(depths) * width**2
    return {"compilation": first - whole, "random": random, "whole": whole, "draws": count / random}


def _print_costs(width: int = 256, layers: int = 50) -> None:
    """What the time of the experiment's default conditions goes into; `run` itself reads no clock."""
    activations = ("sigmoid", "tanh", "relu", "leaky_relu")
    inits = ("uniform", "normal", "lecun_normal", "glorot_normal", "he_normal")
    found = costs(width, (layers,), activations, inits)
    share = found["random"] / found["whole"]
    print(f"{layers} layers of {width}, {len(activations) * len(inits)} conditions, float32:")
    print(f"  {found['draws']:.3g} weights drawn per second; {8 / found['whole']:.3g} networks per second")
    print(f"  random numbers {share:.0%} of the time, products and the rest {1 - share:.0%}")
    print(f"  compilation, once: {found['compilation']:.1f} s")


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    nnjax.use_all_cores()
    _print_costs()

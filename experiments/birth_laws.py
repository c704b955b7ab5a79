"""Exact laws of random ReLU networks, and networks of unequal widths: what to sample, and what to expect."""

import itertools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from scipy import special

import nnjax
from nnjax import gradient_flow

STEP_WIDTH = 8
"""Width at which one layer's law is sampled: narrow, so that it is far from its limit."""
DEAD = (4, 10)
"""Width and layers of the network whose chance to be dead at birth is sampled."""
UNEQUAL = (40, 160, 20, 80, 40, 160, 1)
"""Widths that grow and shrink, with one output node."""


def one_step(width: int) -> Callable[[jax.Array], jax.Array]:
    """A function of a key: |δ₁|²/|δ₂|² across one hidden ReLU layer of `width`, He, no biases."""
    network = nnjax.mlp((width,) * 3, "relu", "identity", biases=False)

    def ratio(key: jax.Array) -> jax.Array:
        params = nnjax.init(network, key, "he_normal")
        x, v = jax.random.normal(jax.random.fold_in(key, 1 << 20), (2, width), jnp.float32)
        trace = nnjax.forward(network, params, x)
        delta = nnjax.deltas(network, params, trace, trace.activations[-1] + v / 2)
        return (gradient_flow.norm(delta[0]) / gradient_flow.norm(delta[1])) ** 2

    return ratio


def is_dead(width: int, layers: int) -> Callable[[jax.Array], jax.Array]:
    """A function of a key: whether a ReLU network of `layers` layers passes nothing of one input on."""
    network = nnjax.mlp((width,) * (layers + 1), "relu", "relu", biases=False)

    def dead(key: jax.Array) -> jax.Array:
        params = nnjax.init(network, key, "he_normal")
        x = jax.random.normal(jax.random.fold_in(key, 1 << 20), (width,), jnp.float32)
        return jnp.all(nnjax.predict(network, params, x) == 0)

    return dead


def unequal(sizes: tuple[int, ...], activation: str, scheme: str) -> Callable[[jax.Array], jax.Array]:
    """A function of a key: |δₗ|²/|δₗ₊₁|² for l = 1..L-1 of a network of these widths, one output node."""
    network = nnjax.mlp(sizes, activation, "identity", biases=False)

    def ratios(key: jax.Array) -> jax.Array:
        params = nnjax.init(network, key, scheme)
        x = jax.random.normal(jax.random.fold_in(key, 1 << 20), sizes[:1], jnp.float32)
        x = x * np.float32(np.sqrt(sizes[0])) / gradient_flow.norm(x)
        delta = gradient_flow.flow(network, params, x[None], jnp.ones((1, 1), x.dtype)).delta
        return (delta[:-1] / delta[1:]) ** 2

    return ratios


def unequal_theory(sizes: tuple[int, ...], activation: str, scheme: str) -> np.ndarray:
    """The same ratios by mean-field theory."""
    network = nnjax.mlp(sizes, activation, "identity", biases=False)
    pairs = itertools.pairwise(sizes)
    variances = [gradient_flow.weight_variance(scheme, *pair) for pair in pairs]
    return gradient_flow.mean_field(network, variances, float(sizes[0])).factor


def log_variance(width: int) -> float:
    """Variance of log r of one layer, r = (2/n) χ²_K with K ~ Bin(n, ½) given K ≥ 1.

    log χ²_K has mean log 2 + ψ(K/2) and variance ψ′(K/2). The r of different layers are independent, so a
    network alive of L layers has (L - 1) times this.
    """
    k = np.arange(1, width + 1)
    chance = np.exp(special.gammaln(width + 1) - special.gammaln(k + 1) - special.gammaln(width - k + 1))
    chance = chance / chance.sum()
    mean, spread = special.digamma(k / 2), special.polygamma(1, k / 2)
    return float(chance @ spread + chance @ mean**2 - (chance @ mean) ** 2)


def measure(first: int, samples: int, seeds: int) -> xr.Dataset:
    """Samples of the laws: one layer's ratio, dead or not, and the ratios of unequal widths."""
    chosen = np.arange(first, first + samples)
    ratio = nnjax.sweep(one_step(STEP_WIDTH), chosen)
    dead = nnjax.sweep(is_dead(*DEAD), chosen)
    ratios = {name: nnjax.sweep(unequal(UNEQUAL, name, "lecun_normal"), chosen[:seeds]) for name in UNEVEN}
    theory = [unequal_theory(UNEQUAL, name, "lecun_normal") for name in UNEVEN]
    return xr.Dataset(
        {
            "one_step": ("sample", ratio, {"long_name": "|δ₁|²/|δ₂|² across one ReLU layer; NaN: dead"}),
            "is_dead": ("sample", dead),
            "unequal": (("uneven", "unequal_seed", "step"), np.stack(list(ratios.values()))),
            "unequal_theory": (("uneven", "step"), np.array(theory)),
        },
        {"uneven": list(UNEVEN), "step": np.arange(1, len(UNEQUAL) - 1)},
    )


UNEVEN = ("sigmoid", "relu")
"""Activations whose networks of unequal widths are sampled."""

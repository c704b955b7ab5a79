"""Weights and inputs of random networks: one set of uniform numbers serves every distribution and scale."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import erfinv

from nnjax import signal_propagation
from nnjax.initialisers import SCHEMES, weight_variance
from nnjax.network import product

KINDS = ("normal", "uniform", "orthogonal")
INITS = tuple(name for name in SCHEMES if name.split("_")[-1] in KINDS and "truncated" not in name)
"""Schemes that draw normal, uniform or orthogonal weights and scale them."""
INPUTS = 4
"""Inputs and read-outs per network; drawing weights takes most of the time, so each draw serves 4 inputs."""


def kind(scheme: str) -> str:
    """Return the kind, one of `KINDS`, of a scheme's weights before they are scaled."""
    if scheme not in INITS:
        raise ValueError(f"inits must be some of {', '.join(INITS)}; got {scheme!r}")
    return scheme.split("_")[-1]


def scale(scheme: str, width: int) -> float:
    """Return the factor that gives weights (width, width) of the scheme's kind the scheme's variance."""
    variance = weight_variance(scheme, width, width)
    return float(np.sqrt(variance / weight_variance(kind(scheme), width, width)))


def distinct(inits: Iterable[str], width: int) -> Mapping[str, str]:
    """Return {label: init}, with one entry for schemes that are the same at equal widths (LeCun, Glorot)."""
    groups: dict[tuple[str, float], list[str]] = {}
    for name in inits:
        groups.setdefault((kind(name), round(scale(name, width), 9)), []).append(name)
    return {" = ".join(names): names[0] for names in groups.values()}


def draw(
    key: jax.Array, width: int, layers: int, kinds: Sequence[str]
) -> tuple[dict[str, jax.Array], tuple[jax.Array, jax.Array]]:
    """Draw weights (l, i, j) of each kind from one set of uniform numbers; also draw x and v (p, i)."""
    lowest = np.nextafter(np.float32(-1), np.float32(0))
    # All numbers are drawn as one flat array: with three axes, XLA would take seconds to compile this.
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
    """Apply Gram-Schmidt twice to the columns of each matrix (l, n, n).

    The result is the Q of a QR decomposition in which R's diagonal is positive. LAPACK's QR is not used,
    since it can hang when a program that runs on several CPU devices calls it.
    """

    def column(j: Any, q: jax.Array) -> jax.Array:
        c = matrices[:, :, j, None]
        for _ in range(2):
            c = c - product(q, product(jnp.swapaxes(q, 1, 2), c))
        return q.at[:, :, j].set((c / signal_propagation.norm(c, (1, 2))[:, None, None])[..., 0])

    return jax.lax.fori_loop(0, matrices.shape[-1], column, jnp.zeros_like(matrices))

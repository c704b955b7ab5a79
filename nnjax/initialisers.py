"""Initial weights: the variance that each scheme gives to a layer's weights, and how all layers are drawn.

A single draw serves all layers of a network, because XLA compiles every call of a random number generator
separately. With one call per layer, a network of thirty layers takes five times as long to compile.
"""

import functools
import itertools
import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from nnjax import checks, linalg

Shapes = Sequence[tuple[int, ...]]


def _truncated(key: PRNGKeyArray, shape: tuple[int, ...], dtype: type) -> Array:
    return jax.random.truncated_normal(key, -2, 2, shape, dtype)


_DRAW = {
    "normal": jax.random.normal,
    "uniform": functools.partial(jax.random.uniform, minval=-1, maxval=1),
    "truncated_normal": _truncated,
}
_DRAWN_VARIANCE = {
    "normal": 1.0,
    "uniform": 1 / 3,
    "truncated_normal": 1 - 4 * math.exp(-2) / (math.sqrt(2 * math.pi) * math.erf(math.sqrt(2))),
}
_GAINS = {
    "lecun": lambda inputs, outputs: 1 / inputs,
    "glorot": lambda inputs, outputs: 2 / (inputs + outputs),
    "he": lambda inputs, outputs: 2 / inputs,
}

SCHEMES = ("normal", "uniform", "zeros", "orthogonal", *(f"{gain}_{law}" for gain in _GAINS for law in _DRAW))
"""The names of the schemes for initial weights."""
BIAS_SCHEMES = ("zeros", "normal", "uniform")
"""The names of the schemes for initial biases."""
ALIASES = {
    "gaussian": "normal",
    "zero": "zeros",
    "glorot": "glorot_uniform",
    "xavier": "glorot_uniform",
    "he": "he_normal",
    "kaiming": "he_normal",
    **{f"xavier{law.replace('_', '')}": f"glorot_{law}" for law in _DRAW},
    **{f"kaiming{law.replace('_', '')}": f"he_{law}" for law in _DRAW},
}
"""Other libraries' names; a bare name, such as "he", means the distribution used in the original paper."""


def find(scheme: str) -> str:
    """Return our name for a scheme of initial weights, given in upper or lower case or as an alias.

    Raises:
        ValueError: If there is no such scheme; the message suggests the nearest name.
    """
    return checks.canonical("weights scheme", scheme, dict.fromkeys(SCHEMES), ALIASES)


def find_biases(scheme: str) -> str:
    """Return our name for a scheme of initial biases, as `find` does for weights.

    Raises:
        ValueError: As in `find`.
    """
    return checks.canonical("biases scheme", scheme, dict.fromkeys(BIAS_SCHEMES), ALIASES)


def weight_variance(scheme: str, inputs: int, outputs: int) -> float:
    """Return Var(w), the variance of one weight under a scheme of `nnjax.init` at scale 1.

    The variance is 1/in for LeCun, 2/in for He and 2/(in + out) for Glorot; for "normal" it is 1 and for
    "uniform" 1/3, whatever the widths. Orthogonal weights are not independent draws; for them, the mean
    square 1/max(in, out) is returned.

    >>> weight_variance("he_normal", 100, 30)
    0.02


    Raises:
        ValueError: If the scheme is unknown; the message suggests the nearest name.
    """
    return _variance(find(scheme), inputs, outputs)


def _variance(scheme: str, inputs: int, outputs: int) -> float:
    gain, _, law = scheme.partition("_")
    if law:
        return _GAINS[gain](inputs, outputs)
    known = {"zeros": 0.0, "orthogonal": 1 / max(inputs, outputs)}
    return known[scheme] if scheme in known else _DRAWN_VARIANCE[scheme]


def draw(scheme: str, key: PRNGKeyArray, shapes: Shapes) -> list[Array]:
    """Draw float32 arrays of these shapes: weights (in, out), or biases (out,) for one of `BIAS_SCHEMES`.

    A single row of numbers is drawn and cut into arrays of these shapes, in order; each part is then
    multiplied by √(wanted variance / variance of the distribution). Orthogonal weights are made from one row
    per array.
    """
    if scheme == "zeros":
        return [jnp.zeros(shape, jnp.float32) for shape in shapes]
    if scheme == "orthogonal":
        return [_orthogonal(row, *shape) for row, shape in zip(_rows(key, shapes), shapes, strict=True)]
    law = scheme.partition("_")[2] or scheme
    sizes = [math.prod(shape) for shape in shapes]
    row = _DRAW[law](key, (sum(sizes),), jnp.float32)
    ends = list(itertools.accumulate(sizes))
    parts = [row[end - size : end].reshape(s) for end, size, s in zip(ends, sizes, shapes, strict=True)]
    return [part * _factor(scheme, law, shape) for part, shape in zip(parts, shapes, strict=True)]


def _rows(key: PRNGKeyArray, shapes: Shapes) -> Array:
    """Draw one row of normal numbers per shape, each from its own key: (l, most), enough for any shape."""
    keys = jax.vmap(jax.random.fold_in, (None, 0))(key, jnp.arange(len(shapes)))
    most = max(map(math.prod, shapes))
    return jax.vmap(lambda layer_key: jax.random.normal(layer_key, (most,), jnp.float32))(keys)


def _orthogonal(row: Float[Array, " k"], inputs: int, outputs: int) -> Array:
    """Make Q from the QR decomposition of a row's first numbers, which are normal; Q is uniform (Haar).

    To make Q uniform, the signs of its columns are chosen so that R has a positive diagonal.
    """
    tall = row[: inputs * outputs].reshape(max(inputs, outputs), min(inputs, outputs))
    q, r = linalg.qr(tall)
    q = q * jnp.sign(jnp.diagonal(r))[None]
    return q.T if inputs < outputs else q


def _factor(scheme: str, law: str, shape: tuple[int, ...]) -> np.float32:
    variance = _variance(scheme, shape[0], shape[-1])
    return np.float32(math.sqrt(variance / _DRAWN_VARIANCE[law]))

"""Safran and Shamir's objective: n ReLU neurons that learn k ReLU neurons, averaged over all Gaussian inputs.

F(W) = ½ E[(Σᵢ relu(wᵢ·x) − Σⱼ relu(vⱼ·x))²] for x ~ N(0, I) and the target neurons vⱼ = eⱼ. No data is
needed: the expectation is given by a formula in the angles between neurons (Cho & Saul 2009; Brutzkus &
Globerson 2017; Safran & Shamir 2018). Index letters: i for neurons, j for target neurons or inputs, s for
seeds. W is (n, k), one row per neuron, in float64: the objective loses half its digits if two neurons are
parallel.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

DEGREE = 12
HIGHEST = jax.lax.Precision.HIGHEST


def _arcsine_coefficients() -> np.ndarray:
    """Fit (arcsin r / r − 1) / r² for r² in [0, ¼] by a polynomial in u = 8 r² − 1, to 16 digits."""
    u = np.cos(np.pi * (np.arange(DEGREE + 1) + 0.5) / (DEGREE + 1))
    squares = (u + 1) / 8
    values = (np.arcsin(np.sqrt(squares)) / np.sqrt(squares) - 1) / squares
    return np.polynomial.chebyshev.cheb2poly(np.polynomial.chebyshev.chebfit(u, values, DEGREE))


ARCSINE = _arcsine_coefficients()


@jax.custom_jvp
def angle(cosine: Float[Array, "..."]) -> Float[Array, "..."]:
    """Compute t = arccos c for c in [−1, 1], to 1e-15, by a polynomial: XLA's arccos is not vectorised.

    arccos |c| = π/2 − arcsin |c| up to |c| = ½, and 2 arcsin √((1 − |c|) / 2) beyond.
    """
    size = jnp.abs(cosine)
    large = size > 0.5
    root = jnp.where(large, jnp.sqrt((1 - size) / 2), size)
    square = root * root
    power = jnp.full_like(cosine, ARCSINE[-1])
    for coefficient in ARCSINE[-2::-1]:
        power = power * (8 * square - 1) + coefficient
    arcsine = root + root * square * power
    acute = jnp.where(large, 2 * arcsine, np.pi / 2 - arcsine)
    return jnp.where(cosine < 0, np.pi - acute, acute)


@angle.defjvp
def _angle_jvp(primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    (cosine,), (tangent,) = primals, tangents
    return angle(cosine), -tangent / jnp.sqrt(1 - cosine * cosine)


class Pairs(NamedTuple):
    """Cosine, sine and π − t of every angle t between two families of neurons, each (n, m)."""

    cosine: Array
    sine: Array
    rest: Array


def _pairs(cosine: Array) -> Pairs:
    cosine = jnp.clip(cosine, -1.0, 1.0)
    return Pairs(cosine, jnp.sqrt(1 - cosine * cosine), np.pi - angle(cosine))


def value_and_gradient(weights: Float[Array, "n k"]) -> tuple[Float[Array, ""], Float[Array, "n k"]]:
    """Compute F and ∂F/∂W from explicit formulas.

    f(w, v) = |w| |v| (sin t + (π − t) cos t) / 2π
    F = ½ Σᵢᵢ' f(wᵢ, wᵢ') − Σᵢⱼ f(wᵢ, vⱼ) + ½ Σⱼⱼ' f(vⱼ, vⱼ')
    ∂f/∂w = (|v| sin t · w/|w| + (π − t) v) / 2π

    A neuron's angle with itself is 0 and is never computed, since arccos has an infinite derivative there.
    Given the gradient, F needs only one more sum, because the first part of F is of degree 2 in W and the
    second part is of degree 1:
    F = ½ ⟨W, ∂F/∂W⟩ − ½ Σᵢⱼ f(wᵢ, vⱼ) + ½ Σⱼⱼ' f(vⱼ, vⱼ').
    """
    n, k = weights.shape
    norm = jnp.sqrt(jnp.sum(weights * weights, axis=1, keepdims=True))
    unit = weights / norm
    itself = jnp.eye(n, dtype=bool)
    neurons = _pairs(jnp.where(itself, 0.0, jnp.matmul(unit, unit.T, precision=HIGHEST)))
    targets = _pairs(unit)
    sine, rest = jnp.where(itself, 0.0, neurons.sine), jnp.where(itself, np.pi, neurons.rest)
    along = jnp.matmul(sine, norm, precision=HIGHEST) - jnp.sum(targets.sine, axis=1, keepdims=True)
    across = jnp.matmul(rest, weights, precision=HIGHEST) - targets.rest
    gradient = (along * unit + across) / (2 * np.pi)
    mixed = jnp.sum(norm * (targets.sine + targets.rest * targets.cosine)) / (2 * np.pi)
    constant = k / 4 + k * (k - 1) / (4 * np.pi)
    return (jnp.sum(weights * gradient) - mixed) / 2 + constant, gradient


def gradient_norm(gradient: Float[Array, "n k"]) -> Float[Array, ""]:
    """Return maxᵢ |2π ∂F/∂wᵢ|, from the Euclidean norm of each neuron's gradient."""
    return 2 * np.pi * jnp.sqrt(jnp.max(jnp.sum(gradient * gradient, axis=1)))


def hessian(weights: Float[Array, "n k"]) -> Float[Array, "nk nk"]:
    """Compute ∂²F/∂W² (n k, n k) in closed form (Safran & Shamir 2018).

    With ŵ = w/|w|, t the angle of w and v, and r(w, v) = (v̂ − cos t ŵ) / sin t:

    ∂²f/∂w²  = |v| sin t / (2π |w|) · (I − ŵŵᵀ + r(w, v) r(w, v)ᵀ)
    ∂²f/∂w∂v = ((π − t) I + ŵ r(w, v)ᵀ + v̂ r(v, w)ᵀ) / 2π

    The Hessian is not finite if a neuron is parallel to another neuron or to a target, as at the global
    minimum.
    """
    n, k = weights.shape
    norm = jnp.sqrt(jnp.sum(weights * weights, axis=1))
    unit, itself, eye = weights / norm[:, None], jnp.eye(n, n + k, dtype=bool), jnp.eye(k)
    others = jnp.concatenate([unit, eye])
    pairs = _pairs(jnp.where(itself, 0.0, jnp.matmul(unit, others.T, precision=HIGHEST)))
    r = (others[None] - pairs.cosine[:, :, None] * unit[:, None]) / pairs.sine[:, :, None]
    turn = unit[:, None, :, None] * r[:, :n, None, :]
    cross = pairs.rest[:, :n, None, None] * eye[None, None] + turn + jnp.swapaxes(turn, 0, 1)
    lengths = jnp.concatenate([norm, -jnp.ones(k)])
    bend = jnp.where(itself, 0.0, lengths[None] * pairs.sine / norm[:, None])
    flat = eye[None] - unit[:, :, None] * unit[:, None]
    diagonal = np.pi * eye[None] + jnp.sum(bend, axis=1)[:, None, None] * flat
    diagonal = diagonal + jnp.einsum("im,ima,imb->iab", bend, r, r, precision=HIGHEST)
    blocks = jnp.where(itself[:, :n, None, None], diagonal[:, None], cross) / (2 * np.pi)
    return jnp.swapaxes(blocks, 1, 2).reshape(n * k, n * k)

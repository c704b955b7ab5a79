"""Safran and Shamir's objective: n ReLU neurons that learn k ReLU neurons, over all Gaussian inputs at once.

F(W) = ½ E[(Σᵢ relu(wᵢ·x) − Σⱼ relu(vⱼ·x))²] for x ~ N(0, I) and the target neurons vⱼ = eⱼ, so that no data
are needed: the expectation is a formula in the angles between neurons (Cho & Saul 2009; Brutzkus &
Globerson 2017; Safran & Shamir 2018). Index letters: i neuron, j target neuron or input, s seed. W is (n, k),
one row per neuron, float64: the objective loses half its digits where two neurons are parallel.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

STEP = 0.3
"""Step size. Safran and Shamir's 0.1 takes three times as long, and ends in the same minima as often. A step
is stable below 2 / (largest Hessian eigenvalue), and F then only falls: the experiment checks both."""
GLOBAL = 1e-3
"""Below this value a run is on its way to the global minimum, F = 0: F only falls, and no spurious minimum
this low is known."""
CONVERGED = 1e-9
"""Safran and Shamir's end of a run: maxᵢ |2π ∂F/∂wᵢ| at most this."""
HANDOVER, PATIENCE = 1e-3, 5000
"""Newton's method is tried once descent has reached this gradient norm, or done so many steps."""
NEWTON, TRUST = 5, 0.3
"""Newton's method does so many steps, and may go so far in the Euclidean norm of W."""
PUSH = 1e-3
"""How far from a saddle a run goes on, in the Euclidean norm of W."""
ROUNDING = 1e-12
"""A rise of F no larger than this is rounding: F is a difference of sums of some k² terms of size 1."""
DEGREE = 12
HIGHEST = jax.lax.Precision.HIGHEST


def _arcsine_coefficients() -> np.ndarray:
    """(arcsin r / r − 1) / r² for r² in [0, ¼] as a polynomial in u = 8 r² − 1, to 16 digits."""
    u = np.cos(np.pi * (np.arange(DEGREE + 1) + 0.5) / (DEGREE + 1))
    squares = (u + 1) / 8
    values = (np.arcsin(np.sqrt(squares)) / np.sqrt(squares) - 1) / squares
    return np.polynomial.chebyshev.cheb2poly(np.polynomial.chebyshev.chebfit(u, values, DEGREE))


ARCSINE = _arcsine_coefficients()


@jax.custom_jvp
def angle(cosine: Float[Array, "..."]) -> Float[Array, "..."]:
    """The angle t = arccos c for c in [−1, 1], to 1e-15, by a polynomial: XLA's arccos is not vectorised.

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
    """F and ∂F/∂W, written by hand.

    f(w, v) = |w| |v| (sin t + (π − t) cos t) / 2π
    F = ½ Σᵢᵢ' f(wᵢ, wᵢ') − Σᵢⱼ f(wᵢ, vⱼ) + ½ Σⱼⱼ' f(vⱼ, vⱼ')
    ∂f/∂w = (|v| sin t · w/|w| + (π − t) v) / 2π

    A neuron's angle with itself is 0 and is never computed: there arccos has an infinite derivative. F needs
    one further sum only, because its first part is of degree 2 in W and its second of degree 1:
    F = ½ ⟨W, ∂F/∂W⟩ − ½ Σᵢⱼ f(wᵢ, vⱼ) + ½ Σⱼⱼ' f(vⱼ, vⱼ').
    """
    n, k = weights.shape
    norm = jnp.sqrt(jnp.sum(weights * weights, axis=1, keepdims=True))
    unit = weights / norm
    itself = jnp.eye(n, dtype=bool)
    own = _pairs(jnp.where(itself, 0.0, jnp.matmul(unit, unit.T, precision=HIGHEST)))
    target = _pairs(unit)
    own_sine, own_rest = jnp.where(itself, 0.0, own.sine), jnp.where(itself, np.pi, own.rest)
    along = jnp.matmul(own_sine, norm, precision=HIGHEST) - jnp.sum(target.sine, axis=1, keepdims=True)
    across = jnp.matmul(own_rest, weights, precision=HIGHEST) - target.rest
    gradient = (along * unit + across) / (2 * np.pi)
    mixed = jnp.sum(norm * (target.sine + target.rest * target.cosine)) / (2 * np.pi)
    constant = k / 4 + k * (k - 1) / (4 * np.pi)
    return (jnp.sum(weights * gradient) - mixed) / 2 + constant, gradient


def gradient_norm(gradient: Float[Array, "n k"]) -> Float[Array, ""]:
    """maxᵢ |2π ∂F/∂wᵢ|, Euclidean norm of each neuron's gradient."""
    return 2 * np.pi * jnp.sqrt(jnp.max(jnp.sum(gradient * gradient, axis=1)))


class State(NamedTuple):
    """One run of gradient descent.

    Attributes:
        weights: W (n, k).
        gradient: ∂F/∂W (n, k) there.
        objective: F there.
        rise: The largest rise of F in any step so far; rounding alone where the step is stable.
        handover: The gradient norm at which the run is handed over.
        patience: After how many further steps it is handed over all the same.
    """

    weights: Array
    gradient: Array
    objective: Array
    rise: Array
    handover: Array
    patience: Array


def start(
    key: PRNGKeyArray, k: int, n: int, handover: float | Array = HANDOVER, patience: int | Array = PATIENCE
) -> State:
    """W of independent N(0, 1/k) entries, as Safran and Shamir draw it."""
    return begin(jax.random.normal(key, (n, k), jnp.float64) / np.sqrt(k), handover, patience)


def begin(weights: Float[Array, "n k"], handover: float | Array, patience: int | Array) -> State:
    """A run that is at W."""
    value, gradient = value_and_gradient(weights)
    limits = jnp.asarray(handover, jnp.float64), jnp.asarray(patience, jnp.int32)
    return State(weights, gradient, value, jnp.zeros((), jnp.float64), *limits)


def descend(state: State, step: float = STEP) -> State:
    """One step of plain gradient descent, W − step · ∂F/∂W."""
    weights = state.weights - step * state.gradient
    value, gradient = value_and_gradient(weights)
    rise = jnp.maximum(state.rise, value - state.objective)
    return State(weights, gradient, value, rise, state.handover, state.patience - 1)


def settled(state: State) -> Array:
    """F < 1e-3, or the gradient has fallen to `handover`, or `patience` is at its end; not with NaN."""
    at_rest = (gradient_norm(state.gradient) <= state.handover) | (state.patience <= 0)
    return (state.objective < GLOBAL) | (at_rest & jnp.isfinite(state.objective))


def hessian(weights: Float[Array, "n k"]) -> Float[Array, "nk nk"]:
    """∂²F/∂W² (n k, n k), in closed form (Safran & Shamir 2018).

    With ŵ = w/|w|, t the angle of w and v, and r(w, v) = (v̂ − cos t ŵ) / sin t:

    ∂²f/∂w²  = |v| sin t / (2π |w|) · (I − ŵŵᵀ + r(w, v) r(w, v)ᵀ)
    ∂²f/∂w∂v = ((π − t) I + ŵ r(w, v)ᵀ + v̂ r(v, w)ᵀ) / 2π

    Not finite where a neuron is parallel to another or to a target, as at the global minimum.
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
    own = np.pi * eye[None] + jnp.sum(bend, axis=1)[:, None, None] * flat
    own = own + jnp.einsum("im,ima,imb->iab", bend, r, r, precision=HIGHEST)
    blocks = jnp.where(itself[:, :n, None, None], own[:, None], cross) / (2 * np.pi)
    return jnp.swapaxes(blocks, 1, 2).reshape(n * k, n * k)


class Finished(NamedTuple):
    """Runs' ends, and what kind of points they are.

    Attributes:
        weights: W (s, n, k).
        objective: F there (s,).
        gradient_norm: maxᵢ |2π ∂F/∂wᵢ| there (s,).
        spectrum: The Hessian's eigenvalues (s, n k) there, ascending; 0 where it is not finite.
        accepted: Whether Newton's method may stand for the rest of the descent (s,).
    """

    weights: np.ndarray
    objective: np.ndarray
    gradient_norm: np.ndarray
    spectrum: np.ndarray
    accepted: np.ndarray


@jax.jit
def _look(weights: Array) -> tuple[Array, Array, Array, Array]:
    """F, its gradient, the gradient's norm and the Hessian (0 where not finite) of each of (s, n, k)."""
    value, gradient = jax.vmap(value_and_gradient)(weights)
    curvature = jax.vmap(hessian)(weights)
    finite = jnp.all(jnp.isfinite(curvature), axis=(1, 2), keepdims=True)
    return value, gradient, jax.vmap(gradient_norm)(gradient), jnp.where(finite, curvature, 0.0)


def finish(weights: np.ndarray) -> Finished:
    """Newton's method from where descents (s, n, k) are nearly at rest, and the eigenvalues at their ends.

    W ← W − H⁻¹ ∂F/∂W. It stands for the descent only if every Hessian H on the way is positive definite, the
    end lies within `TRUST` of the start, F has not risen (beyond rounding) and the gradient is at most 1e-9;
    else the start is returned, refused. NumPy does the linear algebra, since jnp.linalg.eigvalsh computes the
    eigenvectors too.
    """
    before = now = tuple(map(np.asarray, _look(weights)))
    end, spectrum = weights, np.linalg.eigvalsh(before[3])
    first, sound = spectrum, spectrum[:, 0] > 0
    for _ in range(NEWTON):
        safe = np.where(sound[:, None, None], now[3], np.eye(spectrum.shape[1])[None])
        new = end - np.linalg.solve(safe, now[1].reshape(len(weights), -1, 1)).reshape(weights.shape)
        sound = sound & (np.linalg.norm((new - weights).reshape(len(weights), -1), axis=1) <= TRUST)
        end = np.where(sound[:, None, None], new, end)
        now = tuple(map(np.asarray, _look(end)))
        spectrum = np.linalg.eigvalsh(now[3])
        sound = sound & (spectrum[:, 0] > 0)
    accepted = sound & (now[0] <= before[0] + ROUNDING) & (now[0] >= GLOBAL) & (now[2] <= CONVERGED)
    value, norm = (np.where(accepted, now[i], before[i]) for i in (0, 2))
    kept = np.where(accepted[:, None, None], end, weights)
    return Finished(kept, value, norm, np.where(accepted[:, None], spectrum, first), accepted)


def pushed(weights: np.ndarray) -> np.ndarray:
    """W (n, k) at a saddle, `PUSH` further on the way on which descent is leaving it; elsewhere W itself.

    Near a saddle one step multiplies the gradient's part along a Hessian's eigenvector by 1 − step · λ. Where
    λ < 0 that part grows, however short it is when the gradient as a whole has come down to 1e-9. So this
    goes against the sum of these parts; along the eigenvector of the smallest λ if they are all 0.
    """
    _, gradient, _, curvature = (np.asarray(leaf)[0] for leaf in _look(weights[None]))
    values, vectors = np.linalg.eigh(curvature)
    if values[0] >= 0:
        return weights
    growing = vectors[:, values < 0]
    part = growing @ (growing.T @ gradient.ravel())
    length = np.linalg.norm(part)
    direction = part / length if length > 0 else growing[:, 0]
    return weights - PUSH * direction.reshape(weights.shape)


@jax.jit
def follow(
    weights: Float[Array, "n k"], before: float | Array, handover: float | Array, patience: int | Array
) -> State:
    """Gradient descent of one run from W until `settled`, or F is not finite.

    That F was `before` counts for its rise.
    """
    state = begin(weights, handover, patience)
    state = state._replace(rise=jnp.maximum(state.objective - before, 0.0))
    return jax.lax.while_loop(lambda s: ~settled(s) & jnp.isfinite(s.objective), descend, state)

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
HANDOVER = 1e-3
"""Newton's method takes over from descent at this gradient norm."""
TRUST = 0.3
"""How far Newton's method may go, in the Euclidean norm of W."""
ROUNDING = 1e-12
"""A rise of F no larger than this is rounding: F is a difference of sums of some k² terms of size 1."""
DEGREE = 12


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
    highest = jax.lax.Precision.HIGHEST
    own = _pairs(jnp.where(itself, 0.0, jnp.matmul(unit, unit.T, precision=highest)))
    target = _pairs(unit)
    own_sine, own_rest = jnp.where(itself, 0.0, own.sine), jnp.where(itself, np.pi, own.rest)
    along = jnp.matmul(own_sine, norm, precision=highest) - jnp.sum(target.sine, axis=1, keepdims=True)
    across = jnp.matmul(own_rest, weights, precision=highest) - target.rest
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
    """

    weights: Array
    gradient: Array
    objective: Array
    rise: Array


def start(key: PRNGKeyArray, k: int, n: int) -> State:
    """W of independent N(0, 1/k) entries, as Safran and Shamir draw it."""
    weights = jax.random.normal(key, (n, k), jnp.float64) / np.sqrt(k)
    value, gradient = value_and_gradient(weights)
    return State(weights, gradient, value, jnp.zeros((), jnp.float64))


def descend(state: State, step: float = STEP) -> State:
    """One step of plain gradient descent, W − step · ∂F/∂W."""
    weights = state.weights - step * state.gradient
    value, gradient = value_and_gradient(weights)
    return State(weights, gradient, value, jnp.maximum(state.rise, value - state.objective))


def settled(state: State) -> Array:
    """F < 1e-3, or the gradient has fallen to 1e-9. NaN is neither."""
    return (state.objective < GLOBAL) | (gradient_norm(state.gradient) <= CONVERGED)


def hessian(weights: Float[Array, "n k"]) -> Float[Array, "nk nk"]:
    """∂²F/∂W², the derivative of the gradient written by hand, symmetric, (n k, n k)."""
    derivative = jax.jacfwd(lambda flat: value_and_gradient(flat.reshape(weights.shape))[1].ravel())
    matrix = derivative(weights.ravel())
    return (matrix + matrix.T) / 2


def nearly_settled(state: State) -> Array:
    """F < 1e-3, or the gradient has fallen so far that Newton's method may be tried."""
    return (state.objective < GLOBAL) | (gradient_norm(state.gradient) <= HANDOVER)


class Finished(NamedTuple):
    """A run's end, and what kind of point it is.

    Attributes:
        weights: W (n, k).
        objective: F there.
        gradient_norm: maxᵢ |2π ∂F/∂wᵢ| there.
        spectrum: The Hessian's eigenvalues (n k,) there, ascending.
        accepted: Whether Newton's method may stand for the rest of the descent.
    """

    weights: Array
    objective: Array
    gradient_norm: Array
    spectrum: Array
    accepted: Array


def finish(weights: Float[Array, "n k"]) -> Finished:
    """Newton's method from where a descent is nearly at rest, and the Hessian's eigenvalues at its end.

    W ← W − H⁻¹ ∂F/∂W, each Hessian H used for six steps, two of them after each other. It stands for the
    descent only if H is positive definite at every Hessian taken, the end lies within `TRUST` of the start, F
    has not risen (beyond rounding) and the gradient is at most 1e-9; else the start is returned, refused.
    """

    def refine(now: Array, _: None) -> tuple[Array, Array]:
        factor = jnp.linalg.cholesky(hessian(now))

        def step(_: int, point: Array) -> Array:
            gradient = value_and_gradient(point)[1].ravel()
            return point - jax.scipy.linalg.cho_solve((factor, True), gradient).reshape(point.shape)

        return jax.lax.fori_loop(0, 6, step, now), jnp.all(jnp.isfinite(factor))

    before, _ = value_and_gradient(weights)
    end, convex = jax.lax.scan(refine, weights, None, length=2)
    after, gradient = value_and_gradient(end)
    near = jnp.sqrt(jnp.sum((end - weights) ** 2)) <= TRUST
    fell = (after <= before + ROUNDING) & (after >= GLOBAL) & (gradient_norm(gradient) <= CONVERGED)
    accepted = jnp.all(convex) & near & fell
    kept = jnp.where(accepted, end, weights)
    value, gradient = value_and_gradient(kept)
    spectrum = jnp.linalg.eigvalsh(hessian(kept))
    return Finished(kept, value, gradient_norm(gradient), spectrum, accepted & (spectrum[0] > 0))

"""One run: gradient descent on Safran and Shamir's objective, Newton's method at the end, pushes off saddles.

Index letters: i for neurons, s for seeds. W is (n, k), one row per neuron, in float64.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from experiments.spurious_minima.objective import gradient_norm, hessian, value_and_gradient

STEP = 0.3
"""Step size. Safran and Shamir's step size of 0.1 takes three times as long, and ends in the same minima
equally often. A step below 2 / (largest Hessian eigenvalue) is stable, and F then only falls: the experiment
checks both."""
GLOBAL = 1e-3
"""Below this value of F a run is on its way to the global minimum, F = 0: F only falls, and no spurious
minimum this low is known."""
CONVERGED = 1e-9
"""Safran and Shamir end a run once maxᵢ |2π ∂F/∂wᵢ| is at most this."""
HANDOVER, PATIENCE = 1e-3, 5000
"""Newton's method is tried once descent has reached this gradient norm, or taken this many steps."""
NEWTON, TRUST = 5, 0.3
"""Steps of Newton's method, and how far it may go in the Euclidean norm of W."""
PUSH = 1e-3
"""How far a run is pushed off a saddle, in the Euclidean norm of W."""
ROUNDING = 1e-12
"""A rise of F that is no larger than this is due to rounding, since F is a difference between sums of about
k² terms."""


class State(NamedTuple):
    """One run of gradient descent.

    Attributes:
        weights: W (n, k).
        gradient: ∂F/∂W (n, k) at W.
        objective: F at W.
        rise: The largest rise of F in any step so far; it is only rounding if the step is stable.
        handover: The gradient norm at which the run is handed over.
        patience: The number of additional steps after which the run is handed over in any case.
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
    """Draw W with independent N(0, 1/k) entries, as Safran and Shamir do."""
    return begin(jax.random.normal(key, (n, k), jnp.float64) / np.sqrt(k), handover, patience)


def begin(weights: Float[Array, "n k"], handover: float | Array, patience: int | Array) -> State:
    """Start a run at W."""
    value, gradient = value_and_gradient(weights)
    limits = jnp.asarray(handover, jnp.float64), jnp.asarray(patience, jnp.int32)
    return State(weights, gradient, value, jnp.zeros((), jnp.float64), *limits)


def descend(state: State, step: float = STEP) -> State:
    """Take one step of plain gradient descent, W − step · ∂F/∂W."""
    weights = state.weights - step * state.gradient
    value, gradient = value_and_gradient(weights)
    rise = jnp.maximum(state.rise, value - state.objective)
    return State(weights, gradient, value, rise, state.handover, state.patience - 1)


def settled(state: State) -> Array:
    """Return whether F < 1e-3, the gradient is at most `handover` or `patience` is used up; False for NaN."""
    at_rest = (gradient_norm(state.gradient) <= state.handover) | (state.patience <= 0)
    return (state.objective < GLOBAL) | (at_rest & jnp.isfinite(state.objective))


class Finished(NamedTuple):
    """The points where runs end, and what kind of point each one is.

    Attributes:
        weights: W (s, n, k).
        objective: F at the ends (s,).
        gradient_norm: maxᵢ |2π ∂F/∂wᵢ| at the ends (s,).
        spectrum: The Hessian's eigenvalues (s, n k) at the ends, ascending; 0 if the Hessian is not finite.
        accepted: Whether Newton's method may replace the rest of the descent (s,).
    """

    weights: np.ndarray
    objective: np.ndarray
    gradient_norm: np.ndarray
    spectrum: np.ndarray
    accepted: np.ndarray


@jax.jit
def _look(weights: Array) -> tuple[Array, Array, Array, Array]:
    """Compute F, gradient, gradient norm and Hessian (0 if not finite) for each W of (s, n, k)."""
    value, gradient = jax.vmap(value_and_gradient)(weights)
    curvature = jax.vmap(hessian)(weights)
    finite = jnp.all(jnp.isfinite(curvature), axis=(1, 2), keepdims=True)
    return value, gradient, jax.vmap(gradient_norm)(gradient), jnp.where(finite, curvature, 0.0)


def finish(weights: np.ndarray) -> Finished:
    """Finish nearly converged descents (s, n, k) by Newton's method, and find the eigenvalues at the ends.

    A step is W ← W − H⁻¹ ∂F/∂W. Newton's method replaces the descent only if every Hessian H on the way is
    positive definite, the end lies within `TRUST` of the start, F has not risen (beyond rounding) and the
    gradient is at most 1e-9; otherwise the start is returned and marked as not accepted. NumPy does the
    linear algebra, since jnp.linalg.eigvalsh computes the eigenvectors, too.
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


def push(weights: np.ndarray) -> np.ndarray:
    """Push W (n, k) off a saddle by `PUSH`, in the direction of descent; return any other W unchanged.

    Near a saddle, one step multiplies the gradient's part along an eigenvector of the Hessian by
    1 − step · λ, where λ is the eigenvalue. If λ < 0 this part grows, even if it is tiny when the length
    of the whole gradient has fallen to 1e-9. The push therefore goes against the sum of the growing parts, or
    along the eigenvector of the smallest λ if all growing parts are 0.
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
    """Descend from W in one run until `settled`, or until F is not finite.

    The rise of F is measured from `before`, an earlier value of F.
    """
    state = begin(weights, handover, patience)
    state = state._replace(rise=jnp.maximum(state.objective - before, 0.0))
    return jax.lax.while_loop(lambda s: ~settled(s) & jnp.isfinite(s.objective), descend, state)

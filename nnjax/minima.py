"""Is it a minimum, and is it another one? Critical points, their certificates, copies, and what lies between.

Everything is a pure function of one parameter pytree; `jax.vmap` it over seeds. Use float64: eigenvalues that
are 0 come out at 1e-16 in it, but at 1e-7 in float32, where small true ones lie.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, ArrayLike, Float, Int, PRNGKeyArray, PyTree

from nnjax import checks
from nnjax.losses import LOSSES
from nnjax.network import (
    Layer,
    Network,
    Params,
    check_batch,
    check_params,
    gives_logits,
    matrix_total_loss,
)
from nnjax.symmetries import align as align
from nnjax.symmetries import canonical as canonical

Objective = Callable[[Any], Array]
"""A loss as a function of a parameter pytree alone."""
Values = ArrayLike | Sequence[float]
VERDICTS = ("strict minimum", "flat minimum", "saddle", "plateau", "not converged")
"""What `certify` can find; its `verdict` is the index."""
STRICT, FLAT, SADDLE, PLATEAU, UNFINISHED = range(len(VERDICTS))
ZERO = 1e-7
"""An eigenvalue is counted as 0 below this share of the largest."""
NEAR = 1e-5
"""A point is critical if the Newton step that is left is shorter than this share of 1 + |θ|."""
TINY = 1e-13
"""Newton's steps on a plateau use eigenvalues down to this share of the largest: what rounding leaves."""
WALK, KEPT = 4, 0.8
"""A plateau: `WALK` Newton steps in a row, each at least `KEPT` times as long as the last."""


class Certificate(NamedTuple):
    """What kind of point it is.

    Attributes:
        loss: Loss at the point.
        gradient_norm: |∂L/∂θ|.
        eigenvalues: λ of the Hessian ∂²L/∂θ², ascending, (p,).
        negative: Number of eigenvalues below 0.
        zero: Number within `ZERO`·max|λ| of 0.
        positive: Number above.
        step: Length of the Newton step that is left, over directions that are not flat.
        verdict: Index into `VERDICTS`.
    """

    loss: Float[Array, ""]
    gradient_norm: Float[Array, ""]
    eigenvalues: Float[Array, " p"]
    negative: Int[Array, ""]
    zero: Int[Array, ""]
    positive: Int[Array, ""]
    step: Float[Array, ""]
    verdict: Int[Array, ""]


def _on_vectors(
    loss: Objective, gradient: Callable | None, params: PyTree
) -> tuple[Array, Objective, Callable, Callable]:
    """Return θ as a vector, loss and gradient as functions of such vectors, and the way back."""
    theta, back = ravel_pytree(params)
    of_params = gradient or jax.grad(loss)
    return theta, lambda v: loss(back(v)), lambda v: ravel_pytree(of_params(back(v)))[0], back


def hessian(loss: Objective, params: PyTree, gradient: Callable | None = None) -> Float[Array, "p p"]:
    """∂²L/∂θ² as a symmetric matrix, the derivative of `gradient` (default: jax.grad of the loss)."""
    theta, _, gradient_at, _ = _on_vectors(loss, gradient, params)
    return _hessian(gradient_at, theta)


def _hessian(gradient_at: Callable, theta: Array) -> Array:
    matrix = jax.jacfwd(gradient_at)(theta)
    return (matrix + matrix.T) / 2


def certify(loss: Objective, params: PyTree, gradient: Callable | None = None) -> Certificate:
    """Decide which kind of critical point `params` is, if it is one.

    strict minimum   critical, all eigenvalues of the Hessian positive
    flat minimum     critical, none negative, some 0, to second order: mostly a manifold of equal loss, but
                     higher orders are not looked at, and x² + y³ and x² − y⁴ at 0 look like one
    saddle           critical, some negative
    plateau          the loss falls towards infinity: `WALK` Newton steps in a row lower the loss, take the
                     weights further out and do not get shorter; or no slope is left above rounding
    not converged    the rest

    A point is critical if the gradient cannot move it: with λ and g the eigenvalues and the gradient along
    the eigenvectors, √Σ(g/λ)² over |λ| > ZERO·max|λ|, and |g| along the others over ZERO·max|λ|, are at most
    NEAR·(1 + |θ|). On a plateau at infinity, such as L = e^(-θ), the step g/λ stays 1 however often it is
    taken (1.5 times the last for 1/θ); near a minimum it falls to 0 (to 2/3 of the last for θ⁴). That tells
    them apart, which a small gradient does not. Multiplying the loss by a number changes no verdict.

    Args:
        loss: Any function of a parameter pytree.
        params: The point, float64.
        gradient: Its gradient; `nnjax.gradients` for the manual one. Default: jax.grad(loss).
    """
    theta, value, gradient_at, _ = _on_vectors(loss, gradient, params)
    g = gradient_at(theta)
    eigenvalues, vectors = jnp.linalg.eigh(_hessian(gradient_at, theta))
    along, size = vectors.T @ g, jnp.abs(eigenvalues)
    least = ZERO * jnp.max(size)
    is_zero = size <= least
    floor = jnp.where(least > 0, least, 1)
    step = _length(jnp.where(is_zero, 0, along / jnp.where(is_zero, 1, size)))
    drift = _length(jnp.where(is_zero, along / floor, 0))
    reach, length = 1 + _length(theta), _length(g)
    critical = (step <= NEAR * reach) & (drift <= NEAR * reach) & jnp.isfinite(value(theta))
    negative, zero, positive = (
        jnp.sum(kind) for kind in ((eigenvalues < 0) & ~is_zero, is_zero, (eigenvalues > 0) & ~is_zero)
    )
    growing = _outwards(value, gradient_at, theta, _newton(eigenvalues, vectors, g))
    verdict = jnp.select(
        [
            critical & (negative > 0),
            critical & (zero == 0),
            critical & (positive > 0),
            critical | growing,
        ],
        [SADDLE, STRICT, FLAT, PLATEAU],
        UNFINISHED,
    )
    return Certificate(value(theta), length, eigenvalues, negative, zero, positive, step, verdict)


def _newton(eigenvalues: Array, vectors: Array, g: Array) -> Array:
    """Newton's step d = -Σ v (v·g) / |λ| over |λ| > TINY·max|λ|."""
    size = jnp.abs(eigenvalues)
    used = size > TINY * jnp.max(size)
    return -vectors @ jnp.where(used, vectors.T @ g / jnp.where(used, size, 1), 0)


def _outwards(value: Callable, gradient_at: Callable, theta: Array, first: Array) -> Array:
    """Tell whether Newton's method walks off to infinity from θ, where its step is `first`.

    One eigenvalue problem after the other: on CPUs, two at once in a program were seen to wait for each other
    for ever (jaxlib 0.10.1).
    """

    def walk(state: tuple[Array, Array], _: None) -> tuple[tuple[Array, Array], Array]:
        point, step = state
        moved = point + step
        eigenvalues, vectors = jnp.linalg.eigh(_hessian(gradient_at, moved))
        following = _newton(eigenvalues, vectors, gradient_at(moved))
        fell, further = value(moved) < value(point), _length(moved) > _length(point)
        return (moved, following), fell & further & (_length(following) >= KEPT * _length(step))

    _, kept = jax.lax.scan(walk, (theta, first), length=WALK)
    return jnp.all(kept) & (_length(first) > 0)


def _length(vector: Array) -> Array:
    return jnp.sqrt(jnp.sum(vector * vector))


class Polished(NamedTuple):
    """A point moved to the critical point next to it.

    Attributes:
        params: The critical point, or the start if that was refused.
        gradient_norm: |∂L/∂θ| at `params`.
        moved: Distance from the start.
        accepted: Whether the gradient has fallen and the weights have not run away.
    """

    params: PyTree
    gradient_norm: Float[Array, ""]
    moved: Float[Array, ""]
    accepted: Array


def polish(
    loss: Objective, params: PyTree, gradient: Callable | None = None, steps: int = 60, growth: float = 1.5
) -> Polished:
    """Descend from where training ended to the minimum nearby, by Newton's method with a safeguard.

    θ ← θ - Σ v (v·g) / (|λ| + μ) over the Hessian's eigenvectors v (Levenberg-Marquardt; |λ| turns uphill
    Newton steps round). A step that would raise the loss is not taken, and μ grows tenfold; else μ falls
    tenfold. The end is refused if its gradient is no shorter than the start's, or 1 + |θ| has grown by the
    factor `growth`: then the minimum is not near, and may lie at infinity.

    Args:
        loss: A function of a parameter pytree.
        params: Where to start, float64.
        gradient: As for `certify`.
        steps: Number of Newton steps at most.
        growth: Factor by which 1 + |θ| may grow.
    """
    theta, value, gradient_at, back = _on_vectors(loss, gradient, params)

    def newton(_: Any, state: tuple[Array, Array]) -> tuple[Array, Array]:
        now, damping = state
        g = gradient_at(now)
        eigenvalues, vectors = jnp.linalg.eigh(_hessian(gradient_at, now))
        size = jnp.abs(eigenvalues) + damping * jnp.max(jnp.abs(eigenvalues))
        new = now - vectors @ ((vectors.T @ g) / jnp.where(size > 0, size, 1))
        better = (value(new) <= value(now)) & (_length(gradient_at(new)) < jnp.inf)
        return jnp.where(better, new, now), jnp.where(better, damping / 10, jnp.minimum(damping * 10, 1e6))

    end, _ = jax.lax.fori_loop(0, steps, newton, (theta, jnp.asarray(1e-3, theta.dtype)))
    fell = _length(gradient_at(end)) <= _length(gradient_at(theta))
    accepted = fell & (_length(end) <= growth * (1 + _length(theta)))
    kept = jnp.where(accepted, end, theta)
    return Polished(back(kept), _length(gradient_at(kept)), _length(kept - theta), accepted)


def barrier(
    network: Network,
    params_a: Params,
    params_b: Params,
    xs: ArrayLike,
    ys: ArrayLike,
    loss: str | None = None,
    points: int = 51,
) -> Float[Array, ""]:
    """max_t [L((1-t)A + tB) - ((1-t)L(A) + tL(B))], L the loss summed over the rows, t = 0..1 in `points`.

    By how much mixing two networks is worse than mixing their losses; 0 if no mixture is worse
    (Frankle et al. 2020; Entezari et al. 2022). It is a property of two networks and the loss that they were
    trained with: another loss may show no barrier where there is one, and one where there is none.

    Args:
        network: The network of both.
        params_a: A.
        params_b: B.
        xs: Inputs (n, in).
        ys: Labels (n, out).
        loss: A name in `nnjax.LOSSES`, the one that both were trained with. None takes "sse" where no
            cross-entropy can have been meant; where the output is the identity, so that it may give logits,
            nothing tells the losses apart and the name must be given.
        points: Number of mixtures, ends included; 3 or more.

    Raises:
        TypeError, ValueError: As `nnjax.total_loss`; no loss named though the output is the identity; fewer
            than 3 points.
    """
    checks.count("points", points, least=3)
    xs, ys, resolved = check_batch(network, params_a, xs, ys, _trained_with(network, loss))
    check_params(network, params_b)
    weights = jnp.linspace(0, 1, points, dtype=xs.dtype)

    def loss_at(t: Array) -> Array:
        mixed = jax.tree.map(lambda a, b: (1 - t) * a + t * b, params_a, params_b)
        return matrix_total_loss(network, mixed, xs, ys, resolved)

    losses = jax.vmap(loss_at)(weights)
    return jnp.max(losses - ((1 - weights) * losses[0] + weights * losses[-1]))


def _trained_with(network: Network, loss: str | None) -> str:
    """Return the loss named, or the only one that the output admits."""
    if loss is None and gives_logits(network):
        raise ValueError(
            "loss must be named where the output activation is 'identity', since it may give logits: "
            f"the one that the networks were trained with, of {', '.join(LOSSES)}"
        )
    return "sse" if loss is None else loss


def group(features: np.ndarray, tolerance: float | Sequence[float]) -> np.ndarray:
    """Number the groups of equal rows (s, f), each entry to its tolerance (f,): 0, 1, ... by first entry.

    Each row joins the first group whose founder it equals. Rows with NaN or infinite numbers get -1.
    """
    index, founders = np.full(len(features), -1), []
    finite = np.flatnonzero(np.isfinite(features).all(axis=1))
    for row in finite[np.argsort(features[finite, 0], kind="stable")]:
        same = [
            i
            for i, founder in enumerate(founders)
            if np.all(np.abs(features[row] - features[founder]) <= np.asarray(tolerance))
        ]
        index[row] = same[0] if same else len(founders)
        founders += [] if same else [row]
    return index


def filter_normalised(key: PRNGKeyArray, params: Params) -> Params:
    """Draw a direction in which each node's incoming weights are as long as in `params` (Li et al. 2018).

    So networks that differ by a rescaling of their nodes show the same picture. Biases do not move.

    Raises:
        TypeError: key is no JAX key.
    """
    checks.random_key(key)

    def direction(index: int, weights: Array) -> Array:
        drawn = jax.random.normal(jax.random.fold_in(key, index), weights.shape, weights.dtype)
        length = jnp.sqrt(jnp.sum(weights**2, axis=0) / jnp.sum(drawn**2, axis=0))
        return drawn * length[None]

    return tuple(
        Layer(direction(index, layer.weights), jnp.zeros_like(layer.biases))
        for index, layer in enumerate(params)
    )


def plane(
    loss: Objective, centre: PyTree, first: PyTree, second: PyTree, along: Values, across: Values
) -> Float[Array, "b a"]:
    """L(centre + α first + β second) for α in `along` (a,) and β in `across` (b,).

    A slice through two of many dimensions: a minimum of the slice need not be one, nor a wall a wall.
    """

    def at(alpha: Array, beta: Array) -> Array:
        return loss(jax.tree.map(lambda c, u, v: c + alpha * u + beta * v, centre, first, second))

    row = jax.vmap(at, in_axes=(0, None))
    return jax.vmap(row, in_axes=(None, 0))(jnp.asarray(along), jnp.asarray(across))

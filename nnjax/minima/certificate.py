"""Certificates: decide, from the derivatives of a loss at a point, what kind of critical point it is.

A verdict does not change if the units of the loss or of the parameters change, or if the parameters are
shifted or rotated, except that it becomes "not converged" where rounding hides what matters.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from nnjax import linalg
from nnjax.minima import probes
from nnjax.minima.newton import (
    Objective,
    OnVectors,
    length,
    on_vectors,
    real_leaf,
    symmetric_jacobian,
)

VERDICTS = (
    "strict minimum",
    "flat minimum",
    "saddle",
    "plateau",
    "not converged",
    "degenerate",
    "kink",
)
"""The verdicts of `certify`; a certificate stores an index into this tuple."""
STRICT, FLAT, SADDLE, PLATEAU, UNFINISHED, DEGENERATE, KINK = range(len(VERDICTS))
ZERO = 1e-7
"""In float64 an eigenvalue counts as 0 if it is below this share of the largest."""
UNSURE = 1e-3
"""In float32 nothing can be said about eigenvalues below this share of the largest."""
NEAR = 1e-5
"""A point is critical if the second Newton step is shorter than this share of the first."""
TINY = 1e-13
"""Newton steps on a plateau use eigenvalues above this share of the largest; the rest is rounding error.

In float32, the share is `UNSURE`.
"""
WALK, KEPT = 4, 0.8
"""On a plateau, `WALK` Newton steps in a row are each at least `KEPT` times as long as the one before."""
ROUNDING = 1000
"""In float64, distances below this many units in the last place of θ count as rounding errors.

Gradients that are due to such distances count as rounding errors, too.
"""
GIVEN = 30
"""Training in float32 stops at most this many units in the last place of θ away from a critical point.

In float32, these distances count as rounding errors; `ROUNDING` would be a ten-thousandth of θ there.
"""


class Certificate(NamedTuple):
    """The kind of a point, and the numbers that decide it.

    Attributes:
        loss: The loss at the point.
        gradient_norm: |∂L/∂θ|.
        eigenvalues: The eigenvalues λ of the Hessian ∂²L/∂θ², in ascending order, (p,), where p is the number
            of parameters that the loss reads.
        negative: The number of eigenvalues below 0.
        zero: The number of eigenvalues within `ZERO`·max|λ| of 0.
        positive: The number of eigenvalues above 0.
        step: The length of the remaining Newton step, in the directions that are not flat.
        verdict: An index into `VERDICTS`.
    """

    loss: Float[Array, ""]
    gradient_norm: Float[Array, ""]
    eigenvalues: Float[Array, " p"]
    negative: Int[Array, ""]
    zero: Int[Array, ""]
    positive: Int[Array, ""]
    step: Float[Array, ""]
    verdict: Int[Array, ""]


def certify(loss: Objective, params: PyTree, gradient: Callable | None = None) -> Certificate:
    """Decide which kind of critical point `params` is, if it is one.

    strict minimum   critical, and all eigenvalues of the Hessian are positive
    flat minimum     critical; no eigenvalue is negative, some are 0, and along random directions in their
                     eigenspace the loss does not fall to third or fourth order: usually a manifold of equal
                     loss
    saddle           critical, and some eigenvalues are negative, or some are 0 and the loss falls along their
                     directions; or a plateau with some negative eigenvalues, which is a saddle at infinity
    plateau          the loss falls towards infinity: `WALK` Newton steps in a row lower the loss, go the same
                     way and do not get much shorter; or no slope is left above the rounding error
    not converged    all other points: not critical, or rounding hides what kind they are
    degenerate       critical, and the whole Hessian is 0
    kink             the gradient jumps at this point, as at z = 0 for ReLU, and the loss falls in none of the
                     directions that were tried; with a single parameter this is a strict minimum

    A point is critical if Newton's method converges from it immediately: for θ ← θ - H⁺g, where H⁺ inverts
    the eigenvalues |λ| > ZERO·max|λ|, the second step is at most `NEAR` times as long as the first, and the
    steps end within rounding error of a point where the slope is 0. On a plateau at infinity, such as the
    plateau of L = e^(-θ), every step has length 1 (for L = 1/θ, each step is 1.5 times as long as the one
    before). Near a minimum, the steps shrink to 0 (for L = θ⁴, each step is 2/3 as long as the one before).
    The lengths of the steps distinguish a plateau from a minimum; a small gradient does not. Where the loss
    is exactly quadratic, nothing shows which steps are long; the step may then lower the loss by at most
    `NEAR`² of its value.

    Parameters that the loss does not read (such as the biases in a network that does not use biases) play no
    part. A slope that is 0 only because of rounding (as at a saturated node) does not count as a flat
    direction; the verdict is then "not converged", or "plateau" if no slope is left. Parameters in float32
    are certified in float64 if JAX's x64 flag is on; the certificate then applies to the critical point that
    lies within rounding error of the given parameters. With the x64 flag off, eigenvalues near 0 cannot be
    distinguished from 0: strict minima and saddles can be certified, flat minima cannot, and plateaus only
    where no slope is left.

    Args:
        loss: Any function of a parameter pytree.
        params: The point.
        gradient: The gradient of the loss, by default jax.grad(loss). For the manual gradient, pass a
            function that calls `nnjax.gradients`.

    Raises:
        TypeError: If the loss is not a function, or `params` are not real numbers.
        ValueError: If there are no parameters.
    """
    if not callable(loss):
        raise TypeError(f"loss must be a function of params, got {type(loss).__name__}")
    problem, given = _problem(loss, params, gradient)
    theta = problem.theta
    if theta.dtype.itemsize > given.itemsize:
        theta = _within_rounding(problem, given)
    g = problem.gradient(theta)
    spectrum = _spectrum(problem, theta)
    step = -spectrum.solve(g)
    rounding = jnp.maximum(_rounding(theta), GIVEN * float(jnp.finfo(given).eps) * length(theta))
    orders = probes.higher_orders(
        problem.gradient, theta, spectrum.vectors, spectrum.is_zero, spectrum.inverse, rounding, step
    )
    critical = _critical(problem, theta, g, spectrum, step, orders)
    return _certificate(problem._replace(theta=theta), g, spectrum, step, critical, rounding, orders)


def _problem(loss: Objective, params: PyTree, gradient: Callable | None) -> tuple[OnVectors, Any]:
    """Return the loss as a function of the leaves it reads (in the widest dtype), and their given dtype."""
    leaves, tree = jax.tree.flatten(params)
    wide = jax.dtypes.canonicalize_dtype(jnp.float64)
    leaves = [real_leaf(leaf) for leaf in leaves]
    if not leaves:
        raise ValueError("params must hold at least one array")
    given = jnp.result_type(*leaves)
    leaves = [leaf.astype(wide) for leaf in leaves]
    read = probes.read_leaves(loss, tree.unflatten(leaves))

    def whole(chosen: list[Array]) -> PyTree:
        rest = iter(chosen)
        return tree.unflatten(
            [next(rest) if is_read else leaf for leaf, is_read in zip(leaves, read, strict=True)]
        )

    def chosen_gradient(chosen: list[Array]) -> list[Array]:
        slopes = jax.tree.leaves(gradient(whole(chosen)))  # pyright: ignore[reportOptionalCall]
        return [slope for slope, is_read in zip(slopes, read, strict=True) if is_read]

    chosen = [leaf for leaf, is_read in zip(leaves, read, strict=True) if is_read]
    return on_vectors(lambda c: loss(whole(c)), chosen, gradient and chosen_gradient), jnp.dtype(given)


class _Spectrum(NamedTuple):
    """The Hessian (p, p), its eigenvalues (p,) and eigenvectors (p, p), and which eigenvalues count as 0."""

    matrix: Array
    values: Array
    vectors: Array
    is_zero: Array

    @property
    def inverse(self) -> Array:
        """Return 1/λ, or 0 where λ counts as 0."""
        return jnp.where(self.is_zero, 0, 1 / jnp.where(self.is_zero, 1, self.values))

    def solve(self, g: Array) -> Array:
        """H⁺g."""
        return self.vectors @ (self.inverse * (self.vectors.T @ g))


def _spectrum(problem: OnVectors, theta: Array) -> _Spectrum:
    matrix = symmetric_jacobian(problem.gradient, theta)
    values, vectors = linalg.eigh(matrix)
    share = ZERO if _is_wide(theta) else UNSURE
    return _Spectrum(matrix, values, vectors, jnp.abs(values) <= share * jnp.max(jnp.abs(values)))


def _is_wide(values: Array) -> bool:
    """Check whether there are more digits than in float32."""
    return values.dtype.itemsize > 4


def _rounding(theta: Array) -> Array:
    """Return the distance at θ that counts as a rounding error."""
    units = ROUNDING if _is_wide(theta) else GIVEN
    return units * float(jnp.finfo(theta.dtype).eps) * length(theta)


def _within_rounding(problem: OnVectors, given: Any) -> Array:
    """Return the point that Newton's method finds, or θ if that point is not within rounding error of θ."""
    start = problem.theta

    def newton(theta: Array, _: None) -> tuple[Array, None]:
        return theta - _spectrum(problem, theta).solve(problem.gradient(theta)), None

    end, _ = jax.lax.scan(newton, start, length=3)
    return jnp.where(length(end - start) <= GIVEN * float(jnp.finfo(given).eps) * length(start), end, start)


def _critical(
    problem: OnVectors,
    theta: Array,
    g: Array,
    spectrum: _Spectrum,
    first: Array,
    orders: probes.HigherOrders,
) -> Array:
    """Check whether θ is critical, given the remaining Newton step `first`."""

    def newton(state: tuple[Array, Array], _: None) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
        point = state[0] + state[1]
        slope = problem.gradient(point)
        step = -spectrum.solve(slope)
        return (point, step), (length(step), length(slope))

    _, (steps, slopes) = jax.lax.scan(newton, (theta, first), length=3)
    left, floor = length(first), _rounding(theta)
    at_rest = slopes[-1] <= 10 * floor * jnp.max(jnp.abs(spectrum.values))
    converges = (steps[0] <= jnp.maximum(NEAR * left, floor)) & (steps[-1] <= floor)
    value = problem.value(theta)
    bent = length(spectrum.solve(orders.along_step)) / 2
    near = (left <= floor) | (converges & _is_short(first, bent, jnp.abs(g @ first) / 2, jnp.abs(value)))
    return near & (at_rest | (length(g) == 0)) & jnp.isfinite(value)


def _is_short(step: Array, bent: Array, gained: Array, value: Array) -> Array:
    """Check whether a Newton step s is short, in the loss's own units: ½|H⁺f'''(s, s, ·)| ≪ |s|.

    If the third derivative is 0, there are no such units; the step must then lower the loss by only a little.
    """
    share = bent / jnp.maximum(length(step), float(jnp.finfo(step.dtype).tiny))
    has_units = share > float(jnp.finfo(step.dtype).eps)
    return (share <= NEAR) & (has_units | (gained <= NEAR**2 * value))


def _certificate(
    problem: OnVectors,
    g: Array,
    spectrum: _Spectrum,
    step: Array,
    critical: Array,
    rounding: Array,
    orders: probes.HigherOrders,
) -> Certificate:
    theta, values, is_zero = problem.theta, spectrum.values, spectrum.is_zero
    negative, zero, positive = (
        jnp.sum(kind) for kind in ((values < 0) & ~is_zero, is_zero, (values > 0) & ~is_zero)
    )
    growing = _outwards(problem, theta, _newton(values, spectrum.vectors, g), rounding)
    jumps, slopes = probes.kink(problem.gradient, theta)
    descends = jnp.min(slopes) < -NEAR * jnp.max(jnp.abs(slopes))
    at_kink = jnp.where(descends, UNFINISHED, STRICT if len(theta) == 1 else KINK)
    empty = jnp.max(jnp.abs(values)) <= orders.rounding_of_second
    rounded = probes.saturated(problem.value, theta)
    unsure = jnp.asarray(not _is_wide(theta))
    cases = [
        (jumps, at_kink),
        (critical & (empty | (negative + positive == 0)), jnp.where(rounded, PLATEAU, DEGENERATE)),
        ((critical | growing) & (negative > 0), SADDLE),
        (growing, PLATEAU),
        (~critical, UNFINISHED),
        (zero == 0, STRICT),
        (unsure | rounded, UNFINISHED),
        (orders.falls, SADDLE),
    ]
    verdict = jnp.select([case for case, _ in cases], [verdict for _, verdict in cases], FLAT)
    return Certificate(
        problem.value(theta), length(g), values, negative, zero, positive, length(step), verdict
    )


def _newton(values: Array, vectors: Array, g: Array) -> Array:
    """Return Newton's step d = -Σ v (v·g) / |λ|, summed over the |λ| that are more than rounding errors."""
    size = jnp.abs(values)
    used = size > (TINY if _is_wide(values) else UNSURE) * jnp.max(size)
    return -vectors @ jnp.where(used, vectors.T @ g / jnp.where(used, size, 1), 0)


def _outwards(problem: OnVectors, theta: Array, first: Array, rounding: Array) -> Array:
    """Check whether Newton's method, starting at θ with the step `first`, goes off to infinity.

    Eigenvalue problems are solved one after the other, because two of them that run at the same time in one
    program on a CPU can wait for each other for ever (seen with jaxlib 0.10.1).
    """

    def walk(state: tuple[Array, Array], _: None) -> tuple[tuple[Array, Array], Array]:
        point, step = state
        moved = point + step
        values, vectors = linalg.eigh(symmetric_jacobian(problem.gradient, moved))
        following = _newton(values, vectors, problem.gradient(moved))
        fell = problem.value(moved) < problem.value(point)
        return (moved, following), fell & (following @ step >= KEPT * (step @ step))

    _, kept = jax.lax.scan(walk, (theta, first), length=WALK)
    return jnp.all(kept) & (length(first) > rounding)

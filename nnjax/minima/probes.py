"""What a gradient and a Hessian cannot show: kinks, saturation, unread parameters, higher orders."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend import core
from jax.interpreters import partial_eval
from jaxtyping import Array, Bool, Float, PyTree

from nnjax.minima.newton import Objective, length

DIRECTIONS = 3
"""The number of random directions searched for kinks, and of flat directions examined for higher orders."""
APART = 100
"""The distance from θ to the outer probe for a kink, as a multiple of the distance to the inner probe."""
JUMP = 0.3
"""The smallest share of the change in a gradient that remains at a kink when the probes move closer to it.

The closer the probes are to each other, the less a smooth gradient changes between them.
"""
ORDER = 1e-5
"""A third or fourth derivative counts as 0 if it is below this share of the terms that add up to it."""


def read_leaves(loss: Objective, params: PyTree) -> list[bool]:
    """Find out which leaves of the parameters the loss's program reads; if it reads none, return all."""
    leaves, tree = jax.tree.flatten(params)
    shapes = [jax.ShapeDtypeStruct(jnp.shape(leaf), jnp.result_type(leaf)) for leaf in leaves]
    program = jax.make_jaxpr(lambda *values: loss(tree.unflatten(values)))(*shapes).jaxpr
    _, read = partial_eval.dce_jaxpr(program, [True] * len(program.outvars))
    return list(read) if any(read) else [True] * len(read)


def directions(size: int, dtype: Any) -> Float[Array, "d p"]:
    """Draw random directions of length 1 from a fixed seed; such directions are in no special position."""
    drawn = np.random.default_rng(0).normal(size=(DIRECTIONS, size))
    return jnp.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), dtype)


def kink(gradient: Callable, theta: Array) -> tuple[Bool[Array, ""], Float[Array, " m"]]:
    """Check whether the gradient jumps at θ, and compute the slopes at θ in several directions.

    Where the gradient is smooth, it differs by 2εHu between θ + εu and θ - εu, so at a hundredth of
    the distance it differs by a hundredth as much; at a kink through θ it differs by just as much. A random
    direction u crosses every kink that passes through θ. Slopes are computed along ±u, and along the downhill
    directions of the gradients on either side and of their mean.
    """
    near = 0.1 * float(jnp.finfo(theta.dtype).eps) ** 0.5
    largest = jnp.max(jnp.abs(theta))
    size = jnp.where(theta == 0, jnp.where(largest > 0, largest, 1e-10), jnp.abs(theta))
    outwards = size[None] * directions(len(theta), theta.dtype)
    outwards = jnp.concatenate([outwards, -outwards])
    points = jnp.concatenate([theta[None] + distance * outwards for distance in (near, near * APART)])
    inner, outer = jnp.split(jax.vmap(gradient)(points), 2)
    inner_jump, outer_jump = (
        jax.vmap(length)(each[:DIRECTIONS] - each[DIRECTIONS:]) for each in (inner, outer)
    )
    down = -jnp.concatenate([inner, jnp.mean(inner, axis=0, keepdims=True)])
    down = (
        down / jnp.maximum(jax.vmap(length)(down), float(jnp.finfo(theta.dtype).tiny))[:, None] * length(size)
    )
    there = jax.vmap(gradient)(theta[None] + near * down)
    slopes = jnp.concatenate([jnp.sum(inner * outwards, axis=1), jnp.sum(there * down, axis=1)])
    return jnp.any(inner_jump > JUMP * outer_jump), slopes


CURVES = ("logistic", "tanh", "erf", "erfc", "exp", "exp2", "expm1")
"""Elementwise operations whose slope is never 0 unless it is rounded to 0."""
CALLS = ("jit", "pjit", "closed_call", "custom_jvp_call", "custom_vjp_call", "checkpoint", "remat2")
"""Operations that run an inner program unchanged."""


def saturated(loss: Callable, theta: Array) -> Bool[Array, ""]:
    """Check whether the loss's program rounds to 0 a slope that cannot be 0, such as σ' at z = 40.

    Loops within the loss are not inspected.
    """
    closed = jax.make_jaxpr(loss)(theta)
    return _evaluate(closed.jaxpr, closed.consts, [theta])[1]


def _evaluate(program: Any, consts: Any, arguments: Any) -> tuple[list[Any], Array]:
    """Run a jaxpr, and report whether a slope is rounded to 0 on the way."""
    known: dict[Any, Any] = dict(
        zip([*program.constvars, *program.invars], [*consts, *arguments], strict=True)
    )
    rounded = jnp.zeros((), bool)

    def value(atom: Any) -> Any:
        return atom.val if isinstance(atom, core.Literal) else known[atom]

    for equation in program.eqns:
        values = [value(atom) for atom in equation.invars]
        results, inside = _apply(equation, values)
        rounded = rounded | inside
        known.update(zip(equation.outvars, results, strict=True))
    return [value(atom) for atom in program.outvars], rounded


def _apply(equation: Any, values: list[Any]) -> tuple[list[Any], Array]:
    primitive, inner = equation.primitive, next(iter(core.jaxprs_in_params(equation.params)), None)
    if primitive.name in CALLS and inner is not None:
        closed = equation.params.get("jaxpr", equation.params.get("call_jaxpr"))
        return _evaluate(inner, getattr(closed, "consts", []), values)
    if primitive.name == "cond":
        which, *rest = values
        return jax.lax.switch(which, [_run(branch) for branch in equation.params["branches"]], *rest)
    bound = primitive.get_bind_params(equation.params)
    functions, params = ([], bound) if isinstance(bound, Mapping) else bound  # depends on JAX's version
    results = primitive.bind(*functions, *values, **params)
    results = list(results) if primitive.multiple_results else [results]
    if primitive.name not in CURVES:
        return results, jnp.zeros((), bool)
    _, slope = jax.jvp(lambda x: primitive.bind(x, **params), (values[0],), (jnp.ones_like(values[0]),))
    return results, jnp.any(slope == 0)


def _run(branch: Any) -> Callable:
    return lambda *values: _evaluate(branch.jaxpr, branch.consts, values)


class HigherOrders(NamedTuple):
    """What third and fourth derivatives show.

    Attributes:
        falls: Whether the loss falls along a direction in which its second derivative is 0.
        rounding_of_second: How large a second derivative can be just because θ is rounded.
        along_step: f'''(s, s, ·) for the Newton step s, (p,).
    """

    falls: Bool[Array, ""]
    rounding_of_second: Float[Array, ""]
    along_step: Float[Array, " p"]


def higher_orders(
    gradient: Callable,
    theta: Array,
    vectors: Array,
    is_zero: Array,
    inverse: Array,
    rounding: Array,
    step: Array,
) -> HigherOrders:
    """Examine third and fourth derivatives along random directions v with eigenvalue 0, and along a step.

    If the other directions adapt, θ(t) = θ + tv - ½ t² H⁺ f'''(v, v, ·) + ..., the loss is f + f'''(v, v, v)
    t³/6 + [f''''(v⁴) - 3 f'''(v, v, ·) H⁺ f'''(v, v, ·)] t⁴/24 + ... . The loss then falls on one side of θ
    if the third derivative is not 0, and on both sides if the bracket is negative.

    Args:
        gradient: (p,) -> ∂L/∂θ.
        theta: A critical point, (p,).
        vectors: Eigenvectors of the Hessian, in columns, (p, p).
        is_zero: Which eigenvectors have the eigenvalue 0, (p,).
        inverse: 1/λ, or 0 where λ counts as 0, (p,).
        rounding: The distance at θ that counts as a rounding error.
        step: Newton's step, (p,).
    """
    random = directions(len(theta), theta.dtype)
    flat = jax.vmap(lambda u: vectors @ jnp.where(is_zero, vectors.T @ u, 0))(random)
    flat = flat / jnp.maximum(jax.vmap(length)(flat), float(jnp.finfo(flat.dtype).tiny))[:, None]
    looked = jnp.concatenate([random, flat, step[None]])
    thirds, fourths = jax.vmap(lambda v: _higher(gradient, theta, v))(looked)
    third, fourth = (jnp.max(jax.vmap(_scaled_length)(each[:DIRECTIONS])) for each in (thirds, fourths))

    def falls(v: Array, its_third: Array, its_fourth: Array) -> Array:
        followed = 3 * jnp.sum((vectors.T @ its_third) ** 2 * inverse)
        uneven = jnp.abs(its_third @ v) > ORDER * third + rounding * fourth
        return uneven | (its_fourth @ v - followed < -ORDER * (fourth + jnp.abs(followed)))

    fall = jax.vmap(falls)(flat, thirds[DIRECTIONS:-1], fourths[DIRECTIONS:-1])
    least = rounding * third + rounding**2 * fourth
    return HigherOrders(jnp.any(fall) & jnp.any(is_zero), least, thirds[-1])


def _scaled_length(vector: Array) -> Array:
    """Return |v| = max|vᵢ| · |v / max|vᵢ||: in float32, the squares of fourth derivatives can overflow."""
    largest = jnp.max(jnp.abs(vector))
    return largest * length(vector / jnp.where(largest > 0, largest, 1))


def _higher(gradient: Callable, theta: Array, v: Array) -> tuple[Array, Array]:
    """Return f'''(v, v, ·) and f''''(v, v, v, ·)."""
    twice = _along(_along(gradient, v), v)
    return jax.jvp(twice, (theta,), (v,))


def _along(function: Callable, v: Array) -> Callable:
    """Return the derivative of a function along v."""
    return lambda point: jax.jvp(function, (point,), (v,))[1]

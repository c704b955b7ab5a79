"""Many results in one loop: how XLA's compiler for CPUs is led to compute a step of scalars.

Over many runs, each scalar is a vector of runs. The compiler makes one loop over the runs for each result of
a program, and computes a delta again in the loop of every weight that needs it; but all results of one
reduction share a loop. So results are passed through a reduction that leaves their bits as they are: the
maximum of two copies, or of minus infinity and the value itself.

From jaxlib 0.12 on, another code generator handles reductions, and a step is fastest as it is written: on
XOR, in lanes of 128, 2-2-1 takes 0.6 and 2-16-1 a third of the time that it takes through reductions.
"""

from collections.abc import Callable, Sequence
from importlib import metadata

import jax
import jax.numpy as jnp
from jaxtyping import Array, PyTree

from nnjax import kernels

Step = Callable[[PyTree], PyTree]
RESULTS = 40
"""Results per loop of copies: with all 113 gradients of 3-8-8-1 in one loop, XLA stops vectorising it."""
MOST_OPERATIONS = 300
"""Most operations in a padded step: 2-3-1 on four rows takes 274, and is 1.6 times as fast as through copies.

2-2-2-1 takes 334: LLVM would have to unroll more than it is willing to, leaves a loop that is not vectorised,
and the step takes eight times as long."""
MOST_RESULTS = 16
"""Most results of a padded step, for the same reason."""
UNROLLED = 2
"""Padded steps per iteration: a single one would have to copy its results to where it read them from."""
REDUCE = tuple(map(int, metadata.version("jaxlib").split(".")[:2])) < (0, 12)
"""Whether reductions lead to one loop in this version."""


def together(scalars: Sequence[Array]) -> list[Array]:
    """Return the scalars unchanged, but computed in few loops, as maxima of two copies each."""
    if not REDUCE or kernels.on_nvidia():
        return list(scalars)
    parts = [scalars[i : i + RESULTS] for i in range(0, len(scalars), RESULTS)]
    return [scalar for part in parts for scalar in _largest([jnp.broadcast_to(s, (2,)) for s in part])]


def padded(scalars: Sequence[Array]) -> Sequence[Array]:
    """Return the scalars unchanged, but computed in one loop, as maxima of minus infinity and themselves.

    Unlike a copy, the padding lets XLA compute everything before the reduction within its loop as well.
    """
    return _largest([jax.lax.pad(s[None], jnp.array(-jnp.inf, s.dtype), [(1, 0, 0)]) for s in scalars])


def _largest(pairs: Sequence[Array]) -> Sequence[Array]:
    least = [jnp.array(-jnp.inf, pair.dtype) for pair in pairs]
    return jax.lax.reduce(pairs, least, _larger, (0,))


def _larger(one: Sequence[Array], other: Sequence[Array]) -> list[Array]:
    return [jnp.maximum(a, b) for a, b in zip(one, other, strict=True)]


def repeat(step: Step, carry: PyTree, length: int, otherwise: Step) -> PyTree:
    """step(step(... carry)), `length` times: as one loop per step if it is small enough for that.

    Args:
        step: One run's step, a pure function from its numbers to equally many of the same types.
        carry: A run's numbers, a pytree of arrays of shape ().
        length: Number of steps.
        otherwise: The same step, written for a scan.
    """
    if not fits(step, carry):
        return jax.lax.scan(lambda carry, _: (otherwise(carry), None), carry, length=length)[0]

    def in_one_loop(carry: PyTree, _: None) -> tuple[PyTree, None]:
        leaves, tree = jax.tree.flatten(step(carry))
        return tree.unflatten(padded(leaves)), None

    return jax.lax.scan(in_one_loop, carry, length=length, unroll=UNROLLED)[0]


def fits(step: Step, carry: PyTree) -> bool:
    """Check whether all results of a step are few floating-point numbers from few operations."""
    leaves = jax.tree.leaves(carry)
    if not REDUCE or len(leaves) > MOST_RESULTS:
        return False
    floats = all(
        jnp.ndim(leaf) == 0 and jnp.issubdtype(jnp.result_type(leaf), jnp.floating) for leaf in leaves
    )
    return floats and len(kernels.operations(jax.make_jaxpr(step)(carry).jaxpr)) <= MOST_OPERATIONS

"""Many results in one loop: how to make XLA's compiler for CPUs compute a step of scalars fast.

With many runs, each scalar becomes a vector of runs. For each result of a program, the compiler makes a loop
over the runs, and a delta is computed again in the loop of every weight that needs it. All results of one
reduction, however, share a loop. Results are therefore passed through a reduction that leaves their bits as
they are: the maximum of two copies of a value, or of minus infinity and the value.

From jaxlib 0.12 on, another code generator handles reductions, and a step is fastest without them: on XOR, in
lanes of 128, a 2-2-1 network then takes 0.6 times as long as with reductions, and a 2-16-1 network takes a
third as long.
"""

from collections.abc import Callable, Sequence
from importlib import metadata

import jax
import jax.numpy as jnp
from jaxtyping import Array, PyTree

from nnjax import kernels

Step = Callable[[PyTree], PyTree]
RESULTS = 40
"""The number of results that one loop of copies computes.

XLA does not vectorise a loop that computes all 113 gradients of a 3-8-8-1 network.
"""
MOST_OPERATIONS = 300
"""The largest number of operations in a padded step.

A 2-3-1 network on four rows needs 274 operations, and is 1.6 times as fast with padding as with copies. With
the 334 operations of a 2-2-2-1 network, LLVM would have to unroll more than its limits allow. The loop is
then not vectorised, and the step takes eight times as long.
"""
MOST_RESULTS = 16
"""The largest number of results of a padded step; LLVM would not vectorise a loop with more results."""
UNROLLED = 2
"""The number of padded steps per iteration; a single step would have to copy its results to its inputs."""
REDUCE = tuple(map(int, metadata.version("jaxlib").split(".")[:2])) < (0, 12)
"""Whether this version of jaxlib computes all results of a reduction in a single loop."""


def together(scalars: Sequence[Array]) -> list[Array]:
    """Return the scalars unchanged, but computed in a few loops, each scalar as the maximum of two copies."""
    if not REDUCE or kernels.on_nvidia():
        return list(scalars)
    parts = [scalars[i : i + RESULTS] for i in range(0, len(scalars), RESULTS)]
    return [scalar for part in parts for scalar in _largest([jnp.broadcast_to(s, (2,)) for s in part])]


def padded(scalars: Sequence[Array]) -> Sequence[Array]:
    """Return the scalars unchanged, but computed in one loop, each scalar as the maximum of itself and -∞.

    Unlike copies, padding lets XLA move everything that is computed before the reduction into its loop, too.
    """
    return _largest([jax.lax.pad(s[None], jnp.array(-jnp.inf, s.dtype), [(1, 0, 0)]) for s in scalars])


def _largest(pairs: Sequence[Array]) -> Sequence[Array]:
    least = [jnp.array(-jnp.inf, pair.dtype) for pair in pairs]
    return jax.lax.reduce(pairs, least, _larger, (0,))


def _larger(one: Sequence[Array], other: Sequence[Array]) -> list[Array]:
    return [jnp.maximum(a, b) for a, b in zip(one, other, strict=True)]


def repeat(step: Step, carry: PyTree, length: int, otherwise: Step) -> PyTree:
    """Return step(step(... carry)), `length` times; each step is one loop if it is small enough for that.

    Args:
        step: The step of one run: a pure function that turns the run's numbers into new numbers of the same
            types.
        carry: The numbers of a run, a pytree of arrays of shape ().
        length: The number of steps.
        otherwise: The same step, written for a scan.
    """
    if not fits(step, carry):
        return jax.lax.scan(lambda carry, _: (otherwise(carry), None), carry, length=length)[0]

    def in_one_loop(carry: PyTree, _: None) -> tuple[PyTree, None]:
        leaves, tree = jax.tree.flatten(step(carry))
        return tree.unflatten(padded(leaves)), None

    return jax.lax.scan(in_one_loop, carry, length=length, unroll=UNROLLED)[0]


def fits(step: Step, carry: PyTree) -> bool:
    """Check whether a step consists of few enough operations and results, all floating-point numbers."""
    leaves = jax.tree.leaves(carry)
    if not REDUCE or len(leaves) > MOST_RESULTS:
        return False
    floats = all(
        jnp.ndim(leaf) == 0 and jnp.issubdtype(jnp.result_type(leaf), jnp.floating) for leaf in leaves
    )
    return floats and len(kernels.operations(jax.make_jaxpr(step)(carry).jaxpr)) <= MOST_OPERATIONS

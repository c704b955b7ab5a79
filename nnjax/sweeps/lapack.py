"""LAPACK in lanes: one matrix after the other, since the parts of a batch can wait for each other for ever.

jaxlib up to 0.11.0 cuts a batch of matrices into tasks for its thread pool (with one thread per core) and
waits for them on a thread of the same pool. Once all threads are waiting, none is left to do the tasks, and
the program never ends. The decompositions in one lane form such a batch; a single matrix is not cut into
tasks, and never has to wait.

The following was measured on 2 cores, with batches of 12 to 64 matrices in float32 and up to 85 calls per
size:

- With jaxlib 0.10.1 and two CPU devices, qr, lu, solve, cholesky, eig, tridiagonal and expm hang, and so does
  triangular_solve within them, for matrices of 20 x 20 or more (12 x 12 is too little work to be cut). Some
  of them hang at the first call, some only after dozens of calls. svd, eigh, schur, hessenberg, inv and
  tridiagonal_solve survived 85 calls with matrices of 24 x 24 and 32 x 32; but svd of 64 x 64 did not return
  within 90 s, and eigh has been seen to hang elsewhere. All these operations call LAPACK in the same way, so
  all of them are treated as if they could hang. fft, which does not call LAPACK, did not hang. Setting
  OPENBLAS_NUM_THREADS=1 or xla_cpu_multi_thread_eigen=False does not help.
- With jaxlib 0.10.1 and one CPU device, a single program with four independent calls of expm hangs, and so do
  two threads that each run a program with expm (with qr and lu, they did not hang in 15 calls). Using only
  one device therefore does not prevent the hang.
- With jaxlib 0.11.0, expm hangs. With jaxlib 0.11.1 (expm and lu, ten calls) and 0.12.0 (expm, lu, qr, eigh,
  solve ...), nothing hung.

Callbacks into Python (`jax.pure_callback`) with whole matrices hang on two CPU devices, at least up to jaxlib
0.11.1; on one device they do not, even when called from two threads. Callbacks hold Python's lock, so a
second device would gain little.
"""

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend import core
from jax.interpreters import batching

from nnjax.linalg import hangs, jaxlib
from nnjax.sweeps import devices

CALLS = frozenset({
    "cholesky", "eig", "eigh", "geqp3", "geqrf", "hessenberg", "householder_product", "lu", "ormqr", "qr",
    "schur", "svd", "triangular_solve", "tridiagonal", "tridiagonal_solve",
})  # fmt: skip
"""The names of the operations that call LAPACK with a batch."""
VECTORS_FIRST = {"tridiagonal_solve"}
"""Operations whose first argument is a vector per problem, not a matrix."""
CALLBACKS = frozenset({"pure_callback", "io_callback", "debug_callback"})

_patching = threading.RLock()


@functools.lru_cache(maxsize=64)
def names(jaxpr: Any) -> frozenset[str]:
    """Collect the names of all operations in a program and its inner programs."""
    return frozenset(_names(jaxpr))


def _names(jaxpr: Any) -> Iterator[str]:
    for equation in jaxpr.eqns:
        yield equation.primitive.name
        for inner in core.jaxprs_in_params(equation.params):
            yield from _names(inner)


def where(jaxpr: Any) -> tuple[Any, ...]:
    """Choose the devices for a program: all that sweeps may use, or one CPU if it might hang on several.

    XLA cannot spread a loop over matrices across devices without exchanging the matrices at every iteration.
    """
    chosen = devices.chosen()
    risky = CALLBACKS | CALLS if hangs(jaxlib()) else CALLBACKS
    return chosen[:1] if chosen[0].platform == "cpu" and names(jaxpr) & risky else chosen


def vmap(one: Callable, platform: str) -> Callable:
    """Return `jax.vmap(one)`; LAPACK gets one matrix at a time if batches can hang. No bits change."""
    if platform != "cpu" or not hangs(jaxlib()):
        return jax.vmap(one)
    # JAX caches inner programs that it has vmapped. An axis name of our own separates our programs from those
    # that were vmapped elsewhere.
    mapped = jax.vmap(one, axis_name="nnjax.sweep")

    def lane(*rows: Any) -> Any:
        with _one_at_a_time():
            return mapped(*rows)

    return lane


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Make vmap turn LAPACK calls into loops while this context is active."""
    rules = batching.fancy_primitive_batchers
    with _patching:
        kept = {primitive: rule for primitive, rule in rules.items() if primitive.name in CALLS}
        rules.update({primitive: _looped(primitive, rule) for primitive, rule in kept.items()})
        try:
            yield
        finally:
            rules.update(kept)


def _looped(primitive: Any, batched: Callable) -> Callable:
    rank = 1 if primitive.name in VECTORS_FIRST else 2

    def call(*operands: Any, **params: Any) -> Any:
        if operands[0].ndim > rank:
            return jax.lax.map(lambda each: call(*each, **params), operands)
        return primitive.bind(*operands, **params)

    def rule(
        axis: Any, operands: Sequence[Any], axes: Sequence[int | None], **params: Any
    ) -> tuple[Any, Any]:
        if primitive.name == "triangular_solve" and axes[0] is None and operands[0].ndim == rank:
            return batched(axis, operands, axes, **params)  # one matrix, many right-hand sides: a single call
        mapped = [
            None if at is None else jnp.moveaxis(operand, at, 0)
            for operand, at in zip(operands, axes, strict=True)
        ]

        def one(row: list[Any]) -> Any:
            return call(*(o if r is None else r for o, r in zip(operands, row, strict=True)), **params)

        unmapped = all(at is None for at in axes)
        results = one(mapped) if unmapped else jax.lax.map(one, mapped)
        leading = None if unmapped else 0
        return results, [leading] * len(results) if primitive.multiple_results else leading

    return rule

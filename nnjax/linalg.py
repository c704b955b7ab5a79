"""Decompositions of one matrix that cannot hang under `vmap`, not even on CPUs.

On CPUs, jaxlib up to 0.11.0 cuts a batch of matrices into tasks that can wait for each other for ever (see
`nnjax.sweeps.lapack`). With such a version of jaxlib, `vmap` turns the functions of this module into a loop
over single matrices, which gives the same bits.
"""

import functools
from collections.abc import Callable
from importlib import metadata

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


def hangs(version: str) -> bool:
    """Check whether several LAPACK calls at once can hang on CPUs in this version of jaxlib."""
    numbers = tuple(int(part) for part in version.split(".")[:3] if part.isdigit())
    return numbers < (0, 11, 1)


@functools.cache
def jaxlib() -> str:
    """Return the version of jaxlib."""
    return metadata.version("jaxlib")


def eigh(matrix: Float[Array, "i i"]) -> tuple[Float[Array, " i"], Float[Array, "i i"]]:
    """Return λ and V in A = V diag(λ) Vᵀ, with the eigenvalues in ascending order."""
    return _call(jnp.linalg.eigh)(matrix)


def qr(matrix: Float[Array, "i j"]) -> tuple[Float[Array, "i k"], Float[Array, "k j"]]:
    """Return Q and R in A = QR, where the columns of Q are orthonormal and R is upper triangular."""
    return _call(jnp.linalg.qr)(matrix)


def _call(decompose: Callable) -> Callable[[Array], tuple[Array, Array]]:
    def one(matrix: Array) -> tuple[Array, Array]:
        first, second = decompose(matrix)
        return first, second

    if jax.default_backend() == "cpu" and hangs(jaxlib()):
        return jax.custom_batching.sequential_vmap(one)
    return one

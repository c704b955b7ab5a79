"""Shuffling rows: the same permutations as `jax.random.permutation`, in half the time on CPUs."""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, PRNGKeyArray, UInt32

PACKED = 2**16
"""The largest number of rows for which a row index and the same number of key bits fit in one uint32."""
LARGEST = 2**32 - 1
"""The largest uint32."""


def permutation(key: PRNGKeyArray, rows: int) -> Int[Array, " rows"]:
    """Return the same order as `jax.random.permutation(key, rows)`, bit for bit, in half the time on CPUs.

    Rows are sorted by 32 random bits each, and sorted again if rows³ > 2³², so that ties do not matter. XLA
    sorts single numbers several times as fast as pairs of a key and a row. Each row is therefore kept in the
    low bits of the number that is sorted, and there are two sorts: the first by the key's low bits, the
    second by its high bits, where ties keep their order.
    """
    if rows > PACKED:
        return jax.random.permutation(key, rows)
    order = jnp.arange(rows)
    for _ in range(math.ceil(3 * math.log(max(1, rows)) / math.log(LARGEST))):
        key, subkey = jax.random.split(key)
        order = order[stable_argsort(jax.random.bits(subkey, (rows,), jnp.uint32))]
    return order


def stable_argsort(keys: UInt32[Array, " n"]) -> UInt32[Array, " n"]:
    """Return the order that sorts `keys`, by a two-pass radix sort; equal keys keep their order."""
    width = (len(keys) - 1).bit_length()
    low = jnp.uint32(2**width - 1)
    place = jnp.arange(len(keys), dtype=jnp.uint32)
    first = jnp.sort((keys & low) << width | place) & low
    return first[jnp.sort(keys[first] & ~low | place) & low]

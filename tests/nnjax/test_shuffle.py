"""Permutations are JAX's, bit for bit."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import nnjax
from nnjax.shuffle import permutation, stable_argsort

OPTIMISED = True


@pytest.mark.slow
@pytest.mark.parametrize("rows", [1, 2, 3, 7, 1340, 1625, 1626, 65_536, 65_537])
def test_the_permutation_is_jaxs_bit_for_bit(rows):
    """Sizes lie on both sides of 1626, where JAX begins to sort twice, and of 65,537, where packing ends."""
    ours, theirs = (jax.jit(function, static_argnums=1) for function in (permutation, jax.random.permutation))
    for seed in range(3):
        np.testing.assert_array_equal(ours(nnjax.key(seed), rows), theirs(nnjax.key(seed), rows))


@pytest.mark.parametrize(
    "keys", [[5, 5, 5, 5], [2**31, 3, 2**31, 2**31 + 1, 3, 2**32 - 1, 0], [7, 6, 5 << 8, 4 << 8]]
)
def test_rows_with_equal_keys_keep_their_order(keys):
    keys = np.array(keys, np.uint32)
    np.testing.assert_array_equal(stable_argsort(jnp.asarray(keys)), np.argsort(keys, kind="stable"))

"""Seeds give JAX's bits and uniform draws exactly, and normal draws to within 4 units in the last place."""

import jax
import jax.numpy as jnp
import node
import numpy as np
import pytest

import nnjax
from nnjax.initialisers import weight_variance

SEEDS = [0, 1, 4711, 2**32 - 1, *map(int, np.random.default_rng(21).integers(0, 2**32, 1000))]
DRAWN = """
return given.map((seed) => {
  const key = m.foldIn(m.keyOf(seed), 7);
  const [bits, uniform, normal] = [m.randomBits(key, 5), m.uniform(key, 5, -1, 1), m.normal(key, 9)];
  return {key, bits: [...bits], uniform: [...uniform], normal: [...normal]};
});
"""


@pytest.fixture(scope="module")
def drawn():
    rows = node.evaluate("threefry.mjs", DRAWN, SEEDS)
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


@pytest.fixture(scope="module")
def by_jax():
    @jax.jit
    @jax.vmap
    def draw(seed):
        key = jax.random.fold_in(jax.random.key(seed, impl="threefry2x32"), 7)
        return {
            "key": jax.random.key_data(key),
            "bits": jax.random.bits(key, (5,), "uint32"),
            "uniform": jax.random.uniform(key, (5,), "float32", -1, 1),
            "normal": jax.random.normal(key, (9,), "float32"),
        }

    return jax.tree.map(np.asarray, draw(jnp.array(SEEDS, "uint32")))


def test_keys_bits_and_uniform_numbers_are_equal(drawn, by_jax):
    for name in ("key", "bits", "uniform"):
        np.testing.assert_array_equal(drawn[name], by_jax[name])


def test_normal_numbers_agree_to_four_units_in_the_last_place(drawn, by_jax):
    np.testing.assert_array_max_ulp(drawn["normal"].astype("float32"), by_jax["normal"], 4)


def test_the_far_tail_too():
    low = np.float32(-1) + np.float32(2) ** np.arange(-23, -3, dtype="float32")
    theirs = np.asarray(jax.lax.erf_inv(jnp.asarray(low)))
    ours = node.evaluate("threefry.mjs", "return given.map(m.inverseErf)", low.astype(float).tolist())
    np.testing.assert_array_max_ulp(np.array(ours, "float32"), theirs, 4)


@pytest.mark.parametrize("biases", ["zeros", "normal"])
def test_networks_start_where_nnjax_starts_them(biases):
    schemes = node.evaluate("threefry.mjs", "return m.SCHEMES")
    network = nnjax.mlp((3, 4, 2))
    body = "return m.SCHEMES.map((s) => m.init({sizes: [3, 4, 2], biases: true}, 4711, s, given))"
    for scheme, layers in zip(schemes, node.evaluate("threefry.mjs", body, biases), strict=True):
        for ours, theirs in zip(nnjax.init(network, nnjax.key(4711), scheme, biases), layers, strict=True):
            np.testing.assert_array_max_ulp(np.array(theirs["weights"], "float32"), ours.weights, 5)
            np.testing.assert_array_max_ulp(np.array(theirs["biases"], "float32"), ours.biases, 5)


def test_variances_are_those_of_nnjax():
    body = "return Object.fromEntries(m.SCHEMES.map((s) => [s, m.weightVariance(s, 3, 5)]))"
    for scheme, variance in node.evaluate("threefry.mjs", body).items():
        assert variance == pytest.approx(weight_variance(scheme, 3, 5), rel=1e-15)

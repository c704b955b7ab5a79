"""Initial weights have the variance and the distribution that their scheme promises."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import nnjax
from nnjax import initialisers

WIDE = nnjax.mlp((400, 300, 200))


@pytest.mark.parametrize(
    "scheme, variance",
    [
        ("normal", lambda i, o: 1.0),
        ("uniform", lambda i, o: 1 / 3),
        ("lecun", lambda i, o: 1 / i),
        ("glorot", lambda i, o: 2 / (i + o)),
        ("he", lambda i, o: 2 / i),
    ],
)
def test_variance_of_each_scheme(scheme, variance):
    laws = (
        [scheme]
        if scheme in ("normal", "uniform")
        else [f"{scheme}_{law}" for law in ("normal", "uniform", "truncated_normal")]
    )
    for law in laws:
        params = nnjax.init(WIDE, nnjax.key(1), law)
        for layer in params:
            # The sampling error of a variance over 60000 or more draws is at most √(2/60000) = 0.6 %; 3 % is
            # five times that.
            np.testing.assert_allclose(jnp.var(layer.weights), variance(*layer.weights.shape), rtol=0.03)


def test_normal_is_not_truncated():
    largest = jnp.max(jnp.abs(nnjax.init(WIDE, nnjax.key(0), "normal")[0].weights))
    assert float(largest) > 3  # Flax's truncated normal stops at 2.27 standard deviations


def test_orthogonal_and_zeros():
    w = nnjax.init(WIDE, nnjax.key(0), "orthogonal")[0].weights
    np.testing.assert_allclose(w.T @ w, np.eye(300), atol=1e-5)
    assert all(not bool(jnp.any(leaf)) for leaf in jax.tree.leaves(nnjax.init(WIDE, nnjax.key(0), "zeros")))


def test_the_variance_is_said_as_it_is_drawn():
    for scheme in ("normal", "uniform", "zeros", "orthogonal", "lecun_normal", "glorot_uniform", "he_normal"):
        drawn = nnjax.init(WIDE, nnjax.key(2), scheme)[0].weights
        np.testing.assert_allclose(
            jnp.mean(drawn**2), initialisers.weight_variance(scheme, *drawn.shape), rtol=0.03
        )


def test_an_unknown_scheme_is_refused():
    with pytest.raises(ValueError, match="Did you mean 'he_normal'"):
        initialisers.weight_variance("hee_normal", 1, 1)

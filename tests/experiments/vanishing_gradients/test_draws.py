"""Check weights against their distributions and a QR decomposition, and which kinds of weights coincide."""

import jax.numpy as jnp
import numpy as np
import pytest

import nnjax
from experiments.vanishing_gradients import draws
from nnjax import initialisers


def test_orthogonalised_is_qr_with_a_positive_diagonal():
    matrices = np.random.default_rng(0).normal(size=(3, 7, 7))
    for matrix, q in zip(matrices, draws.orthogonalised(jnp.asarray(matrices)), strict=True):
        expected, r = np.linalg.qr(matrix)
        np.testing.assert_allclose(q, expected * np.sign(np.diag(r)), rtol=1e-9)


@pytest.mark.parametrize("scheme", draws.INITS)
def test_weights_have_the_variance_of_their_scheme(scheme):
    weights, _ = draws.draw(nnjax.key(0), 100, 4, draws.KINDS)
    drawn = draws.scale(scheme, 100) * np.asarray(weights[draws.kind(scheme)])
    np.testing.assert_allclose(drawn.var(), initialisers.weight_variance(scheme, 100, 100), rtol=0.02)


def test_weights_that_are_the_same_at_equal_widths_share_a_label():
    inits = ("normal", "lecun_normal", "glorot_normal", "he_normal", "lecun_uniform")
    assert draws.distinct(inits, 16) == {
        "normal": "normal",
        "lecun_normal = glorot_normal": "lecun_normal",
        "he_normal": "he_normal",
        "lecun_uniform": "lecun_uniform",
    }

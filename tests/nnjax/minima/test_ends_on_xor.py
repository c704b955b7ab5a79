"""Certify the end points of training on XOR: none of them is a minimum."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import nnjax
from nnjax import minima

XS, YS = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0.0], [1], [1], [0]])


@functools.cache
def xor(seeds=range(32), epochs=10_000):
    network = nnjax.mlp((2, 2, 1))

    def end(key):
        params = nnjax.init(network, key, "normal", "normal", dtype=jnp.float64)
        params, history = nnjax.train(
            network, params, XS, YS, optimizer=optax.sgd(2.0), epochs=epochs, view="nodes"
        )
        return params, history.loss

    return network, nnjax.sweep(end, seeds)


@pytest.mark.slow
@pytest.mark.parametrize("polished", [False, True])
def test_no_end_of_logistic_xor_is_a_strict_minimum(polished):
    """No end point is a strict minimum (Hamey 1998), not even at SSE 0."""
    network, (params, losses) = xor()

    def loss(p):
        return nnjax.total_loss(network, p, XS, YS)

    def look(p):
        return minima.certify(loss, minima.polish(loss, p).params if polished else p)

    certificates = jax.jit(jax.vmap(look))(params)
    assert np.any(losses < 0.01)
    assert np.any(np.abs(losses - 0.5) < 0.01)
    assert not np.any(np.isin(certificates.verdict, [minima.STRICT, minima.FLAT]))
    assert np.mean(certificates.verdict == minima.PLATEAU) > 0.9

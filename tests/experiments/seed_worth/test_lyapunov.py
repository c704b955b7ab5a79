"""Growth of small differences on maps whose exponent is known."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import nnjax
from experiments.seed_worth.lyapunov import growth
from nnjax import datasets


def test_the_logistic_map_has_exponent_ln_2():
    def step(x, _):
        return 4 * x * (1 - x)

    _, found = jax.jit(lambda: growth(step, jnp.float64(0.3), jnp.float64(1), jnp.arange(20_000)))()
    assert np.mean(found) == pytest.approx(np.log(2), rel=2e-3)


def test_the_doubling_map_doubles_in_every_step():
    def step(x, _):
        return jnp.where(x < 0.5, 2 * x, 2 * x - 1)

    _, found = growth(step, jnp.float64(0.3), jnp.float64(1e-9), jnp.arange(30))
    np.testing.assert_allclose(found, np.log(2), rtol=1e-14)


def test_a_matrix_takes_over_with_its_largest_eigenvalue():
    matrix = jnp.array([[2.0, 1.0], [0.0, 0.5]])
    _, found = growth(lambda x, _: matrix @ x, jnp.ones(2), jnp.array([0.0, 1.0]), jnp.arange(60))
    assert float(found[-1]) == pytest.approx(np.log(2), rel=1e-12)
    assert float(found[0]) == pytest.approx(np.log(np.hypot(1, 0.5)), rel=1e-12)


def test_it_is_how_a_trained_network_moves_when_its_start_does():
    network = nnjax.mlp((2, 2, 1))
    start = nnjax.init(network, nnjax.key(1), "normal", "normal", dtype=jnp.float64)
    direction = jax.tree.map(jnp.ones_like, start)

    def step(params, rate):
        return nnjax.train(network, params, *datasets.xor(), optimizer=optax.sgd(rate), epochs=1)[0]

    rates = jnp.array([0.5, 1.0, 2.0])

    def end(size):
        params = jax.tree.map(lambda w, d: w + size * d, start, direction)
        return jax.lax.scan(lambda at, rate: (step(at, rate), None), params, rates)[0]

    @jax.jit
    def both():
        ends = jax.vmap(end)(jnp.array([1e-6, -1e-6]))
        return ends, growth(step, start, direction, rates)[1]

    ends, found = both()
    aside = jax.tree.map(lambda leaf: (leaf[0] - leaf[1]) / 2e-6, ends)
    expected = np.log(float(optax.tree.norm(aside)) / 3)
    assert float(jnp.sum(found)) == pytest.approx(expected, rel=1e-7)

"""Networks, their parameters and the forward pass."""

import chex
import jax
import jax.numpy as jnp
import numpy as np

import nnjax

WIDE = nnjax.mlp((400, 300, 200))


def test_same_numbers_in_both_precisions():
    single = nnjax.init(WIDE, nnjax.key(5), "normal", "normal")
    double = nnjax.init(WIDE, nnjax.key(5), "normal", "normal", dtype=jnp.float64)
    chex.assert_trees_all_equal(jax.tree.map(lambda leaf: leaf.astype(jnp.float64), single), double)


def test_scale_is_traced_and_multiplies():
    make = jax.jit(
        chex.assert_max_traces(lambda s: nnjax.init(WIDE, nnjax.key(0), "normal", "normal", s), n=1)
    )
    one, three = make(1.0), make(3.0)
    chex.assert_trees_all_close(jax.tree.map(lambda leaf: 3 * leaf, one), three, rtol=1e-6)


def test_layers_and_seeds_differ():
    net = nnjax.mlp((3, 3, 3))
    a, b = nnjax.init(net, nnjax.key(0)), nnjax.init(net, nnjax.key(2**32 - 1))
    assert bool(jnp.all(a[0].weights != a[1].weights))
    assert bool(jnp.all(a[0].weights != b[0].weights))


def test_without_biases_they_are_zero_and_get_no_gradient():
    net = nnjax.mlp((2, 3, 1), biases=False)
    params = nnjax.init(net, nnjax.key(0))
    assert not bool(jnp.any(params[0].biases))
    grads = nnjax.gradients(net, params, jnp.ones((2, 2)), jnp.ones((2, 1)))
    assert not any(bool(jnp.any(layer.biases)) for layer in grads)
    # Inside jit, these biases are unknown and have no effect; outside it, they are refused (see test_checks).
    shifted = tuple(nnjax.Layer(layer.weights, layer.biases + 1) for layer in params)
    predict = jax.jit(nnjax.predict)
    chex.assert_trees_all_equal(predict(net, shifted, jnp.ones(2)), predict(net, params, jnp.ones(2)))


def test_network_is_hashable_and_static():
    assert hash(nnjax.mlp((2, 1))) == hash(nnjax.Network((2, 1), ("sigmoid",)))
    assert jax.tree.leaves(nnjax.mlp((2, 1))) == []
    net = nnjax.mlp((2, 2, 1))
    params = nnjax.init(net, nnjax.key(0))
    np.testing.assert_allclose(
        jax.jit(nnjax.predict)(net, params, jnp.ones(2)), nnjax.predict(net, params, jnp.ones(2)), rtol=1e-6
    )


def test_integers_are_converted():
    net = nnjax.mlp((3, 4, 1))
    params = nnjax.init(net, nnjax.key(0))
    chex.assert_trees_all_equal(
        nnjax.forward(net, params, np.array([1, 3, 5])), nnjax.forward(net, params, np.array([1.0, 3.0, 5.0]))
    )

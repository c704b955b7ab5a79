"""Copies of a network compute the same function, and are recognised as copies."""

import itertools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nnjax
from nnjax import minima, symmetries

XS, YS = nnjax.datasets.xor()
NETWORKS = {
    "tanh": nnjax.mlp((2, 4, 1), "tanh", "identity"),
    "sigmoid": nnjax.mlp((2, 4, 3)),
    "no biases": nnjax.mlp((2, 4, 3), biases=False),
    "relu": nnjax.mlp((3, 5, 2), "relu", "identity"),
    "deep": nnjax.mlp((2, 4, 5, 3, 2), "tanh", "sigmoid"),
    "deep relu": nnjax.mlp((2, 4, 5, 2), "leaky_relu", "identity"),
    "mixed": nnjax.Network((2, 5, 1), (("tanh", "relu", "tanh", "sigmoid", "gelu"), "identity")),
}
NETWORKS |= {
    f"activation {name}": nnjax.mlp((2, 4, 1), name, "identity")
    for name in nnjax.ACTIVATIONS
    if not any(name in map(str, np.ravel(network.activations[0])) for network in NETWORKS.values())
}


def drawn(network, seed):
    return nnjax.init(network, nnjax.key(seed), "normal", "normal", dtype=jnp.float64)


def disguised(network, params, seed, rescale=True):
    """The same function: nodes of the same activation in another order, other signs, other scales."""
    rng = np.random.default_rng(seed)
    for layer, width in enumerate(network.sizes[1:-1]):
        names = np.broadcast_to(network.activations[layer], width)
        order = np.arange(width)
        for name in set(names):
            order[names == name] = rng.permutation(order[names == name])
        params = symmetries.permuted(params, layer, order)
        sign = np.where(symmetries.may_flip(network, layer) & (rng.random(width) < 0.5), -1.0, 1.0)
        params = symmetries.flipped(network, params, layer, jnp.asarray(sign))
        may_rescale = symmetries.may_rescale(network, layer)
        factor = np.where(may_rescale & rescale, rng.uniform(0.3, 3, width), 1.0)
        params = symmetries.rescaled(params, layer, jnp.asarray(factor))
    return params


@pytest.mark.parametrize("name", NETWORKS)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000))
def test_canonical_undoes_any_symmetry_and_keeps_the_function(name, seed):
    network = NETWORKS[name]
    params = drawn(network, seed)
    copy = disguised(network, params, seed + 1)
    canonical = jax.jit(symmetries.canonical, static_argnums=0)
    one, other = canonical(network, params), canonical(network, copy)
    chex.assert_trees_all_close(one, other, rtol=1e-9, atol=1e-12)
    for x in np.random.default_rng(seed).normal(size=(3, network.sizes[0])):
        expected = nnjax.predict(network, params, x)
        np.testing.assert_allclose(nnjax.predict(network, copy, x), expected, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(nnjax.predict(network, one, x), expected, rtol=1e-9, atol=1e-12)


def test_canonical_tells_different_networks_apart():
    network = NETWORKS["tanh"]
    one, other = (symmetries.canonical(network, drawn(network, seed)) for seed in (0, 1))
    assert np.max(np.abs(one[0].weights - other[0].weights)) > 0.1


@pytest.mark.parametrize("name", NETWORKS)
def test_align_recovers_a_planted_copy(name):
    network = NETWORKS[name]
    params = drawn(network, 3)
    aligned = jax.jit(lambda p: symmetries.align(network, p, params))(
        disguised(network, params, 7, rescale=False)
    )
    chex.assert_trees_all_close(aligned, params, rtol=1e-9, atol=1e-12)


def test_align_keeps_the_function_and_brings_weights_nearer():
    network = NETWORKS["sigmoid"]
    mine, theirs = drawn(network, 1), drawn(network, 2)
    aligned = symmetries.align(network, mine, theirs)
    x = np.array([0.3, -0.7])
    np.testing.assert_allclose(
        nnjax.predict(network, aligned, x), nnjax.predict(network, mine, x), rtol=1e-12
    )

    def overlap(of):
        return sum(float(jnp.vdot(a.weights, b.weights)) for a, b in zip(of, theirs, strict=True))

    orders = itertools.permutations(range(4))
    copies = [symmetries.permuted(mine, 0, np.array(order)) for order in orders]
    assert overlap(aligned) >= max(map(overlap, copies)) - 0.5


def test_training_commutes_with_the_symmetries():
    network = nnjax.mlp((2, 3, 1), "tanh")
    params = drawn(network, 4)

    def trained(start):
        return nnjax.train(network, start, XS, YS, optimizer=optax.sgd(0.3), epochs=50)[0]

    other = disguised(network, params, 5)
    chex.assert_trees_all_close(disguised(network, trained(params), 5), trained(other), rtol=1e-9, atol=1e-12)


def test_minima_offers_canonical_and_align():
    assert (minima.canonical, minima.align) == (symmetries.canonical, symmetries.align)


TANH, MIXED, OTHER = NETWORKS["tanh"], NETWORKS["mixed"], nnjax.mlp((2, 3, 1), "tanh")
SIGNS, FACTORS = jnp.array([1.0, -1.0, 1.0, 1.0]), jnp.array([1.0, 2.0, 3.0, 4.0])


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: symmetries.canonical(TANH, drawn(OTHER, 0)), ValueError, "params have shapes"),
        (lambda: symmetries.canonical("tanh", drawn(TANH, 0)), TypeError, "network must be a nnjax.Network"),
        (lambda: symmetries.align(TANH, drawn(TANH, 0), drawn(OTHER, 0)), ValueError, "params have shapes"),
        (lambda: symmetries.align(TANH, drawn(OTHER, 0), drawn(TANH, 0)), ValueError, "params have shapes"),
        (lambda: symmetries.align(TANH, drawn(TANH, 0), drawn(TANH, 1), 0), ValueError, "passes must be 1"),
        (lambda: symmetries.flipped(TANH, drawn(OTHER, 0), 0, SIGNS), ValueError, "params have shapes"),
        (
            lambda: symmetries.flipped(TANH, drawn(TANH, 0), 1, SIGNS),
            ValueError,
            "layer must be 0 to 0, got 1",
        ),
        (lambda: symmetries.flipped(TANH, drawn(TANH, 0), 0, 2 * SIGNS), ValueError, "4 numbers 1 or -1"),
        (lambda: symmetries.flipped(TANH, drawn(TANH, 0), 0, SIGNS[:2]), ValueError, "4 numbers 1 or -1"),
        (
            lambda: symmetries.flipped(MIXED, drawn(MIXED, 0), 0, jnp.array([1.0, -1, 1, 1, 1])),
            ValueError,
            "sign must be 1 for nodes that cannot change it",
        ),
        (lambda: symmetries.permuted(drawn(TANH, 0), 0, [0, 1, 2, 2]), ValueError, "permutation of 0 to 3"),
        (lambda: symmetries.permuted(drawn(TANH, 0), 0, [0, 1, 2]), ValueError, "permutation of 0 to 3"),
        (lambda: symmetries.permuted(drawn(TANH, 0), -1, [0]), ValueError, "layer must be 0 to 0, got -1"),
        (lambda: symmetries.permuted(drawn(TANH, 0), 0, SIGNS), TypeError, "order must hold integers"),
        (lambda: symmetries.permuted({"w": 1}, 0, [0]), TypeError, "params must be a tuple of nnjax.Layer"),
        (lambda: symmetries.rescaled(drawn(TANH, 0), 0, -FACTORS), ValueError, "4 numbers above 0"),
        (lambda: symmetries.rescaled(drawn(TANH, 0), 0, FACTORS[:1]), ValueError, "4 numbers above 0"),
        (lambda: symmetries.rescaled(drawn(TANH, 0), 2, FACTORS), ValueError, "layer must be 0 to 0, got 2"),
    ],
)
def test_what_is_no_symmetry_is_refused(call, error, message, without_shape_checks):
    with pytest.raises(error, match=message):
        call()

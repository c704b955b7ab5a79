"""Copies of a network compute the same function, and are recognised as copies."""

import functools
import itertools
from typing import Any

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
    rng = np.random.default_rng(seed)
    return tuple(
        nnjax.Layer(rng.normal(size=shape), rng.normal(size=shape[1]) * network.biases)
        for shape in itertools.pairwise(network.sizes)
    )


def symmetry(network, seed, rescale=True):
    """For each hidden layer, draw signs, scales and an order of the nodes that have the same activation."""
    rng, drawn = np.random.default_rng(seed), []
    for layer, width in enumerate(network.sizes[1:-1]):
        names = np.broadcast_to(network.activations[layer], width)
        order = np.arange(width)
        for name in sorted(set(names)):
            order[names == name] = rng.permutation(order[names == name])
        sign = np.where(symmetries.may_flip(network, layer) & (rng.random(width) < 0.5), -1.0, 1.0)
        may_rescale = symmetries.may_rescale(network, layer)
        factor = np.where(may_rescale & rescale, rng.uniform(0.3, 3, width), 1.0)
        drawn.append((order, sign, factor))
    return drawn


def _moved(network, params, moves):
    for layer, (order, sign, factor) in enumerate(moves):
        params = symmetries.permuted(params, layer, order)
        params = symmetries.flipped(network, params, layer, jnp.asarray(sign))
        params = symmetries.rescaled(params, layer, jnp.asarray(factor))
    return params


moved = jax.jit(_moved, static_argnums=0)
all_moved = jax.jit(jax.vmap(_moved, (None, 0, 0)), static_argnums=0)
canonical = jax.jit(symmetries.canonical, static_argnums=0)
all_aligned = jax.jit(jax.vmap(symmetries.align, (None, 0, 0)), static_argnums=0)
one_by_one = jax.jit(
    lambda network, *pair: jax.lax.map(lambda one: symmetries.align(network, *one), pair), static_argnums=0
)
predict = jax.jit(jax.vmap(nnjax.predict, (None, None, 0)), static_argnums=0)


def disguised(network, params, seed):
    """Return the same function with other signs, scales and node order, where the activations allow it."""
    return moved(network, params, symmetry(network, seed))


def all_disguised(network, params, seeds):
    """Apply `disguised` to many networks together; `params` is a list of pytrees."""
    return all_moved(network, stacked(params), stacked([symmetry(network, seed) for seed in seeds]))


def stacked(trees):
    return jax.tree.map(lambda *leaves: np.stack(leaves), *trees)


@pytest.mark.parametrize("name", NETWORKS)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000))
def test_canonical_undoes_any_symmetry_and_keeps_the_function(name, seed):
    network = NETWORKS[name]
    params = drawn(network, seed)
    copy = disguised(network, params, seed + 1)
    one, other = canonical(network, params), canonical(network, copy)
    chex.assert_trees_all_close(one, other, rtol=1e-9, atol=1e-12)
    xs = np.random.default_rng(seed).normal(size=(3, network.sizes[0]))
    for same in (copy, one):
        np.testing.assert_allclose(
            predict(network, same, xs), predict(network, params, xs), rtol=1e-9, atol=1e-12
        )


def test_outside_jit_a_symmetry_is_the_same():
    """Known values are checked, and correct ones are accepted."""
    for name in ("sigmoid", "deep relu"):
        network, params = NETWORKS[name], drawn(NETWORKS[name], 0)
        expected = moved(network, params, symmetry(network, 1))
        chex.assert_trees_all_close(_moved(network, params, symmetry(network, 1)), expected, rtol=1e-12)


def test_canonical_tells_different_networks_apart():
    network = NETWORKS["tanh"]
    one, other = (canonical(network, drawn(network, seed)) for seed in (0, 1))
    assert np.max(np.abs(one[0].weights - other[0].weights)) > 0.1


@pytest.mark.parametrize("name", NETWORKS)
def test_align_recovers_a_planted_copy(name):
    network = NETWORKS[name]
    params = drawn(network, 3)
    aligned = jax.jit(lambda p: symmetries.align(network, p, params))(disguised(network, params, 7))
    chex.assert_trees_all_close(aligned, params, rtol=1e-9, atol=1e-12)


SHAPES = [
    (3, 8, 8, 2),
    (5, 20, 30, 20, 4),
    (2, 4, 4, 4, 1),
    (4, 6, 5, 3),
    (2, 3, 3, 1),
    (3, 10, 10, 10, 10, 2),
    (8, 16, 8, 8),
    (1, 5, 5, 1),
    (6, 12, 4, 12, 6),
    (4, 7, 9, 1),
]
MIXTURE = ("tanh", "sigmoid", "relu", "elu")


def layers_of(sizes, kind):
    """Make a network of these sizes with one activation, one for each layer, or a mix within each layer."""
    width = itertools.cycle(MIXTURE)
    if kind == "per layer":
        return nnjax.Network(sizes, (*itertools.islice(width, len(sizes) - 2), "identity"))
    if kind == "per node":
        nodes = [tuple(MIXTURE[(i * i + i // 2) % 4] for i in range(size)) for size in sizes[1:-1]]
        return nnjax.Network(sizes, (*nodes, "identity"))
    return nnjax.mlp(sizes, kind, "sigmoid" if kind == "sigmoid" else "identity")


def squared_distance(one, other):
    """Compute the squared distance between each pair of networks, given two stacks of parameters (s, ...)."""
    parts = zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    return sum(np.sum((np.asarray(a) - np.asarray(b)) ** 2, axis=tuple(range(1, a.ndim))) for a, b in parts)


QUICK = [
    ((3, 8, 8, 2), "tanh"),
    ((2, 4, 4, 4, 1), "sigmoid"),
    ((4, 6, 5, 3), "relu"),
    ((2, 3, 3, 1), "per node"),
]
SLOW = [each for each in itertools.product(SHAPES, ("relu", "sigmoid", "tanh")) if each not in QUICK]
SLOW += [*zip(SHAPES[4:8], 2 * ("per layer", "per node"), strict=True)]


@pytest.mark.parametrize(
    "sizes, kind", [*QUICK, *(pytest.param(*each, marks=pytest.mark.slow) for each in SLOW)]
)
def test_align_recovers_20_of_20_copies(sizes, kind):
    """In the cases from `QUICK`, all 20 are aligned together, under vmap; a loop compiles faster."""
    network = layers_of(sizes, kind)
    references = [drawn(network, seed) for seed in range(20)]
    copies = all_disguised(network, references, range(100, 120))
    align = all_aligned if (sizes, kind) in QUICK else one_by_one
    aligned = align(network, copies, stacked(references))
    for got, expected in zip(jax.tree.leaves(aligned), jax.tree.leaves(stacked(references)), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9 * np.max(np.abs(expected)))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["tanh", "sigmoid", "relu"])
def test_align_of_other_networks_keeps_the_function_and_is_no_farther_than_matching_alone(kind):
    network = layers_of((3, 5, 4, 2), kind)
    mine, theirs = (stacked([drawn(network, seed + k) for k in range(10)]) for seed in (0, 50))
    aligned = all_aligned(network, mine, theirs)
    xs = np.random.default_rng(0).normal(size=(6, 3))
    predicted = jax.jit(jax.vmap(functools.partial(predict, network), (0, None)))
    np.testing.assert_allclose(predicted(aligned, xs), predicted(mine, xs), rtol=1e-9, atol=1e-12)

    @jax.jit
    @jax.vmap
    def matched(params, reference):
        """Match the nodes four times, layer after layer, by all their incoming and outgoing weights."""

        def once(now, _):
            for layer in range(2):
                now = symmetries._aligned(network, now, reference, layer)
            return now, None

        return jax.lax.scan(once, params, length=4)[0]

    assert np.all(
        squared_distance(aligned, theirs) <= squared_distance(matched(mine, theirs), theirs) * (1 + 1e-12)
    )
    assert np.all(squared_distance(aligned, theirs) <= squared_distance(mine, theirs) * (1 + 1e-12))


def test_align_recovers_disturbed_copies():
    """Even if weights are off by a thousandth, the copy's order and signs are found."""
    network = layers_of((3, 8, 8, 2), "tanh")
    references = [drawn(network, seed) for seed in range(20)]
    rng = np.random.default_rng(0)
    near = [jax.tree.map(lambda w: w * (1 + 1e-3 * rng.normal(size=w.shape)), each) for each in references]
    aligned = all_aligned(network, all_disguised(network, near, range(20)), stacked(references))
    chex.assert_trees_all_close(aligned, stacked(near), rtol=1e-9, atol=1e-12)


def silenced(params, nodes):
    """Set all weights into these nodes, given as (layer, node), to 0."""
    for layer, node in nodes:
        params[layer].weights[:, node] = 0.0
        params[layer].biases[node] = 0.0
    return params


@pytest.mark.parametrize("kind", ["tanh", "sigmoid", "relu"])
def test_silent_nodes_are_placed_by_what_leaves_them(kind):
    """Silent nodes have incoming weights of 0, which do not determine the nodes' order, sign or scale."""
    network = layers_of((3, 5, 4, 2), kind)
    params = silenced(drawn(network, 0), [(0, 1), (0, 3), (1, 0), (1, 2)])
    for copy in (disguised(network, params, seed) for seed in range(5)):
        chex.assert_trees_all_close(
            canonical(network, copy), canonical(network, params), rtol=1e-9, atol=1e-12
        )
        chex.assert_trees_all_close(symmetries.align(network, copy, params), params, rtol=1e-9, atol=1e-12)


def test_canonical_does_not_tell_nodes_apart_that_the_same_enters():
    """Nodes with equal incoming weights keep their order; either order computes the same function."""
    network = NETWORKS["tanh"]
    twins = drawn(network, 0)
    twins[0].weights[:, 1], twins[0].biases[1] = twins[0].weights[:, 0], twins[0].biases[0]
    swapped = symmetries.permuted(twins, 0, [1, 0, 2, 3])
    one, other = canonical(network, twins), canonical(network, swapped)
    chex.assert_trees_all_close(one[0], other[0], rtol=1e-12)
    assert not np.allclose(one[1].weights, other[1].weights)
    xs = np.random.default_rng(0).normal(size=(3, 2))
    np.testing.assert_allclose(predict(network, one, xs), predict(network, other, xs), rtol=1e-12)


def test_align_compiles_once_outside_jit():
    network, params = NETWORKS["deep"], drawn(NETWORKS["deep"], 0)
    symmetries.align(network, params, params)
    program: Any = symmetries._align
    compiled = program._cache_size()
    symmetries.align(network, drawn(network, 1), params)
    assert program._cache_size() == compiled


def test_align_without_hidden_layers_and_in_mixed_precision():
    flat = nnjax.mlp((2, 3))
    chex.assert_trees_all_equal(symmetries.align(flat, drawn(flat, 0), drawn(flat, 1)), drawn(flat, 0))
    network = NETWORKS["deep"]
    single = jax.tree.map(jnp.float32, drawn(network, 0))
    aligned = symmetries.align(network, single, drawn(network, 1))
    assert {leaf.dtype for leaf in jax.tree.leaves(aligned)} == {jnp.dtype("float32")}


def test_align_keeps_the_function_and_brings_weights_nearer():
    network = NETWORKS["sigmoid"]
    mine, theirs = drawn(network, 1), drawn(network, 2)
    aligned = symmetries.align(network, mine, theirs)
    xs = np.array([[0.3, -0.7]])
    np.testing.assert_allclose(predict(network, aligned, xs), predict(network, mine, xs), rtol=1e-12)

    def overlap(of):
        return sum(np.vdot(a.weights, b.weights) for a, b in zip(of, theirs, strict=True))

    permuted = jax.jit(symmetries.permuted, static_argnums=1)
    copies = [permuted(mine, 0, np.array(order)) for order in itertools.permutations(range(4))]
    assert overlap(aligned) >= max(map(overlap, copies)) - 0.5


def test_training_commutes_with_the_symmetries():
    network = nnjax.mlp((2, 3, 1), "tanh")
    params = drawn(network, 4)

    @jax.jit
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
            "sign must be 1 for nodes that cannot be flipped",
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

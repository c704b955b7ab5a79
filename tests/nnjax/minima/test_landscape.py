"""Barriers in closed form, slices, and groups of equal end points."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import nnjax
from nnjax import minima

XS, YS = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0.0], [1], [1], [0]])


def drawn(network, seed):
    return nnjax.init(network, nnjax.key(seed), "normal", "normal", dtype=jnp.float64)


def test_barrier_in_closed_form():
    network = nnjax.mlp((1, 1, 1), "identity", "identity", biases=False)

    def params(w):
        return tuple(nnjax.Layer(jnp.array([[w]]), jnp.zeros(1)) for _ in range(2))

    xs = np.array([[1.0], [2.0]])
    # ŷ = (1 - 2t)² x against y = x: L(t) = 5 (1 - (1 - 2t)²)², 0 at both ends and 5 in the middle.
    np.testing.assert_allclose(
        minima.barrier(network, params(1.0), params(-1.0), xs, xs, "sse"), 5.0, rtol=1e-12
    )
    np.testing.assert_allclose(
        minima.barrier(network, params(1.0), params(1.0), xs, xs, "sse"), 0.0, atol=1e-12
    )
    # If the losses at the ends differ, the straight line between them is subtracted.
    t = np.linspace(0, 1, 51)
    losses = 5 * (1 - ((1 - t) - 0.5 * t) ** 2) ** 2
    expected = np.max(losses - ((1 - t) * losses[0] + t * losses[-1]))
    np.testing.assert_allclose(
        minima.barrier(network, params(1.0), params(-0.5), xs, xs, "sse"), expected, rtol=1e-12
    )


def test_barrier_in_the_loss_of_the_training():
    """With tanh nodes, A and -A give the same function.

    Halfway between A and -A the logits are 0, so the loss is 7 ln 3.
    """
    network, rng = nnjax.mlp((2, 3, 3), "tanh", "identity", biases=False), np.random.default_rng(0)
    a, xs = nnjax.init(network, nnjax.key(0), "normal", dtype=jnp.float64), rng.normal(size=(7, 2))
    logits = np.stack([nnjax.predict(network, a, x) for x in xs])
    ys = np.eye(3)[np.argmax(logits, axis=1)]
    at_ends = np.sum(np.log(np.sum(np.exp(logits), axis=1)) - np.max(logits, axis=1))
    b = jax.tree.map(jnp.negative, a)
    height = minima.barrier(network, a, b, xs, ys, "softmax_cross_entropy")
    np.testing.assert_allclose(height, 7 * np.log(3) - at_ends, rtol=1e-12)


@pytest.mark.parametrize("wrap", [lambda call: call, jax.jit])
def test_barrier_takes_no_loss_for_granted_where_outputs_may_be_logits(wrap):
    network = nnjax.mlp((2, 3, 1), "tanh", "identity")
    params = drawn(network, 0)
    with pytest.raises(
        ValueError, match=r"loss must be given .* trained with, one of sse, binary_cross_entropy"
    ):
        wrap(lambda p: minima.barrier(network, p, p, XS, YS))(params)
    with pytest.raises(ValueError, match="unknown loss 'mse'"):
        wrap(lambda p: minima.barrier(network, p, p, XS, YS, "mse"))(params)
    squashed = nnjax.mlp((2, 3, 1))
    one, other = (drawn(squashed, seed) for seed in (0, 1))
    np.testing.assert_array_equal(
        *(minima.barrier(squashed, one, other, XS, YS, *given) for given in ((), ("sse",)))
    )


def test_barrier_refuses_other_networks(without_shape_checks):
    network, other = nnjax.mlp((2, 4, 1), "tanh"), nnjax.mlp((2, 4, 3))
    params = drawn(network, 0)
    with pytest.raises(ValueError, match="expected"):
        minima.barrier(network, params, drawn(other, 0), XS, YS)
    with pytest.raises(ValueError, match="expected"):
        minima.barrier(network, drawn(other, 0), params, XS, YS)
    with pytest.raises(TypeError, match="points must be an integer"):
        minima.barrier(network, params, params, XS, YS, points=5.5)
    with pytest.raises(ValueError, match="points must be 3 or more"):
        minima.barrier(network, params, params, XS, YS, points=1)


def test_group():
    rows = np.array([[2.0, 0], [1, 5], [np.nan, 0], [1 + 1e-9, 5], [1, 6]])
    assert minima.group(rows, [1e-6, 1e-6]).tolist() == [2, 0, -1, 0, 1]


def test_filter_normalised_has_each_nodes_length():
    network = nnjax.mlp((2, 4, 5, 3, 2), "tanh", "sigmoid")
    params = drawn(network, 0)
    for mine, other in zip(minima.filter_normalised(nnjax.key(1), params), params, strict=True):
        lengths = np.linalg.norm(mine.weights, axis=0)
        np.testing.assert_allclose(lengths, np.linalg.norm(other.weights, axis=0), rtol=1e-12)
        assert not np.any(mine.biases)


def test_a_direction_takes_lists(without_shape_checks):
    drawn_for = minima.filter_normalised(nnjax.key(1), [([[3, 0], [4, 1]], [1, 1])])
    np.testing.assert_allclose(np.linalg.norm(drawn_for[0].weights, axis=0), [5, 1], rtol=1e-12)
    with pytest.raises(TypeError, match=r"nnjax\.params make"):
        minima.filter_normalised(nnjax.key(1), {"w": 1})


def test_a_direction_needs_a_key(without_shape_checks):
    params = drawn(nnjax.mlp((2, 1)), 0)
    for key in (3, jax.random.PRNGKey(3), jax.random.split(nnjax.key(3))):
        with pytest.raises(TypeError, match="key must be one JAX random key"):
            minima.filter_normalised(key, params)


def test_plane_is_the_loss_at_each_point():
    def loss(p):
        return p["w"][0] ** 2 + 3 * p["w"][1]

    vectors = [{"w": jnp.array(v)} for v in ([1.0, 2.0], [1.0, 0.0], [0.0, 2.0])]
    losses = minima.plane(loss, *vectors, [0.0, 1.0, 2.0], [0.0, -1.0])
    np.testing.assert_allclose(losses, [[7, 10, 15], [1, 4, 9]], rtol=1e-12)

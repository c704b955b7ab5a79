"""Many networks in one call give the same results as single networks, in float64."""

import jax
import jax.numpy as jnp
import numpy as np

import nnjax
from experiments.runner import certificates
from nnjax import datasets, symmetries

NETWORK = nnjax.mlp((2, 2, 1))


def test_every_network_is_certified_in_float64_as_if_alone():
    draws = [nnjax.init(NETWORK, nnjax.key(s), "normal", "normal", dtype=jnp.float32) for s in range(3)]
    params = jax.tree.map(lambda *leaves: np.stack(leaves), *draws)
    certificate = certificates.certificates(NETWORK, params, *datasets.xor())
    xs, ys = (np.asarray(part, np.float64) for part in datasets.xor())
    for s in range(3):
        (w1, b1), (w2, b2) = (tuple(np.asarray(leaf[s], np.float64) for leaf in layer) for layer in params)
        a = 1 / (1 + np.exp(-(xs @ w1 + b1[None])))
        y_hats = 1 / (1 + np.exp(-(a @ w2 + b2[None])))
        np.testing.assert_allclose(certificate.loss[s], np.sum((ys - y_hats) ** 2), rtol=1e-12)
    assert certificate.eigenvalues.shape == (3, 9)
    assert certificate.eigenvalues.dtype == np.float64


def test_rows_hold_all_of_a_networks_numbers():
    params = (nnjax.Layer(np.arange(8.0).reshape(2, 2, 2), np.zeros((2, 2))),)
    assert certificates.as_rows(params, 2).tolist() == [[0, 1, 2, 3, 0, 0], [4, 5, 6, 7, 0, 0]]


def test_copies_have_no_barrier_once_they_are_aligned():
    """A network with hidden nodes for OR and NAND, and an output for AND, solves XOR.

    Halfway between this network and its copy with exchanged nodes, all answers are equal.
    """
    one = nnjax.params(NETWORK, [[[9, -9], [9, -9]], [[9], [9]]], [[-5, 14], [-13]])
    params = jax.tree.map(
        lambda *leaves: np.stack(leaves), one, symmetries.permuted(one, 0, np.array([1, 0]))
    )
    xs, ys = datasets.xor()
    pairs, heights = certificates.barriers(NETWORK, params, xs, ys, points=3)
    assert pairs.tolist() == [[0, 1]]

    def loss(w1, b1, w2, b2):
        hidden = 1 / (1 + np.exp(-(xs @ w1 + b1)))
        return np.sum((ys - 1 / (1 + np.exp(-(hidden @ w2 + b2)))) ** 2)

    end = loss(np.array([[9, -9], [9, -9]]), np.array([[-5, 14]]), np.array([[9], [9]]), -13)
    halfway = loss(np.zeros((2, 2)), np.full((1, 2), 4.5), np.array([[9], [9]]), -13)
    assert end < 0.1 < 1 < halfway
    np.testing.assert_allclose(heights[0, 0], halfway - end, rtol=1e-6)
    assert abs(heights[0, 1]) < 1e-9

"""Check the first update against NumPy, and the exact share against independent draws."""

import jax
import numpy as np
import pytest

import nnjax
from experiments.sentences import one_row


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


@pytest.fixture(scope="module")
def program():
    return jax.jit(one_row.update)


@pytest.mark.parametrize("seed, size", [(0, 1.0), (3, 0.2)])
def test_an_update_against_numpy(program, seed, size):
    """The updates agree to 1e-6, since the last digit of a float32 draw depends on the program around it."""
    key = nnjax.key(seed)
    first, last = nnjax.init(one_row.NETWORK, key, "normal", dtype=np.float64)
    w, v, x = np.asarray(first.weights), np.asarray(last.weights)[:, 0], size * np.array([1.0, 3, 5])
    a = sigmoid(x @ w)
    o = sigmoid(a @ v)
    delta = 2 * (1 - o) * o * (1 - o)
    hidden = delta * v * a * (1 - a)
    into_hidden, into_output = 0.01 * np.outer(x, hidden), 0.01 * delta * a
    after = sigmoid(sigmoid(x @ (w + into_hidden)) @ (v + into_output))
    found = program(key, np.float64(size))
    names = ("x3_to_h1", "largest", "mean", "median", "delta", "delta_label_0")
    np.testing.assert_allclose(
        [found[name] for name in names],
        [
            abs(into_hidden[2, 0] / into_output[0]),
            np.abs(into_hidden).max() / np.abs(into_output).max(),
            np.abs(into_hidden).mean() / np.abs(into_output).mean(),
            np.median(np.abs(into_hidden)) / np.median(np.abs(into_output)),
            delta,
            -2 * o * o * (1 - o),
        ],
        rtol=1e-6,
    )
    smaller = [abs(into_hidden[i, j]) < abs(into_output[j]) for i in range(3) for j in range(4)]
    assert 0 < float(found["pairs"]) == np.mean(smaller)
    assert bool(found["nearer"]) == (abs(1 - after) < abs(1 - o))
    assert bool(found["contributes_most"]) == (np.argmax(np.abs(a * v)) == np.argmax(a))


def pairs(sent, change, node, same):
    """Count pairs one by one, and return the share of pairs that keep their order."""
    kept = total = 0
    for i in range(len(sent)):
        for j in range(len(sent)):
            if abs(sent[i]) > abs(sent[j]) and (node[i] == node[j]) == same:
                total += 1
                kept += abs(change[i]) > abs(change[j])
    return kept / total


@pytest.mark.parametrize("same, name", [(True, "order_same_node"), (False, "order_other_nodes")])
def test_orders_are_counted_pair_by_pair(same, name):
    rng = np.random.default_rng(0)
    changes = [rng.normal(size=(3, 4)), rng.normal(size=(4, 1))]
    activations = (np.array([1.0, 3, 5]), rng.uniform(size=4), np.array([0.5]))
    sent = np.concatenate([np.repeat(activations[0], 4), activations[1]])
    node = np.concatenate([np.tile(np.arange(4), 3), np.full(4, 9)])
    change = np.concatenate([each.ravel() for each in changes])
    found = one_row.orders(
        [jax.numpy.asarray(c) for c in changes], tuple(map(jax.numpy.asarray, activations))
    )
    np.testing.assert_allclose(found[name], pairs(sent, change, node, same), rtol=1e-12)


@pytest.mark.parametrize("x", [(1.0, 3.0, 5.0), (0.2, 0.6, 1.0)])
def test_the_exact_share_against_draws(x):
    """With a million draws, the standard error is 0.0005."""
    rng = np.random.default_rng(1)
    a = sigmoid(rng.normal(size=(1_000_000, 3)) @ np.array(x))
    ratio = np.abs(rng.normal(size=len(a))) * (1 - a) * x[2]
    exact = one_row.share_smaller(x[2], float(np.sum(np.square(x))))
    assert abs(np.mean(ratio < 1) - exact) < 0.002


def test_the_handouts_delta_with_both_labels():
    np.testing.assert_allclose(
        [one_row.delta_at(0.6, label) for label in (1.0, 0.0)], [0.192, -0.288], rtol=1e-12
    )


def test_the_exact_share_at_its_ends():
    """The change of x₃ → h₁ is nearly always the smaller if x₃ is near 0, and the larger if x₃ is huge."""
    assert one_row.share_smaller(1e-6, 1.0) == pytest.approx(1, abs=1e-9)
    assert one_row.share_smaller(1e9, 1.0) < 1e-6

"""The row order is the same whatever the weights, and the weights are the same whatever the order."""

import jax
import numpy as np

import nnjax
from experiments.digits import crossed
from experiments.digits.training import LECUN, STARTS


def test_weights_and_orders_are_drawn_apart(monkeypatch):
    """With a rate of 0, the loss depends on the initial weights alone."""
    monkeypatch.setitem(STARTS, LECUN, STARTS[LECUN]._replace(rate=0.0))
    end = nnjax.sweep(crossed.learner(LECUN, 1), [0, 1], {"order": np.uint32([4, 5])})[0]
    np.testing.assert_array_equal(end[:, 0], end[:, 1])
    assert end[0, 0] != end[1, 0]


def test_an_order_is_that_of_its_number(monkeypatch):
    seen = []
    monkeypatch.setattr(
        nnjax, "train", lambda network, params, *data, key, **_: (seen.append(key), (params, None))[1]
    )
    end = crossed.learner(LECUN, 1)
    for seed in (0, 1):
        end(nnjax.key(seed), np.uint32(7))
    assert (jax.random.key_data(seen[0]) == jax.random.key_data(seen[1])).all()
    end(nnjax.key(0), np.uint32(8))
    assert (jax.random.key_data(seen[2]) != jax.random.key_data(seen[0])).any()

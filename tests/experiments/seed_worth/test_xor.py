"""XOR with a flipped bit gives the same results as networks trained one by one."""

import numpy as np
import optax
import pytest

import nnjax
from experiments.runner.context import Context
from experiments.seed_worth import xor
from nnjax import datasets

EPOCHS = 300


@pytest.fixture(scope="module")
def found():
    return xor.measure(Context(), np.arange(4, 8), EPOCHS)


@pytest.mark.slow
def test_each_row_is_right_or_wrong(found):
    xs, ys = datasets.xor()
    params = nnjax.init(xor.NETWORK, nnjax.key(5), "normal", "normal")
    after, _ = nnjax.train(xor.NETWORK, params, xs, ys, optimizer=optax.sgd(1.0), epochs=EPOCHS)
    wrong = (np.asarray(nnjax.predict_batch(xor.NETWORK, after, xs)) > 0.5) != ys
    for run in ("first", "one bit"):
        np.testing.assert_array_equal(found["wrong"].sel(seed=5, speed="usual", run=run), wrong[:, 0])


def test_some_are_wrong_and_some_are_not(found):
    assert 0 < found["wrong"].mean() < 1
    assert found["rate"].values.tolist() == [1, 10]

"""Test what counts as "soon" and as "stable" on XOR, and which logical questions hidden nodes ask."""

import numpy as np
import optax
import pytest

import nnjax
from experiments.runner.context import Context
from experiments.sentences import xor
from nnjax import datasets


@pytest.mark.slow
def test_curves_stand_where_their_names_are():
    """Two curves equal those of nnjax.train: at the last rate with momentum, at the shown rate without it."""
    found = xor.train(Context(), np.arange(2), xor.EVERY)
    for way, rate, momentum in [(xor.WITH, 1.2, 0.9), (xor.PLAIN, xor.SHOWN, 0.0)]:
        params, history = nnjax.train(
            xor.NETWORK,
            nnjax.init(xor.NETWORK, nnjax.key(1), "normal", "normal"),
            *datasets.xor(),
            optimizer=optax.sgd(np.float32(rate), np.float32(momentum)),
            epochs=xor.EVERY,
        )
        effective = rate / (1 - momentum)
        curve = found["loss"].sel(seed=1, way=way).sel(rate=effective, method="nearest")
        np.testing.assert_allclose(curve[-1], history.loss, rtol=1e-4)
    flat = np.concatenate([leaf.ravel() for layer in params for leaf in layer])
    np.testing.assert_allclose(found["end"].sel(seed=1), flat, rtol=1e-3)


def test_soon_and_stable():
    falling, stuck = 0.8 ** np.arange(20.0), np.full(20, 0.5)
    slow = np.concatenate([np.full(8, 1.0), 0.5 ** np.arange(12)])
    assert xor.first_below(np.stack([falling, stuck])).tolist() == [xor.EVERY * 11, np.inf]
    assert xor.first_stable(np.stack([falling, stuck, slow])).tolist() == [-1, xor.WINDOW, xor.WINDOW]


def test_nodes_answer_and_ask(or_and):
    said, output = xor.answers(or_and)
    assert said.T.astype(int).tolist() == [[0, 1, 1, 1], [0, 0, 0, 1]]
    assert output.tolist() == [False, True, True, False]
    assert xor.questions(or_and) == "and + or"
    opposite = or_and * [-1, 1, -1, 1, -1, 1, -1, 1, 1]
    assert xor.questions(opposite) == "and + or"


def test_every_separable_answer_has_a_question():
    """Of the sixteen possible answers, only parity and its opposite cannot be given by a single node."""
    answers = set(xor.itertools.product((0, 1), repeat=4))
    assert answers - set(xor.NAMED) == {(0, 1, 1, 0), (1, 0, 0, 1)}


def test_a_node_is_the_logistic_regression_of_what_it_says(or_and, monkeypatch):
    assert xor.refitted(or_and) < 1e-6
    monkeypatch.setattr(xor, "sigmoid", lambda z: 0.5 + np.arctan(z) / np.pi)
    assert xor.refitted(or_and) > 0.05


@pytest.mark.parametrize("flipped", [0, 4, 8])
def test_an_answer_that_is_wrong_is_seen(or_and, flipped):
    or_and[flipped] = -or_and[flipped] - 20
    said, output = xor.answers(or_and)
    assert said.T.astype(int).tolist() != [[0, 1, 1, 1], [0, 0, 0, 1]] or output.tolist() != [0, 1, 1, 0]

"""Orthogonal and Gaussian weights: what the runs start from, and what depth does to a linear network."""

import numpy as np
import pytest

import nnjax
from experiments.trainability import orthogonal, training


def test_both_kinds_of_weights_start_as_they_are_called():
    learn = orthogonal.isometry_learner(1, 1)
    settings = training.product(kind=[0, 1], rate=[0.03])
    found = nnjax.sweep(learn, [4], settings)[0, :, 0] * training.constant() * training.ROWS
    net, data = training.network("tanh", 1), training.rows()
    for loss, kind in zip(found, ("lecun_normal", "orthogonal"), strict=True):
        start = nnjax.init(net, nnjax.key(4), kind)
        assert float(loss) == pytest.approx(float(nnjax.total_loss(net, start, *data)), rel=1e-4)


def test_a_linear_network_is_trained_on_all_rows_at_once():
    found = nnjax.sweep(orthogonal.linear_learner(1, 1), [4], training.product(kind=[1], rate=[0.03]))[0, 0]
    data = training.rows(orthogonal.LINEAR_ROWS)
    first, last = (
        (np.asarray(layer.weights, float), np.asarray(layer.biases, float))
        for layer in nnjax.init(nnjax.mlp((64, 32, 10), "identity", "identity"), nnjax.key(4), "orthogonal")
    )
    xs, ys, step = np.float64(data.xs), data.ys, 0.03 / len(data.xs)
    best = np.sum((ys - ys.mean(axis=0)) ** 2)
    hidden = xs @ first[0] + first[1]
    errors = hidden @ last[0] + last[1] - ys
    assert found[0] == pytest.approx(np.sum(errors**2) / best, rel=1e-5)
    deltas = 2 * errors @ last[0].T
    hidden = xs @ (first[0] - step * xs.T @ deltas) + first[1] - step * deltas.sum(axis=0)
    new = last[0] - step * 2 * (xs @ first[0] + first[1]).T @ errors
    errors = hidden @ new + last[1] - step * 2 * errors.sum(axis=0) - ys
    assert found[1] == pytest.approx(np.sum(errors**2) / best, rel=1e-5)

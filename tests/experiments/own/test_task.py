"""A user's own table becomes a task; this is checked against scikit-learn and by arithmetic."""

import dataclasses
import hashlib

import numpy as np
import pytest
from sklearn.metrics import log_loss

from experiments.own import task
from experiments.own.task import Source, read


@pytest.fixture
def source(birds):
    return Source(str(birds), "group", (), "", 0.25, 5000, 0, "sse", 16)


def test_rows_are_whole_batches_in_an_order_that_the_seed_shuffles(source, birds):
    found = read(source)
    assert (found.train.xs.shape, found.train.ys.shape, found.test.xs.shape) == ((32, 4), (32, 3), (15, 4))
    assert found.names.inputs == ("mass", "length", "colour=grey", "colour=white")
    assert (found.loss, found.output, found.batch) == ("sse", "sigmoid", 16)
    assert found.digest == hashlib.sha256(birds.read_bytes()).hexdigest()
    labels = np.argmax(found.train.ys, axis=1)
    assert set(labels[:8].tolist()) == {0, 1, 2}
    other = read(dataclasses.replace(source, split=1))
    assert not np.array_equal(other.train.xs, found.train.xs)
    assert read(dataclasses.replace(source, batch=100)).batch == 45
    assert read(dataclasses.replace(source, without=("colour",))).names.inputs == ("mass", "length")


def test_a_number_is_standardised(source):
    found = read(dataclasses.replace(source, target="mass"))
    assert not found.has_classes
    assert found.output == "identity"
    mean, deviation = found.train.ys.mean(), found.train.ys.std()
    np.testing.assert_allclose([mean, deviation], [0, 1], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found.constant, 1, rtol=1e-12)


@pytest.mark.parametrize("target, expected", [("group", "softmax"), ("colour", "binary")])
def test_cross_entropy_of_the_best_constant(source, target, expected):
    found = read(dataclasses.replace(source, target=target, loss="cross-entropy"))
    assert (found.loss, found.output) == (f"{expected}_cross_entropy", "identity")
    ys = found.train.ys
    labels = ys[:, 0] if ys.shape[1] == 1 else np.argmax(ys, axis=1)
    shares = np.tile(np.bincount(labels.astype(int)) / len(labels), (len(labels), 1))
    np.testing.assert_allclose(found.constant, log_loss(labels, shares), rtol=1e-12)


def test_what_does_not_fit_is_refused(source, monkeypatch):
    with pytest.raises(ValueError, match="loss cross-entropy is for classes; target 'mass' is a number"):
        read(dataclasses.replace(source, target="mass", loss="cross-entropy"))
    monkeypatch.setattr(task, "available_memory", lambda: 1000)
    message = r"reading .*the birds.csv needs about 1 MB of memory, but only 1 MB is free"
    with pytest.raises(MemoryError, match=message):
        read(dataclasses.replace(source, rows=59))


def test_words():
    assert [task.in_words(size) for size in (1, 3.4e8, 1.23e9)] == ["1 MB", "340 MB", "1.2 GB"]
    assert task.in_row("abc") == "a, b, c"
    assert task.in_row("abcd", most=2) == "a, b and 2 more"
    free = task.available_memory()
    assert free is None or 1e6 < free < 1e15

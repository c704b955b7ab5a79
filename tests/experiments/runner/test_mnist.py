"""Pictures in Nielsen's split, with his grey values, and how MNIST is distinguished from other data."""

import numpy as np
import pictured
import pytest

from experiments.runner import mnist
from nnjax import datasets


@pytest.fixture
def folder(tmp_path):
    return pictured.random_pictures(tmp_path)


@pytest.fixture(autouse=True)
def read_again():
    mnist.load.cache_clear()
    yield
    mnist.load.cache_clear()


def test_five_sixths_train_and_grey_values_are_bytes_over_256(folder):
    loaded, split = mnist.load(folder), datasets.mnist(folder)
    assert loaded.train.xs.shape == (50, 64)
    assert loaded.test.xs.shape == (20, 64)
    assert loaded.train.xs.dtype == np.float32
    np.testing.assert_array_equal(loaded.train.xs * 256, np.rint(split.train.xs[:50] * 255))
    np.testing.assert_array_equal(loaded.test.ys, split.test.ys)


def test_mnist_is_known_by_its_training_file(folder, monkeypatch):
    assert mnist.load(folder).name == mnist.OTHERS
    mnist.load.cache_clear()
    digest = mnist._digest(datasets.mnist(folder).train)
    monkeypatch.setattr(mnist, "MNIST_DIGEST", digest)
    assert mnist.load(folder).name == mnist.MNIST


def test_without_the_files_make_mnist_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"train-images.*`make mnist` fetches MNIST into \.mnist"):
        mnist.load(str(tmp_path))

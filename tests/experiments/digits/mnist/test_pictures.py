"""Pictures in Nielsen's split and grey values, and how MNIST is told from other data."""

import numpy as np
import pytest

from experiments.digits.mnist import pictures
from nnjax import datasets


@pytest.fixture(autouse=True)
def read_again():
    pictures.load.cache_clear()
    yield
    pictures.load.cache_clear()


def test_five_sixths_train_and_grey_values_are_bytes_over_256(folder):
    loaded, split = pictures.load(folder), datasets.mnist(folder)
    assert loaded.train.xs.shape == (50, 64)
    assert loaded.test.xs.shape == (20, 64)
    assert loaded.train.xs.dtype == np.float32
    np.testing.assert_array_equal(loaded.train.xs * 256, np.rint(split.train.xs[:50] * 255))
    np.testing.assert_array_equal(loaded.test.ys, split.test.ys)


def test_mnist_is_known_by_its_training_file(folder, monkeypatch):
    assert pictures.load(folder).name == pictures.OTHERS
    pictures.load.cache_clear()
    digest = pictures._digest(datasets.mnist(folder).train)
    monkeypatch.setattr(pictures, "MNIST_DIGEST", digest)
    assert pictures.load(folder).name == pictures.MNIST


def test_without_the_files_make_mnist_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"train-images.*`make mnist` fetches MNIST into \.mnist"):
        pictures.load(str(tmp_path))

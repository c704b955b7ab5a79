"""MNIST's files, the experiment on them, and its options."""

import gzip

import numpy as np
import pytest

from experiments import digits
from experiments.__main__ import main
from experiments.runner import arguments
from nnjax import datasets


def idx(values):
    head = bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">i4").tobytes()
    return head + values.astype(np.uint8).tobytes()


@pytest.fixture
def folder(tmp_path):
    """Write 60 and 20 random pictures in MNIST's format, as four files.

    Two files are compressed, and one has a dot in its name.
    """
    rng = np.random.default_rng(0)
    for name, rows, between in (("train", 60, "-"), ("t10k", 20, ".")):
        images = rng.integers(0, 256, (rows, 28, 28))
        (tmp_path / f"{name}-images{between}idx3-ubyte").write_bytes(idx(images))
        packed = gzip.compress(idx(np.arange(rows) % 10))
        (tmp_path / f"{name}-labels-idx1-ubyte.gz").write_bytes(packed)
    return tmp_path


def test_mnist_files(folder):
    train, test = datasets.mnist(folder)
    assert train.xs.shape == (60, 784)
    assert test.ys.shape == (20, 10)
    images = np.random.default_rng(0).integers(0, 256, (60, 28, 28))
    np.testing.assert_array_equal(train.xs * 255, images.reshape(60, 784))
    assert np.argmax(train.ys, axis=1).tolist() == [*range(10)] * 6


def test_the_options_as_they_are_typed():
    plain = arguments.config_of(digits.EXPERIMENT, arguments.parse(["digits", "--mnist"]))
    assert (plain.mnist, plain.pictures, plain.few) == (True, ".mnist", 20)
    request = arguments.parse(["digits", "--mnist", "--pictures", "fashion", "--profile", "full"])
    config = arguments.config_of(digits.EXPERIMENT, request)
    assert (config.pictures, config.few, config.epochs) == ("fashion", 100, 30)
    assert arguments.as_typed(plain) == "--mnist"


def test_without_the_pictures_nothing_is_trained(tmp_path, capsys):
    there = tmp_path / "nothing"
    asked = ["digits", "--mnist", "--pictures", str(there), "--smoke", "--out", str(tmp_path / "out")]
    assert main(asked) == 2
    said = " ".join(capsys.readouterr().out.split())
    assert "`make mnist` fetches MNIST into .mnist; --pictures names another folder" in said
    assert digits.preview(digits.Config(pictures=str(there))) == ""


def test_the_pictures_are_named(folder):
    config = digits.Config(mnist=True, pictures=str(folder))
    assert digits.preview(config).startswith(f"with other pictures from {folder}, about 6 min")


@pytest.mark.parametrize(
    "spoil, error, message",
    [
        (lambda f: f.unlink(), FileNotFoundError, r"neither train-images-idx3-ubyte nor .*\.gz"),
        (lambda f: f.write_bytes(b"PNG" + bytes(99)), ValueError, "not an IDX file of bytes with 3 axes"),
        (lambda f: f.write_bytes(f.read_bytes()[:-1]), ValueError, r"47039 values, its header says \(60"),
    ],
)
def test_spoilt_mnist_files(folder, spoil, error, message):
    spoil(folder / "train-images-idx3-ubyte")
    with pytest.raises(error, match=message):
        datasets.mnist(folder)


@pytest.mark.parametrize("name", ["seeds", "few", "epochs", "batch_epochs"])
def test_bad_options(name):
    with pytest.raises(ValueError, match=f"{name} must be . or more; got 0"):
        digits.Config(**{name: 0})

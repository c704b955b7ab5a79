"""Small data sets for testing the handout's claims, and a reader for your own tables.

iris and digits come with scikit-learn; MNIST is read from a folder of your own, and a table from a CSV file.
Rows are examples: xs (n, in) and ys (n, out) are NumPy arrays of float64, which nnjax converts to the
parameters' dtype.
"""

import gzip
import math
import os
import pathlib
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from nnjax import checks
from nnjax.datasets.rows import Data, Split, one_hot, split
from nnjax.datasets.tables import Names, Table, table
from nnjax.network import Network, Params, check_network, predict
from nnjax.parameters import init

__all__ = [
    "Data",
    "Names",
    "Split",
    "Table",
    "Teacher",
    "digits",
    "encoder",
    "handout",
    "iris",
    "mnist",
    "one_hot",
    "table",
    "teacher",
    "xor",
]


def handout() -> Data:
    """Return the handout's only row: x = (1, 3, 5), y = 1."""
    return Data(np.array([[1.0, 3.0, 5.0]]), np.array([[1.0]]))


def xor() -> Data:
    """Return the exclusive or: four rows in two classes that no straight line separates."""
    return Data(np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0.0], [1], [1], [0]]))


def encoder(size: int = 8) -> Data:
    """Return the encoder task: reproduce each of n one-hot rows (Rumelhart, Hinton & Williams 1986)."""
    rows = np.eye(checks.count("size", size))
    return Data(rows, rows)


class Teacher(NamedTuple):
    """A network's outputs as targets, so that a loss of 0 can be reached.

    Attributes:
        params: The teacher's parameters.
        xs: Inputs (n, in).
        ys: The teacher's outputs (n, out).
    """

    params: Params
    xs: Float[Array, "n i"]
    ys: Float[Array, "n o"]


def teacher(network: Network, key: PRNGKeyArray, rows: int, dtype: jnp.dtype | type = jnp.float32) -> Teacher:
    """Draw N(0, 1) inputs, and a teacher with N(0, 1) weights and biases, whose outputs are the targets.

    The biases of a network without biases are zeros.

    Raises:
        TypeError: If network is not an `nnjax.Network`, if key is not a JAX key, if rows is not an integer,
            or if dtype is not a floating-point type.
        ValueError: If rows is below 1, or dtype is float64 while JAX's x64 flag is off.
    """
    check_network(network)
    checks.random_key(key)
    rows = checks.count("rows", rows)
    biases = "normal" if network.biases else "zeros"
    params = init(network, jax.random.fold_in(key, 0), "normal", biases, dtype=dtype)
    drawn = jax.random.normal(jax.random.fold_in(key, 1), (rows, network.sizes[0]), jnp.float32)
    xs = drawn.astype(params[0].weights.dtype)
    return Teacher(params, xs, jax.vmap(lambda x: predict(network, params, x))(xs))


def iris(test_share: float = 0.25) -> Split:
    """Load Fisher's 150 irises in 3 classes, as a stratified split; the 4 inputs are standardised.

    The means and standard deviations for this are computed from the training rows.
    """
    flowers: Any = checks.needed("sklearn.datasets", "datasets.iris").load_iris()
    parts = split(flowers.data, flowers.target, test_share, "datasets.iris")
    mean, deviation = parts.train.xs.mean(axis=0), parts.train.xs.std(axis=0)
    return Split(*(Data((part.xs - mean) / deviation, part.ys) for part in parts))


def digits(test_share: float = 0.25) -> Split:
    """Load scikit-learn's 1797 digits in 10 classes (8 × 8 grey values in [0, 1]) as a stratified split."""
    images: Any = checks.needed("sklearn.datasets", "datasets.digits").load_digits()
    return split(images.data / 16, images.target, test_share, "datasets.digits")


MNIST = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
"""The four files of the handwritten digits by LeCun, Cortes and Burges; each may end in .gz."""


def mnist(folder: str | os.PathLike) -> Split:
    """Read MNIST's 60,000 training and 10,000 test digits (28 × 28 grey values in [0, 1]) from a folder.

    The files may be compressed (.gz) or not, and may be called train-images.idx3-ubyte instead of
    train-images-idx3-ubyte. Fashion-MNIST's files have the same format.

    Raises:
        FileNotFoundError: If one of the files is missing; the message names it.
        ValueError: If a file is not an IDX file of bytes, or its length differs from what its header says.
    """
    arrays = [_idx(pathlib.Path(folder), name, 3 if "images" in name else 1) for name in MNIST]
    parts = [
        Data(images.reshape(len(images), -1) / 255, one_hot(labels, range(10)))
        for images, labels in (arrays[:2], arrays[2:])
    ]
    return Split(*parts)


def _idx(folder: pathlib.Path, name: str, axes: int) -> np.ndarray:
    """Read an array of bytes.

    The file holds 0, 0, the type 8, the number of axes, their lengths as 4-byte integers, and the values.
    """
    dotted = name.replace("-idx", ".idx")
    names = name, f"{name}.gz", dotted, f"{dotted}.gz"
    paths = [path for path in map(folder.joinpath, names) if path.exists()]
    if not paths:
        raise FileNotFoundError(
            f"folder {folder} has neither {name} nor {name}.gz; needed: {', '.join(MNIST)}"
        )
    content = paths[0].read_bytes()
    content = gzip.decompress(content) if paths[0].suffix == ".gz" else content
    if content[:4] != bytes([0, 0, 8, axes]):
        raise ValueError(f"{paths[0]} is not an IDX file of bytes with {axes} axes")
    shape = tuple(int(length) for length in np.frombuffer(content, ">i4", axes, 4))
    values = np.frombuffer(content, np.uint8, offset=4 + 4 * axes)
    if values.size != math.prod(shape):
        raise ValueError(f"{paths[0]} holds {values.size} values, its header says {shape}")
    return values.reshape(shape)

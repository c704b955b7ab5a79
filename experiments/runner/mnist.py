"""The pictures as Nielsen gives them to his networks, and a check that they are MNIST's."""

import functools
import hashlib
from typing import NamedTuple

import numpy as np

from nnjax import datasets

FOLDER = ".mnist"
"""The folder in which `make mnist` puts the pictures; git ignores it."""
MNIST, OTHERS = "MNIST", "other pictures"
MNIST_DIGEST = "edc0d1098aa497be14ace79ddd5171e5a3dcf9c4d196c015389203eb3ba1f59b"
"""SHA-256 of the bytes of MNIST's training pictures, followed by its training labels."""


class Pictures(NamedTuple):
    """Pictures in Nielsen's split.

    Attributes:
        train: The first five sixths of the training file, 50,000 of MNIST's 60,000 pictures, as float32.
        test: The pictures of the test file.
        name: `MNIST`, or `OTHERS`.
    """

    train: datasets.Data
    test: datasets.Data
    name: str


@functools.cache
def load(folder: str) -> Pictures:
    """Read four IDX files; grey values are bytes divided by 256, as in Nielsen's data.

    Raises:
        FileNotFoundError: A file is missing; the message says how to get MNIST.
        ValueError: One of the files is not an IDX file of bytes.
    """
    try:
        split = datasets.mnist(folder)
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{error}. `make mnist` fetches MNIST into {FOLDER}; --pictures names another folder."
        ) from None
    name = MNIST if _digest(split.train) == MNIST_DIGEST else OTHERS
    kept = len(split.train.xs) * 5 // 6
    rows = datasets.Data(split.train.xs[:kept], split.train.ys[:kept])
    return Pictures(_as_nielsen(rows), _as_nielsen(split.test), name)


def _digest(data: datasets.Data) -> str:
    pixels, labels = np.rint(data.xs * 255).astype(np.uint8), np.argmax(data.ys, axis=1).astype(np.uint8)
    return hashlib.sha256(pixels.tobytes() + labels.tobytes()).hexdigest()


def _as_nielsen(data: datasets.Data) -> datasets.Data:
    return datasets.Data((data.xs * (255 / 256)).astype(np.float32), data.ys.astype(np.float32))

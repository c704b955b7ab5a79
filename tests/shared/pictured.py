"""Small made-up pictures, in four files like those of MNIST."""

import gzip
import pathlib

import numpy as np

from experiments.digits.mnist import fetch


def random_pictures(folder: pathlib.Path) -> str:
    """Write 60 and 20 random 8 by 8 pictures; two files are compressed, and two have a dot in their names."""
    rng = np.random.default_rng(0)
    for name, rows in (("train", 60), ("t10k", 20)):
        pictures = rng.integers(0, 256, (rows, 8, 8), np.uint8)
        (folder / f"{name}-images.idx3-ubyte").write_bytes(fetch.idx(pictures))
        digits = (np.arange(rows) % 10).astype(np.uint8)
        (folder / f"{name}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(fetch.idx(digits)))
    return str(folder)

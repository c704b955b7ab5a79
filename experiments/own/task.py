"""The task: a person's own table, which is read once, and the memory that it needs."""

import dataclasses
import functools
import hashlib
import math
import pathlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from nnjax import datasets
from nnjax.datasets import Data, Names

READING = 5
"""Bytes of memory that reading a CSV file takes per byte of the file (measured: 3 to 5)."""
SMALL = 256
"""Maximum number of rows for measuring δ and for comparing two networks' answers."""


@dataclasses.dataclass(frozen=True)
class Source:
    """Where the table is, and how it is read.

    Attributes:
        path: A CSV file.
        target: The column to learn.
        without: Columns to leave out.
        kind: "classes", "number", or "" if the column shows which.
        test: Share of the rows to test with.
        rows: Maximum number of rows to use.
        split: Seed for the choice of rows, the choice of test rows among them, and the order of the rest.
        loss: "sse" or "cross-entropy".
        batch: Rows per update.
    """

    path: str
    target: str
    without: tuple[str, ...]
    kind: str
    test: float
    rows: int
    split: int
    loss: str
    batch: int


class Task(NamedTuple):
    """What is learnt.

    Attributes:
        train: Training rows, which fill a whole number of batches; their order is the same for all seeds.
        test: Rows to test with.
        names: Names of the columns; if there are no classes, the target is a number.
        loss: A name in `nnjax.LOSSES`.
        output: Activation of the output nodes.
        batch: Rows per update.
        digest: SHA-256 of the file.
    """

    train: Data
    test: Data
    names: Names
    loss: str
    output: str
    batch: int
    digest: str

    @property
    def has_classes(self) -> bool:
        """Whether the target is a class rather than a number."""
        return bool(self.names.classes)

    @property
    def constant(self) -> float:
        """Loss per training row of the best constant answer, as given by a network that learns nothing."""
        mean = self.train.ys.mean(axis=0)
        if self.loss == "sse":
            return float(np.sum((self.train.ys - mean) ** 2) / len(self.train.ys))
        p = np.array([mean[0], 1 - mean[0]]) if len(mean) == 1 else mean
        return float(-np.sum(p * np.log(p)))

    @property
    def probes(self) -> np.ndarray:
        """The test rows (or the first `SMALL` of them) on which networks are compared."""
        return self.test.xs[:SMALL]


@functools.lru_cache(maxsize=1)
def read(source: Source) -> Task:
    """Read the table, shuffle its training rows, and scale a numeric target to mean 0 and deviation 1.

    Raises:
        OSError: There is no such file, or it cannot be read.
        ValueError: The table is unfit for training (see `nnjax.datasets.table`), or the loss is unsuitable.
        MemoryError: The table is too large for this machine.
    """
    path = pathlib.Path(source.path)
    refuse_beyond_memory(READING * path.stat().st_size, f"reading {path}")
    options: dict[str, Any] = {"test": source.test, "seed": source.split, "rows": source.rows}
    options |= {"kind": source.kind or None, "without": source.without}
    train, test, names = datasets.table(path, source.target, **options)
    batch = min(source.batch, len(train.xs))
    order = np.random.default_rng(source.split).permutation(len(train.xs))[: len(train.xs) // batch * batch]
    train = Data(train.xs[order], train.ys[order])
    if not names.classes:
        if source.loss != "sse":
            raise ValueError(f"loss {source.loss} is for classes; target {source.target!r} is a number: sse")
        mean, deviation = train.ys.mean(axis=0), train.ys.std(axis=0)
        train, test = (Data(part.xs, (part.ys - mean) / deviation) for part in (train, test))
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    ending = _ending(source.loss, train.ys.shape[1], bool(names.classes))
    return Task(train, test, names, *ending, batch, digest)


def _ending(loss: str, outputs: int, classes: bool) -> tuple[str, str]:
    """Return the loss and the matching activation of the output nodes."""
    if loss == "sse":
        return "sse", "sigmoid" if classes else "identity"
    return ("binary" if outputs == 1 else "softmax") + "_cross_entropy", "identity"


def refuse_beyond_memory(needed: float, what: str) -> None:
    """Refuse a job for which this machine lacks the memory.

    Raises:
        MemoryError: The job needs more memory than is free; the message says how much.
    """
    free = available_memory()
    if free is not None and needed > free:
        raise MemoryError(
            f"{what} needs about {in_words(needed)} of memory, but only {in_words(free)} is free"
        )


def available_memory() -> int | None:
    """Return the bytes available without swapping, or None if the system does not report them."""
    meminfo = pathlib.Path("/proc/meminfo")
    if not meminfo.exists():
        return None
    lines = dict(line.split(":", 1) for line in meminfo.read_text().splitlines())
    return int(lines["MemAvailable"].split()[0]) * 1024


def in_words(size: float) -> str:
    """Write a number of bytes as "340 MB" or "1.2 GB"."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{max(1, math.ceil(size / 1e6))} MB"


def in_row(words: Sequence[Any], most: int = 6) -> str:
    """Join the first words with commas, and say how many more there are."""
    rest = len(words) - most
    return ", ".join(map(str, words[:most])) + (f" and {rest} more" if rest > 0 else "")

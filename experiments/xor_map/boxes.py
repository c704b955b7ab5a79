"""How crooked a border is: its dimension, found by counting the boxes that it passes through."""

import numpy as np


def border(inside: np.ndarray) -> np.ndarray:
    """Mark the cells (y, x) of a map that differ from the next cell to the right or above."""
    marked = np.zeros(inside.shape, bool)
    marked[:-1] |= inside[:-1] != inside[1:]
    marked[:, :-1] |= inside[:, :-1] != inside[:, 1:]
    return marked


def counts(marked: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Count the boxes of each size with a marked cell: N(ε) for ε in `sizes`, which divide the side."""
    found = []
    for size in sizes:
        boxes = marked.reshape(marked.shape[0] // size, size, marked.shape[1] // size, size)
        found.append(int(boxes.any(axis=(1, 3)).sum()))
    return np.array(found)


def sizes(side: int) -> np.ndarray:
    """List box sizes 1, 2, 4, ... that divide the side, up to an eighth of it."""
    tried = 2 ** np.arange(int(np.log2(side)) + 1)
    return tried[(side % tried == 0) & (tried <= max(side // 8, 2))]


def dimension(marked: np.ndarray, sizes: np.ndarray) -> float:
    """Return minus the slope of ln N(ε) against ln ε, by least squares; nan if nothing is marked.

    This dimension is 1 for a smooth line, and 2 if the marked cells fill the plane.
    """
    found = counts(marked, sizes)
    if not found[0]:
        return float("nan")
    return float(-np.polyfit(np.log(sizes), np.log(found), 1)[0])

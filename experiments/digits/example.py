"""A network that lost a digit, and what it answers instead."""

import numpy as np
import xarray as xr

from experiments.digits.findings import lost
from experiments.digits.training import ENTROPY, NIELSEN

LIKED = 7
"""The lost digit to show, if a seed has lost it."""


def example(starts: xr.Dataset) -> tuple[int, int | None]:
    """Return the place of a seed that lost one digit with squared error and none with cross-entropy.

    The first such seed that lost a 7 is chosen, or else the first such seed. The lost digit is returned,
    too; if there is no such seed, the result is the first seed and None.
    """
    missing = lost(starts, NIELSEN)
    fit = (missing.sum(axis=1) == 1) & ~lost(starts, ENTROPY).any(axis=1)
    liked = fit & missing[:, LIKED]
    places = np.flatnonzero(liked if liked.any() else fit)
    if not len(places):
        return 0, None
    return int(places[0]), int(missing[places[0]].argmax())


def answers(starts: xr.Dataset, start: str, place: int) -> np.ndarray:
    """Count the test rows by the digit shown and the digit answered, (shown, answered)."""
    counts = np.zeros((10, 10), int)
    np.add.at(counts, (starts["truth"].values, starts["label"].sel(start=start).values[place]), 1)
    return counts

"""Data with coin tosses in place of training."""

import numpy as np
import pytest
import xarray as xr

from experiments.initialisation.rates import RATES
from experiments.initialisation.training import (
    NETWORKS,
    THRESHOLDS,
    Ending,
    Parting,
    random_starts,
    zero_starts,
)

EPOCHS = 50


def _tossed(share, seeds=100, ranges=(0.1, 1.0)):
    """Make what `run` would return if runs converged with probability `share`, but never from zeros."""
    draw = np.random.default_rng(0)
    shape = seeds, 2 * len(ranges) + 1, len(NETWORKS)
    endings = {}
    for name in THRESHOLDS:
        converged = draw.random(shape) < share
        converged[:, -1] = False
        epochs = np.where(converged, draw.integers(1, EPOCHS, shape), EPOCHS)
        largest = np.ones(shape)
        largest[:, -1] = 0
        endings[name] = Ending(epochs, converged, np.where(converged, 0.05, 0.5), largest)
    partings = dict.fromkeys(THRESHOLDS, [Parting(0.0, 0.0)] * 2)
    most = dict.fromkeys(THRESHOLDS, EPOCHS)
    random = random_starts(endings, np.arange(seeds), ranges, most)
    groups = {"random": random, "zeros": zero_starts(endings, partings), "rates": _learnt(seeds, ranges)}
    return xr.DataTree.from_dict(groups)


def _learnt(seeds, ranges):
    """Make every run, at any range and rate, end at loss 0."""
    names = {
        "seed": np.arange(seeds),
        "range": list(ranges),
        "rate": list(RATES),
        "epochs": [EPOCHS, 3 * EPOCHS],
    }
    return xr.Dataset({"loss": (tuple(names), np.zeros([len(values) for values in names.values()]))}, names)


@pytest.fixture(scope="session")
def tossed():
    """A function that makes data from the share of runs that converge and the number of seeds."""
    return _tossed

"""Findings of the usual kinds, so that each experiment says only what it claims."""

import numpy as np

from experiments import statistics
from experiments.experiment import Finding

Bounds = tuple[float, float]


def share(claim: str, source: str, expected: Bounds, hits: np.ndarray, note: str = "") -> Finding:
    """The share of `hits` (s,), with Wilson's interval."""
    found = statistics.share(int(np.sum(hits)), int(np.size(hits)))
    return Finding(claim, source, expected, float(np.mean(hits)), found, note=note)


def mean(claim: str, source: str, expected: Bounds, values: np.ndarray, note: str = "") -> Finding:
    """The mean of `values` (s,), with a bootstrap interval."""
    interval = statistics.bootstrap(values, np.mean)
    return Finding(claim, source, expected, float(np.mean(values)), interval, note=note)


def median(claim: str, source: str, expected: Bounds, values: np.ndarray, note: str = "") -> Finding:
    """The median of `values` (s,), with a bootstrap interval."""
    return Finding(claim, source, expected, float(np.median(values)), statistics.bootstrap(values), note=note)


def exact(claim: str, source: str, expected: Bounds, value: float, note: str = "") -> Finding:
    """A number that is computed, not sampled."""
    return Finding(claim, source, expected, float(value), (float(value), float(value)), note=note)

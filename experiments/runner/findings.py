"""Findings: a claim held against a measurement, and the usual kinds of them.

What is expected is said before it is measured, with its tolerance; the two intervals give the verdict.
"""

import dataclasses
import math
from typing import Any, Literal

import numpy as np

from experiments.runner import statistics

Verdict = Literal["agrees", "differs", "undecided"]
Bounds = tuple[float, float]


@dataclasses.dataclass(frozen=True)
class Finding:
    """One claim, held against one measurement.

    Attributes:
        id: A short name that stays when the words of the claim change; no other finding of the experiment
            has it.
        claim: What is claimed, in words that can be read alone.
        source: Who claims it: the handout's sentence, a paper, a theorem.
        expected: (low, high): the values that count as agreement; either end may be infinite.
        measured: The measured value.
        interval: (low, high) of the measured value, 99.9 % unless `note` says otherwise; a number
            that is computed exactly has low = high = measured.
        unit: Unit of the three, empty where they are pure numbers.
        note: The nuance, in one line.
    """

    id: str
    claim: str
    _: dataclasses.KW_ONLY
    source: str
    expected: Bounds
    measured: float
    interval: Bounds
    unit: str = ""
    note: str = ""

    @property
    def verdict(self) -> Verdict:
        """agrees: interval ⊆ expected; differs: interval ∩ expected = ∅; undecided: the rest."""
        (low, high), (lower, upper) = self.interval, self.expected
        if any(math.isnan(value) for value in (low, high, lower, upper, self.measured)):
            return "undecided"
        if lower <= low and high <= upper:
            return "agrees"
        return "differs" if high < lower or upper < low else "undecided"


def printed(value: float, half_unit: float) -> Bounds:
    """What a printed number stands for: value ± half a unit of its last digit."""
    return value - half_unit, value + half_unit


def share(id: str, claim: str, hits: np.ndarray, *, source: str, expected: Bounds, note: str = "") -> Finding:
    """The share of `hits` (s,), with Wilson's interval."""
    interval = statistics.share(int(np.sum(hits)), int(np.size(hits)))
    return measured(id, claim, np.mean(hits), interval, source=source, expected=expected, note=note)


def mean(
    id: str, claim: str, values: np.ndarray, *, source: str, expected: Bounds, note: str = ""
) -> Finding:
    """The mean of `values` (s,), with a bootstrap interval."""
    interval = statistics.bootstrap(values, np.mean)
    return measured(id, claim, np.mean(values), interval, source=source, expected=expected, note=note)


def median(
    id: str, claim: str, values: np.ndarray, *, source: str, expected: Bounds, note: str = ""
) -> Finding:
    """The median of `values` (s,), with a bootstrap interval."""
    interval = statistics.bootstrap(values)
    return measured(id, claim, np.median(values), interval, source=source, expected=expected, note=note)


def exact(id: str, claim: str, value: float, *, source: str, expected: Bounds, note: str = "") -> Finding:
    """A number that is computed, not sampled."""
    return measured(id, claim, value, (value, value), source=source, expected=expected, note=note)


def spanning(id: str, claim: str, values: np.ndarray, *, source: str, expected: Bounds, note: str) -> Finding:
    """The median of a few `values` (s,), with their range, and a note that says so."""
    note = f"{note}; median and range of {len(values)} seeds"
    interval = values.min(), values.max()
    return measured(id, claim, np.median(values), interval, source=source, expected=expected, note=note)


def measured(
    id: str,
    claim: str,
    value: Any,
    interval: tuple[Any, Any],
    *,
    source: str,
    expected: Bounds,
    note: str = "",
) -> Finding:
    """A number and its interval, of NumPy's types or Python's."""
    low, high = map(float, interval)
    return Finding(
        id,
        claim,
        source=source,
        expected=expected,
        measured=float(value),
        interval=(low, high),
        note=note,
    )

"""Findings: a claim held against a measurement, and the usual kinds of them.

What is expected is said before it is measured, with its tolerance, in `experiments/expectations.toml`; the
two intervals give the verdict.
"""

import collections
import dataclasses
import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from experiments.runner import statistics
from experiments.runner.expectations import CLASSES, Bounds, Expectation

Verdict = Literal["agrees", "differs", "undecided", "open"]
VERDICTS: tuple[Verdict, ...] = ("agrees", "differs", "undecided", "open")


@dataclasses.dataclass(frozen=True)
class Finding:
    """One claim, held against one measurement.

    Attributes:
        expectation: What counts as agreement, whose claim it is, and the id.
        claim: What is claimed, in words that can be read alone.
        measured: The measured value.
        interval: (low, high) of the measured value, 99.9 % unless `note` says otherwise; a number
            that is computed exactly has low = high = measured.
        unit: Unit of the three, empty where they are pure numbers.
        note: The nuance, in one line.
        second: The same finding from another list of seeds, where there is one.
    """

    expectation: Expectation
    claim: str
    _: dataclasses.KW_ONLY
    measured: float
    interval: Bounds
    unit: str = ""
    note: str = ""
    second: "Finding | None" = None

    @property
    def id(self) -> str:
        """The expectation's name."""
        return self.expectation.id

    @property
    def kind(self) -> str:
        """Whose claim it is: a key of `CLASSES`."""
        return self.expectation.kind

    @property
    def source(self) -> str:
        """The handout's sentence, a paper, a derivation."""
        return self.expectation.source

    @property
    def expected(self) -> Bounds:
        """(low, high): the values that count as agreement.

        Raises:
            ValueError: They are to be computed, and were not.
        """
        if self.expectation.expected is None:
            raise ValueError(f"the bounds of {self.id} are computed: use .around(...) or .between(...)")
        return self.expectation.expected

    @property
    def verdict(self) -> Verdict:
        """agrees: interval ⊆ expected; differs: interval ∩ expected = ∅; undecided: the rest.

        open: a second list of seeds gives another verdict.
        """
        first = _verdict(self.measured, self.interval, self.expected)
        return "open" if self.second is not None and self.second.verdict != first else first

    @property
    def too_wide(self) -> bool:
        """Whether the interval is wider than what is expected, so that it cannot agree whatever is true."""
        (low, high), (lower, upper) = self.interval, self.expected
        return math.isfinite(high - low) and 0 < upper - lower < high - low


def _verdict(measured: float, interval: Bounds, expected: Bounds) -> Verdict:
    (low, high), (lower, upper) = interval, expected
    if any(math.isnan(value) for value in (low, high, lower, upper, measured)):
        return "undecided"
    if lower <= low and high <= upper:
        return "agrees"
    return "differs" if high < lower or upper < low else "undecided"


def paired(first: Sequence[Finding], second: Sequence[Finding]) -> list[Finding]:
    """The findings of one list of seeds, each with its twin from another list, if it has one."""
    twins = {each.id: each for each in second}
    return [dataclasses.replace(each, second=twins.get(each.id)) for each in first]


def counts(findings: Sequence[Finding], smoke: bool = False) -> dict[str, dict[str, int]]:
    """Count verdicts by class, in the order of `CLASSES`; a smoke run has findings and no verdicts."""
    found = collections.Counter((each.kind, "none" if smoke else each.verdict) for each in findings)
    names = ("none",) if smoke else VERDICTS
    rows = {kind: {name: found[kind, name] for name in names if found[kind, name]} for kind in CLASSES}
    return {kind: row for kind, row in rows.items() if row}


def share(expectation: Expectation, claim: str, hits: np.ndarray, *, note: str = "") -> Finding:
    """The share of `hits` (s,), with Wilson's interval."""
    interval = statistics.share(int(np.sum(hits)), int(np.size(hits)))
    return measured(expectation, claim, np.mean(hits), interval, note=note)


def mean(expectation: Expectation, claim: str, values: np.ndarray, *, note: str = "") -> Finding:
    """The mean of `values` (s,), with its bootstrap interval, or Student's where they are fewer than 100."""
    interval = statistics.of_mean(values)
    return measured(expectation, claim, np.mean(values), interval, note=note)


def median(expectation: Expectation, claim: str, values: np.ndarray, *, note: str = "") -> Finding:
    """The median of `values` (s,), with its bootstrap interval, or two of fewer than 100 values."""
    few = len(values) < statistics.MANY
    interval = statistics.of_median(values) if few else statistics.bootstrap(values)
    return measured(expectation, claim, np.median(values), interval, note=note)


def exact(expectation: Expectation, claim: str, value: float, *, note: str = "") -> Finding:
    """A number that is computed, not sampled."""
    return measured(expectation, claim, value, (value, value), note=note)


def spanning(expectation: Expectation, claim: str, values: np.ndarray, *, note: str) -> Finding:
    """The median of a few `values` (s,), with two of them around it; with their range below 11."""
    interval = statistics.of_median(values)
    if np.isneginf(interval[0]) and not np.isneginf(values).any():
        interval = values.min(), values.max()
        note = f"{note}; median and range of {len(values)} seeds, too few for 99.9 %"
    else:
        note = f"{note}; median of {len(values)} seeds"
    return measured(expectation, claim, np.median(values), interval, note=note)


def measured(
    expectation: Expectation, claim: str, value: Any, interval: tuple[Any, Any], *, note: str = ""
) -> Finding:
    """A number and its interval, of NumPy's types or Python's."""
    low, high = map(float, interval)
    return Finding(expectation, claim, measured=float(value), interval=(low, high), note=note)


def printed(value: float, half_unit: float) -> Bounds:
    """What a printed number stands for: value ± half a unit of its last digit."""
    return value - half_unit, value + half_unit

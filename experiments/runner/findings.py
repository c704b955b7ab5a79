"""Findings: claims that are compared with measurements, and functions for the usual kinds.

`experiments/expectations.toml` says what is expected, and with what tolerance, before the measurement. The
verdict follows from the expected and the measured interval.
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
    """One claim, compared with one measurement.

    Attributes:
        expectation: The claim's id, whose claim it is, and what counts as agreement with the claim.
        claim: What is claimed, in words that make sense on their own.
        measured: The measured value.
        interval: (low, high) of the measured value, at 99.9 % unless `note` says otherwise; a number
            that is computed exactly has low = high = measured.
        unit: Unit of the measured value and its bounds, empty for pure numbers.
        note: Details of the measurement, in one line.
        second: The same finding from another list of seeds, if there is one.
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
        """The handout's sentence, a paper or a derivation."""
        return self.expectation.source

    @property
    def expected(self) -> Bounds:
        """The range (low, high) of values that counts as agreement.

        Raises:
            ValueError: The bounds should have been computed, but were not.
        """
        if self.expectation.expected is None:
            raise ValueError(f"the bounds of {self.id} are computed: use .around(...) or .between(...)")
        return self.expectation.expected

    @property
    def verdict(self) -> Verdict:
        """The verdict: agrees if interval ⊆ expected, differs if interval ∩ expected = ∅, or else undecided.

        The verdict is open if a second list of seeds gives another verdict.
        """
        first = _verdict(self.measured, self.interval, self.expected)
        return "open" if self.second is not None and self.second.verdict != first else first

    @property
    def too_wide(self) -> bool:
        """Whether the interval is wider than the expected one, so that the finding can never agree."""
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
    """Attach to each finding the finding with the same id from another list of seeds, if there is one."""
    twins = {each.id: each for each in second}
    return [dataclasses.replace(each, second=twins.get(each.id)) for each in first]


def counts(findings: Sequence[Finding], smoke: bool = False) -> dict[str, dict[str, int]]:
    """Count verdicts by class, in the order of `CLASSES`; a smoke run has findings but no verdicts."""
    found = collections.Counter((each.kind, "none" if smoke else each.verdict) for each in findings)
    names = ("none",) if smoke else VERDICTS
    rows = {kind: {name: found[kind, name] for name in names if found[kind, name]} for kind in CLASSES}
    return {kind: row for kind, row in rows.items() if row}


def share(expectation: Expectation, claim: str, hits: np.ndarray, *, note: str = "") -> Finding:
    """Make a finding about the share of `hits` (s,), with Wilson's interval."""
    interval = statistics.share(int(np.sum(hits)), int(np.size(hits)))
    return measured(expectation, claim, np.mean(hits), interval, note=note)


def mean(expectation: Expectation, claim: str, values: np.ndarray, *, note: str = "") -> Finding:
    """Make a finding about the mean of `values` (s,), with the interval from `statistics.of_mean`."""
    interval = statistics.of_mean(values)
    return measured(expectation, claim, np.mean(values), interval, note=note)


def median(expectation: Expectation, claim: str, values: np.ndarray, *, note: str = "") -> Finding:
    """Make a finding about the median of `values` (s,), by bootstrap, or by order statistics below 100."""
    few = len(values) < statistics.MANY
    interval = statistics.of_median(values) if few else statistics.bootstrap(values)
    return measured(expectation, claim, np.median(values), interval, note=note)


def exact(expectation: Expectation, claim: str, value: float, *, note: str = "") -> Finding:
    """Make a finding about a number that is computed, not sampled."""
    return measured(expectation, claim, value, (value, value), note=note)


def spanning(expectation: Expectation, claim: str, values: np.ndarray, *, note: str) -> Finding:
    """Make a finding about the median of few `values` (s,), by order statistics, or by the range below 11."""
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
    """Make a finding from a number and its interval, which are NumPy or Python numbers."""
    low, high = map(float, interval)
    return Finding(expectation, claim, measured=float(value), interval=(low, high), note=note)


def printed(value: float, half_unit: float) -> Bounds:
    """Return the values that a printed number can stand for: value ± half a unit of its last digit."""
    return value - half_unit, value + half_unit

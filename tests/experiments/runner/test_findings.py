"""Verdicts follow from two intervals; the usual kinds of findings carry the right one."""

import math

import numpy as np
import pytest

from experiments.runner import findings, statistics
from experiments.runner.findings import Finding

WHERE = {"source": "nobody", "expected": (0.0, 3.0)}


@pytest.mark.parametrize(
    "interval, verdict",
    [
        ((1, 2), "agrees"),
        ((0, 3), "agrees"),
        ((2, 4), "undecided"),
        ((4, 5), "differs"),
        ((float("nan"), 1), "undecided"),
    ],
)
def test_verdict(interval, verdict):
    assert Finding("id", "", **WHERE, measured=1.0, interval=interval).verdict == verdict


def test_only_id_and_claim_go_by_place():
    with pytest.raises(TypeError, match="positional"):
        Finding("id", "claim", "source", (0.0, 1.0), 0.5, (0.5, 0.5))  # pyright: ignore


def test_the_usual_kinds():
    values = np.array([1.0, 2.0, 2.0, 3.0, 7.0])
    share = findings.share("s", "", values > 2, **WHERE)
    assert (share.measured, share.interval) == (0.4, statistics.share(2, 5))
    mean = findings.mean("m", "", values, **WHERE)
    assert (mean.measured, mean.interval) == (3.0, statistics.bootstrap(values, np.mean))
    median = findings.median("d", "", values, **WHERE)
    assert (median.measured, median.interval) == (2.0, statistics.bootstrap(values))
    exact = findings.exact("e", "", 2, **WHERE, note="n")
    assert (exact.measured, exact.interval, exact.note) == (2.0, (2.0, 2.0), "n")


def test_a_printed_number_stands_for_half_a_unit_on_either_side():
    low, high = findings.printed(0.192, 0.0005)
    assert math.isclose(low, 0.1915, rel_tol=1e-15)
    assert math.isclose(high, 0.1925, rel_tol=1e-15)

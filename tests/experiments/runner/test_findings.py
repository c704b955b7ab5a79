"""Verdicts from two intervals or from two lists of seeds, and the usual kinds of findings."""

import math

import numpy as np
import pytest

from experiments.runner import findings, statistics
from experiments.runner.expectations import Expectation
from experiments.runner.findings import Finding

ID = Expectation("id", kind="guess", source="nobody", expected=(0.0, 3.0))


def finding(low, high, id="id", kind="guess"):
    """A finding whose measured value is the middle of its interval."""
    expectation = Expectation(id, kind=kind, source="nobody", expected=(0.0, 3.0))
    return Finding(expectation, "", measured=(low + high) / 2, interval=(low, high))


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
    assert Finding(ID, "", measured=1.0, interval=interval).verdict == verdict


def test_only_the_expectation_and_the_claim_go_by_place():
    with pytest.raises(TypeError, match="positional"):
        Finding(ID, "claim", 0.5, (0.5, 0.5))  # pyright: ignore


def test_the_usual_kinds():
    values = np.array([1.0, 2.0, 2.0, 3.0, 7.0])
    share = findings.share(ID, "", values > 2)
    assert (share.measured, share.interval) == (0.4, statistics.share(2, 5))
    many = np.tile(values, 20)
    mean = findings.mean(ID, "", many)
    assert (mean.measured, mean.interval) == (3.0, statistics.bootstrap(many, np.mean))
    assert findings.mean(ID, "", values).interval == statistics.of_mean(values)
    median = findings.median(ID, "", many)
    assert (median.measured, median.interval) == (2.0, statistics.bootstrap(many))
    assert findings.median(ID, "", many[:20]).interval == statistics.of_median(many[:20])
    exact = findings.exact(ID, "", 2, note="n")
    assert (exact.measured, exact.interval, exact.note) == (2.0, (2.0, 2.0), "n")


def test_a_printed_number_stands_for_half_a_unit_on_either_side():
    low, high = findings.printed(0.192, 0.0005)
    assert math.isclose(low, 0.1915, rel_tol=1e-15)
    assert math.isclose(high, 0.1925, rel_tol=1e-15)


def test_what_two_lists_of_seeds_judge_differently_is_open():
    first = [finding(1, 2, "same"), finding(1, 2, "flips"), finding(1, 2, "alone")]
    second = [finding(0, 3, "same"), finding(2, 4, "flips")]
    same, flips, alone = findings.paired(first, second)
    assert (same.verdict, flips.verdict, alone.verdict) == ("agrees", "open", "agrees")
    assert flips.second == second[1]
    assert flips.measured == 1.5


def test_verdicts_are_counted_by_class():
    found = [finding(1, 2), finding(1, 2), finding(4, 5), finding(2, 4, kind="theorem")]
    counts = findings.counts(found)
    assert counts == {"theorem": {"undecided": 1}, "guess": {"agrees": 2, "differs": 1}}
    assert findings.counts(found, smoke=True) == {"theorem": {"none": 1}, "guess": {"none": 3}}


@pytest.mark.parametrize("low, high, too_wide", [(0, 2.9, False), (2, 5.1, True), (1, math.inf, False)])
def test_an_interval_wider_than_the_band_cannot_agree(low, high, too_wide):
    assert finding(low, high).too_wide is too_wide


def test_bounds_that_were_not_computed_are_named():
    expectation = Expectation("law", kind="theorem", source="", tolerance=0.1)
    with pytest.raises(ValueError, match=r"the bounds of law are computed: use .around"):
        _ = findings.exact(expectation, "", 1.0).expected

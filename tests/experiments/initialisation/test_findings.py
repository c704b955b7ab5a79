"""Intervals against the laws that they rest on, and findings and tables of any share."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from experiments.initialisation.findings import (
    best,
    difference,
    findings,
    median_interval,
    share_intervals,
    tables,
)
from experiments.runner.expectations import Expectation


@pytest.mark.parametrize("count", [11, 50, 300])
def test_the_medians_interval_covers_what_it_says(count):
    """It misses when fewer than j of the values lie on one side: counted by the binomial law, not sampled."""
    low, high = median_interval(np.arange(1.0, count + 1))
    cover = stats.binom.cdf(high - 1, count, 0.5) - stats.binom.cdf(low - 1, count, 0.5)
    narrower = stats.binom.cdf(high - 2, count, 0.5) - stats.binom.cdf(low, count, 0.5)
    assert narrower < 0.999 <= cover


def test_medians_of_runs_that_never_converge():
    assert median_interval(np.full(50, np.inf)) == (np.inf, np.inf)
    assert median_interval(np.ones(4)) == (0, np.inf)
    low, high = median_interval(np.append(np.arange(30.0), np.full(20, np.inf)))
    assert np.isfinite(low)
    assert high == np.inf


def _difference(a, b):
    expectation = Expectation("", kind="guess", source="", expected=(0.0, 1.0))
    return difference(expectation, "", a, b, note="")


def test_a_paired_difference_has_width_even_where_all_pairs_agree():
    a, b = np.arange(300) < 150, np.arange(300) < 120
    finding = _difference(a, b)
    assert finding.measured == pytest.approx(0.1)
    assert finding.interval[0] < 0.1 < finding.interval[1]
    mirrored = _difference(b, a)
    np.testing.assert_allclose(mirrored.interval, [-end for end in finding.interval[::-1]])
    low, high = _difference(a, a).interval
    assert low == -high < 0


def test_a_range_is_not_judged_by_the_seeds_that_chose_it(tossed):
    even = np.arange(100) % 2 == 0
    converged = np.stack([even, ~even], axis=1)
    chosen = best(tossed(0.5)["random"].to_dataset(), converged)
    assert not np.any(chosen.converged)
    assert chosen.ranges == "0.1 or 1"


def test_intervals_of_shares_are_wilsons():
    converged = np.arange(40)[:, None] < np.array([0, 10, 40])
    for (low, high), count in zip(share_intervals(converged), (0, 10, 40), strict=True):
        wilson = stats.binomtest(count, 40).proportion_ci(0.999, "wilson")
        assert (low, high) == (wilson.low, wilson.high)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_findings_and_tables_of_any_share(tossed, share):
    data = tossed(share)
    judged = findings(data)
    assert len(judged) > 20
    assert len({finding.id for finding in judged}) == len(judged)
    for finding in judged:
        assert finding.interval[0] <= finding.measured + 1e-12
        assert finding.measured <= finding.interval[1] + 1e-12
    contrasts = [finding for finding in judged if "minus" in finding.claim]
    assert all(finding.interval[0] < 0 < finding.interval[1] for finding in contrasts)
    ((header, rows),) = tables(data).values()
    assert {len(row) for row in rows} == {len(header)}


def test_zeros_are_judged_by_their_own_group(tossed):
    data = tossed(1.0)
    judged = {finding.id: finding.verdict for finding in findings(data)}
    assert judged["zeros-converge"] == judged["zeros-relu-largest-weight"] == "agrees"
    data["zeros"]["converged"] = ~data["zeros"]["converged"]
    data["zeros"]["gradients_apart"] = data["zeros"]["gradients_apart"] + 1e-12
    judged = {finding.id: finding.verdict for finding in findings(data)}
    assert judged["zeros-converge"] == judged["zeros-sigmoid-gradients-apart"] == "differs"


def test_few_seeds_give_exact_findings_alone(tossed):
    assert all(finding.interval == (finding.measured,) * 2 for finding in findings(tossed(0.5, 99)))


def test_the_data_survive_the_disk(tossed, tmp_path):
    data = tossed(0.5)
    data.to_netcdf(tmp_path / "data.nc", engine="h5netcdf")
    with xr.open_datatree(tmp_path / "data.nc", engine="h5netcdf") as stored:
        assert findings(stored) == findings(data)
        xr.testing.assert_identical(stored.load(), data)

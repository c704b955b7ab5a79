"""Intervals agree with the laws behind them; any share of converging runs gives findings and tables."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from experiments.initialisation.findings import (
    best,
    difference,
    findings,
    share_intervals,
    tables,
)
from experiments.runner.expectations import Expectation


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
    assert len(judged) > 15
    assert len({finding.id for finding in judged}) == len(judged)
    for finding in judged:
        assert finding.interval[0] <= finding.measured + 1e-12
        assert finding.measured <= finding.interval[1] + 1e-12
    contrasts = [finding for finding in judged if "converges" in finding.claim and "minus" in finding.claim]
    assert all(finding.interval[0] < 0 < finding.interval[1] for finding in contrasts)
    for header, rows in tables(data).values():
        assert {len(row) for row in rows} == {len(header)}


def test_zeros_are_judged_by_their_own_group(tossed):
    data = tossed(1.0)
    judged = {finding.id: finding.verdict for finding in findings(data)}
    assert judged["zeros-converge"] == judged["zeros-relu-largest-weight"] == "agrees"
    data["zeros"]["converged"] = ~data["zeros"]["converged"]
    data["zeros"]["gradients_apart"] = data["zeros"]["gradients_apart"] + 1e-12
    judged = {finding.id: finding.verdict for finding in findings(data)}
    assert judged["zeros-converge"] == judged["zeros-sigmoid-gradients-apart"] == "differs"


def judged_by_rate(tossed, **loss):
    """Judge data where every run ends at 0, except for those in `loss`, {"range rate epochs": loss}."""
    data = tossed(0.5)
    for where, value in loss.items():
        reach, rate, epochs = map(float, where[1:].split("_"))
        data["rates"]["loss"].loc[{"range": reach / 10, "rate": rate, "epochs": epochs}] = value
    return {finding.id: finding for finding in findings(data)}


def test_who_is_stuck_is_told_from_who_is_slow(tossed):
    judged = judged_by_rate(tossed, _1_2_50=1.0, _10_2_50=0.5, _10_2_150=0.5)
    assert judged["xor-range-stuck-rate-1"].measured == 0.0
    assert judged["xor-range-stuck-rate-2"].measured == 1.0
    assert judged["xor-range-plateau"].measured == 100
    assert judged["xor-range-slow"].measured == 1.0
    assert "0.0% have learnt after 50 epochs, 100.0% after 150" in judged["xor-range-slow"].note
    assert judged["xor-range-rate"].measured == 1.0
    stuck = judged_by_rate(tossed, _1_2_50=2 / 3)
    assert stuck["xor-range-slow"].verdict == "differs"
    assert stuck["xor-range-plateau"].verdict == "differs"


def test_few_seeds_give_exact_findings_alone(tossed):
    assert all(finding.interval == (finding.measured,) * 2 for finding in findings(tossed(0.5, 99)))


def test_the_data_survive_the_disk(tossed, tmp_path):
    data = tossed(0.5)
    data.to_netcdf(tmp_path / "data.nc", engine="h5netcdf")
    with xr.open_datatree(tmp_path / "data.nc", engine="h5netcdf") as stored:
        assert findings(stored) == findings(data)
        xr.testing.assert_identical(stored.load(), data)

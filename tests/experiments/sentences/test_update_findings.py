"""Findings on updates, from made-up data."""

import numpy as np
import pytest

from experiments.sentences import update_findings


def by_id(findings):
    return {finding.id: finding for finding in findings}


def test_even_smaller_differs_where_it_holds_in_half_of_the_networks(data):
    found = by_id(update_findings.row_findings(data["one_row"].to_dataset()))
    for id in ("even-smaller-x3", "even-smaller-largest", "larger-contribution"):
        assert (found[id].measured, found[id].verdict) == (0.5, "differs")
    assert found["even-smaller-small-inputs"].measured == 0.5
    assert (found["even-smaller-mean"].measured, found["even-smaller-mean"].verdict) == (1.0, "agrees")
    assert "medians instead of means: 50.0%" in found["even-smaller-mean"].note
    pairs = found["even-smaller-all-pairs"]
    assert (pairs.measured, pairs.verdict) == (pytest.approx(0.7), "differs")
    assert found["larger-activation-other-nodes"].measured == pytest.approx(0.4)


def test_means_are_over_all_networks(data):
    row = data["one_row"].to_dataset()
    many = row.isel(seed=np.arange(12_000) % 100).copy(deep=True)
    many["order_other_nodes"][2000:] = 0.6
    found = by_id(update_findings.row_findings(many))["larger-activation-other-nodes"]
    values = many["order_other_nodes"].values[:, 0]
    half = 3.2905 * values.std() / np.sqrt(12_000)
    np.testing.assert_allclose(found.interval, values.mean() + half * np.array([-1, 1]), rtol=1e-5)
    assert found.measured == pytest.approx((2 * 0.4 + 10 * 0.6) / 12)


def test_even_smaller_would_agree_if_it_were_true(data):
    true = data["one_row"].to_dataset().copy()
    true["x3_to_h1"] = 0 * true["x3_to_h1"] + 0.5
    found = by_id(update_findings.row_findings(true))
    assert found["even-smaller-x3"].verdict == "agrees"
    assert found["even-smaller-exact"].verdict == "differs"


def test_rows_per_update_are_compared_at_their_best_rates(data):
    found = by_id(update_findings.rows_findings(data["rows"].to_dataset()))
    measured = {id: finding.measured for id, finding in found.items()}
    assert measured == pytest.approx(
        {"rows-48-against-one": -0.2, "rows-48-against-all": 0.6, "rows-48-equal-updates": 0.0}, abs=1e-12
    )
    assert "at rate 0.2, 100 updates" in found["rows-48-against-one"].note

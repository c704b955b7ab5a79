"""Findings on updates of made-up data."""

import pytest

from experiments.sentences import update_findings


def by_id(findings):
    return {finding.id: finding for finding in findings}


def test_even_smaller_differs_where_it_holds_in_half_of_the_networks(data):
    found = by_id(update_findings.row_findings(data["one_row"].to_dataset()))
    for id in ("even-smaller-x3", "even-smaller-largest", "larger-contribution"):
        assert (found[id].measured, found[id].verdict) == (0.5, "differs")
    assert found["even-smaller-small-inputs"].measured == 0.5
    assert found["larger-activation-other-nodes"].measured == pytest.approx(0.4)


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

"""Findings on approximation and on Figure 3, from made-up data."""

import pytest

from experiments.sentences import picture_findings


def by_id(findings):
    return {finding.id: finding for finding in findings}


def test_errors_that_fall_with_the_width(data):
    found = by_id(picture_findings.approximation_findings(data["approximation"].to_dataset()))
    for id in ("sine", "kink", "runge"):
        assert found[f"approximation-{id}"].measured == pytest.approx((2 / 16) ** 2)
    assert found["approximation-line"].measured == pytest.approx(0.1 / 16**2 / 0.5)
    assert found["approximation-found"].measured == 1


def test_errors_that_do_not_fall_differ(data):
    part = data["approximation"].to_dataset().copy(deep=True)
    part["typical"][:] = 0.1
    found = by_id(picture_findings.approximation_findings(part))
    assert found["approximation-kink"].verdict == "differs"


def test_the_local_minimum(data):
    found = by_id(picture_findings.figure_findings(data["figure_3"].to_dataset()))
    assert (found["figure-3-loss"].measured, found["figure-3-loss"].verdict) == (1.5, "agrees")
    assert found["figure-3-curvature"].measured == 0.03
    assert found["figure-3-gradient"].measured == 1e-12
    assert "11.0" in found["figure-3-curvature"].note

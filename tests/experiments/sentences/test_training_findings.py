"""Findings on training, from made-up data."""

import numpy as np
import pytest

from experiments.sentences import regression, training_findings, xor


def by_id(findings):
    return {finding.id: finding for finding in findings}


def test_regression(data):
    found = by_id(training_findings.regression_findings(data["regression"].to_dataset()))
    measured = {id: finding.measured for id, finding in found.items()}
    wanted = {"regression-identity": 0.19, "regression-squeezed": 0.0, "regression-line": -0.03}
    assert measured == pytest.approx(wanted, abs=1e-12)
    assert {finding.verdict for finding in found.values()} == {"agrees"}


def test_momentum_on_least_squares(data):
    found = by_id(training_findings.descent_findings(data["descents"].to_dataset()))
    rates = np.log(list(regression.per_step().values()))
    assert found["momentum-least-squares"].measured == pytest.approx(rates[1] / rates[0], rel=0.01)
    assert found["momentum-plain-rate"].verdict == "agrees"


def test_xor(data):
    found = by_id(training_findings.xor_findings(data["xor"].to_dataset()))
    assert found["momentum-xor-soon"].measured == 0
    assert found["momentum-effective-rate"].measured == 0
    assert found["plateau-rate-2"].measured == 0
    assert "25 of 100 stop" in found["plateau-rate-2"].note
    assert found["nodes-read"].measured == 1
    assert found["nodes-logistic"].verdict == "agrees"


def test_a_plateau_that_is_left_again_is_seen(data):
    """In the altered data, all seeds that were stuck have learnt by the last check."""
    part = data["xor"].to_dataset().copy(deep=True)
    part["loss"][:, :, :, -1] = 0.01
    assert training_findings.plateau_finding(part, xor.SHOWN).measured == 1


def test_layers(data):
    found = by_id(training_findings.layers_findings(data["layers"].to_dataset()))
    assert found["layers-both-learn"].measured == 1
    assert found["layers-two-against-one"].measured == 1

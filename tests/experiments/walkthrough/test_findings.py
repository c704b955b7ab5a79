"""Test the walkthrough's verdicts, and that a planted slip changes them."""

import numpy as np

from experiments.walkthrough.findings import agrees, findings, hidden_layer, output_layer, training_finding
from experiments.walkthrough.numbers import TEXT_ASSUMED


def verdicts(data):
    return {finding.id: finding.verdict for finding in findings(data)}


def test_verdicts(data):
    found = {finding.claim: finding.verdict for finding in findings(data)}
    assert found["the hidden delta is 0.02473567"] == "differs"
    assert found["the output's delta is 0.192"] == "agrees"


def test_what_follows_from_the_hidden_delta_differs_and_nothing_else(data):
    differing = {id for id, verdict in verdicts(data).items() if verdict == "differs"}
    # After 200 epochs the training has not converged.
    assert differing == {
        "hidden-sum",
        "hidden-delta",
        "hidden-change",
        "hidden-weight-updated",
        "training-converges",
    }


def test_ids_are_unique(data):
    ids = [finding.id for finding in findings(data)]
    assert len(set(ids)) == len(ids)


def test_a_wrong_number_is_seen(data):
    changed = data.copy(deep=True)
    changed["printed"]["computed"][4] += 1e-4
    assert not agrees(changed["printed"].to_dataset())[4]
    assert agrees(data["printed"].to_dataset())[4]
    peak = changed["delta"]["delta"]
    changed["delta"]["delta"] = peak * 1.001
    assert verdicts(changed)["delta-largest"] == "differs"


def test_a_norm_below_the_threshold_has_converged(data):
    training = data["training"].to_dataset()
    assert training_finding(training).verdict == "differs"
    assert training_finding(training.assign_attrs(threshold=10.0)).verdict == "agrees"


def test_the_readers_give_one_case(data):
    np.testing.assert_allclose(float(output_layer(data, TEXT_ASSUMED)["delta"]), 0.192, rtol=1e-12)
    hidden = hidden_layer(data, TEXT_ASSUMED)["delta"]
    np.testing.assert_allclose(float(hidden.sel(hidden="h₁")), 0.009885435, rtol=1e-7)

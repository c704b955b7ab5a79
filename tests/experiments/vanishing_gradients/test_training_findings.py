"""Verdicts on trained networks follow from their last losses and accuracies."""

import pytest

from experiments.vanishing_gradients import training_findings
from experiments.vanishing_gradients.readers import best

GROUPS = ("digits", "iris", "stall", "remedies")


@pytest.fixture
def chosen(small_data):
    return {name: best(small_data[name].to_dataset()) for name in GROUPS}


def test_intervals_span_all_seeds(chosen):
    for finding in training_findings.findings(chosen):
        low, high = finding.interval
        assert low <= finding.measured <= high
        assert "range of 2 seeds" in finding.note


def test_a_remedy_is_what_adds_accuracy(chosen):
    verdicts = {f.id: f.verdict for f in training_findings.findings(chosen) if f.id.startswith("remedy")}
    assert verdicts == {
        "remedy-without-biases": "differs",
        "remedy-normal-0-1-initial-weights": "differs",
        "remedy-tanh": "agrees",
        "remedy-relu-he": "agrees",
        "remedy-a-learning-rate-per-layer": "differs",
        "remedy-adam": "differs",
    }


def test_five_layers_are_judged_only_where_they_were_trained(chosen):
    assert any(f.id.startswith("five-layers") for f in training_findings.findings(chosen))
    chosen["digits"] = chosen["digits"].sel(depth=[1])
    assert not any(f.id.startswith("five-layers") for f in training_findings.findings(chosen))

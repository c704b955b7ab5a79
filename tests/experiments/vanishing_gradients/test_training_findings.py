"""Verdicts on trained networks follow from their last losses and accuracies."""

import numpy as np
import pytest
import xarray as xr

from experiments.vanishing_gradients import training_findings
from experiments.vanishing_gradients.readers import best

GROUPS = ("digits", "iris", "stall", "remedies")


@pytest.fixture
def chosen(small_data):
    return {name: best(small_data[name].to_dataset()) for name in GROUPS}


def test_intervals_span_all_seeds(chosen):
    for finding in training_findings.findings(chosen):
        low, high = finding.interval
        assert low <= finding.measured <= high or np.isnan(finding.measured)
        assert "of 2 seeds" in finding.note


def test_a_remedy_is_what_adds_accuracy(chosen):
    verdicts = {f.id: f.verdict for f in training_findings.findings(chosen) if f.id.startswith("remedy")}
    assert verdicts == {
        "remedy-without-biases": "agrees",
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


def test_how_deep_a_network_can_be_trained():
    """The trainable depth is 6 / |ln χ|.

    For σ_w² = 1, χ = 0.0557 at the sigmoid's fixed point. With He's weights, ReLU networks keep |δ|.
    """
    q, chi = 1.0, 1.0
    nodes, weights = np.polynomial.hermite_e.hermegauss(200)
    for _ in range(200):
        a = 1 / (1 + np.exp(-np.sqrt(q) * nodes))
        q, chi = (float(weights @ values / weights.sum()) for values in (a**2, (a * (1 - a)) ** 2))
    np.testing.assert_allclose(training_findings.trainable("sigmoid"), 6 / -np.log(chi), rtol=1e-6)
    assert training_findings.trainable("relu") == np.inf


def test_the_first_depth_beyond():
    assert training_findings.first_beyond(np.array([2, 3, 4, 10]), 2.08) == 4
    assert training_findings.first_beyond(np.array([2, 3]), 2.08) == np.inf


def stalling(he, glorot, seeds=12):
    """Make loss curves of two initialisations, the same for all seeds; a constant answer has a loss of 1."""
    losses = np.tile(np.array([he, glorot])[:, None], (1, seeds, 1))
    return xr.Dataset(
        {"loss": (("init", "seed", "epoch"), losses), "constant": 1.0},
        {
            "init": ["he_normal", "glorot_normal"],
            "epoch": np.arange(losses.shape[-1]),
            "layer": [1, 2],
            "setting": [0],
        },
    )


def test_stalling_is_judged_by_how_long_it_takes():
    never, late, soon = [1.0] * 9, [1.0] * 8 + [0.5], [1.0, 0.95, 0.3, *[0.3] * 6]
    judged = {f.id: f for f in training_findings._stall(stalling(soon, late))}
    assert judged["stall-glorot-over-he"].measured == 4.0
    assert judged["stall-he-normal"].verdict == "agrees"
    judged = {f.id: f for f in training_findings._stall(stalling(soon, never))}
    assert judged["stall-glorot-over-he"].measured == np.inf
    assert judged["stall-glorot-over-he"].verdict == "agrees"
    judged = {f.id: f for f in training_findings._stall(stalling(soon, soon))}
    assert judged["stall-glorot-over-he"].verdict == "differs"
    judged = {f.id: f for f in training_findings._stall(stalling(never, late))}
    assert judged["stall-glorot-over-he"].verdict == "undecided"
    assert judged["stall-he-normal"].verdict == "differs"

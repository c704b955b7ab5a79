"""The measured edge, the band of good rates, and verdicts on made-up results."""

import numpy as np
import pytest

from experiments.learning_rate.findings import band, decades, findings, measured_edge, tables


def test_the_edge_and_its_bounds(edges):
    for name in edges["minimum"].values:
        middle, low, high = measured_edge(edges, name)
        np.testing.assert_allclose([middle, low, high], [1, 0.9975, 1.0025], rtol=1e-9)


def test_a_wrong_edge_would_be_seen(edges):
    """A planted error of 1 % in the eigenvalue moves the measured edge by 1 %."""
    back = edges["back"] & (edges["relative_rate"] > 0)
    shifted = edges.assign(back=back.shift(relative_rate=2, fill_value=True))
    middle, *_ = measured_edge(shifted, "quadratic")
    np.testing.assert_allclose(middle, 1.01, rtol=1e-9)


def test_verdicts(data):
    verdicts = {finding.id: finding.verdict for finding in findings(data)}
    assert verdicts == dict.fromkeys(
        [
            "edge-quadratic",
            "edge-digits-linear-regression",
            "edge-handout-3-4-1",
            "edge-digits-64-4-10",
            "widest-band",
            "rmsprop-minus-sgd",
            "adam-minus-sgd",
        ],
        "agrees",
    )
    assert findings(data)[-1].measured == 0.0


def test_a_bands_edges_lie_between_two_rates_tried():
    rates = np.array([0.01, 0.1, 1.0, 10.0])
    solved = np.tile([0, 1, 1, 0], (20, 1))
    assert band(solved, rates) == (0.1, 1.0)
    assert decades(solved, rates) == pytest.approx((1.0, 3.0))
    least, most = decades(np.tile([0, 0, 1, 1], (20, 1)), rates)
    assert (least, most) == (1.0, np.inf)  # the band may extend beyond the largest rate


def test_a_clever_optimiser_that_solves_less_is_refuted(data):
    worse = data.copy(deep=True)
    worse["xor"]["loss"].loc[{"optimizer": "adam"}][:50] = 1.0
    verdicts = {finding.id: finding for finding in findings(worse)}
    assert verdicts["adam-minus-sgd"].measured == -0.5
    assert verdicts["adam-minus-sgd"].verdict == "differs"
    assert verdicts["rmsprop-minus-sgd"].verdict == "agrees"


def test_the_table_names_the_best_rate_and_the_range(data):
    ((_, rows),) = tables(data).values()
    assert rows[0] == ["sgd", "XOR, share solved", "0.1", "100.0%", "0.1 to 0.1"]
    assert rows[1] == ["sgd", "digits, accuracy", "0.01", "50.0%", "0.01 to 1"]

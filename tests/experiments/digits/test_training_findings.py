"""Rows per update, stopping, and weights against order, on data with known answers."""

import numpy as np
import xarray as xr

from experiments.digits.crossed import CROSSED
from experiments.digits.training import AS_MANY, BATCHES, ONE_EPOCH
from experiments.digits.training_findings import of_updates, of_weights_and_orders


def crossed(weights, order):
    """Make losses whose logarithm varies by N(0, weights²) among weights and by N(0, order²) among orders."""
    rng = np.random.default_rng(0)
    logs = [
        weights * rng.normal(size=(40, 1))
        + order * rng.normal(size=(1, 40))
        + 0.01 * rng.normal(size=(40, 40))
        for _ in CROSSED
    ]
    dims = ("start", "seed", "order")
    return xr.Dataset({"training_loss": (dims, np.exp(np.stack(logs)))}, {"start": list(CROSSED)})


def test_what_weights_do_is_told_from_what_orders_do():
    for weights, order, verdict in ((1.0, 0.05, "agrees"), (0.05, 1.0, "differs"), (1.0, 1.0, "undecided")):
        judged = list(of_weights_and_orders(crossed(weights, order)))
        assert [finding.verdict for finding in judged] == [verdict] * 2
    assert "both together 0%" in judged[0].note


def updates(seeds):
    """Make accuracies of 0.9, except for the pair with the same number of updates, which gets 0.7 and 0.8."""
    accuracy = np.full((len(BATCHES), seeds, 3), 0.9)
    accuracy += np.random.default_rng(0).normal(0, 1e-3, accuracy.shape)
    names = list(BATCHES)
    accuracy[names.index(ONE_EPOCH)] -= 0.2
    accuracy[names.index(AS_MANY)] -= 0.1
    dims = ("rows_per_update", "seed", "trial")
    columns = {
        "accuracy": (dims, accuracy),
        "rate": (("rows_per_update", "trial"), np.ones((len(BATCHES), 3))),
    }
    return xr.Dataset(columns, {"rows_per_update": names}, {"epochs": 10})


def test_updates_are_compared_at_equal_epochs_and_at_equal_updates():
    judged = {finding.id: finding for finding in of_updates(updates(20))}
    assert judged["all-rows-minus-ten"].verdict == "differs"
    assert abs(judged["all-rows-as-many-updates"].measured - 0.1) < 0.01
    assert "one-row-minus-ten" not in judged


def test_a_small_difference_is_judged_where_there_are_seeds_enough():
    judged = {finding.id: finding for finding in of_updates(updates(100))}
    assert judged["one-row-minus-ten"].verdict == "agrees"
    assert not judged["one-row-minus-ten"].too_wide

"""Test the whole experiment on blame rules: its options, tasks and angles."""

import numpy as np
import pytest

from experiments.blame_rules import Config, angle_groups, tasks
from experiments.blame_rules.rules import INPUTS, RULES, TRUE
from experiments.runner.context import Context

LONG = True


@pytest.mark.slow
def test_the_angles_are_the_gradients_and_the_derived_ones():
    """Backpropagation follows the gradient; with equal slopes, the printed rule's angle is as derived."""
    groups = angle_groups(Config(seed=7, angle_seeds=20), Context())
    cosine = groups["angles"]["cosine"]
    assert dict(cosine.sizes) == {"seed": 20, "inputs": len(INPUTS), "rule": len(RULES)}
    np.testing.assert_allclose(cosine.sel(rule=TRUE), 1, rtol=1e-12)
    measured, derived = groups["equal_slopes"]["cosine"].values.T
    np.testing.assert_allclose(measured, derived, rtol=1e-9)


def test_each_task_is_judged_by_what_suits_it():
    named = tasks(Config())
    assert {name: task.measure for name, task in named.items()} == {
        "xor": "share solved",
        "iris": "test accuracy",
        "digits": "test accuracy",
    }
    assert [task.network.sizes for task in named.values()] == [(2, 2, 1), (4, 8, 3), (64, 30, 10)]
    assert [task.seeds for task in named.values()] == [4000, 4000, 50]


@pytest.mark.parametrize(
    "options, message",
    [
        ({"seed": -1}, "seed must be 0 to 4294967295; got -1"),
        ({"angle_seeds": 1}, "angle_seeds must be 2 or more; got 1"),
        ({"digit_epochs": 0}, "digit_epochs must be 1 or more; got 0"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        Config(**options)

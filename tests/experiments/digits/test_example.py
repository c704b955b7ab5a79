"""Which of the made-up networks is shown because it lost a digit."""

import numpy as np
import pytest

from experiments.digits import example
from experiments.digits.figures import figures
from experiments.digits.story import story
from experiments.digits.training import ENTROPY, NIELSEN
from experiments.runner import style


@pytest.fixture
def starts(two_groups):
    return two_groups["starts"].to_dataset().copy(deep=True)


def loses(starts, start, seed, digit):
    labels = starts["label"].loc[{"start": start, "seed": seed}]
    starts["label"].loc[{"start": start, "seed": seed}] = labels.where(labels != digit, 9 - digit)


def test_the_first_seed_that_lost_one_digit_is_shown(starts):
    assert example.example(starts) == (0, 3)
    loses(starts, ENTROPY, 0, 3)
    loses(starts, NIELSEN, 1, 5)
    assert example.example(starts) == (2, 3)


def test_a_lost_7_is_preferred(starts):
    loses(starts, NIELSEN, 40, 7)
    assert example.example(starts) == (40, 7)


def test_where_no_digit_is_lost_nothing_is_claimed(two_groups):
    data = two_groups.copy(deep=True)
    starts = data["starts"].to_dataset()
    starts["label"][:] = starts["truth"]
    data["starts"].dataset = starts
    assert example.example(starts) == (0, None)
    assert "none of these networks" in story(data)[0]
    with style.context():
        assert figures(data)["answers"].title == "The answers of two networks to each digit"


def test_answers_are_counted_by_digit(starts):
    counts = example.answers(starts, NIELSEN, 0)
    shown = np.bincount(starts["truth"].values, minlength=10)
    np.testing.assert_array_equal(counts.sum(axis=1), shown)
    assert counts[3, 8] == shown[3]
    assert not counts[:, 3].any()


def test_the_lost_digit_is_framed_on_one_side_only(two_groups):
    with style.context():
        panels = figures(two_groups)["answers"].panels
    frames = [[patch for patch in panel.axes[0].patches if not patch.get_fill()] for panel in panels]
    assert [len(found) for found in frames] == [1, 0]

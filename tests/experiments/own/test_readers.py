"""Results computed from the data agree with loops over pairs and with small cases solved on paper."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from experiments.own import readers


@pytest.mark.parametrize("has_classes", [True, False])
def test_the_difference_is_that_of_a_loop_over_pairs_without_a_seed_in_common(has_classes):
    rng = np.random.default_rng(0)
    said = rng.integers(0, 3, (7, 5)).astype(float) if has_classes else rng.normal(size=(7, 5))

    def apart(a, b):
        return np.mean(a != b) if has_classes else np.mean((a - b) ** 2)

    pairs = [apart(said[s], said[s + 1]) for s in (0, 2, 4)]
    half = stats.t.ppf(0.9995, 2) * np.std(pairs, ddof=1) / np.sqrt(3)
    expected = np.maximum(np.mean(pairs) + half * np.array([0, -1, 1]), 0)
    found = readers.difference(said, has_classes)
    np.testing.assert_allclose(
        [found.value, *found.interval], expected if has_classes else np.sqrt(expected), rtol=1e-12
    )


@pytest.mark.parametrize("share", [0.15, 0.5])
def test_the_interval_of_a_difference_covers_the_truth(share):
    """With two end points that differ in every answer, two seeds disagree with probability 2 p (1 - p)."""
    rng, missed = np.random.default_rng(1), 0
    for _ in range(400):
        said = np.repeat(rng.random((100, 1)) < share, 2, axis=1).astype(float)
        low, high = readers.difference(said, True).interval
        missed += not low <= 2 * share * (1 - share) <= high
    assert missed <= 3


def test_each_depth_is_read_at_its_own_last_layer():
    delta = np.array([[2.0, 4, np.nan, np.nan], [1.0, 5, 5, 10]])
    data = xr.Dataset(
        {"delta": (("activation", "depth", "seed", "weights", "layer"), delta[None, :, None, None])},
        {"activation": ["relu"], "depth": [1, 3], "layer": [1, 2, 3, 4]},
    )
    np.testing.assert_allclose(readers.relative_delta(data).values.ravel(), [0.5, 0.1])


def test_ends_within_a_hundredth_of_the_constants_loss_are_as_good():
    losses = np.array([0.50, 0.519, 0.521, np.nan]).reshape(1, 4, 1, 1)
    ends = xr.Dataset({"loss": (("activation", "seed", "weights", "rate"), losses)})
    assert readers.as_good_as_best(ends, 2.0).values.ravel().tolist() == [True, True, False, False]
    assert readers.has_learnt(ends, 0.57).ravel().tolist() == [True, False, False, False]


def test_kinds_are_counted_in_words():
    verdicts, near = np.array([3, 3, 2, 0]), np.array([True, True, True, False])
    assert readers.counted(verdicts, near) == "2 plateau, 1 saddle, 1 moved away"


def test_each_half_of_the_seeds_is_at_what_is_best_on_the_other(long_run):
    ends = long_run["ends"].to_dataset().copy(deep=True)
    ends["loss"].loc[{"activation": "relu"}] = 1.0
    for first, weights, rate in ((0, "normal", 0.1), (1, "he_normal", 0.3)):
        ends["loss"].sel(activation="relu", weights=weights, rate=rate).values[first::2] = 0.5
    found = readers.at_best(ends, "relu")
    assert found.name == "he_normal, rate 0.3 or normal, rate 0.1"
    assert found.data["loss"].dims == ("seed",)
    assert found.data["seed"].values.tolist() == list(range(40))
    assert found.data["loss"].values.tolist() == [1.0] * 40
    accuracy = ends["accuracy"].sel(activation="relu")
    expected = accuracy.sel(weights="he_normal", rate=0.3)[::2]
    np.testing.assert_array_equal(found.data["accuracy"][::2], expected)


def test_a_setting_that_is_best_on_both_halves_is_named_once(long_run):
    ends = long_run["ends"].to_dataset().copy(deep=True)
    ends["loss"].loc[{"activation": "relu", "weights": "normal", "rate": 0.3}] = 0.0
    found = readers.at_best(ends, "relu")
    assert (found.name, found.data["loss"].values.max()) == ("normal, rate 0.3", 0.0)

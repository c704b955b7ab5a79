"""What is read off the data: against loops over pairs, and small cases by hand."""

import itertools

import numpy as np
import pytest
import xarray as xr

from experiments.own import readers


@pytest.mark.parametrize("has_classes", [True, False])
def test_the_difference_from_the_others_is_that_of_a_loop_over_pairs(has_classes):
    rng = np.random.default_rng(0)
    said = rng.integers(0, 3, (7, 5)).astype(float) if has_classes else rng.normal(size=(7, 5))

    def apart(a, b):
        return np.mean(a != b) if has_classes else np.mean((a - b) ** 2)

    expected = [np.mean([apart(said[s], said[t]) for t in range(7) if t != s]) for s in range(7)]
    expected = expected if has_classes else np.sqrt(expected)
    np.testing.assert_allclose(readers.difference(said, has_classes), expected, rtol=1e-12)


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
    assert readers.counted(np.array([3, 3, 2])) == "2 plateau, 1 saddle"


def test_the_best_setting_in_words(long_run):
    ends = long_run["ends"].to_dataset()
    medians = ends["loss"].sel(activation="relu").median("seed")
    found = readers.at_best(ends, "relu")
    weights, rate = found.name.split(", rate ")
    chosen = float(medians.sel(weights=weights, rate=float(rate), method=None))
    assert chosen == float(medians.min())
    assert [0, 1] not in list(itertools.pairwise(found.data.dims))

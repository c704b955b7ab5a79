"""Which setting is best, and what is measured with it."""

import numpy as np
import pytest

from experiments.own import ends
from experiments.own.ends import Setting, best
from experiments.own.task import read
from experiments.own.training import network_of, parameters


def test_the_best_setting_has_the_least_median_and_does_not_diverge():
    losses = np.full((3, 2, 2), 2.0)
    losses[:, 1, 0] = 1.0, 1.5, 9.0
    losses[:, 0, 1] = 0.0, np.nan, np.nan
    assert best(losses) == Setting(weights=1, rate=0)


def test_the_groups_are_labelled(long_run, config):
    pairs = long_run["pairs"].to_dataset()
    assert pairs["first_seed"].values.tolist() == [0, 0, 1]
    assert pairs["second_seed"].values.tolist() == [1, 2, 2]
    np.testing.assert_allclose(pairs["before"].sel(activation="relu"), np.array([4, 8, 2]) / 32)
    assert long_run["kinds"].sizes == {"activation": 2, "seed": 3}
    assert long_run["kinds"]["near"].values.tolist() == [[True, True, False]] * 2
    assert long_run["answers"]["answer"].shape == (2, 40, len(read(config.source).probes))
    assert long_run["answers"]["answer"].dtype == np.int16


def test_only_small_hessians_are_made(config):
    task = read(config.source)
    assert parameters(network_of(task, "relu", (8,))) == 4 * 8 + 8 + 8 * 3 + 3
    assert ends.may_certify(task, network_of(task, "relu", (8,)))
    assert not ends.may_certify(task, network_of(task, "relu", (30,)))
    many = task._replace(train=task.train._replace(xs=np.broadcast_to(0.0, (10_000, 4))))
    assert not ends.may_certify(many, network_of(many, "relu", (8,)))


def test_the_data_say_where_they_come_from(long_run, config):
    assert long_run.attrs["table"] == config.data
    assert long_run.attrs["network"] == "4-8-3"
    assert long_run.attrs["classes"] == "owl, robin, swan"
    assert long_run.attrs["updates"] == 3000
    assert np.isfinite(long_run.attrs["constant"])


@pytest.mark.parametrize("share, deep", [((10, 20), range(10, 20)), ((30, 40), range(3))])
def test_a_share_of_the_seeds_is_an_experiment_of_them(config, run_made_up, share, deep):
    """None of the deep networks' 24 seeds lies in 30 to 39, so their first three seeds, 0 to 2, are used."""
    data = run_made_up(config.share(*share))
    assert data["ends"]["seed"].values.tolist() == list(range(*share))
    assert data["answers"]["seed"].values.tolist() == list(range(*share))
    assert data["kinds"]["seed"].values.tolist() == list(range(*share))[:3]
    assert data["depth"]["seed"].values.tolist() == list(deep)
    shallow, wide = data["depth"]["loss"].sel(depth=1).values, data["ends"]["loss"].values
    assert np.array_equal(shallow, wide) if share[0] in deep else not np.isin(shallow, wide).any()

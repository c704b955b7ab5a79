"""The rules of blame as a whole: options, tasks, and that the data survive the disk."""

import numpy as np
import pytest
import xarray as xr

from experiments.blame_rules import EXPERIMENT, Config, run, tasks
from experiments.blame_rules.rules import INPUTS, RULES, TRUE
from experiments.runner.context import Context

LONG = True


@pytest.mark.slow
def test_the_data_survive_the_disk(tmp_path):
    config = Config(
        seed=7, angle_seeds=20, seeds=2, digit_seeds=2, align_seeds=2, steps=2, iris_epochs=1, digit_epochs=1
    )
    data = run(config, Context())
    data.to_netcdf(tmp_path / "data.nc", engine="h5netcdf")
    with xr.open_datatree(tmp_path / "data.nc", engine="h5netcdf") as again:
        assert EXPERIMENT.findings(again) == EXPERIMENT.findings(data)
        assert EXPERIMENT.tables(again) == EXPERIMENT.tables(data)
        assert set(EXPERIMENT.figures(again)) == {"cost", "angles"}
    assert dict(data["angles"].sizes) == {"seed": 20, "inputs": len(INPUTS), "rule": len(RULES)}
    assert np.asarray(data["xor"]["seed"]).tolist() == [7, 8]
    # Backpropagation is the gradient; the printed rule's angle with equal slopes is derived.
    np.testing.assert_allclose(data["angles"]["cosine"].sel(rule=TRUE), 1, rtol=1e-12)
    measured, derived = np.asarray(data["equal_slopes"]["cosine"]).T
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

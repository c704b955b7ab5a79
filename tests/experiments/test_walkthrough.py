"""The walkthrough as a whole: its options, and data that survive being stored."""

import pytest
import xarray as xr

from experiments.runner.context import Context
from experiments.walkthrough import EXPERIMENT, Config, run


def test_the_data_survive_the_disk(tmp_path):
    data = run(Config(epochs=2), Context())
    assert list(data.children) == ["printed", "cases", "delta", "activations", "rates", "training"]
    data.to_netcdf(tmp_path / "data.nc", engine="h5netcdf")
    with xr.open_datatree(tmp_path / "data.nc", engine="h5netcdf") as again:
        assert EXPERIMENT.findings(again) == EXPERIMENT.findings(data)
        assert EXPERIMENT.tables(again) == EXPERIMENT.tables(data)
        assert set(EXPERIMENT.figures(again)) == set(EXPERIMENT.figures(data))


@pytest.mark.parametrize(
    "options, message",
    [
        ({"seed": -1}, "seed must be 0 to 4294967295; got -1"),
        ({"epochs": 0}, "epochs must be 1 or more; got 0"),
        ({"rate": 0.0}, "rate must be above 0 and finite"),
        ({"threshold": float("nan")}, "threshold must be above 0 and finite"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        Config(**options)

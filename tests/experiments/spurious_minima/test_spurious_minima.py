"""The whole experiment on two small cells, and its options."""

import pytest
import xarray as xr

from experiments import spurious_minima
from experiments.spurious_minima import Config


@pytest.mark.parametrize(
    "options, message",
    [
        ({"seeds": 0}, "seeds must be 1 or more"),
        ({"k": ()}, "k and n must be paired"),
        ({"k": (7, 8), "n": (7,)}, "2 of k and 1 of n"),
        ({"k": (7,), "n": (6,)}, "n >= k >= 2"),
        ({"k": (7, 7)}, "differ from the others"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        Config(**options)


@pytest.mark.slow
def test_two_chosen_cells(two_cells):
    cells, runs, minima = (two_cells[name].to_dataset() for name in ("cells", "runs", "minima"))
    assert cells["k"].values.tolist() == [6, 9]
    assert cells["n"].values.tolist() == [7, 9]
    for name in ("runs", "spurious", "share", "mean_objective", "mean_smallest_eigenvalue"):
        assert cells[name].dims == ("cell",)
    assert cells["runs"].values.tolist() == [20, 20]
    assert runs["objective"].dims == ("cell", "seed")
    assert cells["spurious"][1] > 0
    assert int(minima["count"].sum()) == int(cells["spurious"].sum())


@pytest.mark.slow
def test_the_data_survive_the_disk(two_cells, tmp_path):
    two_cells.to_netcdf(tmp_path / "data.nc", engine="h5netcdf")
    with xr.open_datatree(tmp_path / "data.nc", engine="h5netcdf") as again:
        assert spurious_minima.findings(again) == spurious_minima.findings(two_cells)
        assert spurious_minima.tables(again) == spurious_minima.tables(two_cells)

"""What is stored about made-up runs: counts, means, and the distinct minima."""

import numpy as np
import xarray as xr

from experiments.spurious_minima.cells import NOT_SPURIOUS, SPURIOUS, UNSETTLED, Cell
from experiments.spurious_minima.groups import groups


def made_up(outcomes):
    """Make a cell with k = 2 and n = 3 whose spurious runs end at F = 0.1 or 0.2."""
    count, outcome = len(outcomes), np.array(outcomes)
    objective = np.where(outcome == SPURIOUS, 0.1 + 0.1 * (np.arange(count) % 2), 0.0)
    spectrum = np.where((outcome == NOT_SPURIOUS)[:, None], np.nan, objective[:, None] + np.arange(1.0, 7))
    numbers = np.arange(count)
    return Cell(
        np.zeros((count, 3, 2)), outcome, objective, 1e-12 * numbers, spectrum, numbers, outcome > 0,
        np.zeros(count, int), 1e-13 * numbers,
    )  # fmt: skip


def test_groups_of_three_spurious_runs():
    seeds = np.arange(5, 10)
    runs = made_up([SPURIOUS, SPURIOUS, SPURIOUS, NOT_SPURIOUS, UNSETTLED])
    data = groups([(2, 3)], seeds, [runs])
    cells, minima = data["cells"], data["minima"]
    counts = {name: int(cells[name][0]) for name in ("runs", "spurious", "unsettled", "finished_by_newton")}
    assert counts == {"runs": 5, "spurious": 3, "unsettled": 1, "finished_by_newton": 4}
    np.testing.assert_allclose(cells["share"], 0.6)
    np.testing.assert_allclose(cells["mean_objective"], 0.4 / 3)
    np.testing.assert_allclose(cells["mean_smallest_eigenvalue"], 1 + 0.4 / 3)
    np.testing.assert_allclose(cells["largest_eigenvalue"], 6.2)
    np.testing.assert_allclose(cells["largest_rise"], 4e-13)
    assert data["runs"]["minimum"].values.tolist() == [[0, 1, 0, -1, -1]]
    assert minima["count"].values.tolist() == [2, 1]
    np.testing.assert_allclose(minima["objective"], [0.1, 0.2])
    np.testing.assert_allclose(minima["gradient_norm"], [2e-12, 1e-12])
    assert (minima["k"].values.tolist(), minima["n"].values.tolist()) == ([2, 2], [3, 3])


def test_without_spurious_runs_there_are_no_minima_on_the_disk_either(tmp_path):
    data = groups([(2, 3)], np.arange(2), [made_up([NOT_SPURIOUS] * 2)])
    xr.DataTree.from_dict(data).to_netcdf(tmp_path / "data.nc", engine="h5netcdf")
    with xr.open_datatree(tmp_path / "data.nc", engine="h5netcdf") as again:
        assert again["minima"].sizes["minimum"] == 0
        assert np.isnan(again["cells"]["mean_objective"].values).all()

"""Long tables hold every number once, beside the coordinates that it belongs to."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from experiments.runner import long_tables

LOSS = np.arange(6.0).reshape(3, 2)
ENDS = xr.Dataset(
    {
        "loss": (("seed", "rate"), LOSS),
        "level": ("seed", np.int8([1, 0, 1]), {"flag_values": np.int8([0, 1]), "flag_meanings": "zero half"}),
        "least": ((), 0.25),
    },
    {"seed": [7, 8, 9], "rate": [0.1, 0.3], "name": ("rate", ["slow", "fast"])},
)


@pytest.fixture
def written(tmp_path):
    tree = xr.DataTree.from_dict(
        {"/": xr.Dataset(attrs={"table": "a.csv"}), "ends": ENDS, "more/one": ENDS[["loss"]]}
    )
    tree.to_netcdf(tmp_path / "data.nc", engine="h5netcdf")
    with xr.open_datatree(tmp_path / "data.nc", engine="h5netcdf") as data:
        long_tables.write(data.load(), tmp_path)
    return {path.stem: pd.read_csv(path) for path in tmp_path.glob("*.csv")}


def test_each_set_of_dimensions_has_its_table(written):
    assert set(written) == {"ends-by-seed-rate", "ends-by-seed", "ends-numbers", "more-one"}
    table = written["ends-by-seed-rate"]
    assert table.columns.tolist() == ["seed", "rate", "loss", "name"]
    assert len(table) == 6
    row = table[(table.seed == 9) & (table.rate == 0.1)]
    assert row.to_dict("records") == [{"seed": 9, "rate": 0.1, "loss": LOSS[2, 0], "name": "slow"}]
    assert written["ends-by-seed"].level.tolist() == ["half", "zero", "half"]
    assert written["ends-numbers"].to_dict("records") == [{"name": "least", "value": 0.25}]


def test_one_part_has_a_plain_name(tmp_path):
    long_tables.write(ENDS[["loss"]], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["data.csv"]

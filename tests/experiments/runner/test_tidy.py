"""CSV files have a row per seed, with codes spelled out in words and nothing rounded."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from experiments.runner import tidy

LEVELS = {"flag_values": np.array([-1, 0, 1], np.int8), "flag_meanings": "elsewhere sse_0 sse_half"}


@pytest.fixture
def data():
    xor = xr.Dataset(
        {
            "loss": ("seed", np.array([0.1, 1 / 3], np.float32)),
            "level": ("seed", np.array([0, -1], np.int8), LEVELS),
            "settled": ("seed", np.array([True, False])),
            "accuracy": (("seed", "epoch"), np.arange(6.0).reshape(2, 3) / 7),
            "path": (("seed", "parameter"), np.ones((2, 2))),
            "theory": ("epoch", np.ones(3)),
        },
        {"seed": [5, 2], "epoch": [0, 10, 20]},
    )
    pairs = xr.Dataset(
        {"apart": ("pair", [2.5])}, {"first_seed": ("pair", [5]), "second_seed": ("pair", [2])}
    )
    return xr.DataTree.from_dict(
        {"xor": xor, "deep/pairs": pairs, "plane": xr.Dataset({"z": ("across", [1.0])})}
    )


def test_a_frame_for_each_set_of_axes_with_seeds(data):
    frames = dict(tidy.parts(data))
    assert list(frames) == ["xor", "xor-by-epoch", "xor-by-parameter", "deep-pairs"]
    assert frames["xor"].to_dict("list") == {
        "seed": [5, 2],
        "loss": [np.float32(0.1), np.float32(1 / 3)],
        "level": ["sse_0", "elsewhere"],
        "settled": ["TRUE", "FALSE"],
    }
    assert list(frames["xor-by-epoch"].columns) == ["seed", "epoch", "accuracy"]
    assert len(frames["xor-by-epoch"]) == 6
    assert frames["xor-by-parameter"]["parameter"].tolist() == [0, 1, 0, 1]
    assert set(frames["deep-pairs"].columns) == {"pair", "first_seed", "second_seed", "apart"}


def test_large_parts_are_left_to_the_netcdf(data, monkeypatch):
    monkeypatch.setattr(tidy, "MOST_ROWS", 1)
    assert [*dict(tidy.parts(data))] == ["xor", "deep-pairs"]


def test_the_order_of_the_axes_makes_no_other_table():
    both = {
        "one": (("seed", "k"), np.arange(6).reshape(2, 3)),
        "two": (("k", "seed"), np.arange(6).reshape(3, 2)),
    }
    (frame,) = dict(tidy.parts(xr.DataTree.from_dict({"g": xr.Dataset(both, {"seed": [1, 2]})}))).values()
    (row,) = frame[(frame.seed == 2) & (frame.k == 0)].to_dict("records")
    assert (row["one"], row["two"]) == (3, 1)


def test_numbers_come_back_exactly(data, tmp_path):
    tidy.write(tmp_path, data, [], {})
    again = pd.read_csv(tmp_path / "data-xor-by-epoch.csv")
    np.testing.assert_array_equal(again["accuracy"], np.ravel(data["xor"]["accuracy"]))
    loss = pd.read_csv(tmp_path / "data-xor.csv", dtype={"loss": np.float32})["loss"]
    np.testing.assert_array_equal(loss, data["xor"]["loss"])
    assert pd.read_csv(tmp_path / "data-xor.csv")["settled"].tolist() == [True, False]


def test_findings_have_a_column_for_each_end_of_an_interval():
    finding = {"id": "share", "measured": 0.5, "interval": [0.4, 0.6], "second_list": None}
    frame = tidy.findings([finding, finding | {"second_list": {"measured": 0.7, "interval": [0.6, 0.8]}}])
    assert frame["interval_low"].tolist() == [0.4, 0.4]
    assert frame["second_list_interval_high"].tolist()[1] == 0.8
    assert "second_list" not in tidy.findings([finding])


def test_tables_are_files_named_after_their_titles(data, tmp_path):
    tidy.write(tmp_path, data, [], {"XOR 2-2-1: where seeds end (β)": (("end", "seeds"), [["½", "3"]])})
    two = {"The same title " * 5 + end: (("x",), [[end]]) for end in "ab"}
    tidy.write(tmp_path, data, [], two)
    assert len(list(tmp_path.glob("table-the-same-title*.csv"))) == 2
    assert pd.read_csv(tmp_path / "table-xor-2-2-1-where-seeds-end.csv").to_dict("list") == {
        "end": ["½"],
        "seeds": [3],
    }

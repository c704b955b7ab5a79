"""Data are labelled with what they are and where they come from; existing descriptions are kept."""

import numpy as np
import pytest
import tiny
import xarray as xr

from experiments.runner import labels
from experiments.runner.manifest import manifest


@pytest.fixture(scope="module")
def about():
    return manifest(tiny.TINY, tiny.Config(seed=3), tiny.TOOK, "python -m experiments tiny --seed 3", False)


def made(**attrs):
    return xr.Dataset(
        {
            "loss": ("seed", np.ones(2), {"long_name": "loss at the end"} | attrs),
            "stuck": ("seed", np.array([True, False]), {"long_name": "whether it is stuck"}),
            "epochs": ("seed", np.array([1, 2]), {"long_name": "epochs of training"}),
        },
        {"seed": [3, 4], "name": ("seed", ["a", "b"], {"long_name": "name"})},
    )


def test_every_variable_gets_a_name_and_a_number_a_unit(about):
    data = labels.labelled(xr.DataTree.from_dict({"xor": made()}), about)["xor"]
    assert data["loss"].attrs == {"long_name": "loss at the end", "units": "1"}
    assert data["seed"].attrs == {"long_name": "seed of the random numbers", "units": "1"}
    assert data["epochs"].attrs["units"] == "epochs"
    assert "units" not in data["name"].attrs
    assert data["stuck"].attrs["flag_meanings"] == "no yes"
    assert data["stuck"].attrs["flag_values"].tolist() == [0, 1]


def test_what_a_variable_says_already_stays(about):
    data = labels.labelled(
        xr.DataTree.from_dict({"/": xr.Dataset(attrs={"data": "digits"}), "a": made(units="s")}), about
    )
    assert data["a"]["loss"].attrs["units"] == "s"
    assert data.attrs["data"] == "digits"


def test_what_lacks_a_name_is_found():
    data = xr.DataTree.from_dict({"xor": made().assign(secret=("seed", np.ones(2), {"units": "1"}))})
    assert labels.unnamed(data) == ["/xor/loss", "/xor/stuck", "/xor/epochs", "/xor/secret", "/xor/seed"]


def test_a_file_says_where_it_comes_from(about):
    attrs = labels.labelled(made(), about).attrs
    assert attrs["title"] == "A tiny one: What is the sum, from each seed?"
    assert attrs["source"].startswith("nnjax ")
    assert (attrs["seed"], attrs["license"]) == ("3", "MIT")
    assert attrs["command"] == "python -m experiments tiny --seed 3"
    assert attrs["Conventions"].startswith("CF-")


def test_the_file_comes_back_as_it_was(about, tmp_path):
    data = labels.labelled(xr.DataTree.from_dict({"xor": made()}), about)
    data.to_netcdf(tmp_path / "data.nc", engine="h5netcdf")
    with xr.open_datatree(tmp_path / "data.nc", engine="h5netcdf") as again:
        xr.testing.assert_equal(again["xor"].to_dataset(), made())
        assert again["xor"]["stuck"].dtype == bool
        assert not labels.unnamed(again.load())

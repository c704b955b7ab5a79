"""The benchmark as a whole: its sizes, and that its data survive the disk."""

import jax
import numpy as np
import pytest
import xarray as xr

from experiments.benchmark import CHECKED, EXPERIMENT, NETWORKS, Config, run, works
from experiments.benchmark.peers import installed
from experiments.runner.context import Context


def test_the_networks_and_how_much_of_them_is_trained():
    given = works(Config(seed=3, networks=NETWORKS, log_seeds=10, steps=800))
    assert {name: (each.seeds, each.steps) for name, each in given.items()} == {
        "2-2-1": (1024, 800),
        "2-4-4-1": (512, 200),
        "2-16-1": (256, 200),
        "3-8-8-1": (256, 100),
        "digits, shared order": (256, 134),
        "digits, own order": (256, 134),
    }
    assert [each.order_per_seed for each in given.values()] == [False] * 5 + [True]
    assert [name for name, each in given.items() if each.checked] == list(CHECKED)
    assert {each.first_seed for each in given.values()} == {3}


def test_the_aims_are_about_the_full_size():
    assert Config(**EXPERIMENT.full).is_full
    assert not Config().is_full
    assert not Config(**EXPERIMENT.smoke).is_full


@pytest.mark.parametrize(
    "options, message",
    [
        ({"seed": -1}, "seed must be 0 to 4294967295; got -1"),
        ({"repeats": 0}, "repeats must be 1 or more; got 0"),
        ({"networks": ()}, "networks must be some of 2-2-1, .*; got"),
        ({"networks": ("2-2-2",)}, "networks must be some of 2-2-1, .*; got"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        Config(**options)


@pytest.mark.slow
def test_the_data_survive_the_disk(tmp_path):
    config = Config(repeats=2, log_seeds=4, steps=3, networks=("2-2-1",), growth=1, scaling=4)
    with jax.numpy_rank_promotion("allow"):
        data = run(config, Context())
    data.to_netcdf(tmp_path / "data.nc", engine="h5netcdf")
    with xr.open_datatree(tmp_path / "data.nc", engine="h5netcdf") as again:
        assert EXPERIMENT.findings(again) == EXPERIMENT.findings(data)
        assert EXPERIMENT.tables(again) == EXPERIMENT.tables(data)
        assert set(EXPERIMENT.figures(again)) == {"speed", "growth"}
    verdicts = {finding.id: finding.verdict for finding in EXPERIMENT.findings(data)}
    assert verdicts["same-losses"] == "agrees"
    assert np.asarray(data["scaling"]["seeds"]).tolist() == [16]
    assert dict(data["growth"].sizes) == {"direction": 2, "size": 1}
    alone = data["alone"]["rate"]
    assert np.asarray(alone["peer"]).tolist() == [
        "nnjax.train, matrix",
        "nnjax.train, node by node",
        "PyTorch, loop",
    ]
    assert alone.notnull().all("repeat").values.tolist() == [True, True, installed("torch")]
    for measured in (data["scaling"]["seconds"], data["growth"]["rate"], alone.isel(peer=slice(2))):
        assert (measured > 0).all()

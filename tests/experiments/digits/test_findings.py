"""The findings about the digits, judged on data with known answers."""

import numpy as np
import xarray as xr

from experiments import digits
from experiments.digits.findings import apart, findings, silences, tables
from experiments.digits.training import LECUN, NIELSEN, OTHER_ORDER


def test_findings_of_two_groups_of_ends(two_groups):
    measured = {finding.id: finding.measured for finding in findings(two_groups)}
    low, high = np.quantile(np.linspace(0.015, 0.025, 100), (0.05, 0.95))
    expected = {
        "lecun-accuracy": 0.97,
        "loss-spread-lecun": high / low,
        "loss-spread-normal": 6.0,
        "poor-without-lost-digit": 0.0,
        "lost-digit-delta": 2e-4,
        "silent-nodes-heard": 0.0,
        "squared-error-minus-cross-entropy": 0.2,
        "poor-in-other-order": 1.0,
    }
    of_seeds = {id: value for id, value in measured.items() if id in expected}
    np.testing.assert_allclose(list(of_seeds.values()), [expected[id] for id in of_seeds], rtol=1e-6)
    others = {"all-rows-minus-ten", "all-rows-as-many-updates", "stopping-validation", "stopping-plateau"}
    others |= {"weights-over-order-lecun", "weights-over-order-normal"}
    assert set(measured) == set(expected) | others


def test_every_finding_is_decided_by_numbers(two_groups):
    for finding in findings(two_groups):
        assert np.all(np.isfinite([finding.measured, *finding.interval])), finding.id
    assert all(rows for _, rows in tables(two_groups).values())
    low, high = next(each.interval for each in findings(two_groups) if each.id == "poor-in-other-order")
    assert low < 0.8 < high == 1  # all of 20 and none of 80: groups this small leave doubt


def test_nothing_is_said_of_few_seeds(two_groups):
    few = two_groups.isel(seed=slice(0, 4))
    few.attrs["data"] = "digits"
    assert findings(few) == []


def test_silence_is_followed_from_an_epoch_on():
    """Two nodes are silent after epoch 1: one speaks two epochs later, and the other never speaks.

    All others always speak.
    """
    said = np.full((1, 2, 5, 2), 0.9)
    said[0, 0, :, 0] = (0.9, 0.01, 0.2, 0.8, 0.9)
    said[0, 1, :, 0] = (0.9, 0.01, 0.2, 0.3, 0.01)
    both = np.concatenate([said, np.full_like(said, 0.9)])
    names = {"start": [NIELSEN, OTHER_ORDER], "digit": [0, 1]}
    starts = xr.Dataset({"said": (("start", "seed", "epoch", "digit"), both)}, names)
    waits = silences(starts, 1)
    assert waits.shape == (2, 4)
    assert waits[0, 0] == 2
    assert waits[1, 0] == np.inf
    assert np.isnan(np.delete(waits, 0, axis=1)).all()


def test_pairs_have_no_seed_in_common():
    """Five seeds make two pairs; the first pair differs in one row of four, the second in all rows."""
    labels = np.array([[1, 2, 3, 4], [1, 2, 3, 5], [0, 0, 0, 0], [1, 1, 1, 1], [9, 9, 9, 9]])
    starts = xr.Dataset({"label": (("start", "seed", "row"), labels[None])}, {"start": [LECUN]})
    assert apart(starts, LECUN).tolist() == [0.25, 1.0]


def test_the_data_survive_the_disk(two_groups, tmp_path):
    two_groups.to_netcdf(tmp_path / "data.nc", engine="h5netcdf")
    with xr.open_datatree(tmp_path / "data.nc", engine="h5netcdf") as again:
        assert findings(again) == findings(two_groups)
        assert tables(again) == tables(two_groups)
        assert again["starts"]["said"].sel(start=NIELSEN).sizes["epoch"] == 22
    assert digits.EXPERIMENT.findings is findings

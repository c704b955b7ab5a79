"""The findings on seeds and minima, of data as a long run has them."""

import numpy as np
import xarray as xr

from experiments.seed_minima.findings import at_best_rate, findings, tables
from experiments.seed_minima.xor import SIGMOID


def test_every_finding_of_a_long_run_is_decided_by_numbers(long_run):
    judged = findings(long_run)
    assert len({finding.id for finding in judged}) == len(judged) == 14
    for finding in judged:
        assert np.all(np.isfinite([finding.measured, *finding.interval])), finding.id
    assert all(rows for _, rows in tables(long_run).values())


def test_findings_whose_answers_are_known(long_run):
    """Levels are kept, 5 of 200 students end in a local minimum, and aligned barriers are 40 times lower."""
    measured = {finding.id: finding.measured for finding in findings(long_run)}
    levels = long_run["xor"]["level"].values
    expected = {
        "xor-solved": np.mean(levels == 0),
        "xor-ends-half": np.mean(levels == 1),
        "xor-certified-minimum": 0.0,
        "xor-stays-half": 1.0,
        "students-strict-local-minimum": 5 / 200,
        "barrier-aligned": 1 / 40,
        "linear-saddles": 0.0,
    }
    np.testing.assert_allclose([measured[id] for id in expected], list(expected.values()), rtol=1e-12)


def test_the_best_rate_is_sought_among_plain_normal_starts():
    """Rates 2 and 0.5 of N(0, 1) solve 1 and 3 of 4 seeds; other starts solve all and do not count."""
    level = np.array([[0, 1, 1, 1], [0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]]).T
    conditions = xr.Dataset(
        {"level": (("network", "seed", "setting"), level[None])},
        {
            "network": [SIGMOID],
            "weights": ("setting", ["normal", "normal", "normal", "uniform"]),
            "scale": ("setting", [1.0, 1.0, 4.0, 1.0]),
            "rate": ("setting", [2.0, 0.5, 2.0, 2.0]),
        },
    )
    rate, solved = at_best_rate(conditions, SIGMOID)
    assert rate == "0.5"
    assert solved.tolist() == [True, True, True, False]


def test_the_data_survive_the_disk(long_run, tmp_path):
    long_run.to_netcdf(tmp_path / "data.nc", engine="h5netcdf")
    with xr.open_datatree(tmp_path / "data.nc", engine="h5netcdf") as again:
        assert findings(again) == findings(long_run)
        assert tables(again) == tables(long_run)
        assert again["xor"]["level"].attrs["flag_meanings"].split()[3] == "sse_half"

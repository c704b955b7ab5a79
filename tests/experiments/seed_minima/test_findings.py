"""The findings on seeds and minima, on data like those of a long run."""

import numpy as np
import pytest
import xarray as xr

from experiments.runner import statistics
from experiments.seed_minima.findings import findings, tables


@pytest.mark.slow
def test_every_finding_of_a_long_run_is_decided_by_numbers(long_run):
    judged = findings(long_run)
    assert len({finding.id for finding in judged}) == len(judged) == 14
    for finding in judged:
        assert np.all(np.isfinite([finding.measured, *finding.interval])), finding.id
    assert all(rows for _, rows in tables(long_run).values())


@pytest.mark.slow
def test_findings_whose_answers_are_known(long_run):
    """XOR's seeds stay at their levels, and barriers are 40 times lower after alignment."""
    measured = {finding.id: finding.measured for finding in findings(long_run)}
    levels = long_run["xor"]["level"].values
    expected = {
        "xor-failures-on-a-plateau": np.sum(levels == 1),
        "xor-ends-half": np.mean(levels == 1),
        "xor-certified-minimum": 0.0,
        "xor-stays-half": 1.0,
        "barrier-aligned": 1 / 40,
        "linear-saddles": 0.0,
    }
    np.testing.assert_allclose([measured[id] for id in expected], list(expected.values()), rtol=1e-12)


@pytest.mark.slow
def test_teachers_are_the_unit(long_run):
    """Of 10 teachers, 3 have 5 of 20 students in a local minimum; 18 students of each teacher settle."""
    judged = {finding.id: finding for finding in findings(long_run)}
    counted = judged["teachers-with-local-minimum"]
    assert counted.measured == 3
    assert "0% to 25% of the students end in such a minimum" in counted.note
    assert "10% of all students have not settled" in counted.note
    alike = judged["teachers-alike"]
    assert (alike.measured, alike.interval) == (0.7, statistics.share(7, 10))
    assert "by teacher 65% to 90%, mean 82%" in alike.note


@pytest.mark.slow
def test_the_data_survive_the_disk(long_run, tmp_path):
    long_run.to_netcdf(tmp_path / "data.nc", engine="h5netcdf")
    with xr.open_datatree(tmp_path / "data.nc", engine="h5netcdf") as again:
        assert findings(again) == findings(long_run)
        assert tables(again) == tables(long_run)
        assert again["xor"]["level"].attrs["flag_meanings"].split()[3] == "sse_half"

"""Every part is judged, ids are unique, and tables are text."""

import numpy as np
import xarray as xr

from experiments.vanishing_gradients import birth_findings
from experiments.vanishing_gradients.findings import findings, tables


def test_findings_hold_numbers_and_every_part_is_judged(small_data, monkeypatch):
    monkeypatch.setattr(birth_findings, "WIDE", 16)
    judged = findings(small_data)
    for finding in judged:
        numbers = [finding.measured, *finding.interval, *finding.expected]
        # Made-up networks with He's weights learn nothing within six epochs, so there is no ratio to report.
        assert not np.isnan(numbers).any() or finding.id == "stall-glorot-over-he", finding.claim
    claims = "\n".join(finding.claim for finding in judged)
    for part in (
        "3-4-1",
        "mean-field",
        "Glorot",
        "first depth",
        "5 layers",
        "loss per row",
        "until something",
        "gained",
        "SSE",
    ):
        assert part in claims
    assert len({finding.id for finding in judged}) == len(judged)
    parts = ("first-depth", "cross-entropy")
    verdicts = {f.id: f.verdict for f in judged if any(part in f.id for part in parts)}
    assert list(verdicts.values()) == ["agrees"] * 4 + ["differs"], verdicts


def test_tables_are_text(small_data):
    shown = tables(small_data)
    assert len(shown) == 2
    for header, rows in shown.values():
        assert all(isinstance(cell, str) and cell != "nan" for row in rows for cell in row)
        assert {len(row) for row in rows} == {len(header)}


def test_without_remedies_they_are_neither_judged_nor_listed(small_data):
    del small_data["remedies"]
    assert not any("remedy" in finding.id for finding in findings(small_data))
    assert len(tables(small_data)) == 1


def test_the_data_survive_the_disk_and_hold_no_times(small_data, tmp_path):
    small_data.to_netcdf(tmp_path / "data.nc", engine="h5netcdf")
    with xr.open_datatree(tmp_path / "data.nc", engine="h5netcdf") as stored:
        assert [finding.id for finding in findings(stored)] == [f.id for f in findings(small_data)]
        xr.testing.assert_identical(stored.load(), small_data)
    assert not small_data.attrs  # no wall times are stored, so every run gives the same bits

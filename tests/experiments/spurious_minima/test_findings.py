"""Findings and tables of two small cells are made of numbers."""

import numpy as np

from experiments.spurious_minima import findings, tables


def test_every_finding_is_decided_by_numbers(two_cells):
    for finding in findings(two_cells):
        assert np.all(np.isfinite([finding.measured, *finding.interval])), finding.id


def test_every_table_has_rows(two_cells):
    assert all(rows for _, rows in tables(two_cells).values())

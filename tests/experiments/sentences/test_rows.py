"""Rows per update: what accumulating means, which rows are used, and how often weights change."""

import numpy as np
import pytest

from experiments.runner.context import Context
from experiments.sentences import rows


def test_forty_eight_rows_at_once_are_the_sum_of_their_changes():
    assert 0 < rows.accumulated() < 1e-12


def test_the_rows_are_all_there_once():
    train, test = rows.rows()
    assert len(train.xs) == 480 == 10 * 48
    assert len(train.xs) + len(test.xs) == 1797
    assert train.ys.sum(axis=0).min() > 30


@pytest.mark.slow
def test_updates_are_counted_and_accuracies_placed():
    found = rows.accuracies(Context(), np.arange(2), 1)
    assert found["updates"].values.tolist() == [480, 10, 1, 10]
    assert found["way"].values.tolist() == [rows.ONE, rows.FORTY_EIGHT, rows.ALL, rows.ALL_OFTEN]
    means = found["accuracy"].mean("seed").max("trial")
    assert float(means.sel(way=rows.ONE)) > 0.5 > 0.25 > float(means.sel(way=rows.ALL))

"""Findings about pairs of runs whose law is known."""

import numpy as np
import pytest

from experiments.seed_worth.findings import findings, logs, tables, xor_changes


@pytest.fixture(scope="module")
def found(data):
    return {each.id: each for each in findings(data)}


def test_independent_errors_are_seen_as_such(found):
    low, high = found["variance-digits"].interval
    assert low < 1 < high
    assert found["variance-xor"].measured == pytest.approx(4)
    assert found["variance-xor"].verdict == "differs"


def test_a_bit_that_changes_nothing_differs_and_has_a_bound(found):
    assert found["bit-usual"].measured == 0
    assert 0 < found["bit-usual"].interval[1] < 0.25
    assert found["bit-usual"].verdict == "differs"
    assert found["variance-bit"].measured == 0


def test_a_bit_that_changes_as_much_as_a_seed_agrees(found):
    assert found["bit-large"].measured == pytest.approx(1, abs=0.15)
    assert found["bit-large"].verdict == "agrees"


def test_xor_changes_are_counted(data):
    bit, other = xor_changes(data["xor"].to_dataset(), "usual")
    assert not bit.any()
    assert other.mean() == pytest.approx(2 / 3)
    bit, _ = xor_changes(data["xor"].to_dataset(), "large")
    assert bit.all()


def test_growth_is_that_of_the_tangent(found):
    assert found["growth-usual"].measured == pytest.approx(1)
    assert found["growth-usual"].verdict == "agrees"


def test_only_small_differences_are_followed(data):
    part = data["usual"].to_dataset().copy(deep=True)
    part["apart"][0, 0] = [1e-4, 5e-4, 2e-3, 4e-3]
    bit, tangent = logs(part)
    assert bit[0] == pytest.approx(np.log(5))
    assert tangent[0] == pytest.approx(np.log(2))


def test_few_seeds_are_not_judged(data):
    assert findings(data.isel(seed=slice(3))) == []


def test_tables_have_full_rows(data):
    for head, rows in tables(data).values():
        assert rows
        assert all(len(row) == len(head) for row in rows)

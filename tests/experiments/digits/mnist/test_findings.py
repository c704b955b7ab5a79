"""What the findings say about Nielsen's numbers, on data with known answers."""

import numpy as np

from experiments.digits.mnist.findings import SPEEDS, findings, tables
from experiments.runner.mnist import OTHERS


def test_his_numbers_among_the_seeds(measured):
    found = {each.id: each for each in findings(*measured)}
    assert set(found) == {
        *("nielsen-30", "nielsen-100", "nielsen-100-worse"),
        *("births-2", "births-3", "births-4", "births-slower"),
    }
    np.testing.assert_allclose(found["nielsen-30"].measured, 0.95105, rtol=1e-6)
    np.testing.assert_allclose(found["nielsen-100"].measured, 0.97, rtol=1e-6)
    assert found["nielsen-100-worse"].measured == 0.25
    assert "above 20 of 20 seeds (95.01% to 95.20%)" in found["nielsen-30"].note
    assert "last epoch the median is 95.00%" in found["nielsen-30"].note
    assert "above 5 of 20" in found["nielsen-100"].note
    lags = np.linspace(1.5, 200, 1000)
    for depth, speeds in SPEEDS.items():
        assert found[f"births-{depth}"].measured == np.mean(lags <= speeds[-1] / speeds[0])
    assert found["births-slower"].measured == 1
    assert {each.verdict for each in found.values()} == {"agrees"} | {found["births-2"].verdict}


def test_an_equal_accuracy_is_not_below_his(measured):
    """The number 0.9542 is not the same in float32 as in float64."""
    mnist, births = measured
    mnist["accuracy"][:] = np.float32(0.9542)
    assert "above 0 of 20" in findings(mnist, births)[0].note


def test_seeds_that_peak_lower_differ(measured):
    mnist, births = measured
    mnist["accuracy"].loc[{"hidden_nodes": 30}] -= 0.01
    assert findings(mnist, births)[0].verdict == "differs"


def test_nothing_is_said_of_other_pictures_or_of_few_seeds(measured):
    mnist, births = measured
    assert findings(mnist.isel(seed=slice(0, 10)), births.isel(seed=slice(0, 499))) == []
    mnist.attrs["pictures"] = OTHERS
    assert findings(mnist, births) == []
    for _, rows in tables(mnist, births).values():
        assert rows
        assert all(row[-1] == "" for row in rows)


def test_the_tables_have_his_numbers(measured):
    accuracies, speeds = (rows for _, rows in tables(*measured).values())
    assert [row[0] for row in accuracies] == ["30", "100"]
    assert accuracies[1][-1] == "96.59%, above 5 of 20"
    assert [row[:2] for row in speeds][:3] == [["2", "1"], ["2", "2"], ["3", "1"]]
    assert len(speeds) == 9

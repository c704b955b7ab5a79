"""The rules' verdicts on made-up ends, and the readers behind them."""

import numpy as np
import pytest
import xarray as xr

from experiments.blame_rules.findings import findings, reached, tables
from experiments.blame_rules.rules import FEEDBACK, INPUTS, PRINTED, RULES, TRUE

TIMES = [0.5, 1.0, 2.0]


def task(seeds, measure):
    """Every rule solves all at its middle rate, the printed one half of that, and none elsewhere."""
    accuracy = np.zeros((seeds, len(TIMES), len(RULES)), np.float32)
    accuracy[:, 1] = 1
    accuracy[:, 1, list(RULES).index(PRINTED)] = 0.5
    loss = np.where(accuracy > 0.6, 0.02, 0.03)
    dimensions = ("seed", "times", "rule")
    return xr.Dataset(
        {"loss": (dimensions, loss), "accuracy": (dimensions, accuracy)},
        {"times": TIMES, "rule": list(RULES)},
        {"title": "made up", "measure": measure},
    )


@pytest.fixture(scope="module")
def data():
    cosine = np.full((2000, len(INPUTS), len(RULES)), 0.9)
    cosine[:1000, 1, list(RULES).index(FEEDBACK)] = -0.1
    names = {"inputs": list(INPUTS), "rule": list(RULES)}
    equal = np.full((10, 2), 0.3)
    equal[0] = 0.001
    return xr.DataTree.from_dict(
        {
            "angles": xr.Dataset({"cosine": (("seed", "inputs", "rule"), cosine)}, names),
            "equal_slopes": xr.Dataset(
                {"cosine": (("seed", "source"), equal)}, {"source": ["measured", "derived"]}
            ),
            "xor": task(100, "share solved"),
            "iris": task(99, "test accuracy"),
            "digits": task(20, "test accuracy"),
        }
    )


def test_verdicts(data):
    verdicts = {finding.id: finding.verdict for finding in findings(data)}
    assert verdicts == {
        "equal-slopes": "agrees",
        "uphill-uniform-printed": "agrees",
        "uphill-uniform-authors-code": "agrees",
        "uphill-uniform-feedback": "agrees",
        "uphill-handout-printed": "agrees",
        "uphill-handout-authors-code": "agrees",
        "uphill-handout-feedback": "differs",
        "xor-printed": "differs",
        "xor-authors-code": "agrees",
        "xor-feedback": "agrees",
        # Iris has one seed too few to be judged.
        "digits-printed": "differs",
        "digits-authors-code": "agrees",
        "digits-feedback": "agrees",
    }


def test_a_wrong_angle_is_seen(data):
    changed = data.copy(deep=True)
    changed["equal_slopes"]["cosine"][3, 0] *= 1 + 1e-8
    assert findings(changed)[0].verdict == "differs"


def test_what_is_reached(data):
    solved, times = reached(data["xor"].to_dataset(), TRUE)
    assert (solved.mean(), times) == (1.0, "1")
    # 4 rows with a loss of 0.03 each sum to 0.12: not solved, at any rate.
    assert reached(data["xor"].to_dataset(), PRINTED)[0].mean() == 0
    assert reached(data["digits"].to_dataset(), PRINTED)[0].mean() == 0.5


def test_the_table(data):
    ((header, rows),) = tables(data).values()
    assert {len(row) for row in rows} == {len(header)}
    assert rows[0][:3] == ["backpropagation", "0.900, 0.0%", "0.900, 0.0%"]
    assert rows[-1][2] == "0.400, 50.0%"
    assert [row[-1] for row in rows] == ["100.0%, 1 ×", "50.0%, 1 ×", "100.0%, 1 ×", "100.0%, 1 ×"]

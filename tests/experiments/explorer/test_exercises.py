"""All exercises of the handout, with the walkthrough's answers."""

import node
import pytest
import xarray as xr

from experiments.walkthrough.findings import hidden_layer, output_layer

RIGHT = "return m.exercises(given).map((each) => each.answers([]));"


@pytest.fixture(scope="module")
def right(golden):
    return node.evaluate("exercises.mjs", RIGHT, golden)


def test_the_answers_are_the_walkthroughs(right, walkthrough):
    data: xr.DataTree = walkthrough[0]
    cases = [str(name) for name in data["cases"].to_dataset()["case"].values]
    forward, relu, own = cases[1], cases[4], cases[2]
    expected = {
        0: [
            *hidden_layer(data, forward)["activation"].values,
            float(output_layer(data, forward)["activation"]),
        ],
        1: [2 * 0.1 * 0.9 * 0.1],
        2: hidden_layer(data, relu)["delta"].values,
        3: [float(output_layer(data, forward)["delta"])],
        4: [10 * output_layer(data, cases[0])["change"].values[0]],
        5: output_layer(data, own)["change"].values,
        6: hidden_layer(data, cases[0])["change"].values.T.ravel(),
    }
    for k, values in expected.items():
        assert right[k] == pytest.approx(list(values), rel=1e-12), k


def test_every_exercise_of_the_handout_is_there(right):
    assert [len(answers) for answers in right] == [5, 1, 4, 1, 1, 4, 12, 1, 2]

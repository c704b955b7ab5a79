"""Right answers are right, and each slip's number is told to be that slip's."""

import re
import subprocess
import sys

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


def test_right_answers_are_right_however_many_digits(golden):
    body = """return m.exercises(given).flatMap((each) => each.answers([]).flatMap((value, k) =>
      [2, 3, 7].map((digits) => m.diagnose(each, k, value.toPrecision(digits)).verdict)));"""
    assert set(node.evaluate("exercises.mjs", body, golden)) == {"right"}


def test_the_number_of_a_slip_is_told_to_be_its(golden):
    """Or that of another explanation which gives the same number to all digits."""
    body = """const same = (a, b) => a === b || Math.abs(a / b - 1) < 1e-3;
    const told = m.exercises(given).flatMap((each) => each.slips.flatMap((slip) => {
      const right = each.answers([]);
      return each.answers([slip]).map((value, k) => [slip,
        same(value, right[k]), m.diagnose(each, k, value.toPrecision(9)), each.id]);
    }));
    return told.filter(([, same]) => !same);"""
    found = node.evaluate("exercises.mjs", body, golden)
    assert {slip for slip, *_ in found} == set(node.evaluate("slips.mjs", "return Object.keys(m.SLIPS)"))
    assert {told["verdict"] for _, _, told, _ in found} == {"slip"}
    own = [slip in told.get("slips", ()) for slip, _, told, _ in found]
    assert sum(own) > 0.85 * len(own)


def test_the_printed_numbers_of_the_handout_are_told_to_be_its_slip(golden):
    body = """const each = m.exercises(given)[6];
    const printed = given.printed.filter((row) => row.step === "weight change x → h₁");
    return printed.map((row, k) => m.diagnose(each, k, row.text));"""
    for told in node.evaluate("exercises.mjs", body, golden):
        assert told["slips"] == ["as_printed"]


@pytest.mark.parametrize(
    "exercise, field, text, said",
    [
        (0, 0, "0.55", "none of the usual slips"),
        (1, 0, "0.192", "that is δ at 0.6"),
        (1, 0, "-0.018", "the sign"),
        (1, 0, "0.009", "two significant digits"),
        (1, 0, "0.0090", "factor 2"),
        (5, 1, "-1.1991", "that is the new weight"),
        (6, 0, "0.0002394", "that is the answer for x₁ → h₂"),
        (7, 0, "0.7615", "before the update"),
    ],
)
def test_what_is_said(golden, exercise, field, text, said):
    given = {"golden": golden, "exercise": exercise, "field": field, "text": text}
    body = "return m.diagnose(m.exercises(given.golden)[given.exercise], given.field, given.text).text"
    assert said in node.evaluate("exercises.mjs", body, given)


def test_two_slips_at_once_are_found(golden):
    body = """const each = m.exercises(given)[3];
    return m.diagnose(each, 0, each.answers(["sign", "no_two"])[0].toPrecision(8)).slips"""
    assert node.evaluate("exercises.mjs", body, golden) == ["sign", "no_two"]


def test_the_python_solutions_print_the_answers(golden, right):
    body = "return m.exercises(given).map((each) => each.code(each.task).Python.join('\\n'));"
    codes = node.evaluate("exercises.mjs", body, golden)
    program = "\nprint('---')\n".join(codes)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    for printed, answers in zip(done.stdout.split("---"), right, strict=True):
        numbers = [float(text) for text in re.findall(r"-?\d+\.?\d*(?:e[+-]?\d+)?", printed)]
        assert sorted(numbers) == pytest.approx(sorted(answers), rel=1e-4), printed

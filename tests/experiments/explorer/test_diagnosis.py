"""Right answers are right, and each slip's number is told to be that slip's."""

import node
import pytest


def test_right_answers_are_right_however_many_digits(golden):
    body = """return n.exercises(given).flatMap((each) => each.answers([]).flatMap((value, k) =>
      [2, 3, 7].map((digits) => m.diagnose(each, k, value.toPrecision(digits)).verdict)));"""
    assert set(node.evaluate("diagnosis.mjs", body, golden, also="exercises.mjs")) == {"right"}


def test_the_number_of_a_slip_is_told_to_be_its(golden):
    """Or that of another explanation which gives the same number to all digits."""
    body = """const same = (a, b) => a === b || Math.abs(a / b - 1) < 1e-3;
    const told = n.exercises(given).flatMap((each) => each.slips.flatMap((slip) => {
      const right = each.answers([]);
      return each.answers([slip]).map((value, k) => [slip,
        same(value, right[k]), m.diagnose(each, k, value.toPrecision(9)), each.id]);
    }));
    return told.filter(([, same]) => !same);"""
    found = node.evaluate("diagnosis.mjs", body, golden, also="exercises.mjs")
    assert {slip for slip, *_ in found} == set(node.evaluate("slips.mjs", "return Object.keys(m.SLIPS)"))
    assert {told["verdict"] for _, _, told, _ in found} == {"slip"}
    own = [slip in told.get("slips", ()) for slip, _, told, _ in found]
    assert sum(own) > 0.85 * len(own)


def test_the_printed_numbers_of_the_handout_are_told_to_be_its_slip(golden):
    body = """const each = n.exercises(given)[6];
    const printed = given.printed.filter((row) => row.step === "weight change x → h₁");
    return printed.map((row, k) => m.diagnose(each, k, row.text));"""
    for told in node.evaluate("diagnosis.mjs", body, golden, also="exercises.mjs"):
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
    body = "return m.diagnose(n.exercises(given.golden)[given.exercise], given.field, given.text).text"
    assert said in node.evaluate("diagnosis.mjs", body, given, also="exercises.mjs")


def test_two_slips_at_once_are_found(golden):
    body = """const each = n.exercises(given)[3];
    return m.diagnose(each, 0, each.answers(["sign", "no_two"])[0].toPrecision(8)).slips"""
    assert node.evaluate("diagnosis.mjs", body, golden, also="exercises.mjs") == ["sign", "no_two"]

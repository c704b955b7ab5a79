"""Right answers are accepted, and each slip's number is recognised as that slip."""

import node


def test_right_answers_are_right_however_many_digits(golden):
    body = """return n.exercises(given).flatMap((each) => each.answers([]).flatMap((value, k) =>
      [2, 3, 7].map((digits) => m.diagnose(each, k, value.toPrecision(digits)).verdict)));"""
    assert set(node.evaluate("diagnosis.mjs", body, golden, also="exercises.mjs")) == {"right"}


def test_the_number_of_a_slip_is_told_to_be_its(golden):
    """Another explanation is accepted if its number agrees in every digit."""
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


DIGITS = """const digits = (value) => value.toPrecision(5);
const told = (id, slips, how) => {
  const each = n.exercises(given)[id - 1], row = each.answers(slips, how).map(digits);
  return row.map((text, k) => m.diagnose(each, k, text, row));
};"""


def test_0_is_right_only_where_the_answer_is_0(golden):
    body = """return n.exercises(given).flatMap((each) => each.answers([]).flatMap((right, k) =>
      ["0", "0.00", "-0"].map((text) => [right, m.diagnose(each, k, text).verdict])));"""
    found = node.evaluate("diagnosis.mjs", body, golden, also="exercises.mjs")
    assert {right == 0 for right, _ in found} == {True, False}
    for right, verdict in found:
        assert (verdict == "right") == (right == 0)


def test_one_slip_is_told_in_the_same_words_along_a_row(golden):
    body = (
        DIGITS
        + """return n.exercises(given).flatMap((each, at) => each.slips.map((slip) =>
      [slip, each.id, told(at + 1, [slip])]));"""
    )
    for slip, exercise, row in node.evaluate("diagnosis.mjs", body, golden, also="exercises.mjs"):
        texts = [told["text"] for told in row if told["verdict"] != "right"]
        assert len(set(texts)) <= 1, (slip, exercise, texts)


def test_the_commonest_slips_of_the_hidden_changes_are_told_node_by_node_too(golden):
    body = """const each = n.exercises(given)[6];
    return ["no_hidden_slope", "output_delta"].map((slip) => each.answers([slip]).map((value, k) =>
      m.diagnose(each, k, String(Number(value.toPrecision(7)))).slips));"""
    forgotten, direct = node.evaluate("diagnosis.mjs", body, golden, also="exercises.mjs")
    assert forgotten == [["no_hidden_slope"]] * 12
    assert direct == [["output_delta"]] * 12


def test_what_the_row_shows_wins_over_what_one_number_allows(golden):
    body = """const each = n.exercises(given)[5];
    const row = each.answers(["times_weight"]).map((v) => v.toPrecision(4));
    return [m.diagnose(each, 2, row[2]).slips, m.diagnose(each, 2, row[2], row).slips];"""
    alone, along = node.evaluate("diagnosis.mjs", body, golden, also="exercises.mjs")
    assert alone == ["no_two"]  # the weight is 0.5
    assert along == ["times_weight"]


SAID = [
    (0, 0, "0.55", "none of the usual slips"),
    (0, 2, "0.8", "activation function was left out"),
    (0, 4, "1.161", "output's activation function was left out"),
    (0, 4, "0.60", "assumed 0.6"),
    (0, 4, "0.6", "assumed 0.6"),
    (0, 4, "0.6142", "exercise's weights"),
    (0, 0, "0", "none of the usual slips"),
    (0, 1, "0", "ReLU was used"),
    (0, 0, "0.9", "two significant digits"),
    (1, 0, "0.192", "that is δ at 0.6"),
    (1, 0, "-0.018", "the sign"),
    (1, 0, "0.009", "factor 2"),
    (1, 0, "0.0090", "factor 2"),
    (1, 0, "0.2", "f′ of the output was forgotten"),
    (1, 0, "0.02", "two significant digits"),
    (1, 0, "0.090", "2(y − ŷ) was forgotten"),
    (1, 0, "0.18", "a alone"),
    (2, 0, "0.0009871", "sigmoid's derivative was kept"),
    (2, 0, "0.03988", "activation of the hidden node was used"),
    (2, 2, "0.0192", "assumed 0.6"),
    (4, 0, "0.01536", "weight was used where"),
    (4, 0, "0.0001787", "α = 0.001"),
    (5, 1, "-1.1991", "that is the new weight"),
    (6, 0, "0.0002394", "that is the answer for x₁ → h₂"),
    (6, 0, "0.001536", "f′ of the hidden node was forgotten"),
    (6, 1, "0.00576", "δ of the output was used"),
    (7, 0, "0.7615", "before the update"),
    (7, 0, "0.7857", "only the weights into the output"),
    (7, 0, "0.7619", "α = 0.01"),
]


def test_what_is_said(golden):
    given = {"golden": golden, "said": [row[:3] for row in SAID]}
    body = """const all = n.exercises(given.golden);
    return given.said.map(([exercise, field, text]) => m.diagnose(all[exercise], field, text).text);"""
    texts = node.evaluate("diagnosis.mjs", body, given, also="exercises.mjs")
    for (exercise, field, typed, said), text in zip(SAID, texts, strict=True):
        assert said in text, (exercise, field, typed, text)


def test_the_slips_of_two_hidden_layers_are_told(golden):
    body = """const each = n.exercises(given)[8];
    const second = Object.values(each.stated)[0];
    const slips = ["no_first_slope", "transposed", "transposed_blame"];
    return [...slips.map((slip) => each.answers([slip])), second].map((values) => values.map((v, k) =>
      m.diagnose(each, k, v.toPrecision(5), values.map(String)).text));"""
    texts = node.evaluate("diagnosis.mjs", body, golden, also="exercises.mjs")
    said = ("first hidden layer was forgotten", "its rows are", "in the backward pass", "second hidden layer")
    for row, words in zip(texts, said, strict=True):
        assert all(words in text for text in row), row


def test_two_slips_at_once_are_found(golden):
    body = """const each = n.exercises(given)[3];
    return m.diagnose(each, 0, each.answers(["sign", "no_two"])[0].toPrecision(8)).slips"""
    assert node.evaluate("diagnosis.mjs", body, golden, also="exercises.mjs") == ["sign", "no_two"]

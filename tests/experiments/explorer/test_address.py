"""A state can be restored from its address, and damaged parts of an address are reported."""

import node
import pytest

CASES = """
const start = n.initial(given), cases = Object.values(n.presets(given));
const answered = {...start, answers: {1: ["0.5", ""], 7: ["1,2=3&4", "ä"]}, open: ["1", "7"]};
const trained = n.edited(n.withBiases({...start, ...cases[1], steps: 25}, true), "b.0.2", -0.25);
const other = {...n.withActivation(start, 1, "tanh"), pick: "w.0.2.1", steps: 0};
const moved = n.edited(n.edited(n.edited(start, "w.1.3.0", 1 / 3), "x.1", -2), "rate", 0.7);
const scenes = {...start, deep: {...start.deep, depth: 50, functions: ["tanh", "gelu"]},
  xor: {width: 4, rate: 0.5, seed: 17}, from: [17, 0.5, 5000]};
const states = [start, answered, trained, other, moved, scenes, ...cases.map((c) => ({...start, ...c}))];
"""


def test_every_state_comes_back_from_its_address(golden):
    body = (
        CASES
        + "return states.map((s) => [s, m.decode('#' + m.encode(s, given), given), m.encode(s, given)]);"
    )
    found = node.evaluate("address.mjs", body, golden)
    for state, again, _ in found:
        assert again == state
    assert found[0][2] == ""
    assert len({address for _, _, address in found}) == len(found) - 1  # the first preset is the default


DAMAGED = {
    "x=1,3": "x must be 3 numbers, got 2",
    "x=1,3,five": "x must be a number, got “five”",
    "x=1,3,": "x is empty; it needs a number",
    "rate=1e400": "rate must be from 0 to 10, got 1e400",
    "w=1,2;3": "w must be 12 numbers, got 2",
    "net=3-4-900": "net must be from 1 to 8, got 900",
    "net=3-4-4-1": "net must be three layers",
    "f=sigmiod,sigmoid": "f must be one of sigmoid, relu",
    "step=2.5": "step must be a whole number, got 2.5",
    "step=0": "step must be from 1 to 11, got 0",
    "step=99": "step must be from 1 to 11, got 99",
    "step=-1": "update is empty",
    "step=2001-1": "update must be from 1 to 2000",
    "step=1-2-3": "step must look like 9 or 2-9",
    "assumed=1": "assumed must be from 0.001 to 0.999",
    "f=sigmoid,relu": "assumed needs one sigmoid output",
    "b=1,0,0,0;0": "b must be 0 if bias=no",
    "pick=q.1": "pick must name a number of the network",
    "depth=51": "depth must be from 1 to 50",
    "init=best": "init must be one of normal",
    "xseed=200": "xseed must be from 0 to 199",
    "colour=red": "“colour” is unknown",
    "x=%E0%A4%A": "URI malformed",
}


def test_steps_are_counted_as_on_the_page(golden):
    body = """return ["", "step=1", "step=9", "step=1-9", "step=2-1", "step=10-3"].map((link) => {
      const state = m.decode(link, given), seen = n.view(state);
      return [seen.epoch + 1, seen.index + 1, m.encode(state, given)];
    });"""
    found = node.evaluate("address.mjs", body, golden)
    places = [[1, 1, ""], [1, 1, ""], [1, 9, "step=9"], [1, 9, "step=9"], [2, 1, "step=2-1"]]
    assert found == [*places, [10, 3, "step=10-3"]]


def test_a_decimal_comma_is_told_how_to_write(golden):
    body = 'try { return m.readNumber("ŷ", given, [0, 1]); } catch (problem) { return problem.message; }'
    assert node.evaluate("address.mjs", body, "0,9") == "ŷ needs a decimal point, not a comma: 0.9"


def test_a_damaged_link_is_named(golden):
    body = """return given.links.map((link) => {
      try { m.decode("#" + link, given.golden); return ""; } catch (problem) { return problem.message; }
    });"""
    messages = node.evaluate("address.mjs", body, {"golden": golden, "links": list(DAMAGED)})
    for (link, expected), message in zip(DAMAGED.items(), messages, strict=True):
        assert expected in message, link


@pytest.mark.parametrize(
    "text, value", [("1,5", None), ("−3", -3), (" 2e-3 ", 0.002), ("+.5", 0.5), ("", None)]
)
def test_numbers_as_people_type_them(text, value):
    body = 'try { return m.readNumber("weight", given, [-5, 5]); } catch { return null; }'
    assert node.evaluate("address.mjs", body, text) == value

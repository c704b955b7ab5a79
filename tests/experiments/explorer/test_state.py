"""A state is what the address says, stepping back undoes stepping forward, and damage is named."""

import node
import pytest

CASES = """
const start = m.initial(given), cases = Object.values(m.presets(given));
const answered = {...start, answers: {1: ["0.5", ""], 7: ["1,2=3&4", "ä"]}, open: ["1", "7"]};
const trained = m.edited(m.withBiases({...start, ...cases[1], steps: 25}, true), "b.0.2", -0.25);
const other = {...m.withActivation(start, 1, "tanh"), pick: "w.0.2.1", steps: 0};
const moved = m.edited(m.edited(m.edited(start, "w.1.3.0", 1 / 3), "x.1", -2), "rate", 0.7);
const scenes = {...start, deep: {...start.deep, depth: 50, functions: ["tanh", "gelu"]},
  xor: {width: 4, rate: 0.5, seed: 17}, from: [17, 0.5, 5000]};
const states = [start, answered, trained, other, moved, scenes, ...cases.map((c) => ({...start, ...c}))];
"""


def test_every_state_comes_back_from_its_address(golden):
    body = (
        CASES
        + "return states.map((s) => [s, m.decode('#' + m.encode(s, given), given), m.encode(s, given)]);"
    )
    found = node.evaluate("state.mjs", body, golden)
    for state, again, _ in found:
        assert again == state
    assert found[0][2] == ""
    assert len({address for _, _, address in found}) == len(found) - 1  # the first preset is the start


def test_forward_then_back_is_the_identity(golden):
    body = (
        CASES
        + """const there = (s, by) => m.stepped(m.stepped(s, by), -by);
    return [states.map((s) => [s, there(s, 1), there(s, 40)]), m.stepped({...start, steps: 0}, -1).steps];"""
    )
    rows, first = node.evaluate("state.mjs", body, golden)
    for state, *again in rows:
        assert again == [state, state]
    assert first == 0


def test_an_update_starts_from_the_weights_of_the_one_before(golden):
    body = """const s = {...m.initial(given), steps: 10};
    const before = m.view(s), after = m.view(m.stepped(s, 1));
    return [before.updated, after.params, before.epoch, after.epoch, after.phase, before.activations.at(-1),
      after.activations.at(-1)];"""
    updated, params, first, second, phase, assumed, passed = node.evaluate("state.mjs", body, golden)
    assert updated == params
    assert (first, second, phase) == (0, 1, {"kind": "x", "layer": 0})
    assert assumed == [golden["assumed"]]  # the handout assumes it for one step
    assert passed != assumed


def test_what_is_edited_is_what_is_seen(golden):
    body = """const s = {...m.initial(given), assumed: null, steps: 30}, seen = m.view(s);
    const after = m.edited(s, "w.1.0.0", 2);
    return [seen.params, after.params, after.steps, seen.index];"""
    seen, params, steps, index = node.evaluate("state.mjs", body, golden)
    assert steps == index
    assert params[0] == seen[0]
    assert params[1]["weights"] == [[2], *seen[1]["weights"][1:]]


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
    "step=-1": "step must be from 0 to",
    "assumed=1": "assumed must be from 0.001 to 0.999",
    "f=sigmoid,relu": "assumed needs one sigmoid output",
    "b=1,0,0,0;0": "b must be 0 where bias=no",
    "pick=q.1": "pick is no number of the network",
    "depth=51": "depth must be from 1 to 50",
    "init=best": "init must be one of normal",
    "xseed=200": "xseed must be from 0 to 199",
    "colour=red": "“colour” is unknown",
    "x=%E0%A4%A": "URI malformed",
}


def test_a_damaged_link_is_named(golden):
    body = """return given.links.map((link) => {
      try { m.decode("#" + link, given.golden); return ""; } catch (problem) { return problem.message; }
    });"""
    messages = node.evaluate("state.mjs", body, {"golden": golden, "links": list(DAMAGED)})
    for (link, expected), message in zip(DAMAGED.items(), messages, strict=True):
        assert expected in message, link


@pytest.mark.parametrize(
    "text, value", [("1,5", None), ("−3", -3), (" 2e-3 ", 0.002), ("+.5", 0.5), ("", None)]
)
def test_numbers_as_people_type_them(text, value):
    body = 'try { return m.readNumber("weight", given, [-5, 5]); } catch { return null; }'
    assert node.evaluate("state.mjs", body, text) == value

"""Stepping back undoes stepping forward, and an edit changes what is shown."""

import node

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
    assert assumed == [golden["assumed"]]  # the handout assumes this ŷ for one step
    assert passed != assumed


def test_what_is_edited_is_what_is_seen(golden):
    body = """const s = {...m.initial(given), assumed: null, steps: 30}, seen = m.view(s);
    const after = m.edited(s, "w.1.0.0", 2);
    return [seen.params, after.params, after.steps, seen.index];"""
    seen, params, steps, index = node.evaluate("state.mjs", body, golden)
    assert steps == index
    assert params[0] == seen[0]
    assert params[1]["weights"] == [[2], *seen[1]["weights"][1:]]

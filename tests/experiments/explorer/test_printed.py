"""Each of the handout's printed numbers stands beside the network's number that it belongs to."""

import node
import pytest


def test_each_printed_number_stands_at_its_true_one(golden):
    body = """const state = {...n.initial(given)}, seen = n.view(state);
    const value = {z: (l, j) => seen.netInputs[l][j], a: (l, j) => seen.activations[l + 1][j],
      d: (l, j) => seen.deltas[l][j],
      w: (l, i, j) => seen.changes[l].weights[i][j], u: (l, i, j) => seen.updated[l].weights[i][j]};
    return m.printedRows(given).filter((row) => row.id).map((row) => {
      const [kind, ...at] = row.id.split(".");
      return [row.step, row.computed, value[kind](...at.map(Number)), row.agrees];
    });"""
    rows = node.evaluate("printed.mjs", body, golden)
    assert len(rows) == 12
    for step, computed, shown, _ in rows:
        assert shown == pytest.approx(computed, rel=1e-12), step
    assert [step for step, _, _, agrees in rows if not agrees] == [
        "δ of h₁",
        *["weight change x → h₁"] * 3,
        *["updated weight x → h₁"] * 3,
    ]


def test_every_printed_number_is_told_at_some_step(golden):
    body = """const phases = n.phases(n.initial(given).network).map(({ kind, layer }) => kind + layer);
    return m.printedRows(given).map((row) => phases.includes(row.phase));"""
    found = node.evaluate("printed.mjs", body, golden)
    assert found == [True] * len(golden["printed"])


def test_only_the_handouts_own_case_has_printed_numbers(golden):
    body = """const start = n.initial(given), other = n.edited(start, "x.0", 1.5);
    return [start, other].map((s) => {
      const own = m.isHandout(s, given, n.view(s).epoch);
      const wrong = m.wronglyPrinted(given, own);
      return [own, wrong("d.0.0")?.text ?? null, wrong("d.1.0")];
    });"""
    assert node.evaluate("printed.mjs", body, golden) == [[True, "0.02473567", None], [False, None, None]]

"""Every formula's numbers, typed into a calculator, give the result that the formula states."""

import re

import node
import numpy as np
import pytest

ALL = """
const start = n.initial(given), cases = Object.values(n.presets(given));
const biased = n.edited(n.withBiases(start, true), "b.0.1", 0.7);
const tanh = n.withActivation({...biased, assumed: null}, 0, "tanh");
const states = [start, {...start, ...cases[1]}, {...start, ...cases[4]}, biased, tanh];
const looked = (state, steps) => {
  const at = {...state, steps}, seen = {...n.view(at), order: n.phases(at.network)};
  return m.computedNow(at, seen).map((id) => [id, m.formula(at, seen, id)]);
};
"""


def calculated(text):
    """Compute a formula's numbers as a calculator would."""
    power = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
    text = re.sub(r"·10([⁻⁰-⁹¹²³]+)", lambda m: f"*10**({m[1].translate(power)})", text)
    text = text.replace("²", "**2").replace("·", "*").replace("−", "-").replace("e^", "2.718281828459045**")
    text = re.sub(r" \(z [^)]*\)", "", text)
    return eval(text, {"tanh": np.tanh, "max": max, "ln": np.log})


def test_the_numbers_of_every_formula_give_its_value(golden):
    body = ALL + "return states.flatMap((s) => [...Array(11).keys()].flatMap((k) => looked(s, k)));"
    found = node.evaluate("formulas.mjs", body, golden)
    assert len(found) > 200
    for identity, told in found:
        if told["numbers"]:
            assert calculated(told["numbers"]) == pytest.approx(told["value"], rel=2e-6, abs=1e-12), (
                identity,
                told,
            )
    assert {identity[0] for identity, told in found if told["numbers"]} == set("zaedwu")


def test_the_sum_at_the_output_is_shown_where_its_activation_is_assumed(golden):
    body = """const s = n.initial(given), seen = {...n.view(s), order: n.phases(s.network)};
    return [m.formula(s, seen, "z.1.0"), m.formula(s, seen, "a.1.0"), m.formula(s, seen, "e.0"),
      m.addedUp(s, seen, 1)];"""
    z, a, e, sums = node.evaluate("formulas.mjs", body, golden)
    assert sums == [z["value"]] == [pytest.approx(1.160652, rel=1e-6)]
    assert "the assumed 0.6 replaces" in z["note"]
    assert a["value"] == golden["assumed"]
    assert "0.7614" in a["note"]
    assert "SSE = Σ (y − ŷ)², is 0.16." in e["note"]


@pytest.mark.parametrize(
    "value, text",
    [
        (0.009885435, "0.009885435"),
        (-0.5, "−0.5"),
        (0, "0"),
        (1.5e-9, "1.5·10⁻⁹"),
        (2e12, "2·10¹²"),
        (12.0, "12"),
        (-123456.78, "−123456.8"),
    ],
)
def test_numbers_as_they_are_shown(value, text):
    assert node.evaluate("formulas.mjs", "return m.show(given)", value) == text


def test_numbers_in_little_room_have_few_digits():
    values = [0.8017873, -0.765, -12.34, 99.96, 123.4, 999.7, -1000, 0.0123, 0.0046, 0]
    texts = ["0.8", "−0.77", "−12.3", "100", "123", "1·10³", "−1·10³", "0.01", "5·10⁻³", "0"]
    assert node.evaluate("formulas.mjs", "return given.map(m.brief)", values) == texts
    assert node.evaluate("formulas.mjs", "return m.show(9.99, 1)", None) == "1·10¹"


def test_an_id_of_another_network_has_no_formula(golden):
    body = """const at = n.initial(given), seen = {...n.view(at), order: n.phases(at.network)};
    return ["x.3", "z.0.4", "w.0.3.0", "w.2.0.0", "d.1.1", "q.1"].map((id) => m.formula(at, seen, id));"""
    assert node.evaluate("formulas.mjs", body, golden) == [None] * 6

"""Check the handout's numbers, and check the exercise's cases against NumPy."""

import numpy as np
import pytest

from experiments.walkthrough import numbers


def test_every_printed_number_and_only_the_slips_differ():
    data = numbers.printed_numbers()
    printed, half = data["printed"].values, data["half_unit"].values
    assert data.sizes["number"] == 21
    agrees = abs(data["computed"].values - printed) <= half
    # Everything from the hidden delta on is wrong: four terms, their sum, δ_h1, three changes, three weights.
    assert agrees.tolist() == [True] * 9 + [False] * 12
    assert (abs(data["by_printed_rule"].values - printed) <= half).all()
    assert [bool(why) for why in data["why"].values] == (~agrees).tolist()


@pytest.mark.parametrize("text, decimals, half", [("0.192", 3, 0.0005), ("-1.5", 1, 0.05), ("3", 0, 0.5)])
def test_what_a_printed_number_stands_for(text, decimals, half):
    assert numbers.decimals(text) == decimals
    np.testing.assert_allclose(numbers.half_unit(text), half, rtol=1e-15)


@pytest.mark.parametrize("name", numbers.CASES)
def test_a_case_against_numpy(name):
    """NumPy computes one training step: z = x W, a = f(z), δ, and α·δ·a, without biases."""

    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    def activate(kind, z):
        a = sigmoid(z) if kind == "sigmoid" else np.maximum(z, 0)
        return a, a * (1 - a) if kind == "sigmoid" else (z > 0) * 1.0

    case = numbers.CASES[name]
    x, first, last = np.array(numbers.INPUT), np.array(numbers.INPUT_WEIGHTS), np.array(case.weights)
    a_hidden, slope = activate(case.hidden, x @ first)
    a_output, output_slope = activate(case.output, a_hidden @ last)
    if case.assumed is not None:
        a_output, output_slope = case.assumed, case.assumed * (1 - case.assumed)
    delta_output = 2 * (1 - a_output) * output_slope
    delta_hidden = last * delta_output * slope
    hidden, output = numbers.training_step(case)
    expected = {
        "activation": (a_hidden, a_output),
        "delta": (delta_hidden, delta_output),
        "change": (0.01 * np.outer(x, delta_hidden), 0.01 * delta_output * a_hidden),
        "weight": (first, last),
    }
    for what, pair in expected.items():
        for layer, values in zip((hidden, output), pair, strict=True):
            np.testing.assert_allclose(getattr(layer, what), values, rtol=1e-12, err_msg=what)


def test_an_assumed_output_has_the_net_input_that_gives_it():
    _, output = numbers.training_step(numbers.CASES[numbers.TEXT_ASSUMED])
    np.testing.assert_allclose(output.net_input, np.log(0.6 / 0.4), rtol=1e-12)


def test_the_groups_hold_every_case():
    groups = numbers.cases()
    assert groups["cases"]["case"].values.tolist() == list(numbers.CASES)
    assert dict(groups["cases/hidden_layer"].sizes) == {"case": 6, "input": 3, "hidden": 4}
    assert dict(groups["cases/output_layer"].sizes) == {"case": 6, "hidden": 4}

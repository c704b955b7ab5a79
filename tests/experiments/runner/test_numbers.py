"""Numbers on a page show only known digits, with typographic signs, in the same way in every sentence."""

import pytest

from experiments.runner import numbers


@pytest.mark.parametrize(
    "bounds, text",
    [
        ((0.93086155, 0.93086165), "0.9308616 ± 5e−08"),
        ((0.0, 0.5), "0 to 0.5"),
        ((1.0, 1.0), "1"),
        (("-inf", 2.0), "≤ 2"),
        ((-2.0, "inf"), "≥ −2"),
    ],
)
def test_expected_values_are_readable(bounds, text):
    assert numbers.interval(bounds) == text


@pytest.mark.parametrize(
    "value, bounds, text",
    [
        (0.9308616, (0.9308616, 0.9308616), "0.9308616"),
        (0.195, (0.1195202, 0.3018078), "0.195 [0.120, 0.302]"),
        (-0.7333333, (-0.7811112, -0.6811093), "−0.733 [−0.781, −0.681]"),
        (5.4075e-05, (3.5441e-05, 0.0002587), "0.000054 [0.000035, 0.000259]"),
        (1234567.0, (1200000.0, 1300000.0), "1.23e+06 [1.2e+06, 1.3e+06]"),
        (2.0, (1.0, "inf"), "2 [1, ∞]"),
    ],
)
def test_measured_values_are_as_long_as_they_are_known(value, bounds, text):
    assert numbers.measured(value, bounds) == text


@pytest.mark.parametrize(
    "text, shown",
    [
        ("mean -0.005, lowest -1", "mean −0.005, lowest −1"),
        ("1e-3 (-2 to 4)", "1e−3 (−2 to 4)"),
        ("XOR 2-2-1, half-way", "XOR 2-2-1, half-way"),
    ],
)
def test_minus_signs_are_those_of_print(text, shown):
    assert numbers.typeset(text) == shown


@pytest.mark.parametrize(
    "value, bounds, how, text",
    [
        (-0.27075, (-0.30075, -0.2405), "", "−0.271 [−0.301, −0.240]"),
        (-0.27075, (-0.30075, -0.2405), "%", "−27 % [−30, −24]"),
        (-0.27075, (-0.30075, -0.2405), "points", "−27 points [−30, −24]"),
        (-0.019, (-0.0218, -0.0164), "%", "−1.9 % [−2.2, −1.6]"),
        (-0.27075, (-0.30075, -0.2405), "value%", "−27 %"),
        (3712.0, (3600.0, 3900.0), "value", "3,710"),
        (0.55, (0.237, 0.828), "%", "55 % [24, 83]"),
        (0.19212, (0.19212, 0.19212), "", "0.1921"),
        (21691.0, (21691.0, 21691.0), "", "21,691"),
        (2.0, (1.0, "inf"), "", "2"),
        (1.6e-31, (1.4e-31, 1.7e-31), "", "1.6·10⁻³¹ [1.4·10⁻³¹, 1.7·10⁻³¹]"),
    ],
)
def test_a_story_tells_numbers_as_they_are_known(value, bounds, how, text):
    assert numbers.told(value, bounds, how) == text


def test_a_paragraph_is_filled_with_findings():
    findings = [{"id": "a-b", "measured": 0.5, "interval": [0.4, 0.6]}]
    assert (
        numbers.filled("Of {{all}} {a-b:%}, {gone}.", findings) == "Of {all} 50 % [40, 60], (not measured)."
    )
    assert numbers.references("Of {{all}} {a-b:%}, {gone}.") == {"a-b", "gone"}
    with pytest.raises(ValueError, match="formatted as %, points, or value; got 'x'"):
        numbers.filled("{a-b:x}", findings)

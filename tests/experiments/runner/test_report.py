"""The page stands alone, escapes, marks smoke runs, and shows numbers as long as they are known."""

import re

import pytest
import tiny

from experiments.runner import report, store


def page(out):
    return report.write(out, store.stored(out, ["tiny"])[0]).read_text()


def test_the_page_stands_alone_and_escapes(tmp_path):
    tiny.saved(tmp_path)
    text = page(tmp_path)
    sources = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert sources
    assert all(source.startswith(("data:image/png;base64,", "#")) for source in sources)
    assert "url(" not in text
    assert "A line &amp; its &lt;caption&gt;" in text
    assert "✓ agrees" in text
    assert 'id="tiny-sum"' in text
    assert "Smoke run" not in text
    assert "<td>theorem</td><td>1</td><td>0</td><td>0</td><td>0</td>" in text
    assert "theorem: arithmetic" in text


def test_the_explorer_is_linked_where_it_is(tmp_path):
    tiny.saved(tmp_path)
    assert "explorer" not in page(tmp_path)
    (tmp_path / "explorer.html").touch()
    assert 'href="explorer.html"' in page(tmp_path)


def test_a_smoke_run_is_marked_and_not_judged(tmp_path):
    tiny.saved(tmp_path, smoke=True)
    text = page(tmp_path)
    assert text.count("Smoke run") == 2
    assert "agrees</span>" not in text


@pytest.mark.parametrize(
    "command, typed",
    [
        ("python -m experiments tiny", "make experiment NAME=tiny"),
        (
            "python -m experiments tiny --size 7 --explode",
            'make experiment NAME=tiny ARGS="--size 7 --explode"',
        ),
    ],
)
def test_the_command_to_run_it_again_works_in_a_fresh_clone(command, typed):
    assert report.again(command) == typed


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
    assert report.interval(bounds) == text


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
    assert report.measured(value, bounds) == text


@pytest.mark.parametrize(
    "text, shown",
    [
        ("mean -0.005, lowest -1", "mean −0.005, lowest −1"),
        ("1e-3 (-2 to 4)", "1e−3 (−2 to 4)"),
        ("XOR 2-2-1, half-way", "XOR 2-2-1, half-way"),
    ],
)
def test_minus_signs_are_those_of_print(text, shown):
    assert report.typeset(text) == shown

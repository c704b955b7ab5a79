"""The output that a person reads while experiments run."""

import dataclasses
import io

import pytest
import xarray as xr
from rich.console import Console
from tiny import TINY

from experiments.runner import terminal
from experiments.runner.store import Result


@pytest.fixture
def console():
    return Console(file=io.StringIO(), width=100)


@pytest.mark.parametrize(
    "minutes, full, text",
    [
        ((0.4, 120.0), False, "1 experiment, about 1 minute on two cores"),
        ((2.6, 80.0), True, "1 experiment, about 80 minutes on two cores"),
        ((0.4, 120.0), True, "1 experiment, about 2.0 hours on two cores"),
    ],
)
def test_the_estimate(console, minutes, full, text):
    terminal.print_estimate(console, [dataclasses.replace(TINY, minutes=minutes)], full)
    assert console.file.getvalue() == text + "\n"


@pytest.mark.parametrize(
    "smoke, words", [(False, ["✓ confirmed"]), (True, ["not judged", "too small to judge"])]
)
def test_tables_and_findings(console, smoke, words):
    data = xr.Dataset({"x": ("n", [4, 6])})
    terminal.print_result(console, Result(TINY.findings(data), TINY.tables(data), {}), smoke, tables=True)
    text = console.file.getvalue()
    assert all(word in text for word in [*words, "Numbers", "the sum is 10"])
    assert smoke == ("confirmed" not in text)
    assert ("theorem: 1 not judged" if smoke else "theorem: 1 confirmed") in text


def test_findings_come_alone_unless_tables_are_wanted(console):
    data = xr.Dataset({"x": ("n", [4, 6])})
    terminal.print_result(console, Result(TINY.findings(data), TINY.tables(data), {}), False)
    text = console.file.getvalue()
    assert "Numbers" not in text
    assert "1 table: --tables prints them" in text


@pytest.mark.parametrize("width", [120, 80, 50])
def test_no_number_is_cut_in_a_narrow_terminal(width):
    out = io.StringIO()
    narrow = Console(file=out, width=width)
    header = tuple(f"column {k}" for k in range(6))
    numbers = [str(k) + "." + "1234567890" for k in range(6)]
    terminal.print_result(narrow, Result([], {"Wide": (header, [numbers])}, {}), False, tables=True)
    text = out.getvalue()
    assert all(number in text for number in numbers)
    assert max(map(len, text.splitlines())) <= width
    assert ("┃" in text.split("Findings")[0]) == (width == 120)


def test_counts_by_class_are_sentences(console):
    (one,) = TINY.findings(xr.Dataset({"x": ("n", [10])}))
    other = dataclasses.replace(one, interval=(9.0, 9.0))
    lines = terminal.counted_by_class([one, one, other], smoke=False)
    assert lines == ["theorem: 2 confirmed, 1 refuted"]


def test_two_lists_of_seeds_take_twice_as_long_where_something_is_drawn(console):
    drawn = dataclasses.replace(TINY, minutes=(1.0, 10.0))
    chosen = [drawn, dataclasses.replace(drawn, second_list=False)]
    terminal.print_estimate(console, chosen, True, 2)
    assert "about 30 minutes" in console.file.getvalue()

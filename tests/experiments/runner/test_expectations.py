"""All expectations are in one file; each of its tables is complete, and mistakes are reported."""

import datetime

import pytest

from experiments.runner import catalogue, expectations
from experiments.runner.expectations import CLASSES, Expectation, Expectations

TABLE = {
    "class": "guess",
    "source": "nobody",
    "since": datetime.date(2026, 11, 26),
    "why": "no reason",
    "expected": [0, 1],
}


def read(**changes):
    """Read a table with these changes; a key changed to None is left out."""
    table = {name: value for name, value in (TABLE | changes).items() if value is not None}
    return Expectations("tiny", {"sum": table})["sum"]


def test_every_table_of_the_file_is_complete():
    for name in expectations._everything():
        assert name in catalogue.names()
        for expectation in expectations.of(name).values():
            assert expectation.kind in CLASSES
            assert expectation.source
            assert expectation.why


def test_a_table():
    expectation = Expectation(
        "sum", kind="guess", source="nobody", expected=(0.0, 1.0), why="no reason", since="2026-11-26"
    )
    assert read() == expectation
    assert read(after=True).after is True
    assert read(expected=[-float("inf"), 2]).expected == (-float("inf"), 2.0)


def test_bounds_that_are_computed():
    around = read(expected=None, tolerance=0.5)
    assert around.expected is None
    assert around.around(2.0).expected == (1.5, 2.5)
    assert read(expected=None, rule="0 to the bound").between(0, 3).expected == (0.0, 3.0)
    with pytest.raises(ValueError, match="sum has no tolerance"):
        read().around(1.0)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"why": None}, r"\[tiny.sum\]: why missing"),
        ({"wide": 1}, r"\[tiny.sum\]: wide unknown"),
        ({"class": "hope"}, "class must be one of theorem, .*; got 'hope'"),
        ({"tolerance": 0.1}, "give one of expected, rule, tolerance"),
        ({"expected": None}, "give one of expected, rule, tolerance"),
        ({"expected": [1, 0]}, r"expected must be \[low, high\] with low <= high; got \[1, 0\]"),
        ({"since": "soon"}, "since must be a date, such as 2026-11-26; got 'soon'"),
    ],
)
def test_what_is_wrong_is_named(changes, message):
    with pytest.raises(ValueError, match=message):
        read(**changes)


def test_what_is_missing_is_named():
    with pytest.raises(KeyError, match=r"expectations.toml has no table \[digits.nothing\]"):
        expectations.of("digits")["nothing"]
    with pytest.raises(KeyError, match=r"has no table \[nothing"):
        expectations.of("nothing")
    assert len(expectations.of("digits")) == len(list(expectations.of("digits")))


def test_the_digest_follows_the_file(tmp_path, monkeypatch):
    before = expectations.digest()
    (tmp_path / "expectations.toml").write_text("changed")
    monkeypatch.setattr(expectations, "FILE", tmp_path / "expectations.toml")
    assert len(before) == 64
    assert expectations.digest() != before

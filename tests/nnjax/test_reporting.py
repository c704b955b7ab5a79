"""What is printed can be read."""

from nnjax import reporting


def test_columns_are_aligned():
    text = reporting.table([("layer", "n"), ("in", "12"), ("out", "")])
    assert str(text) == "layer   n\nin     12\nout"
    assert repr(text) == str(text)

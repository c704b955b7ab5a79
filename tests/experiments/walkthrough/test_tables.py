"""The walkthrough's tables show numbers as a reader expects them."""

import pytest

from experiments.walkthrough.tables import SLIPS, digits, number, tables


@pytest.mark.parametrize(
    "value, form, text",
    [(-0.25, ".2f", "−0.25"), (-0.001, ".2f", "0.00"), (2.5, "g", "2.5"), (1.5, "+.1f", "+1.5")],
)
def test_number(value, form, text):
    assert number(value, form) == text


def test_digits():
    assert [digits(value) for value in (2.6, 0.00988543479, 3.0)] == ["2.6", "0.0098854348", "3"]


def test_every_row_has_as_many_cells_as_its_header(data):
    for title, (header, rows) in tables(data).items():
        assert rows, title
        assert {len(row) for row in rows} == {len(header)}, title
    assert tables(data)["Other slips"][1] == SLIPS


def test_what_the_tables_say_of_the_hidden_delta(data):
    _, rows = tables(data)["Where the handout differs, and why"]
    assert ("δ of h₁", "0.02473567", "0.0098854348") in [row[:3] for row in rows]
    assert len(rows) == 12


def test_the_training_table_names_the_first_epoch_below_the_threshold(data):
    changed = data.copy(deep=True)
    norm = changed["training"]["gradient_norm"].values
    changed["training"] = changed["training"].to_dataset().assign_attrs(threshold=float(norm[42]) * 1.0001)
    first = int((norm < norm[42] * 1.0001).argmax())
    _, rows = tables(changed)["Exercise: training until it converges"]
    assert [row[0] for row in rows if row[3]] == [str(first)]
    assert [row[0] for row in rows if not row[3]] == ["0", "1", "10", "100", "199"]

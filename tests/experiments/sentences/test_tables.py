"""The tables of made-up data."""

from experiments.sentences.tables import tables as tables_of


def test_tables(data):
    tables = tables_of(data)
    for header, rows in tables.values():
        assert rows
        assert all(len(row) == len(header) and all(isinstance(cell, str) for cell in row) for row in rows)
    updates, rows, regression, xor, questions, widths = (rows for _, rows in tables.values())
    assert [row[1] for row in updates[:2]] == ["100.0%", "70.0%"]
    assert updates[2] == ["change of x₃ → h₁ smaller than the change of h₁ → o", "50.0%", "100.0%"]
    assert rows[1] == ["48 rows", "100", "65.0% (0.1), 70.0% (0.2), 60.0% (0.3)"]
    assert regression[0][1:] == ["0.440", "0.250", "0.470"]
    assert xor[0] == ["plain", "0.5", "75.0%", "200"]
    assert questions == [["and + or", "75 of 75"]]
    assert widths[0][1:] == ["1", "0.100", "0.200", "0.400"]

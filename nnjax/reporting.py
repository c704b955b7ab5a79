"""What people read: tables as text, and how far a sweep is. Plain print, no terminal library."""

from collections.abc import Sequence


class Text(str):
    """A text that a notebook and the interactive prompt show as print does."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def table(rows: Sequence[Sequence[str]]) -> Text:
    """Align the columns of a table, the first row its head; all but the first column to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            f"{cell:{'>' if place else '<'}{width}}"
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return Text("\n".join(line.rstrip() for line in lines))

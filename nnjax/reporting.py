"""Text for human readers: tables and the progress of a sweep, printed without any terminal library."""

import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

BAR = 20
"""The width of a bar in characters."""
OFTEN, SELDOM = 0.5, 60.0
"""Seconds between two updates of a bar, and between two lines in a log file."""


class Text(str):
    """Text that a notebook and the interactive prompt show just as `print` does."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def table(rows: Sequence[Sequence[str]]) -> Text:
    """Align a table whose first row is its header: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            f"{cell:{'>' if place else '<'}{width}}"
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return Text("\n".join(line.rstrip() for line in lines))


def progress(label: str = "") -> Callable[[int, int], None]:
    """Make an `on_segment` that prints a sweep's progress: `nnjax.sweep(..., on_segment=nnjax.progress())`.

    In a terminal or a notebook, the progress is a growing bar; elsewhere, such as in a log file, one line is
    printed per minute.

    Args:
        label: A name for the sweep, which is printed before the bar.
    """
    return _Progress(label)


class _Progress:
    """The progress printed so far; one object can follow several sweeps, one after the other."""

    def __init__(self, label: str, clock: Callable[[], float] = time.monotonic, out: Any = None):
        self._label, self._clock, self._out = label, clock, out
        self._began = self._first = self._printed = clock()
        self._done_at_first, self._last = 0, (0, 0)
        self._width = 0

    def __call__(self, done: int, total: int) -> None:
        """Print the progress if an update is due."""
        now, live = self._clock(), self._is_live()
        if self._last[1] != total or done < self._last[0]:
            self._restart(now, done, again=self._last[1] > 0)
        self._last = (done, total)
        if done < total and now - self._printed < (OFTEN if live else SELDOM):
            return
        self._printed = now
        line = f"{self._label} " if self._label else ""
        line += self._bar(done, total) + self._times(now, done, total)
        if not live:
            print(line, file=self._out or sys.stdout, flush=True)
            return
        end = "\n" if done == total else ""
        print(f"\r{line:<{self._width}}", end=end, file=self._out or sys.stdout, flush=True)
        self._width = 0 if done == total else len(line)

    def _restart(self, now: float, done: int, again: bool) -> None:
        self._first, self._done_at_first = now, done
        if again:
            self._began = self._printed = now

    def _is_live(self) -> bool:
        out = self._out or sys.stdout
        return out.isatty() or ("ipykernel" in sys.modules and type(out).__module__.startswith("ipykernel"))

    def _bar(self, done: int, total: int) -> str:
        filled = BAR * done // total
        return f"[{'#' * filled}{'.' * (BAR - filled)}] {done:,}/{total:,}  "

    def _times(self, now: float, done: int, total: int) -> str:
        elapsed = f"{clock(now - self._began)} elapsed"
        if done == total:
            return elapsed
        fresh, since = done - self._done_at_first, now - self._first
        rate = fresh / since if fresh and since else done / max(now - self._began, 1e-9)
        return f"{elapsed}, about {clock((total - done) / rate)} left" if rate else elapsed


def clock(seconds: float | int) -> str:
    """Write a time as on a clock, as in 1:05 or 2:00:00."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"

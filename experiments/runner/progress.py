"""How far an experiment is: parts and seeds done, in bars on a terminal; anywhere else it stays quiet."""

import contextlib
from collections.abc import Callable, Iterator

from rich import progress
from rich.console import Console

OnSegment = Callable[[int, int], None]


class Progress:
    """The bars of one experiment: one for its parts, and one for each of its sweeps while it runs.

    `Progress()` shows nothing. Threads may share one.
    """

    def __init__(self, bars: progress.Progress | None = None, title: str = "") -> None:
        self._bars = bars
        self._whole = bars.add_task(title, total=None, unit="parts") if bars else None

    def report(self, done: int, total: int) -> None:
        """Say that `done` of an experiment's `total` parts are done."""
        if self._bars and self._whole is not None:
            self._bars.update(self._whole, completed=done, total=total)

    def stopping(self) -> None:
        """Say that what runs is being ended, which takes until its next check."""
        if self._bars and self._whole is not None:
            self._bars.update(self._whole, description="stopping")

    @contextlib.contextmanager
    def sweep(self, name: str, settings: int = 1) -> Iterator[OnSegment]:
        """Show a bar for one sweep; gives what `nnjax.sweep(..., on_segment=)` takes.

        Args:
            name: What to call it.
            settings: How many a seed runs through; runs are shown as seeds.
        """
        if self._bars is None:
            yield lambda done, total: None
            return
        bars, bar = self._bars, self._bars.add_task(f"  {name:.40}", total=None, unit="seeds")
        try:
            yield lambda done, total: bars.update(bar, completed=done / settings, total=total / settings)
        finally:
            bars.remove_task(bar)


class _Count(progress.ProgressColumn):
    """Done of all."""

    def render(self, task: progress.Task) -> str:
        return f"{task.completed:,.0f}/{task.total:,.0f} {task.fields['unit']}" if task.total else ""


class _Speed(progress.ProgressColumn):
    """Seeds per second; parts are too unlike each other for a speed."""

    def render(self, task: progress.Task) -> str:
        if task.fields["unit"] != "seeds" or not task.speed:
            return ""
        return f"{task.speed:,.{0 if task.speed >= 10 else 2}f} seeds/s"


@contextlib.contextmanager
def shown(console: Console, title: str) -> Iterator[Progress]:
    """Bars with speed and time left while the block runs; nothing in a log."""
    columns = (
        progress.SpinnerColumn(),
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(bar_width=20),
        _Count(),
        _Speed(),
        progress.TimeElapsedColumn(),
        progress.TextColumn("elapsed, about"),
        progress.TimeRemainingColumn(),
        progress.TextColumn("left"),
    )
    shown_where = {"console": console, "transient": True, "disable": not console.is_terminal}
    with progress.Progress(*columns, speed_estimate_period=600, **shown_where) as bars:
        yield Progress(bars, title)

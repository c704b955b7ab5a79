"""The progress of an experiment, shown as bars on a terminal, or in a log as a line every minute."""

import contextlib
import time
from collections.abc import Callable, Iterator

from rich import progress
from rich.console import Console

from nnjax.reporting import clock

OnSegment = Callable[[int, int], None]
SELDOM = 60.0
"""Seconds between lines of a log."""
WIDE = 110
"""The width in characters from which on a line has room for long names, long bars and the speed."""


class Progress:
    """The bars of one experiment: one for its parts, and one for each sweep while that sweep runs.

    `Progress()` shows nothing. Threads may share one `Progress`.
    """

    def __init__(self, bars: progress.Progress | None = None, title: str = "") -> None:
        self._bars = bars
        self._room = 40 if bars and bars.console.width >= WIDE else 16
        self._whole = bars.add_task(title, total=None, unit="parts") if bars else None

    def report(self, done: int, total: int) -> None:
        """Show that `done` of the experiment's `total` parts are finished."""
        if self._bars and self._whole is not None:
            self._bars.update(self._whole, completed=done, total=total)

    def stopping(self) -> None:
        """Show that the run is being stopped, which happens at the run's next check."""
        if self._bars and self._whole is not None:
            self._bars.update(self._whole, description="stopping")

    @contextlib.contextmanager
    def sweep(self, name: str, settings: int = 1) -> Iterator[OnSegment]:
        """Show a bar for one sweep, and yield the function that `nnjax.sweep(..., on_segment=)` takes.

        Args:
            name: The bar's label.
            settings: Number of settings that each seed runs through; progress is shown in seeds.
        """
        if self._bars is None:
            yield lambda done, total: None
            return
        bars, bar = self._bars, self._bars.add_task(f"  {name:.{self._room}}", total=None, unit="seeds")
        try:
            yield lambda done, total: bars.update(bar, completed=done / settings, total=total / settings)
        finally:
            bars.remove_task(bar)


class _Log(Progress):
    """A line every minute, for a log file: the progress of the parts, and of the sweep that reported last."""

    def __init__(self, console: Console, title: str, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._console, self._title, self._clock = console, title, clock
        self._began = self._printed = clock()
        self._parts = ""

    def report(self, done: int, total: int) -> None:
        """Show that `done` of the experiment's `total` parts are finished."""
        self._parts = f", {done}/{total} parts"
        self._print("")

    @contextlib.contextmanager
    def sweep(self, name: str, settings: int = 1) -> Iterator[OnSegment]:
        """Yield the function that `nnjax.sweep(..., on_segment=)` takes; all threads share one line."""
        yield lambda done, total: self._print(
            f", {name} {done / settings:,.0f}/{total / settings:,.0f} seeds"
        )

    def _print(self, sweep: str) -> None:
        now = self._clock()
        if now - self._printed >= SELDOM:
            self._printed = now
            minutes = f"{(now - self._began) / 60:.0f} min"
            self._console.print(f"{self._title}: {minutes}{self._parts}{sweep}", markup=False, soft_wrap=True)


class _Count(progress.ProgressColumn):
    """The number of parts or seeds done, and their total."""

    def render(self, task: progress.Task) -> str:
        return f"{task.completed:,.0f}/{task.total:,.0f} {task.fields['unit']}" if task.total else ""


class _Speed(progress.ProgressColumn):
    """Seeds per second; no speed is shown for parts, which differ too much from each other."""

    def render(self, task: progress.Task) -> str:
        if task.fields["unit"] != "seeds" or not task.speed:
            return ""
        return f"{task.speed:,.{0 if task.speed >= 10 else 2}f} seeds/s"


class _Times(progress.ProgressColumn):
    """The time since the start, and an estimate of the time left."""

    def render(self, task: progress.Task) -> str:
        elapsed, left = f"{clock(task.elapsed or 0)} elapsed", task.time_remaining
        return elapsed if left is None else f"{elapsed}, about {clock(left)} left"


@contextlib.contextmanager
def shown(console: Console, title: str) -> Iterator[Progress]:
    """Show bars with speed and time left while the block runs, or a line every minute in a log."""
    if not console.is_terminal:
        yield _Log(console, title)
        return
    is_wide = console.width >= WIDE
    columns = (
        progress.SpinnerColumn(),
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(bar_width=20 if is_wide else 5),
        _Count(),
        *([_Speed()] if is_wide else []),
        _Times(),
    )
    with progress.Progress(*columns, speed_estimate_period=600, console=console, transient=True) as bars:
        yield Progress(bars, title)

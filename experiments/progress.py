"""How far an experiment is: parts and seeds done, in bars on a terminal; anywhere else it stays quiet."""

import contextlib
from collections.abc import Callable, Iterator

from rich import progress
from rich.console import Console

_bars: progress.Progress | None = None
"""Not a context variable: some experiments train in threads of their own, which would not see it."""
_whole = progress.TaskID(0)


def report(done: int, total: int) -> None:
    """Say that `done` of an experiment's `total` parts are done."""
    if _bars is not None:
        _bars.update(_whole, completed=done, total=total)


def stopping() -> None:
    """Say that what runs is being ended, which takes until its next check."""
    if _bars is not None:
        _bars.update(_whole, description="stopping")


@contextlib.contextmanager
def sweep(name: str, settings: int = 1) -> Iterator[Callable[[int, int], None]]:
    """A bar of its own for one sweep; gives what `nnjax.sweep(..., on_segment=)` takes.

    Args:
        name: What to call it.
        settings: How many a seed runs through; runs are shown as seeds.
    """
    if _bars is None:
        yield lambda done, total: None
        return
    bars, bar = _bars, _bars.add_task(f"  {name:.40}", total=None, unit="seeds")
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
def shown(console: Console, title: str) -> Iterator[None]:
    """Bars with speed and time left while the block runs; nothing in a log."""
    global _bars
    columns = (
        progress.SpinnerColumn(),
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(bar_width=20),
        _Count(),
        _Speed(),
        progress.TimeElapsedColumn(),
        progress.TextColumn("left"),
        progress.TimeRemainingColumn(),
    )
    shown_where = {"console": console, "transient": True, "disable": not console.is_terminal}
    with progress.Progress(*columns, speed_estimate_period=600, **shown_where) as _bars:
        _bars.add_task(title, total=None, unit="parts")
        try:
            yield
        finally:
            _bars = None

"""How far an experiment is: `run` reports steps, the runner shows a bar; anywhere else it stays quiet."""

import contextlib
import contextvars
from collections.abc import Callable, Iterator

from rich import progress
from rich.console import Console

Report = Callable[[int, int], None]

_report: contextvars.ContextVar[Report | None] = contextvars.ContextVar("report", default=None)


def report(done: int, total: int) -> None:
    """Say that `done` of `total` are done; fits `nnjax.sweep(..., on_segment=report)`."""
    listener = _report.get()
    if listener is not None:
        listener(done, total)


class _Speed(progress.ProgressColumn):
    """Seeds, or whatever is counted, per second."""

    def render(self, task: progress.Task) -> str:
        return f"{task.speed:,.0f}/s" if task.speed and task.speed >= 1 else ""


@contextlib.contextmanager
def shown(console: Console, title: str) -> Iterator[None]:
    """A bar with speed and time left while the block runs; nothing in a log."""
    columns = (
        progress.SpinnerColumn(),
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        _Speed(),
        progress.TimeElapsedColumn(),
        progress.TextColumn("left"),
        progress.TimeRemainingColumn(),
    )
    with progress.Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=None)
        token = _report.set(lambda done, total: bar.update(task, completed=done, total=total))
        try:
            yield
        finally:
            _report.reset(token)

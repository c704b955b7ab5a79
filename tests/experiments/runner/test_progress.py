"""Progress is shown as a bar on a terminal, and as one line per minute in a log."""

import io
import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from rich.console import Console

from experiments.runner import progress
from experiments.runner.progress import Progress


@pytest.mark.parametrize("terminal", [True, False])
def test_bars_are_shown_on_a_terminal_alone(terminal):
    clock = itertools.count(1.0)
    plain: Any = {"force_terminal": terminal, "color_system": None, "width": 120}
    text = io.StringIO()
    console = Console(file=text, get_time=lambda: next(clock), **plain)
    with progress.shown(console, "tiny") as bars:
        bars.report(3, 4)
        with bars.sweep("draws", settings=2) as on_segment:
            for done in (2, 4, 8):
                on_segment(done, 10)
            refresh(bars)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(elsewhere, bars).result()
        bars.stopping()
        refresh(bars)
    seen = [
        "tiny",
        "3/4 parts",
        "draws",
        "4/5 seeds",
        "seeds/s",
        "elapsed, about 0:",
        "left",
        "elsewhere",
        "stopping",
    ]
    assert [each in text.getvalue() for each in seen] == [terminal] * len(seen)
    assert terminal or not text.getvalue()


def refresh(bars):
    if bars._bars is not None:
        bars._bars.refresh()


def elsewhere(bars):
    with bars.sweep("elsewhere"):
        refresh(bars)


def test_without_bars_nothing_is_shown(capsys):
    silent = Progress()
    silent.report(1, 2)
    silent.stopping()
    with silent.sweep("draws") as on_segment:
        on_segment(1, 2)
    assert capsys.readouterr().out == ""


def test_a_log_gets_a_line_a_minute():
    seconds = iter([0.0, 10.0, 61.0, 62.0, 130.0])
    text = io.StringIO()
    console = Console(file=text, width=40)
    log = progress._Log(console, "tiny", lambda: next(seconds))
    log.report(1, 4)
    with log.sweep("draws", settings=2) as on_segment:
        on_segment(2_000, 20_000)
        on_segment(4_000, 20_000)
    log.report(2, 4)
    lines = ["tiny: 1 min, 1/4 parts, draws 1,000/10,000 seeds", "tiny: 2 min, 2/4 parts"]
    assert text.getvalue().splitlines() == lines

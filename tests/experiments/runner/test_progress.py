"""Progress is shown as a bar on a terminal, and as one line per minute in a log."""

import io
import itertools
import re
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


def test_no_number_is_cut_off_at_80_columns():
    plain: Any = {"force_terminal": True, "color_system": None, "width": 80}
    text, seconds = io.StringIO(), iter(range(0, 10_000, 10))
    console = Console(file=text, get_time=lambda: float(next(seconds)), **plain)
    with progress.shown(console, "vanishing_gradients") as bars:
        bars.report(3, 12)
        with bars.sweep("parameters of 4-8-3, sigmoid, he_normal") as on_segment:
            for done in (20_000, 40_000, 60_000):
                on_segment(done, 100_000)
            refresh(bars)
    line = [line for line in text.getvalue().split("\r") if "60,000/100,000 seeds" in line][-1]
    assert re.search(
        r"  parameters of 4- +\S+ +60,000/100,000 seeds \d+:\d\d elapsed, about \d+:\d\d left", line
    )
    assert "…" not in text.getvalue()


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

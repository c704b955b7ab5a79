"""The output in the terminal while experiments run."""

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from experiments.runner import numbers, verdicts
from experiments.runner.expectations import CLASSES
from experiments.runner.experiment import Experiment
from experiments.runner.findings import Finding, counts
from experiments.runner.store import Result

COLOURS = {
    "confirmed": "green",
    "refuted": "yellow",
    "guess": "cyan",
    "wrong": "red",
    "open": "yellow",
    "none": "default",
}
"""{the look of a verdict: its colour}."""


def console() -> Console:
    """Make a console on standard output; it is 120 columns wide if the output is a file."""
    return Console(width=None if sys.stdout.isatty() else 120)


def say(terminal: Console, text: str, style: str | None = None) -> None:
    """Print plain text without wrapping it, so that it can be copied in one piece."""
    terminal.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def counted(count: int, noun: str) -> str:
    """Write a number and its noun, in the plural where needed."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def print_estimate(terminal: Console, chosen: Sequence[Experiment], full: bool, lists: int = 1) -> None:
    """Print how long the experiments will take on two cores; other machines may take more or less time."""
    minutes = sum(each.minutes[full] * (lists if each.second_list else 1) for each in chosen)
    about = f"{minutes / 60:.1f} hours" if minutes > 90 else counted(max(1, round(minutes)), "minute")
    say(terminal, f"{counted(len(chosen), 'experiment')}, about {about} on two cores")


def print_result(terminal: Console, result: Result, smoke: bool, tables: bool = False) -> None:
    """Print the tables, if they are wanted, and then the findings, which have no verdict in a smoke run."""
    for title, (header, rows) in result.tables.items() if tables else ():
        say(terminal, title, "bold")
        _print_table(terminal, header, [list(map(numbers.typeset, row)) for row in rows])
    say(terminal, "Findings of a smoke run, which is too small to judge" if smoke else "Findings", "bold")
    _print_table(terminal, *_findings(result.findings, smoke))
    if result.tables and not tables:
        say(terminal, f"{counted(len(result.tables), 'table')}: --tables prints them")
    for line in counted_by_class(result.findings, smoke):
        say(terminal, line)


def counted_by_class(findings: Sequence[Finding], smoke: bool) -> list[str]:
    """Write a line for each class of findings, as in "control: 2 confirmed, 1 refuted"."""
    lines = []
    for kind, row in counts(findings, smoke).items():
        words = [f"{count} {verdicts.ALONE[verdict]}" for verdict, count in row.items()]
        lines.append(f"{CLASSES[kind]}: {', '.join(words)}")
    return lines


def _print_table(terminal: Console, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table, or a line for each cell if a number would be cut off."""
    table = Table(*header)
    for row in rows:
        table.add_row(*row)
    if Measurement.get(terminal, terminal.options.update(max_width=10_000), table).minimum <= terminal.width:
        terminal.print(table)
        return
    for row in rows:
        for name, cell in zip(header, row, strict=True):
            terminal.print(f"[bold]{name}:[/] {cell}", highlight=False)
        terminal.print()


def _findings(findings: Sequence[Finding], smoke: bool) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    rows = [
        (
            f"{each.claim}\n({CLASSES[each.kind]})",
            numbers.interval(each.expected),
            numbers.measured(each.measured, each.interval),
            _mark(each, smoke),
        )
        for each in findings
    ]
    return ("claim", "expected", "measured", "verdict"), rows


def _mark(finding: Finding, smoke: bool) -> str:
    said = verdicts.in_words(finding.kind, None if smoke else finding.verdict, finding.too_wide)
    return f"[{COLOURS[said.look]}]{said.sign} {said.words}[/]".replace("] ", "]")

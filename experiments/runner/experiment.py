"""What an experiment is: Config -> run -> data -> findings, tables and figures.

A question is one file of `experiments`, or a folder, that defines

    Config                 a frozen dataclass of `Options`; its documented fields become the command's options
    run(config, context)   the measurement: an xarray.Dataset, or a DataTree with one group for each part
    findings(data)         judged from the data alone
    tables(data)           {title: (header, rows)} of strings, for the terminal and the report
    figures(data)          {name: Drawing}, drawn from the data alone
    story(data)            paragraphs and figures in their order
    EXPERIMENT             Experiment(...), which ties them together
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np
import xarray as xr

from experiments import SEEDS
from experiments.runner.context import Context
from experiments.runner.findings import Finding

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Data = xr.Dataset | xr.DataTree
Table = tuple[Sequence[str], Sequence[Sequence[str]]]
"""A header, and rows of as many cells."""


class Drawing(NamedTuple):
    """A figure of the report: one idea.

    Attributes:
        title: A sentence that says what one sees.
        panels: Each made by `style.panel`; they stand beside each other, or below on a phone.
        caption: How to read it: what lines, bands, dots and dashes are.
        png: Whether the panels are stored as PNG files, too, for a page that cannot show SVG.
    """

    title: str
    panels: "Sequence[Figure]"
    caption: str
    png: bool = False


class Card(NamedTuple):
    """What stands on top of the page for an experiment.

    Attributes:
        sentence: Plain words, 20 at most.
        finding: The id of the finding whose number and interval are shown, or that as in a story's
            braces: "learnt:%".
        figure: The name of the Drawing whose first panel is shown.
    """

    sentence: str
    finding: str
    figure: str


class Show(NamedTuple):
    """The place of a figure in a story.

    Attributes:
        figure: The Drawing's name.
    """

    figure: str


Story = Sequence[str | Show]
"""Paragraphs and figures.

In a paragraph, "{id}" is the number of that finding with its interval, "{id:%}" the same in per cent,
"{id:points}" the same for a difference of two shares, in percentage points, and "{id:value}", "{id:value%}",
"{id:valuepoints}" without the interval. A brace is doubled, as in {{."""


FEWEST = 3
"""Seeds without which no experiment runs."""


@dataclasses.dataclass(frozen=True)
class Options:
    """What every Config begins with.

    Attributes:
        seed: First seed of the random numbers.
    """

    seed: int = 0
    _share: ClassVar[tuple[int, int] | None] = None

    def __post_init__(self) -> None:
        if not 0 <= self.seed < SEEDS:
            raise ValueError(f"seed must be 0 to {SEEDS - 1}; got {self.seed}")

    def other_list(self) -> Self:
        """The same options with another first seed, 2³⁰ away: no seed is in both lists."""
        away = SEEDS // 4
        return dataclasses.replace(self, seed=self.seed + (away if self.seed < away else -away))

    def seeds_from_first(self, count: int) -> np.ndarray:
        """`count` seeds: seed, seed + 1, ...; in a `share` those in it, or the first ones if too few are."""
        seeds = np.arange(self.seed, self.seed + count)
        first, end = self._share or (0, SEEDS)
        mine = seeds[(seeds >= first) & (seeds < end)]
        return mine if len(mine) >= min(FEWEST, count) else seeds[:FEWEST]

    def share(self, first: int, end: int) -> Self:
        """The same options, for the seeds from `first` to `end` - 1 alone: an experiment of fewer seeds."""
        part = dataclasses.replace(self)
        object.__setattr__(part, "_share", (first, end))
        return part


def at_least(config: Any, **bounds: int) -> None:
    """Refuse options below their bound, by name, as a Config's __post_init__ does."""
    for name, bound in bounds.items():
        if getattr(config, name) < bound:
            raise ValueError(f"{name} must be {bound} or more; got {getattr(config, name)}")


def positive(config: Any, *names: str) -> None:
    """Refuse options that are not finite and above 0, by name; of a list, each of its numbers."""
    for name in names:
        value = getattr(config, name)
        if not np.all((np.asarray(value) > 0) & np.isfinite(value)):
            raise ValueError(f"{name} must be above 0 and finite; got {value}")


@dataclasses.dataclass(frozen=True)
class Experiment:
    """One question, how it is asked, and how its answer is shown.

    Attributes:
        name: The command's name, as in `python -m experiments walkthrough`.
        title: A heading for people.
        question: The question in one sentence.
        method: The method in two sentences.
        config: The frozen dataclass of options.
        run: (Config, Context) -> data, without files, clocks or terminals but through the context.
        findings: data -> findings.
        tables: data -> {title: (header, rows)}; shown in the terminal and in the report.
        figures: data -> {file name: Drawing}.
        story: data -> paragraphs and figures in their order.
        card: What stands on top of the page; None for nothing.
        smoke: Option values that make it finish in seconds on the same code path; None if there are none.
        full: Option values of the publication size (PROFILE=full).
        remember: The one sentence to remember.
        minutes: How long it takes on two cores, in default and in full size.
        float64: Whether some of it needs float64, which TPUs lack; there it runs on the CPU.
        second_list: Whether PROFILE=full runs it again from other seeds, and marks verdicts that flip: not
            where nothing is drawn.
        preview: Config -> a line to be said before anything runs, empty for none; what cannot run is refused
            here, by a ValueError, OSError, ImportError or MemoryError, whose message alone is shown.
    """

    name: str
    title: str
    question: str
    method: str
    config: type[Options]
    run: Callable[[Any, Context], Data]
    findings: Callable[[Any], Sequence[Finding]]
    tables: Callable[[Any], Mapping[str, Table]]
    figures: Callable[[Any], Mapping[str, Drawing]]
    story: Callable[[Any], Story] = lambda data: ()
    card: Card | None = None
    smoke: Mapping[str, Any] | None = None
    full: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    remember: str = ""
    minutes: tuple[float, float] = (0.5, 5.0)
    float64: bool = True
    second_list: bool = True
    preview: Callable[[Any], str] = lambda config: ""

"""What an experiment is: Config -> run -> data -> findings, tables and figures.

A question is one file of `experiments`, or a folder, that defines

    Config                 a frozen dataclass of `Options`; its documented fields become the command's options
    run(config, context)   the measurement: an xarray.Dataset, or a DataTree with one group for each part
    findings(data)         the claims, judged from the data alone
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
"""A header, and rows with the same number of cells."""


class Drawing(NamedTuple):
    """A figure of the report, which shows one idea.

    Attributes:
        title: A sentence that says what the figure shows.
        panels: Panels made by `style.panel`; they stand side by side, or above each other on a phone.
        caption: How to read the figure: what lines, bands, dots and dashes mean.
        png: Whether the panels are stored as PNG files, too, for a page that cannot show SVG.
    """

    title: str
    panels: "Sequence[Figure]"
    caption: str
    png: bool = False


class Card(NamedTuple):
    """An experiment's card at the top of the page.

    Attributes:
        sentence: A sentence of at most 20 plain words.
        finding: The id of the finding whose number and interval are shown, with a format if needed, in
            the notation of a story: "learnt:%".
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


class Fold(NamedTuple):
    """A fold in a story: what follows, up to the next fold or the end, is shown after a click on its title.

    Attributes:
        title: What the folded part is about, in a few words.
    """

    title: str


Story = Sequence[str | Show | Fold]
"""Paragraphs and figures: first the main ones, then the folded ones.

In a paragraph, "{id}" stands for that finding's number with its interval, "{id:%}" for the same in per cent,
and "{id:points}" for a difference of two shares in percentage points; "{id:value}", "{id:value%}" and
"{id:valuepoints}" leave the interval out. A literal brace is doubled, as in {{."""


FEWEST = 3
"""The smallest number of seeds with which every experiment runs."""


@dataclasses.dataclass(frozen=True)
class Options:
    """The options that every Config has.

    Attributes:
        seed: The first random seed.
    """

    seed: int = 0
    _share: ClassVar[tuple[int, int] | None] = None
    _held: ClassVar[list[int] | None] = None

    def __post_init__(self) -> None:
        if not 0 <= self.seed < SEEDS:
            raise ValueError(f"seed must be 0 to {SEEDS - 1}; got {self.seed}")

    def other_list(self) -> Self:
        """Return the same options with another first seed, 2³⁰ away, so that no seed is in both lists."""
        away = SEEDS // 4
        return dataclasses.replace(self, seed=self.seed + (away if self.seed < away else -away))

    def seeds_from_first(self, count: int) -> np.ndarray:
        """List `count` seeds, starting with `seed`, or only those in the share (the first few if too few)."""
        seeds = np.arange(self.seed, self.seed + count)
        first, end = self._share or (0, SEEDS)
        mine = seeds[(seeds >= first) & (seeds < end)]
        if self._held is not None:
            self._held.append(len(mine))
        return mine if len(mine) >= min(FEWEST, count) else seeds[:FEWEST]

    def share(self, first: int, end: int) -> Self:
        """Return the same options, restricted to the seeds from `first` to `end` - 1."""
        part = dataclasses.replace(self)
        object.__setattr__(part, "_share", (first, end))
        object.__setattr__(part, "_held", [])
        return part

    def holds_seeds(self) -> bool:
        """Return whether this share has held any of the seeds that it was asked for."""
        return any(self._held or ())


def at_least(config: Any, **bounds: int) -> None:
    """Refuse options below their bounds, which are given by name; a Config's __post_init__ calls this."""
    for name, bound in bounds.items():
        if getattr(config, name) < bound:
            raise ValueError(f"{name} must be {bound} or more; got {getattr(config, name)}")


def positive(config: Any, *names: str) -> None:
    """Refuse the named options unless they are finite and above 0, or are lists of such numbers."""
    for name in names:
        value = getattr(config, name)
        if not np.all((np.asarray(value) > 0) & np.isfinite(value)):
            raise ValueError(f"{name} must be above 0 and finite; got {value}")


@dataclasses.dataclass(frozen=True)
class Experiment:
    """One question, how it is asked, and how its answer is shown.

    Attributes:
        name: The experiment's name in the command, as in `python -m experiments walkthrough`.
        title: A heading for readers.
        question: The question in one sentence.
        method: The method in two sentences.
        config: The frozen dataclass of options.
        run: (Config, Context) -> data; it uses files, clocks and terminals only through the context.
        findings: data -> findings.
        tables: data -> {title: (header, rows)}; shown in the terminal and in the report.
        figures: data -> {file name: Drawing}.
        story: data -> paragraphs and figures in their order.
        card: The experiment's card at the top of the page; None if it has no card.
        smoke: Option values with which the same code finishes in seconds; None if no such values exist.
        full: Option values for the publication size (PROFILE=full).
        remember: The one sentence to remember.
        minutes: Minutes that the experiment takes on two cores, at the default size and at full size.
        float64: Whether parts of the experiment need float64; if so, it runs on the CPU instead of a TPU,
            since TPUs lack float64.
        second_list: Whether PROFILE=full runs the experiment again with other seeds and marks verdicts that
            change; False if nothing is random.
        preview: Config -> a line to print before anything runs, or an empty string. If the options
            cannot be run, it raises a ValueError, OSError, ImportError or MemoryError; only the error's
            message is shown.
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

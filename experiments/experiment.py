"""What an experiment is: Config -> run -> Dataset -> figures and findings.

A question is one module in this package that defines

    Config              a frozen dataclass; its documented fields become the command's options
    run(config)         the measurement: returns an xarray.Dataset with named dimensions and units
    figures(data)       {name: (Figure, caption)}, drawn from the dataset alone
    findings(data)      tuple[Finding, ...], judged from the dataset alone
    tables(data)        optional: {name: (header, rows)} of strings, for terminal and report
    EXPERIMENT          Experiment(...), which ties them together and tells the story
"""

import dataclasses
import importlib
import math
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

Verdict = Literal["agrees", "differs", "undecided"]
Table = tuple[Sequence[str], Sequence[Sequence[str]]]


@dataclasses.dataclass(frozen=True)
class Finding:
    """One claim, held against one measurement.

    Attributes:
        claim: What is claimed, in words.
        source: Who claims it: the handout's sentence, a paper, a theorem.
        expected: (low, high): the values that count as agreement; either end may be infinite.
        measured: The measured value.
        interval: (low, high) of the measured value, 99.9 % unless `note` says otherwise; a number
            that is computed exactly has low = high = measured.
        unit: Unit of the three, empty where they are pure numbers.
        note: The nuance, in one line.
    """

    claim: str
    source: str
    expected: tuple[float, float]
    measured: float
    interval: tuple[float, float]
    unit: str = ""
    note: str = ""

    @property
    def verdict(self) -> Verdict:
        """agrees: interval ⊆ expected; differs: interval ∩ expected = ∅; undecided: the rest."""
        (low, high), (lower, upper) = self.interval, self.expected
        if any(math.isnan(value) for value in (low, high, lower, upper, self.measured)):
            return "undecided"
        if lower <= low and high <= upper:
            return "agrees"
        return "differs" if high < lower or upper < low else "undecided"


def exactly(value: float, digits_half: float) -> tuple[float, float]:
    """The interval value ± digits_half, for a printed number: half a unit of its last digit."""
    return value - digits_half, value + digits_half


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
        config: The frozen dataclass of options. Every Config has a field `seed`.
        run: Config -> xarray.Dataset, without files, clocks or terminals.
        figures: Dataset -> {file name: (figure, caption)}.
        findings: Dataset -> findings.
        smoke: Option values that make it finish in seconds on the same code path.
        full: Option values of the publication size (PROFILE=full).
        tables: Dataset -> {title: (header, rows)}; shown in the terminal and in the report.
        remember: The one sentence to remember.
        minutes: How long it takes on two cores, in default and in full size.
        float64: Whether some of it needs float64, which TPUs lack; there it runs on the CPU.
        order: Its place in the report's story.
    """

    name: str
    title: str
    question: str
    method: str
    config: type
    run: Callable[[Any], xr.Dataset]
    figures: Callable[[xr.Dataset], Mapping[str, tuple[Figure, str]]]
    findings: Callable[[xr.Dataset], Sequence[Finding]]
    smoke: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    full: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    tables: Callable[[xr.Dataset], Mapping[str, Table]] = lambda data: {}
    remember: str = ""
    minutes: tuple[float, float] = (0.5, 5.0)
    float64: bool = True
    order: int = 100


def discover() -> dict[str, Experiment]:
    """Every experiment of this package by name, in the order of the story."""
    package = importlib.import_module(__package__ or "experiments")
    names = [module.name for module in pkgutil.iter_modules(package.__path__) if module.name != "__main__"]
    modules = [importlib.import_module(f"experiments.{name}") for name in names]
    found = [module.EXPERIMENT for module in modules if hasattr(module, "EXPERIMENT")]
    return {each.name: each for each in sorted(found, key=lambda each: (each.order, each.name))}

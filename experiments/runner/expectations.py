"""Expectations: what counts as agreement with a claim, whose claim it is, and when this was decided.

`experiments/expectations.toml` has a table for each finding of each experiment, [experiment.id], with

    class       whose claim it is, and so what a verdict means: a key of `CLASSES`
    source      the sentence, the paper or the derivation, in words
    since       the date on which the bounds were set
    after       true if they were set after a measurement had been seen; otherwise left out
    why         why the bounds are as wide as they are
    expected    [low, high], either end may be inf; or, where the bounds are computed from the data,
    tolerance   the half-width around a value that is computed; or
    rule        in words, how the bounds are computed
"""

import dataclasses
import datetime
import functools
import hashlib
import pathlib
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import experiments

Bounds = tuple[float, float]
FILE = pathlib.Path(experiments.__file__).with_name("expectations.toml")
CLASSES = {
    "theorem": "theorem",
    "published": "published number",
    "handout": "the handout's sentence",
    "other": "another's sentence",
    "control": "control",
    "guess": "our guess",
}
"""{class: in words}. A theorem, a computation or a definition can fail only because of a bug. A control
is judged by its contrast with what it controls for."""
NEEDED = {"class", "source", "since", "why"}
BOUNDS = {"expected", "tolerance", "rule"}


@dataclasses.dataclass(frozen=True)
class Expectation:
    """What counts as agreement with one claim.

    Attributes:
        id: A short name, unique within the experiment, that stays the same when the words of the claim
            change.
        kind: Whose claim it is: a key of `CLASSES`.
        source: The handout's sentence, a paper or a derivation.
        expected: (low, high): the values that count as agreement; either end may be infinite. None if
            the bounds are computed; see `around` and `between`.
        why: Why the bounds are as wide as they are.
        since: The date on which the bounds were set, such as 2026-11-26.
        after: Whether a measurement had been seen before the bounds were set.
        tolerance: Half-width of the bounds around a computed value.
    """

    id: str
    _: dataclasses.KW_ONLY
    kind: str
    source: str
    expected: Bounds | None = None
    why: str = ""
    since: str = ""
    after: bool = False
    tolerance: float | None = None

    def around(self, value: float) -> "Expectation":
        """Return the same expectation with the bounds value ± tolerance."""
        if self.tolerance is None:
            raise ValueError(f"{self.id} has no tolerance")
        return self.between(value - self.tolerance, value + self.tolerance)

    def between(self, low: float, high: float) -> "Expectation":
        """Return the same expectation with computed bounds."""
        return dataclasses.replace(self, expected=(float(low), float(high)))


class Expectations(Mapping[str, Expectation]):
    """The expectations of one experiment, by id."""

    def __init__(self, experiment: str, tables: Mapping[str, Mapping[str, Any]]) -> None:
        self._experiment = experiment
        self._tables = {id: _expectation(experiment, id, table) for id, table in tables.items()}

    def __getitem__(self, id: str) -> Expectation:
        if id not in self._tables:
            raise KeyError(f"{FILE.name} has no table [{self._experiment}.{id}]")
        return self._tables[id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)


def of(experiment: str) -> Expectations:
    """Return the expectations of an experiment.

    Raises:
        KeyError: The file has no table for the experiment.
        ValueError: One of the experiment's tables lacks a key or has an unknown key.
    """
    if experiment not in _everything():
        raise KeyError(f"{FILE.name} has no table [{experiment}...]")
    return Expectations(experiment, _everything()[experiment])


def digest() -> str:
    """Return the file's SHA-256 hash; results with equal hashes were judged by the same expectations."""
    return hashlib.sha256(FILE.read_bytes()).hexdigest()


@functools.cache
def _everything() -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    return tomllib.loads(FILE.read_text("utf-8"))


def _expectation(experiment: str, id: str, table: Mapping[str, Any]) -> Expectation:
    where = f"{FILE.name}, [{experiment}.{id}]"
    wrong = sorted(NEEDED - set(table)) or sorted(set(table) - NEEDED - BOUNDS - {"after"})
    if wrong:
        raise ValueError(f"{where}: {', '.join(wrong)} {'missing' if NEEDED - set(table) else 'unknown'}")
    if table["class"] not in CLASSES:
        raise ValueError(f"{where}: class must be one of {', '.join(CLASSES)}; got {table['class']!r}")
    if len(BOUNDS & set(table)) != 1:
        raise ValueError(f"{where}: give one of {', '.join(sorted(BOUNDS))}")
    if not isinstance(table["since"], datetime.date):
        raise ValueError(f"{where}: since must be a date, such as 2026-11-26; got {table['since']!r}")
    bounds = table.get("expected")
    if bounds is not None and not (len(bounds) == 2 and bounds[0] <= bounds[1]):
        raise ValueError(f"{where}: expected must be [low, high] with low <= high; got {bounds}")
    return Expectation(
        id,
        kind=table["class"],
        source=table["source"],
        expected=None if bounds is None else (float(bounds[0]), float(bounds[1])),
        why=table["why"],
        since=table["since"].isoformat(),
        after=table.get("after", False),
        tolerance=table.get("tolerance"),
    )

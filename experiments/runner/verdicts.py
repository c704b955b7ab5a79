"""Verdicts in plain words: what is confirmed, what is refuted (and whose claim it was), and what is open."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Said(NamedTuple):
    """A verdict as it is shown.

    Attributes:
        look: The verdict's kind: confirmed, refuted, guess (our guess that failed), wrong, open or none.
        sign: One character.
        words: The verdict in words.
    """

    look: str
    sign: str
    words: str


REFUTED = {
    "theorem": Said("wrong", "✗", "contradicts a theorem"),
    "published": Said("refuted", "≠", "refutes the published number"),
    "handout": Said("refuted", "≠", "refutes the handout"),
    "other": Said("refuted", "≠", "refutes another's sentence"),
    "control": Said("refuted", "≠", "the contrast fails"),
    "guess": Said("guess", "≠", "refutes our guess"),
}
"""{whose claim it was: what is said if it does not hold}. A failed guess is a result, not an error."""
CONFIRMED = Said("confirmed", "✓", "confirmed")
TOO_FEW = Said("open", "?", "open: too few seeds")
OPEN = Said("open", "?", "open")
FLIPS = Said("open", "~", "open: depends on the seeds")
NONE = Said("none", "", "not judged")
ALONE = {
    "agrees": "confirmed",
    "differs": "refuted",
    "undecided": "open",
    "open": "open by the seeds",
    "none": "not judged",
}
"""{verdict: a word for it}, for places that already say whose claim it was."""
COLUMNS = {
    "confirmed": ("confirmed",),
    "refuted": ("refuted", "guess", "wrong"),
    "open": ("open",),
}
"""{column of the count: the looks that it counts}."""


def said(finding: Mapping[str, Any]) -> Said:
    """Return the verdict of a finding that `store.as_json` has converted."""
    return in_words(finding["class"], finding["verdict"], finding["too_wide"])


def in_words(kind: str, verdict: str | None, too_wide: bool) -> Said:
    """Put a verdict into words, depending on whose claim it is; `verdict` is None if nothing was judged."""
    if verdict == "differs":
        return REFUTED[kind]
    if verdict == "undecided":
        return TOO_FEW if too_wide else OPEN
    return {"agrees": CONFIRMED, "open": FLIPS}.get(verdict or "", NONE)


def divided(findings: Sequence[Mapping[str, Any]]) -> tuple[list[Any], list[Any], list[Any]]:
    """Divide findings into three lists: refuted ones (our guesses last), open ones, and the rest."""
    order = {"wrong": 0, "refuted": 1, "guess": 2}
    looks = [said(each).look for each in findings]
    refuted = [each for each, look in zip(findings, looks, strict=True) if look in order]
    return (
        sorted(refuted, key=lambda each: order[said(each).look]),
        [each for each, look in zip(findings, looks, strict=True) if look == "open"],
        [each for each, look in zip(findings, looks, strict=True) if look in ("confirmed", "none")],
    )


def counted(findings: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """Count findings: {whose claim: {column: how many}}, in the order of `REFUTED`."""
    rows = {
        kind: {
            column: sum(each["class"] == kind and said(each).look in looks for each in findings)
            for column, looks in COLUMNS.items()
        }
        for kind in REFUTED
    }
    return {kind: row for kind, row in rows.items() if any(row.values())}

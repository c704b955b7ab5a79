"""Numbers as a page shows them, with true minus signs, all known digits, and intervals in brackets."""

import math
import re
import string
from collections.abc import Mapping, Sequence
from typing import Any

MISSING = "(not measured)"
"""Shown in place of a finding's number if the run had too few seeds to judge it."""


def typeset(text: object) -> str:
    """Replace the hyphen before a number, or within 1e-3, with a minus sign, but not the hyphens in 2-2-1."""
    return re.sub(r"(?<![\w)])-(?=[\d∞])|(?<=\de)-(?=\d)", "−", str(text))


def number(value: float | str) -> str:
    """Format a number with seven significant digits; an infinite end of an interval becomes ∞."""
    return typeset(f"{float(value):.7g}".replace("inf", "∞"))


def interval(bounds: Sequence[float | str]) -> str:
    """Format the expected values: a number, perhaps with its tolerance, or a bound, or two bounds."""
    low, high = map(float, bounds)
    middle, half = (low + high) / 2, (high - low) / 2
    if 0 < half < 1e-2 * abs(middle):
        return f"{number(middle)} ± {number(float(f'{half:.2g}'))}"
    if low == high:
        return number(low)
    if low == -float("inf"):
        return f"≤ {number(high)}"
    return f"≥ {number(low)}" if high == float("inf") else f"{number(low)} to {number(high)}"


def measured(value: float | str, bounds: Sequence[float | str]) -> str:
    """Format a value so that its interval's width has three digits; an inexact value's interval follows."""
    low, high = map(float, bounds)
    if not math.isfinite(high - low) or low == high:
        return number(value) if low == high else f"{number(value)} [{number(low)}, {number(high)}]"
    decimals = 2 - math.floor(math.log10(high - low))

    def shown(x: float) -> str:
        plain = 0 <= decimals <= 6
        return typeset(f"{x:.{decimals}f}" if plain else f"{x:.3g}")

    return f"{shown(float(value))} [{shown(low)}, {shown(high)}]"


SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def power(text: str) -> str:
    """Write a number such as 1.6e-31 in the form 1.6·10⁻³¹."""
    written = re.sub(r"e([+-]\d+)", lambda each: "·10" + str(int(each[1])).translate(SUPERSCRIPT), text)
    return typeset(written)


FORMS = {"": (1, ""), "%": (100, " %"), "points": (100, " points")}
"""{format: (factor, unit)}; points are percentage points, for a difference of two shares."""


def told(value: float | str, bounds: Sequence[float | str], how: str = "") -> str:
    """Format a finding's number for a sentence, with as many digits as its interval justifies.

    Args:
        value: What was measured.
        bounds: Its interval.
        how: The format: "", "%" or "points"; "value" before the format leaves the interval out.
    """
    if how.removeprefix("value") not in FORMS:
        raise ValueError(f"a finding's number is formatted as {', '.join(FORMS)[2:]}, or value; got {how!r}")
    times, unit = FORMS[how.removeprefix("value")]
    x, low, high = (times * float(each) for each in (value, *bounds))
    if low == high or not math.isfinite(high - low):
        return power(f"{x:,.0f}" if x.is_integer() else f"{x:.4g}") + unit
    decimals = (times == 1) - math.floor(math.log10((high - low) / 3))
    decimals = decimals if times == 1 else max(decimals, 0)

    def shown(x: float) -> str:
        return power(f"{round(x, decimals):,.{max(decimals, 0)}f}" if decimals <= 6 else f"{x:.2g}")

    return shown(x) + unit + ("" if how.startswith("value") else f" [{shown(low)}, {shown(high)}]")


def references(text: str) -> set[str]:
    """Return the ids of the findings whose numbers a paragraph uses."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def filled(text: str, findings: Sequence[Mapping[str, Any]]) -> str:
    """Fill in a paragraph: the findings' numbers in place of "{id}", "{id:%}" and the like."""
    known, parts = {each["id"]: each for each in findings}, []
    for words, name, how, _ in string.Formatter().parse(text):
        parts.append(words)
        if name is not None:
            each = known.get(name)
            parts.append(told(each["measured"], each["interval"], how or "") if each else MISSING)
    return "".join(parts)

"""All results on one self-contained HTML page: findings first, then each experiment's story."""

import base64
import math
import os
import pathlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import jinja2

from experiments.runner.expectations import CLASSES
from experiments.runner.findings import added

TEMPLATE = pathlib.Path(__file__).with_name("report.html.jinja")
EXPLORER = "explorer.html"
SYMBOLS = {"agrees": "✓", "differs": "✗", "undecided": "?", "open": "~"}


def typeset(text: object) -> str:
    """Text with a minus sign for the hyphen before a number or within 1e-3, and not for that of 2-2-1."""
    return re.sub(r"(?<![\w)])-(?=[\d∞])|(?<=\de)-(?=\d)", "−", str(text))


def number(value: float | str) -> str:
    """A number at seven significant digits; the infinite ends of intervals as ∞."""
    return typeset(f"{float(value):.7g}".replace("inf", "∞"))


def interval(bounds: Sequence[float | str]) -> str:
    """What is accepted: one number, one with its tolerance, an upper bound, a lower bound, or both."""
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
    """A value with its interval in brackets, to three digits of its width; exact values have none."""
    low, high = map(float, bounds)
    if not math.isfinite(high - low) or low == high:
        return number(value) if low == high else f"{number(value)} [{number(low)}, {number(high)}]"
    decimals = 2 - math.floor(math.log10(high - low))

    def shown(x: float) -> str:
        plain = 0 <= decimals <= 6
        return typeset(f"{x:.{decimals}f}" if plain else f"{x:.3g}")

    return f"{shown(float(value))} [{shown(low)}, {shown(high)}]"


def again(command: str) -> str:
    """A command as it is typed in a fresh clone: make finds the project's own Python."""
    name, _, options = command.removeprefix("python -m experiments ").partition(" ")
    return f"make experiment NAME={name}" + (f' ARGS="{options}"' if options else "")


def _picture(folder: pathlib.Path, name: str) -> str:
    content = base64.b64encode((folder / f"{name}.png").read_bytes()).decode()
    return f"data:image/png;base64,{content}"


def render(results: Sequence[Mapping[str, Any]], explorer: bool = False) -> str:
    """The page for what `store.load` returned, in that order; with a link to the explorer if there is one."""
    environment = jinja2.Environment(
        autoescape=True, loader=jinja2.FileSystemLoader(TEMPLATE.parent), undefined=jinja2.StrictUndefined
    )
    helpers = {
        "interval": interval,
        "measured": measured,
        "typeset": typeset,
        "symbols": SYMBOLS,
        "picture": _picture,
        "again": again,
        "classes": CLASSES,
        "counts": added([result["counts"] for result in results]),
    }
    return environment.get_template(TEMPLATE.name).render(results=results, explorer=explorer, **helpers)


def write(out: pathlib.Path, results: Sequence[Mapping[str, Any]]) -> pathlib.Path:
    """Write `out/report.html` whole, and return its path."""
    out.mkdir(parents=True, exist_ok=True)
    temporary = out / ".report.html"
    temporary.write_text(render(results, (out / EXPLORER).exists()), encoding="utf-8")
    os.replace(temporary, out / "report.html")
    return out / "report.html"

"""All results on one self-contained HTML page: findings first, then each experiment's story."""

import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import jinja2
import markupsafe

from experiments.runner.expectations import CLASSES
from experiments.runner.findings import added
from experiments.runner.inline import inline
from experiments.runner.numbers import filled, interval, measured, typeset

TEMPLATE = pathlib.Path(__file__).with_name("report.html.jinja")
EXPLORER = "explorer.html"
SYMBOLS = {"agrees": "✓", "differs": "✗", "undecided": "?", "open": "~"}


def again(command: str) -> str:
    """A command as it is typed in a fresh clone: make finds the project's own Python."""
    name, _, options = command.removeprefix("python -m experiments ").partition(" ")
    return f"make experiment NAME={name}" + (f' ARGS="{options}"' if options else "")


def _picture(result: Mapping[str, Any], panel: Mapping[str, Any], name: str) -> markupsafe.Markup:
    """A panel as an element of the page."""
    path = result["folder"] / panel["file"]
    prefix = f"{result['manifest']['name']}-{path.stem}"
    return markupsafe.Markup(inline(path.read_text("utf-8"), prefix, name))


def _left_over(result: Mapping[str, Any]) -> list[str]:
    """The figures that the story does not show."""
    shown = {part["figure"] for part in result["story"] if isinstance(part, Mapping)}
    return [name for name in result["manifest"]["figures"] if name not in shown]


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
        "filled": filled,
        "picture": _picture,
        "left_over": _left_over,
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

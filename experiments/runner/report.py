"""All results on one page, with cards, a section for each question, folded lists and explained words."""

import os
import pathlib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jinja2
import markupsafe

import experiments
from experiments.runner import glossary, verdicts
from experiments.runner.expectations import CLASSES
from experiments.runner.inline import inline
from experiments.runner.numbers import filled, interval, measured, typeset

TEMPLATE = pathlib.Path(__file__).with_name("report.html.jinja")
ANSWERS = pathlib.Path(__file__).with_name("answers.toml")
EXPLORER = "explorer.html"
MOST_CARDS = 10
MOST_FINDINGS = 2
"""Maximum number of refuted or open findings that each section shows; the others are folded."""
PYTHON = """import pandas as pd

ends = pd.read_csv("results/seed_minima/data-xor.csv")  # a row for each seed
print(ends["level"].value_counts(normalize=True))
ends["loss"].plot.hist(bins=100).figure.savefig("ends.png")"""
R = """ends <- read.csv("results/seed_minima/data-xor.csv")
print(prop.table(table(ends$level)))
hist(ends$loss, breaks = 100)"""
Result = Mapping[str, Any]
"""What `store.load` returns."""


def again(command: str) -> str:
    """Return a command as it is typed in a fresh clone, where make finds the project's own Python."""
    name, _, options = command.removeprefix("python -m experiments ").partition(" ")
    return f"make experiment NAME={name}" + (f' ARGS="{options}"' if options else "")


def picture(result: Result, panel: Mapping[str, Any], name: str, place: str = "") -> markupsafe.Markup:
    """Return a panel as an element of the page; `place` distinguishes a second copy from the first."""
    path = result["folder"] / panel["file"]
    prefix = f"{place}{result['manifest']['name']}-{path.stem}"
    return markupsafe.Markup(inline(path.read_text("utf-8"), prefix, name))


def unfolded(story: Sequence[Any]) -> list[tuple[str, list[Any]]]:
    """Divide a story into titles and parts: first what is always shown, under "", then each fold."""
    folds: list[tuple[str, list[Any]]] = [("", [])]
    for part in story:
        if isinstance(part, Mapping) and "title" in part:
            folds.append((part["title"], []))
        else:
            folds[-1][1].append(part)
    return folds


def left_over(result: Result) -> list[str]:
    """Return the figures that the story does not show."""
    shown = {part["figure"] for part in result["story"] if isinstance(part, Mapping) and "figure" in part}
    return [name for name in result["manifest"]["figures"] if name not in shown]


def cards(results: Sequence[Result]) -> Iterator[dict[str, Any]]:
    """Yield the cards at the top of the page: first those in `experiments.CARDS`, then any others.

    There are at most ten cards. The first card shows two panels of its figure, and the others show one.
    """
    order = {name: place for place, name in enumerate(experiments.CARDS)}
    with_card = [result for result in results if result["card"]]
    with_card.sort(key=lambda result: order.get(result["manifest"]["name"], len(order)))
    for place, result in enumerate(with_card[:MOST_CARDS]):
        card = result["card"]
        panels = result["manifest"]["figures"][card["figure"]]["panels"]
        number = filled("{" + card["finding"] + "}", result["findings"])
        shown = panels[: 2 if place == 0 else 1]
        yield {"result": result, "panels": shown, "sentence": card["sentence"], "number": number}


def answers(results: Sequence[Result]) -> Iterator[dict[str, str]]:
    """Yield the short answers on the page, for experiments that have run at more than smoke size."""
    known = {result["manifest"]["name"]: result for result in results if not result["manifest"]["smoke"]}
    for each in tomllib.loads(ANSWERS.read_text("utf-8"))["answer"]:
        if each["experiment"] in known:
            yield each | {"text": filled(each["text"], known[each["experiment"]]["findings"])}


def data_files(result: Result) -> list[str]:
    """Return the files that hold the data or are made from it, except tables, which have their own links."""
    names = [name for name in result["manifest"]["sha256"] if name.endswith((".nc", ".csv"))]
    return [name for name in names if not name.startswith("table-")]


def picture_files(result: Result) -> list[str]:
    """Return the figures' files."""
    return [name for name in result["manifest"]["sha256"] if name.endswith((".svg", ".png"))]


def render(results: Sequence[Result], explorer: bool = False) -> str:
    """Return the page for the results of `store.load`, in order, with a link to the explorer if it exists."""
    environment = jinja2.Environment(
        autoescape=True,
        loader=jinja2.FileSystemLoader(TEMPLATE.parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )
    words = {"filled": filled, "interval": interval, "measured": measured, "typeset": typeset}
    shown = {
        "picture": picture,
        "unfolded": unfolded,
        "left_over": left_over,
        "marker": glossary.Marker,
        "again": again,
    }
    files = {"data_files": data_files, "picture_files": picture_files, "python": PYTHON, "r": R}
    judged = {
        "said": verdicts.said,
        "divided": verdicts.divided,
        "verdict_words": verdicts.ALONE,
        "columns": list(verdicts.COLUMNS),
        "counts": verdicts.counted([each for result in results for each in result["findings"]]),
        "classes": CLASSES,
        "most_findings": MOST_FINDINGS,
        "whose": {kind: words[0].upper() + words[1:] for kind, words in CLASSES.items()},
    }
    return environment.get_template(TEMPLATE.name).render(
        results=results,
        explorer=explorer,
        cards=list(cards(results)),
        answers=list(answers(results)),
        terms=glossary.terms(),
        **words,
        **shown,
        **files,
        **judged,
    )


def write(out: pathlib.Path, results: Sequence[Result]) -> pathlib.Path:
    """Write `out/report.html` as a whole, and return its path."""
    out.mkdir(parents=True, exist_ok=True)
    temporary = out / ".report.html"
    temporary.write_text(render(results, (out / EXPLORER).exists()), encoding="utf-8")
    os.replace(temporary, out / "report.html")
    return out / "report.html"

"""Writing the page: one file with modules, style and the walkthrough's numbers, which works offline."""

import graphlib
import json
import os
import pathlib
import re
from collections.abc import Mapping
from typing import Any

import jinja2
import xarray as xr

FOLDER = pathlib.Path(__file__).parent
LOOK = FOLDER.parent / "runner"
"""The folder of the report's style sheet."""
IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.mjs";\n', re.MULTILINE)
NAME = re.compile(r"^(?:const|let|function|class) (\w+)", re.MULTILINE)
ERRATA = "Other slips"
"""The title of the walkthrough's table of errata."""


def joined(folder: pathlib.Path = FOLDER) -> str:
    """Join the modules into one script, each after those that it imports; a worker runs the same script.

    Raises:
        ValueError: Two modules define the same name, or a module uses an unsupported form of import.
    """
    sources = {path.stem: path.read_text("utf-8") for path in sorted(folder.glob("*.mjs"))}
    graph = {name: set(IMPORT.findall(text)) for name, text in sources.items()}
    order = graphlib.TopologicalSorter(graph).static_order()
    parts = [
        re.sub(r"^export (?=const|let|function|class)", "", IMPORT.sub("", sources[name]), flags=re.MULTILINE)
        for name in order
    ]
    text = "\n".join(parts)
    names = NAME.findall(text)
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"several modules have a name in common: {', '.join(twice)}")
    if re.search(r"^(import|export)\b|</script", text, re.MULTILINE):
        raise ValueError(
            'modules may only use import { a, b } from "./name.mjs" and export before a declaration'
        )
    begin = '(typeof document === "undefined" ? serve : begin)();'
    return f'(() => {{\n"use strict";\n{text}\n{begin}\n}})();\n'


def golden(data: xr.DataTree, tables: Mapping[str, Any]) -> dict[str, Any]:
    """Collect what the page takes from the walkthrough: networks, printed numbers, errata."""
    cases, numbers = data["cases"].to_dataset(), data["printed"].to_dataset()
    hidden, output = (data[f"cases/{layer}_layer"].to_dataset() for layer in ("hidden", "output"))
    return {
        "x": cases["input_value"].values.tolist(),
        "label": cases.attrs["label"],
        "rate": cases.attrs["alpha"],
        "assumed": cases.attrs["assumed_output"],
        "inputWeights": hidden["weight"][0].values.tolist(),
        "cases": {
            str(case["case"].values): {
                "hidden": str(case["hidden_activation"].values),
                "output": str(case["output_activation"].values),
                "weights": output["weight"].sel(case=case["case"]).values.tolist(),
                "assumed": cases.attrs["assumed_output"] if bool(case["assumed"]) else None,
            }
            for case in (cases.isel(case=k) for k in range(cases.sizes["case"]))
        },
        "printed": [_printed(numbers.isel(number=k)) for k in range(numbers.sizes["number"])],
        "errata": [list(row) for row in tables[ERRATA]["rows"]],
    }


def _printed(row: xr.Dataset) -> dict[str, Any]:
    texts = {name: str(row[name].values) for name in ("step", "formula", "text", "why")}
    computed = float(row["computed"])
    agrees = abs(computed - float(row["printed"])) <= float(row["half_unit"])
    return texts | {"computed": computed, "agrees": agrees}


def render(numbers: Mapping[str, Any]) -> str:
    """Render the page with the numbers that `golden` returns."""
    loader = jinja2.FileSystemLoader([FOLDER, LOOK])
    environment = jinja2.Environment(autoescape=False, loader=loader, undefined=jinja2.StrictUndefined)
    text = json.dumps(numbers, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
    return environment.get_template("explorer.html.jinja").render(golden=text, script=joined())


def write(out: pathlib.Path, data: xr.DataTree, tables: Mapping[str, Any]) -> pathlib.Path:
    """Write `out/explorer.html` and return its path."""
    temporary = out / ".explorer.html"
    temporary.write_text(render(golden(data, tables)), encoding="utf-8")
    os.replace(temporary, out / "explorer.html")
    return out / "explorer.html"

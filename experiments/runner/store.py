"""The results folder: first an experiment's data, then its result, each written completely or not at all."""

import hashlib
import json
import math
import os
import pathlib
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import xarray as xr

from experiments.runner import expectations, style, tidy
from experiments.runner.experiment import Data, Drawing, Experiment, Show, Story, Table
from experiments.runner.findings import Finding, counts, paired

DATA, SECOND, MANIFEST = "data.nc", "data_second.nc", "manifest.json"


class Result(NamedTuple):
    """An experiment's result, made once from its data.

    Attributes:
        findings: Claims with their verdicts.
        tables: {title: (header, rows)}.
        figures: {name: drawing}.
        story: Paragraphs and the places of the figures.
    """

    findings: Sequence[Finding]
    tables: Mapping[str, Table]
    figures: Mapping[str, Drawing]
    story: Story = ()


def check_writable(out: pathlib.Path) -> None:
    """Check, before anything runs, that the results folder can be written to.

    Raises:
        OSError: The folder cannot be written to; the message names it.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise OSError(
            f"results folder {out} cannot be written: {error.strerror}; choose another with --out"
        ) from error


def save_data(out: pathlib.Path, data: Data, manifest: Mapping[str, Any]) -> pathlib.Path:
    """Write `out/<experiment>/` with the data and its manifest, and return that folder.

    The data is written before any finding or figure is made, so that a bug in those cannot lose it. An older
    result is replaced as a whole.

    Raises:
        OSError: The folder cannot be written to; the message names it.
    """

    def fill(folder: pathlib.Path) -> None:
        data.to_netcdf(folder / DATA, engine="h5netcdf")
        _write_manifest(folder, manifest)

    check_writable(out)
    return _replaced(out / manifest["name"], fill)


def add_second(folder: pathlib.Path, data: Data, about: Mapping[str, Any]) -> None:
    """Store the data of a second list of seeds beside the first, and add `about` to the manifest."""
    manifest = read_manifest(folder, [DATA])

    def fill(new: pathlib.Path) -> None:
        shutil.copy2(folder / DATA, new / DATA)
        data.to_netcdf(new / SECOND, engine="h5netcdf")
        _write_manifest(new, manifest | dict(about))

    _replaced(folder, fill)


def save_result(experiment: Experiment, folder: pathlib.Path) -> Result:
    """Make findings, tables and figures from the data in `folder`, and store them beside the data.

    Findings, tables and a row for each seed are written as CSV files, too.

    If there is data from a second list of seeds, only findings are made from it, and verdicts that differ are
    open.

    Raises:
        FileNotFoundError: There is no data.
        ValueError: The data was changed after it was written: its hash differs.
    """
    manifest = read_manifest(folder, [DATA, SECOND])
    data = load_data(folder)
    manifest["expectations"] = manifest.get("expectations", {}) | {"at_the_judging": expectations.digest()}
    with style.context():
        findings = experiment.findings(data)
        if (folder / SECOND).exists():
            findings = paired(findings, experiment.findings(load_data(folder, SECOND)))
        shown = experiment.tables(data), experiment.figures(data), experiment.story(data)
        result = Result(findings, *shown)

        def fill(new: pathlib.Path) -> None:
            for name in (DATA, SECOND):
                if (folder / name).exists():
                    shutil.copy2(folder / name, new / name)
            figures = {name: _save_drawing(new, name, each) for name, each in result.figures.items()}
            told = findings_as_json(result.findings, manifest["smoke"])
            _write_json(new / "findings.json", told)
            _write_json(new / "tables.json", _tables_as_json(result.tables))
            _write_json(new / "story.json", _story_as_json(experiment, result))
            tidy.write(new, data, told["findings"], result.tables)
            _write_manifest(new, manifest | {"figures": figures})

        _replaced(folder, fill)
    return result


def load_data(folder: pathlib.Path, name: str = DATA) -> Data:
    """Load the data of a result: a DataTree, or a Dataset if there is only one part."""
    with xr.open_datatree(folder / name, engine="h5netcdf") as tree:
        tree.load()
    return tree if tree.children else tree.to_dataset()


def _save_drawing(folder: pathlib.Path, name: str, drawing: Drawing) -> dict[str, Any]:
    """Write each panel as an SVG file, and return title, caption, and each panel's file and size."""
    panels = []
    for number, figure in enumerate(drawing.panels, 1):
        stem = name if len(drawing.panels) == 1 else f"{name}-{number}"
        figure.savefig(folder / f"{stem}.svg", metadata={"Date": None})
        if drawing.png:
            figure.savefig(folder / f"{stem}.png", facecolor="white")
        width, height = style.size(figure)
        panels.append({"file": f"{stem}.svg", "width": width, "height": height})
    return {"title": drawing.title, "caption": drawing.caption, "panels": panels}


def _story_as_json(experiment: Experiment, result: Result) -> dict[str, Any]:
    """Return the story and the card in a form that can be written as JSON.

    Raises:
        KeyError: The story or the card shows a figure that is not drawn.
    """
    card = experiment.card
    shown = [each.figure for each in result.story if isinstance(each, Show)] + ([card.figure] if card else [])
    missing = sorted(set(shown) - set(result.figures))
    if missing:
        raise KeyError(f"the story of {experiment.name} shows {', '.join(missing)}, which is not drawn")
    told = [each if isinstance(each, str) else each._asdict() for each in result.story]
    return {"card": card._asdict() if card else None, "story": told}


def findings_as_json(findings: Sequence[Finding], smoke: bool = False) -> dict[str, Any]:
    """Return the findings, and their verdicts counted by class."""
    return {"counts": counts(findings, smoke), "findings": [as_json(each, smoke) for each in findings]}


def as_json(finding: Finding, smoke: bool = False) -> dict[str, Any]:
    """Return a finding with its verdict, which a smoke run lacks; infinite ends of intervals become text."""
    expectation, second = finding.expectation, finding.second
    values = {
        "id": finding.id,
        "claim": finding.claim,
        "class": finding.kind,
        "source": finding.source,
        "expected": finding.expected,
        "since": expectation.since,
        "after_measurement": expectation.after,
        "why": expectation.why,
        "measured": finding.measured,
        "interval": finding.interval,
        "unit": finding.unit,
        "note": finding.note,
        "too_wide": finding.too_wide,
        "verdict": None if smoke else finding.verdict,
        "second_list": None,
    }
    if second is not None:
        told = {"measured": second.measured, "interval": second.interval, "verdict": second.verdict}
        values["second_list"] = told
    return _plain(values)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value if not isinstance(value, float) or math.isfinite(value) else str(value)


def _tables_as_json(tables: Mapping[str, Table]) -> dict[str, Any]:
    return {
        title: {"header": list(header), "rows": [list(row) for row in rows], "file": f"{name}.csv"}
        for (title, (header, rows)), name in zip(tables.items(), tidy.table_names(list(tables)), strict=True)
    }


def _write_json(path: pathlib.Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def _write_manifest(folder: pathlib.Path, manifest: Mapping[str, Any]) -> None:
    """Write the manifest, with the hash of every other file in the folder."""
    hashes = {path.name: _hash(path) for path in sorted(folder.iterdir())}
    _write_json(folder / MANIFEST, {**manifest, "sha256": hashes})


def _hash(path: pathlib.Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _replaced(target: pathlib.Path, fill: Callable[[pathlib.Path], None]) -> pathlib.Path:
    """Fill a temporary folder, and move it to `target`.

    If the run is killed, an older result stays as it was, or is moved aside, and `recover` puts it back.
    """
    recover(target)
    temporary = pathlib.Path(tempfile.mkdtemp(prefix=f".{target.name}-new-", dir=target.parent))
    try:
        fill(temporary)
        temporary.chmod(0o755)
        for path in temporary.iterdir():
            _sync(path)
        _move(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target


def _sync(path: pathlib.Path) -> None:
    if path.is_dir() and sys.platform == "win32":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _aside(target: pathlib.Path) -> pathlib.Path:
    return target.with_name(f".{target.name}-old")


def _move(new: pathlib.Path, target: pathlib.Path) -> None:
    """Move `new` to `target`; an older result is moved aside first, and put back if the move fails."""
    aside = _aside(target)
    if target.exists():
        target.rename(aside)
    try:
        new.rename(target)
        _sync(target.parent)
    finally:
        recover(target)


def recover(target: pathlib.Path) -> None:
    """Clean up if a run was killed between two renames: the older result is put back, or deleted."""
    aside = _aside(target)
    if aside.exists() and target.exists():
        shutil.rmtree(aside)
    elif aside.exists():
        aside.rename(target)


def read_manifest(folder: pathlib.Path, names: Sequence[str] | None = None) -> dict[str, Any]:
    """Read the manifest of a result after checking all its files, or only the files in `names`.

    Raises:
        FileNotFoundError: A file of the result is missing.
        ValueError: A file was changed after it was written: its hash differs.
    """
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    for name, digest in manifest["sha256"].items():
        if (names is None or name in names) and _hash(folder / name) != digest:
            raise ValueError(
                f"{folder.name}/{name} was changed after it was written; run the experiment again"
            )
    return manifest


def load(folder: pathlib.Path) -> dict[str, Any]:
    """Load one experiment's manifest, findings, their counts, tables, card and story for the report.

    Raises:
        FileNotFoundError: A file of the result is missing.
        ValueError: A file was changed after it was written, or no result has been made from the data.
    """
    manifest = read_manifest(folder)
    if not (folder / "findings.json").exists():
        raise ValueError(
            f"{folder.name} has data but no figures yet; python -m experiments redraw {folder.name}"
        )
    if not (folder / "story.json").exists():
        raise ValueError(
            f"{folder.name} was judged by an older version; python -m experiments redraw {folder.name}"
        )
    findings, tables, story = (
        json.loads((folder / f"{name}.json").read_text("utf-8")) for name in ("findings", "tables", "story")
    )
    return findings | story | {"tables": tables, "manifest": manifest, "folder": folder}


def stored(out: pathlib.Path, names: Sequence[str]) -> tuple[list[dict[str, Any]], list[str]]:
    """Load the results of these experiments in `out`, in order, and say what is wrong with damaged ones."""
    results, damaged = [], []
    for name in with_data(out, names):
        try:
            results.append(load(out / name))
        except (OSError, ValueError, KeyError) as error:
            damaged.append(str(error))
    return results, damaged


def with_data(out: pathlib.Path, names: Sequence[str]) -> list[str]:
    """Return the names of the experiments that have data in `out`."""
    for name in names:
        recover(out / name)
    return [name for name in names if (out / name / MANIFEST).exists()]

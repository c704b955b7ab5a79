"""The runner, the store and the report, over a tiny experiment and over each real one in its smoke size."""

import dataclasses
import io
import json
import re

import jax
import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure
from rich.console import Console

from experiments import __main__ as command
from experiments import progress, report, store
from experiments.experiment import Experiment, Finding, discover


@dataclasses.dataclass(frozen=True)
class Config:
    """Options.

    Attributes:
        seed: The seed.
        size: How many numbers.
        explode: Whether to fail.
    """

    seed: int = 0
    size: int = 5
    explode: bool = False


def _run(config):
    if config.explode:
        raise RuntimeError("planted failure")
    return xr.Dataset({"x": ("n", np.arange(config.size) + config.seed)})


def _figures(data):
    figure = Figure()
    figure.add_subplot().plot(data["x"])
    return {"line": (figure, "A line & its <caption>")}


def _findings(data):
    total = float(data["x"].sum())
    return [Finding("the sum is 10", "arithmetic", (10.0, 10.0), total, (total, total), note="exact")]


TINY = Experiment(
    "tiny", "A tiny one", "What is the sum?", "Add them.", Config, _run, _figures, _findings,
    smoke={"size": 2}, tables=lambda data: {"Numbers": (("x",), [[str(x)] for x in data["x"].values])},
)  # fmt: skip
BROKEN = dataclasses.replace(TINY, name="broken", run=lambda config: _run(Config(explode=True)))


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setattr(command, "discover", lambda: {"broken": BROKEN, "tiny": TINY})


@pytest.fixture
def out(tmp_path):
    return tmp_path / "results"


def _save(out, config=None, experiment=TINY):
    config = config or Config()
    return store.save(experiment, config, _run(config), out=out, wall_time=1.0, command="make experiment")


@pytest.mark.parametrize(
    "interval, verdict",
    [
        ((1, 2), "agrees"),
        ((0, 3), "agrees"),
        ((2, 4), "undecided"),
        ((4, 5), "differs"),
        ((float("nan"), 1), "undecided"),
    ],
)
def test_verdict(interval, verdict):
    assert Finding("", "", (0.0, 3.0), 1.0, interval).verdict == verdict


def test_stored_result_is_complete(out):
    folder = _save(out)
    names = {"data.nc", "line.png", "line.svg", "findings.json", "tables.json", "manifest.json"}
    assert {path.name for path in folder.iterdir()} == names
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["config"] == {"seed": 0, "size": 5, "explode": False}
    assert manifest["prng"] == "threefry2x32"
    assert set(manifest["sha256"]) == names - {"manifest.json"}
    with xr.open_dataset(folder / "data.nc", engine="h5netcdf") as data:
        assert data["x"].values.tolist() == [0, 1, 2, 3, 4]


def test_a_failure_while_writing_leaves_the_older_result(out, monkeypatch):
    _save(out)
    before = (out / "tiny" / "data.nc").read_bytes()
    failing = dataclasses.replace(TINY, findings=lambda data: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        _save(out, Config(size=9), failing)
    assert (out / "tiny" / "data.nc").read_bytes() == before
    assert [path.name for path in out.iterdir()] == ["tiny"]


def test_a_kill_between_the_two_renames_is_recovered(out):
    _save(out)
    (out / "tiny").rename(out / ".tiny-old")
    assert [result["manifest"]["name"] for result in store.stored(out, ["tiny"])] == ["tiny"]
    assert not (out / ".tiny-old").exists()


def test_changed_files_are_refused(out):
    folder = _save(out)
    (folder / "findings.json").write_text("[]")
    with pytest.raises(ValueError, match=r"tiny/findings.json was changed after it was written"):
        store.load(folder)


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="cannot be written"):
        _save(tmp_path / "file" / "results")


def test_report_stands_alone_and_escapes(out):
    _save(out)
    page = report.write(out, store.stored(out, ["tiny"])).read_text()
    sources = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert sources
    assert all(source.startswith(("data:image/png;base64,", "#")) for source in sources)
    assert "url(" not in page
    assert "A line &amp; its &lt;caption&gt;" in page
    assert "✓ agrees" in page


def test_a_failed_experiment_does_not_stop_the_others(tiny, out, capsys):
    assert command.main(["--out", str(out)]) == 1
    printed = capsys.readouterr().out
    assert "planted failure" in printed
    assert "failed: broken" in printed
    assert (out / "tiny" / "manifest.json").exists()
    assert (out / "report.html").exists()


def test_options_reach_the_config(tiny, out, capsys):
    assert command.main(["tiny", "--smoke", "--seed", "3", "--out", str(out)]) == 0
    manifest = json.loads((out / "tiny" / "manifest.json").read_text())
    assert manifest["config"] == {"seed": 3, "size": 2, "explode": False}
    assert manifest["command"] == "python -m experiments tiny --seed 3 --size 2"
    assert command.main(["tiny", "--size", "7", "--out", str(out)]) == 0
    assert json.loads((out / "tiny" / "manifest.json").read_text())["config"]["size"] == 7


def test_wrong_names_and_misplaced_options(tiny, out, capsys):
    assert command.main(["tiyn"]) == 2
    assert "Did you mean 'tiny'?" in capsys.readouterr().err
    assert command.main(["--size", "7", "--out", str(out)]) == 2
    assert "belong to one experiment" in capsys.readouterr().err


def test_progress_is_shown_on_a_terminal_and_quiet_in_a_log():
    for terminal in (True, False):
        console = Console(file=io.StringIO(), force_terminal=terminal, width=120)
        with progress.shown(console, "tiny"):
            progress.report(3, 4)
        text = console.file.getvalue()
        assert ("tiny" in text and "3/4" in text) if terminal else text == ""
    progress.report(1, 2)  # nobody listens


SLOW = {"benchmark"}
RELAXED = {"benchmark", "learning_rate"}
"""The benchmark's peers broadcast as their users write them; Optax's Adam and RMSProp mix dtypes."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in discover()]
)
def test_smoke(name, tmp_path, capsys):
    ranks, dtypes = ("allow", "standard") if name in RELAXED else ("raise", "strict")
    with jax.numpy_rank_promotion(ranks), jax.numpy_dtype_promotion(dtypes):
        assert command.main([name, "--smoke", "--out", str(tmp_path)]) == 0
    assert (tmp_path / name / "data.nc").exists()


@pytest.mark.parametrize(
    "bounds, text",
    [
        ((0.93086155, 0.93086165), "0.9308616 ± 5e−08"),
        ((0.0, 0.5), "0 to 0.5"),
        ((1.0, 1.0), "1"),
        (("-inf", 2.0), "≤ 2"),
        ((-2.0, "inf"), "≥ −2"),
    ],
)
def test_expected_values_are_readable(bounds, text):
    assert report.interval(bounds) == text

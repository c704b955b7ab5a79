"""The runner, the store and the report, over a tiny experiment and over each real one in its smoke size."""

import dataclasses
import io
import itertools
import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure
from rich.console import Console

import nnjax
from experiments import __main__ as command
from experiments.runner import checkpoints as unfinished
from experiments.runner import progress, report, store, sweeps, threads, timing
from experiments.runner.experiment import Experiment, Finding, discover
from nnjax.sweeps import lanes


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
TOOK = timing.Timing(wall_time=1.0, longest_compilation=0.25)
BROKEN = dataclasses.replace(TINY, name="broken", run=lambda config: _run(Config(explode=True)))


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setattr(command, "discover", lambda: {"broken": BROKEN, "tiny": TINY})


@pytest.fixture
def out(tmp_path):
    return tmp_path / "results"


def _save(out, config=None, experiment=TINY):
    config = config or Config()
    return store.save(experiment, config, _run(config), out=out, took=TOOK, command="make experiment")


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
    results, damaged = store.stored(out, ["tiny"])
    assert [result["manifest"]["name"] for result in results] == ["tiny"]
    assert not damaged
    assert not (out / ".tiny-old").exists()


def test_changed_files_are_refused(out):
    folder = _save(out)
    (folder / "findings.json").write_text("[]")
    with pytest.raises(ValueError, match=r"tiny/findings.json was changed after it was written"):
        store.load(folder)
    results, (message,) = store.stored(out, ["tiny"])
    assert not results
    assert "changed after it was written" in message


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="cannot be written"):
        _save(tmp_path / "file" / "results")


def test_report_stands_alone_and_escapes(out):
    _save(out)
    page = report.write(out, store.stored(out, ["tiny"])[0]).read_text()
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


def test_results_are_stored_before_anything_is_printed(tiny, out, monkeypatch, capsys):
    """A terminal that cannot show a character, or a closed pipe, loses no result."""

    def unprintable(*arguments):
        raise UnicodeEncodeError("ascii", "✓", 0, 1, "planted")

    monkeypatch.setattr(command, "_table", unprintable)
    assert command.main(["tiny", "--out", str(out)]) == 1
    assert (out / "tiny" / "manifest.json").exists()


def test_a_damaged_result_does_not_keep_the_others_from_the_report(out, tiny, capsys):
    _save(out, experiment=dataclasses.replace(TINY, name="broken"))
    (out / "broken" / "findings.json").write_text("[]")
    assert command.main(["tiny", "--out", str(out)]) == 1
    assert "not in the report: broken/findings.json was changed" in capsys.readouterr().out
    assert "tiny" in (out / "report.html").read_text()


def test_failures_are_named_without_a_report_too(tiny, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert command.main(["--out", str(tmp_path / "file")]) == 1
    printed = capsys.readouterr().out
    assert "failed: broken, tiny" in printed
    assert "no report" in printed


def test_full_size_says_how_long_and_keeps_sweeps_until_stored(out, monkeypatch, capsys):
    folders = []

    def run(config):
        folders.append(unfinished.folder("numbers"))
        sums = nnjax.sweep(lambda key: jax.random.normal(key), range(3), folder=folders[-1])
        if len(folders) == 1:
            raise KeyboardInterrupt
        return xr.Dataset({"x": ("n", sums)})

    long = dataclasses.replace(TINY, run=run, minutes=(0.5, 120.0))
    monkeypatch.setattr(command, "discover", lambda: {"tiny": long})
    with pytest.raises(KeyboardInterrupt):
        command.main(["tiny", "--profile", "full", "--out", str(out)])
    printed = capsys.readouterr().out
    assert "1 experiment, about 2.0 hours on two cores" in printed
    assert "tiny stopped; the same command goes on from here" in printed
    assert list(folders[0].glob("segment-*"))
    assert command.main(["tiny", "--profile", "full", "--out", str(out)]) == 0
    assert folders[0] == folders[1]
    assert not list(out.glob(".*"))
    assert command.main(["tiny", "--out", str(out)]) == 0
    assert folders[2] is None


def test_float64_goes_to_the_cpu_where_the_default_is_a_tpu(out, monkeypatch, capsys):
    seen = []

    def run(config):
        with threads.pool(1) as pool:
            seen.append(pool.submit(lambda: (jax.config.jax_default_device, len(lanes.devices()))).result())
        return _run(config)

    doubles = {
        str(flag): dataclasses.replace(TINY, name=str(flag), run=run, float64=flag) for flag in (True, False)
    }
    monkeypatch.setattr(command, "discover", lambda: doubles)
    monkeypatch.setattr(jax, "default_backend", lambda: "tpu")
    assert command.main(["--out", str(out)]) == 0
    assert capsys.readouterr().out.count("a TPU cannot do: it runs on the CPU") == 1
    assert [device and device.platform for device, _ in seen] == ["cpu", None]
    assert [count for _, count in seen] == [8, 8]


def test_help_names_every_experiment_and_every_option(capsys):
    with pytest.raises(SystemExit):
        command.main(["--help"])
    text = capsys.readouterr().out
    assert all(name in text for name in discover())
    with pytest.raises(SystemExit):
        command.main(["walkthrough", "--help"])
    text = capsys.readouterr().out
    assert all(f"--{name}" in text for name in ("epochs", "rate", "threshold", "seed"))


def test_the_manifest_says_where_the_numbers_come_from(out):
    manifest = json.loads((_save(out) / "manifest.json").read_text())
    assert set(manifest["packages"]) >= {"jax", "jaxlib", "numpy", "nnjax"}
    assert manifest["precision"] == "x64 enabled"
    assert len(manifest["devices"]) == 8
    assert manifest["wall_time_seconds"] == 1.0
    assert manifest["longest_compilation_seconds"] == 0.25
    assert set(manifest["git"] or {"commit": "", "dirty": ""}) == {"commit", "dirty"}


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


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_shown_on_a_terminal_and_quiet_in_a_log(terminal):
    clock = itertools.count(1.0)
    plain: Any = {"force_terminal": terminal, "color_system": None, "width": 120}
    text = io.StringIO()
    console = Console(file=text, get_time=lambda: next(clock), **plain)
    with progress.shown(console, "tiny"):
        progress.report(3, 4)
        with progress.sweep("draws", settings=2) as on_segment:
            for done in (2, 4, 8):
                on_segment(done, 10)
            if progress._bars is not None:
                progress._bars.refresh()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(_elsewhere).result()
    seen = ["tiny", "3/4 parts", "draws", "4/5 seeds", "seeds/s", "left 0:", "elsewhere"]
    assert [each in text.getvalue() for each in seen] == [terminal] * len(seen)
    assert terminal or not text.getvalue()


def _elsewhere():
    with progress.sweep("elsewhere"):
        if progress._bars is not None:
            progress._bars.refresh()


def _swept():
    settings = {"scale": np.ones(2)}
    return sweeps.sweep("draws", lambda key, scale: jax.random.normal(key), np.arange(5), settings, lane=1)


def test_outside_of_the_command_nothing_is_shown(capsys):
    progress.report(1, 2)
    assert _swept().shape == (5, 2)
    assert capsys.readouterr().out == ""


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


@pytest.mark.parametrize(
    "value, bounds, text",
    [
        (0.9308616, (0.9308616, 0.9308616), "0.9308616"),
        (0.195, (0.1195202, 0.3018078), "0.195 [0.120, 0.302]"),
        (-0.7333333, (-0.7811112, -0.6811093), "−0.733 [−0.781, −0.681]"),
        (5.4075e-05, (3.5441e-05, 0.0002587), "0.000054 [0.000035, 0.000259]"),
        (1234567.0, (1200000.0, 1300000.0), "1.23e+06 [1.2e+06, 1.3e+06]"),
        (2.0, (1.0, "inf"), "2 [1, ∞]"),
    ],
)
def test_measured_values_are_as_long_as_they_are_known(value, bounds, text):
    assert report.measured(value, bounds) == text


@pytest.mark.parametrize(
    "text, shown",
    [
        ("mean -0.005, lowest -1", "mean −0.005, lowest −1"),
        ("1e-3 (-2 to 4)", "1e−3 (−2 to 4)"),
        ("XOR 2-2-1, half-way", "XOR 2-2-1, half-way"),
    ],
)
def test_minus_signs_are_those_of_print(text, shown):
    assert report.typeset(text) == shown


def test_the_longest_compilation_is_told():
    def run():
        return jax.jit(lambda x: jnp.sin(x) + 0.123)(1.0)

    (_, first), (_, none) = timing.timed(run), timing.timed(lambda: None)
    assert 0 < first.longest_compilation < first.wall_time
    assert none.longest_compilation == 0 < none.wall_time


@pytest.mark.parametrize("profile", ["default", "full"])
def test_ctrl_c_promises_nothing_that_is_not_kept(profile, out, monkeypatch, capsys):
    """The benchmark keeps no sweep, in no size."""

    def run(config):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "discover", lambda: {"tiny": dataclasses.replace(TINY, run=run)})
    with pytest.raises(KeyboardInterrupt):
        command.main(["tiny", "--profile", profile, "--out", str(out)])
    assert "tiny stopped; the same command begins it anew" in capsys.readouterr().out


def test_ctrl_c_does_not_take_another_runs_folder_for_its_own(out, monkeypatch, capsys):
    (out / ".tiny-unfinished" / "other-options").mkdir(parents=True)
    test_ctrl_c_promises_nothing_that_is_not_kept("full", out, monkeypatch, capsys)

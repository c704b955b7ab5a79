"""Experiments run in turn; a failure stops no other one, loses no results, and is reported at the end."""

import contextlib
import dataclasses
import json
import time
from typing import Any

import jax
import numpy as np
import pytest
import standin
import tiny
import xarray as xr
from tiny import BROKEN, TINY

import nnjax
from experiments.__main__ import main
from experiments.runner import catalogue, engines, store, terminal
from nnjax.sweeps import jobs
from nnjax.sweeps.devices import chosen


@pytest.fixture
def known(monkeypatch):
    """Made-up experiments, by name, which replace the real ones in the command."""
    table = {"broken": BROKEN, "tiny": TINY}
    monkeypatch.setattr(catalogue, "names", lambda: list(table))
    monkeypatch.setattr(catalogue, "headline", lambda name: "A question?")
    monkeypatch.setattr(catalogue, "load", table.__getitem__)
    return table


@pytest.fixture
def run(tmp_path, capsys, known):
    """A function that runs the command with the given words, and returns its exit status and output."""

    def command(*words):
        status = main([*words, "--out", str(tmp_path / "results")])
        return status, capsys.readouterr().out

    return command


@pytest.fixture
def out(tmp_path):
    return tmp_path / "results"


def test_a_failed_experiment_does_not_stop_the_others(run, out):
    status, printed = run()
    assert status == 1
    assert "planted failure" in printed
    assert "failed: broken" in printed
    assert "Results are in" not in printed
    assert (out / "tiny" / "manifest.json").exists()
    assert (out / "report.html").exists()


def test_all_is_well(run, out):
    status, printed = run("tiny")
    assert status == 0
    assert "1 experiment, about 1 minute on two cores" in printed
    assert "Results are in" in printed


def test_what_was_asked_for_stands_in_the_manifest(run, out):
    assert run("tiny", "--smoke", "--seed", "3")[0] == 0
    manifest = json.loads((out / "tiny" / "manifest.json").read_text())
    assert manifest["config"] == {"seed": 3, "size": 2, "explode": False}
    assert manifest["command"] == "python -m experiments tiny --seed 3 --size 2"
    assert manifest["smoke"] is True


@pytest.mark.parametrize("what", ["findings", "tables", "figures"])
def test_a_slip_after_the_measurement_costs_nothing(run, out, known, what):
    whole = known["tiny"]
    known["tiny"] = dataclasses.replace(whole, **{what: lambda data: undefined})  # noqa: F821  # pyright: ignore
    status, printed = run("tiny")
    assert status == 1
    assert "NameError" in printed
    assert "failed: tiny" in printed
    assert tiny.numbers(out / "tiny") == [0, 1, 2, 3, 4]
    known["tiny"] = dataclasses.replace(whole, run=lambda config, context: 1 / 0)
    status, printed = run("redraw", "tiny")
    assert status == 0
    assert "Results are in" in printed
    assert store.load(out / "tiny")["findings"][0]["verdict"] == "agrees"
    assert "1 finding confirmed" in (out / "report.html").read_text()


def test_redraw_makes_all_again_and_needs_data(run, out, known):
    status, printed = run("redraw")
    assert (status, "no data of any experiment" in printed) == (2, True)
    run("tiny")
    (out / "report.html").unlink()
    assert run("redraw")[0] == 0
    assert (out / "report.html").exists()
    status, printed = run("redraw", "broken")
    assert (status, "no data of broken" in printed) == (2, True)


def test_the_report_is_written_after_each_experiment(run, out, known):
    """It is written while the next experiment runs."""

    def look(config, context):
        end = time.monotonic() + 60
        while not (out / "report.html").exists() and time.monotonic() < end:
            time.sleep(0.01)
        return tiny.run(config, context)

    def last(config, context):
        known["seen"] = (out / "report.html").read_text()
        return tiny.run(config, context)

    known["later"] = dataclasses.replace(TINY, name="later", run=look)
    known["benchmark"] = dataclasses.replace(TINY, name="benchmark", run=last)  # waits for earlier results
    assert run("tiny", "later", "benchmark")[0] == 0
    assert 'id="tiny"' in known["seen"]
    assert 'id="later"' in known["seen"]


def test_results_are_stored_before_anything_is_printed(run, out, monkeypatch):
    """No result is lost if a terminal cannot show a character, or if a pipe is closed."""

    def unprintable(*arguments):
        raise UnicodeEncodeError("ascii", "✓", 0, 1, "planted")

    monkeypatch.setattr(terminal, "_print_table", unprintable)
    assert run("tiny")[0] == 1
    assert (out / "tiny" / "findings.json").exists()


def test_a_walkthrough_without_the_explorers_numbers_is_named(run, out, known):
    known["walkthrough"] = dataclasses.replace(TINY, name="walkthrough")
    status, printed = run("walkthrough")
    assert status == 1
    assert "no explorer: the walkthrough's result lacks numbers for it; run the walkthrough again" in printed
    assert not (out / "explorer.html").exists()
    assert "A tiny one" in (out / "report.html").read_text()


def test_a_damaged_result_does_not_keep_the_others_from_the_report(run, out):
    tiny.saved(out, experiment=dataclasses.replace(TINY, name="broken"))
    (out / "broken" / "findings.json").write_text("[]")
    status, printed = run("tiny")
    assert status == 1
    assert "not in the report: broken/findings.json was changed" in printed
    assert "tiny" in (out / "report.html").read_text()


def test_a_folder_that_cannot_be_written_is_refused_before_anything_runs(known, tmp_path, capsys):
    known["tiny"] = dataclasses.replace(TINY, run=lambda config, context: pytest.fail("it ran"))
    (tmp_path / "file").write_text("")
    assert main(["tiny", "--out", str(tmp_path / "file")]) == 2
    printed = capsys.readouterr().out
    assert "cannot be written" in printed
    assert "Traceback" not in printed


def test_an_experiment_without_a_smoke_size_says_so_and_does_not_run(run, out, known):
    known["bare"] = dataclasses.replace(
        TINY, name="bare", smoke=None, run=lambda config, context: pytest.fail("it ran in full")
    )
    status, printed = run("bare", "--smoke")
    assert (status, "bare has no smoke size" in printed) == (2, True)
    del known["broken"]
    status, printed = run("--smoke")
    assert (status, "bare has no smoke size" in printed) == (0, True)
    assert (out / "tiny").exists()


def test_full_size_says_how_long_and_keeps_sweeps_until_stored(run, out, known, capsys):
    folders = []

    def measure(config, context):
        folders.append(context.checkpoints.folder("numbers"))
        sums = nnjax.sweep(lambda key: jax.random.normal(key), range(3), folder=folders[-1])
        if len(folders) == 1:
            raise KeyboardInterrupt
        return xr.Dataset({"x": ("n", sums)})

    known["tiny"] = dataclasses.replace(TINY, run=measure, minutes=(0.5, 120.0))
    with pytest.raises(KeyboardInterrupt):
        run("tiny", "--profile", "full")
    printed = capsys.readouterr().out
    assert "1 experiment, about 4.0 hours on two cores" in printed
    assert "tiny stopped; the same command resumes from here" in printed
    assert list(folders[0].glob("segment-*"))
    assert run("tiny", "--profile", "full", "--lists", "1")[0] == 0
    assert folders[0] == folders[1]
    assert not list(out.glob(".*"))
    assert run("tiny")[0] == 0
    assert folders[2] is None


def test_full_size_runs_again_from_other_seeds_and_opens_what_flips(run, out, known):
    seeds, folders = [], []

    def measure(config, context):
        seeds.append(config.seed)
        folders.append(context.checkpoints.folder("numbers"))
        return xr.Dataset({"x": ("n", [10 if config.seed == 5 else 11])})

    known["tiny"] = dataclasses.replace(TINY, run=measure)
    status, printed = run("tiny", "--profile", "full", "--seed", "5")
    assert (status, seeds) == (0, [5, 5 + 2**30])
    assert folders[0] != folders[1]
    assert f"again from seed {5 + 2**30}" in printed
    assert "theorem: 1 open" in printed
    assert json.loads((out / "tiny" / "manifest.json").read_text())["second_list"]["seed"] == 5 + 2**30
    assert "Other seeds: 11, refuted" in (out / "report.html").read_text()
    known["tiny"] = dataclasses.replace(known["tiny"], second_list=False)
    assert run("tiny", "--profile", "full")[0] == 0
    assert len(seeds) == 3


def draw(key):
    return jax.random.normal(key)


@pytest.mark.parametrize("lists", [1, 2])
def test_shares_of_the_seeds_gathered_are_the_whole(run, out, known, lists):
    counts = []

    def measure(config, context):
        seeds = config.seeds_from_first(config.size)
        sums = context.sweep("numbers", draw, seeds)
        counts.append(len(seeds))
        return xr.Dataset({"x": ("n", np.asarray(sums))})

    known["tiny"] = dataclasses.replace(TINY, run=measure)
    options = ("tiny", "--size", "20", "--lists", str(lists))
    assert run("gather", *options)[0] == 2
    for share in ("12:40", "0:12"):
        status, printed = run(*options, "--seeds", share)
        assert status == 0
        assert "python -m experiments gather tiny, with the same options, makes the result" in printed
        assert not (out / "tiny").exists()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs, "in_lanes", lambda *arguments: 1 / 0)
        assert run("gather", *options)[0] == 0
    assert counts == [8] * lists + [12] * lists + [20] * lists
    gathered = tiny.numbers(out / "tiny")
    assert not list(out.glob(".*"))
    assert run(*options)[0] == 0
    assert tiny.numbers(out / "tiny") == gathered


def test_a_share_without_a_seed_of_the_run_is_refused(run, known):
    known["tiny"] = dataclasses.replace(
        TINY, run=lambda config, context: xr.Dataset({"x": ("n", config.seeds_from_first(5))})
    )
    status, printed = run("tiny", "--seeds", "5:9")
    assert (status, "tiny has no run with a seed from 5 to 8" in printed) == (1, True)


def test_a_share_that_fails_says_that_its_sweeps_are_kept(run, known):
    status, printed = run("broken", "--seeds", "0:5")
    assert (status, "failed: broken; the finished sweeps are kept" in printed) == (1, True)


def test_sweeps_run_on_the_workers_asked_for(run, out, known, monkeypatch):
    executor = standin.Inline()
    monkeypatch.setattr(engines, "opened", lambda request: contextlib.nullcontext(nnjax.Workers(executor)))

    def measure(config, context):
        return xr.Dataset({"x": ("n", context.sweep("numbers", draw, config.seeds_from_first(5)))})

    known["tiny"] = dataclasses.replace(TINY, run=measure)
    assert run("tiny", "--workers", "2")[0] == 0
    assert executor.sizes[0] == 0
    assert sum(executor.sizes) == 5


def test_workers_that_cannot_be_had_are_named_before_anything_runs(run, known, monkeypatch):
    def refused(request):
        raise OSError("nobody answers")

    monkeypatch.setattr(engines, "opened", refused)
    known["tiny"] = dataclasses.replace(TINY, run=lambda config, context: pytest.fail("it ran"))
    status, printed = run("tiny", "--workers", "2")
    assert (status, "nobody answers" in printed) == (2, True)


@pytest.mark.parametrize("others", [False, True])
@pytest.mark.parametrize("profile", ["default", "full"])
def test_ctrl_c_promises_nothing_that_is_not_kept(profile, others, run, out, known, capsys):
    """The benchmark keeps no sweeps at any size, and sweeps kept by another run do not count."""

    def measure(config, context):
        raise KeyboardInterrupt

    if others:
        (out / ".tiny-unfinished" / "other-options").mkdir(parents=True)
    known["tiny"] = dataclasses.replace(TINY, run=measure)
    with pytest.raises(KeyboardInterrupt):
        run("tiny", "--profile", profile)
    assert "tiny stopped; the same command starts over" in capsys.readouterr().out


def test_float64_goes_to_the_cpu_where_the_default_is_a_tpu(run, known, monkeypatch, devices):
    devices(8)
    seen: list = []
    options: Any = jax.config

    def measure(config, context):
        with context.pool(1) as pool:
            seen.append(pool.submit(lambda: (options.jax_default_device, len(chosen()))).result())
        return tiny.run(config, context)

    known.clear()
    known.update(
        {
            str(flag): dataclasses.replace(TINY, name=str(flag), run=measure, float64=flag)
            for flag in (True, False)
        }
    )
    monkeypatch.setattr(jax, "default_backend", lambda: "tpu")
    status, printed = run()
    assert status == 0
    assert printed.count("which TPUs lack, so it runs on the CPU") == 1
    assert [device and device.platform for device, _ in seen] == ["cpu", None]
    assert [count for _, count in seen] == [8, 8]


@pytest.mark.parametrize(
    "error, line",
    [
        (ValueError("planted refusal"), "tiny: planted refusal"),
        (
            FileNotFoundError(2, "No such file or directory", "my.csv"),
            "tiny: my.csv: No such file or directory",
        ),
        (MemoryError("needs 9 GB"), "tiny: needs 9 GB"),
    ],
)
def test_what_cannot_run_is_one_line_before_anything_runs(run, known, out, error, line):
    def refuse(config):
        raise error

    known["tiny"] = dataclasses.replace(known["tiny"], preview=refuse)
    assert run("tiny") == (2, line + "\n")
    assert not (out / "tiny").exists()


def test_what_is_said_before_it_runs(run, known):
    known["tiny"] = dataclasses.replace(known["tiny"], preview=lambda config: f"{config.size} numbers")
    assert run("tiny", "--size", "3")[1].startswith("3 numbers\n1 experiment")

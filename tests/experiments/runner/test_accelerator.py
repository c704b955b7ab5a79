"""Trials on an accelerator: each part runs by itself, and if it fails or hangs, the others go on."""

import csv
import sys

import pytest

from experiments.runner import accelerator
from experiments.runner.accelerator import Part


@pytest.fixture
def scripts(tmp_path, monkeypatch):
    """A function that turns source text into modules that parts can run."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def make(name, source):
        (tmp_path / f"{name}.py").write_text(source, "utf-8")
        return (name,)

    return make


def test_each_part_has_its_outcome_and_its_log(scripts, tmp_path):
    good = Part("a good one", scripts("good", "print('well')\nprint('---')"), 60)
    bad = Part("a bad one", scripts("bad", "raise SystemExit('no such device')"), 60)
    slow = Part("a slow one", scripts("slow", "import time\nprint('begun', flush=True)\ntime.sleep(60)"), 3)
    absent = Part("an absent one", scripts("absent", ""), 60, needs=("csv", "not_installed_anywhere"))
    source = "import os; print(os.environ.get('XLA_PYTHON_CLIENT_PREALLOCATE'))"
    timed = Part("a timed one", scripts("timed", source), 60, alone=True)
    outcomes = accelerator.run([timed, good, bad, slow, absent], tmp_path, at_once=4)
    assert [each.part for each in outcomes] == [
        "a timed one",
        "a good one",
        "a bad one",
        "a slow one",
        "an absent one",
    ]
    assert [each.ended for each in outcomes] == [
        "passed",
        "passed",
        "FAILED (status 1)",
        "STOPPED after 3 s",
        "skipped: this Python has no not_installed_anywhere",
    ]
    assert [each.said for each in outcomes] == ["None", "well", "no such device", "begun", ""]
    assert "---" in (tmp_path / "a-good-one.log").read_text("utf-8")
    assert not (tmp_path / "an-absent-one.log").exists()


def test_the_table_has_what_was_measured_before_a_stop(tmp_path):
    speeds = tmp_path / "speeds.csv"
    outcome = accelerator.Outcome("speeds", "STOPPED after 140 s", 140.2, "XOR")
    assert "nnjax" not in accelerator.table([outcome], speeds)
    with speeds.open("w", newline="") as file:
        csv.writer(file).writerows([["work", *"abcdef"], ["XOR 2-2-1", "nnjax", 256, 5, 2.05, 2.7e5, 1.0]])
    text = accelerator.table([outcome], speeds)
    assert "STOPPED after 140 s" in text.splitlines()[0]
    assert text.splitlines()[-1].split() == ["XOR", "2-2-1", "nnjax", "256", "5", "2.05", "270000.0", "1.0"]


def test_everything_is_tried_in_full_and_a_little_of_it_in_a_rehearsal(tmp_path):
    names = [part.name for part in accelerator.parts(tmp_path, smoke=False, workers=8)]
    assert {"doctor", "same bits", "tests", "speeds", "smoke walkthrough", "smoke digits"} <= set(names)
    assert "smoke benchmark" not in names
    assert len(accelerator.parts(tmp_path, smoke=True, workers=1)) == 5


def test_the_command_writes_its_table_and_tells_of_failures(tmp_path, monkeypatch, capsys):
    outcomes = [accelerator.Outcome("doctor", "passed", 1.0, "well")]
    monkeypatch.setattr(accelerator, "run", lambda *arguments: outcomes)
    assert accelerator.main(["--out", str(tmp_path / "new")]) == 0
    text = (tmp_path / "new" / "table.txt").read_text("utf-8")
    assert f"({sys.executable})" in text
    assert "doctor" in text
    assert "doctor" in capsys.readouterr().out
    outcomes.append(accelerator.Outcome("tests", "FAILED (status 1)", 1.0, "1 failed"))
    assert accelerator.main(["--out", str(tmp_path / "new")]) == 1

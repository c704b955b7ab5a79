"""The command itself: its exit status and what it prints, in a separate process."""

import os
import subprocess
import sys

QUICK = "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false"
"""Options that cut the time of compilation to a third; `.ci/run` gives these, too."""


def command(*words):
    here = os.environ | {"XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} {QUICK}"}
    return subprocess.run(
        [sys.executable, "-m", "experiments", *words], capture_output=True, text=True, env=here
    )


def test_a_wrong_word_is_two_lines_at_most_and_no_traceback():
    for words in (["walkthru"], ["--seed", "-1"], ["--epochs", "3"]):
        done = command(*words)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) <= 2
        assert done.stdout == ""


def test_the_walkthrough_runs_from_the_command_line(tmp_path):
    done = command("--smoke", "walkthrough", "--out", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Results are in" in done.stdout.replace("\n", " ")
    assert 'href="explorer.html"' in (tmp_path / "report.html").read_text()
    assert (tmp_path / "explorer.html").exists()

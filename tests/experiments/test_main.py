"""The command itself: its exit status and what it prints, in a separate process."""

import subprocess
import sys


def command(*words):
    return subprocess.run([sys.executable, "-m", "experiments", *words], capture_output=True, text=True)


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

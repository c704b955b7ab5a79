"""The template experiment runs, and is as clean as the code in the repository."""

import pathlib
import subprocess
import sys

import pytest

import experiments
from experiments.__main__ import main
from experiments.runner import catalogue, new, store

ROOT = pathlib.Path(__file__).parents[3]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A second folder of the package `experiments`, for new files."""
    path = tmp_path / "experiments"
    path.mkdir()
    monkeypatch.setattr(experiments, "__path__", [str(path), *experiments.__path__])
    yield path
    sys.modules.pop("experiments.from_the_template", None)


def test_the_template_runs_and_is_found(folder, tmp_path, capsys):
    assert new.main(["from_the_template"]) == 0
    assert "make experiment NAME=from_the_template" in capsys.readouterr().out
    assert catalogue.names()[-1] == "from_the_template"
    assert catalogue.headline("from_the_template") == "From the template: what is the question?"
    assert main(["from_the_template", "--smoke", "--out", str(tmp_path / "out")]) == 0
    assert store.load(tmp_path / "out" / "from_the_template")["findings"][0]["id"] == "solved"


def test_the_template_passes_lint(folder):
    path = new.write("from_the_template")
    ruff = [sys.executable, "-m", "ruff"]
    settings = ["--config", str(ROOT / "pyproject.toml"), str(path)]
    for words in (["check"], ["format", "--check"]):
        done = subprocess.run([*ruff, *words, *settings], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "name, message",
    [
        ("Hidden", "NAME must have only lower-case letters"),
        ("2fast", "NAME must have only lower-case letters"),
        ("", "NAME must have only lower-case letters"),
        ("digits", "experiments/digits exists"),
        ("runner", "experiments/runner exists"),
        ("redraw", "experiments/redraw exists, or is a command's own word"),
        ("gather", "experiments/gather exists, or is a command's own word"),
    ],
)
def test_names_that_cannot_be_taken(folder, name, message, capsys):
    assert new.main([name]) == 2
    assert message in capsys.readouterr().err
    assert not list(folder.iterdir())


def test_one_name_is_needed(capsys):
    assert new.main([]) == 2
    assert "give one name" in capsys.readouterr().err

"""Questions are found in the order of the story, without importing the experiments."""

import subprocess
import sys

import pytest

import experiments
from experiments.runner import catalogue
from experiments.runner.experiment import Experiment


def test_the_story_names_what_is_there():
    assert catalogue.names() == list(experiments.STORY)
    assert set(experiments.ONLY_BY_NAME) <= set(experiments.STORY)


def test_a_question_outside_the_story_comes_last(tmp_path, monkeypatch):
    (tmp_path / "another.py").write_text('"""Another question?\n\nMore of it.\n"""\n')
    monkeypatch.setattr(experiments, "__path__", [str(tmp_path), *experiments.__path__])
    assert catalogue.names() == [*experiments.STORY, "another"]
    assert catalogue.headline("another") == "Another question?"
    with pytest.raises(AttributeError, match="experiments/another has no EXPERIMENT"):
        catalogue.load("another")


def test_every_question_has_a_headline_and_loads():
    for name in catalogue.names():
        assert catalogue.headline(name).endswith((".", "?"))
        experiment = catalogue.load(name)
        assert isinstance(experiment, Experiment)
        assert experiment.name == name


def test_help_imports_no_question():
    """It does not import JAX either, which alone takes a second."""
    program = (
        "import sys, experiments.__main__ as m\ntry: m.main(['--help'])\nfinally: print('jax' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("False\n")

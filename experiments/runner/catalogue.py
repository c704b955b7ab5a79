"""The list of questions, found without importing their modules, so that the command answers quickly."""

import ast
import importlib
import importlib.util
import pathlib
import pkgutil
from typing import TYPE_CHECKING

import experiments

if TYPE_CHECKING:
    from experiments.runner.experiment import Experiment

NO_QUESTIONS = {"__main__", "explorer", "runner"}
"""The modules of the package that are not questions."""


def names() -> list[str]:
    """List the package's questions in the order of the story."""
    found = {module.name for module in pkgutil.iter_modules(experiments.__path__)} - NO_QUESTIONS
    in_story = [name for name in experiments.STORY if name in found]
    return [*in_story, *sorted(found - set(in_story))]


def headline(name: str) -> str:
    """Return the first line of a question's docstring."""
    spec = importlib.util.find_spec(f"experiments.{name}")
    source = pathlib.Path(spec.origin) if spec and spec.origin else None
    text = ast.get_docstring(ast.parse(source.read_text("utf-8"))) if source else None
    return (text or "").partition("\n")[0]


def load(name: str) -> "Experiment":
    """Load the experiment with this name.

    Raises:
        AttributeError: The experiment's file or folder defines no EXPERIMENT.
    """
    module = importlib.import_module(f"experiments.{name}")
    if not hasattr(module, "EXPERIMENT"):
        raise AttributeError(
            f"experiments/{name} has no EXPERIMENT; experiments/runner/experiment.py says how to define one"
        )
    return module.EXPERIMENT

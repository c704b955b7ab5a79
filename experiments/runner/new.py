"""The command that writes a template experiment: python -m experiments.runner.new NAME."""

import pathlib
import re
import sys
from collections.abc import Sequence

import experiments
from experiments.runner import catalogue
from experiments.runner.arguments import COMMANDS

NAME, TITLE = "hidden_nodes", "Hidden nodes"
"""What the template is called; a new experiment's name and title stand in their place."""
TEMPLATE = pathlib.Path(__file__).with_name("template.py")


def write(name: str) -> pathlib.Path:
    """Write experiments/NAME.py, an experiment that runs as it is and can then be adapted.

    Raises:
        ValueError: The name is not a lower-case Python name, or is already taken.
    """
    folder = pathlib.Path(experiments.__path__[0])
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ValueError(
            f"NAME must have only lower-case letters, digits and _, as in hidden_nodes; got {name!r}"
        )
    if name in {*catalogue.names(), *catalogue.NO_QUESTIONS, *COMMANDS}:
        raise ValueError(f"experiments/{name} exists, or is a command's own word; choose another NAME")
    title = name.replace("_", " ").capitalize()
    path = folder / f"{name}.py"
    path.write_text(TEMPLATE.read_text("utf-8").replace(TITLE, title).replace(NAME, name), "utf-8")
    return path


def main(arguments: Sequence[str]) -> int:
    """Write the template, say what comes next, and return 2 if the name cannot be used."""
    if len(arguments) != 1:
        print("give one name: make new NAME=hidden_nodes", file=sys.stderr)
        return 2
    try:
        path = write(arguments[0])
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    name = arguments[0]
    print(f"{path.parent.name}/{path.name} runs as it is; change its question, run and findings.")
    print(f"make experiment NAME={name} runs it; NAME={name} ARGS=--smoke in seconds.")
    print("To give it a place in the report, add it to STORY in experiments/__init__.py.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

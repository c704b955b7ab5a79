"""The structure that the README and the design promise."""

import ast
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parent.parent
FILES = [
    "checks",
    "activations",
    "losses",
    "schemes",
    "network",
    "backprop",
    "columnwise",
    "nodewise",
    "order",
    "training",
    "lanes",
    "runs",
    "segments",
    "sweep",
    "signal_propagation",
    "symmetries",
    "minima",
    "datasets",
    "interop",
    "doctor",
]
"""Each imports only from those before it."""
EDGE = {
    "matplotlib",
    "xarray",
    "tyro",
    "rich",
    "sklearn",
    "scipy",
    "time",
    "chex",
    "hypothesis",
    "experiments",
}
EXEMPT = {"datasets": {"sklearn"}}
"""Imported inside the functions that need it."""


def imported(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "nnjax":
            yield from (f"nnjax.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def test_every_file_has_its_place():
    assert {path.stem for path in (ROOT / "nnjax").glob("*.py")} == {*FILES, "__init__"}


@pytest.mark.parametrize("name", FILES)
def test_imports_point_upwards(name):
    found = set(imported(ROOT / "nnjax" / f"{name}.py"))
    own = {each.split(".")[1] for each in found if each.startswith("nnjax.")}
    assert own <= set(FILES[: FILES.index(name)])
    assert not {each.split(".")[0] for each in found} & EDGE - EXEMPT.get(name, set())


MANUAL = ["activations", "losses", "network", "backprop", "columnwise", "nodewise", "training"]


@pytest.mark.parametrize("name", MANUAL)
def test_no_automatic_differentiation(name):
    attributes = {
        node.attr
        for node in ast.walk(ast.parse((ROOT / "nnjax" / f"{name}.py").read_text("utf-8")))
        if isinstance(node, ast.Attribute)
    }
    assert not attributes & {
        "grad",
        "value_and_grad",
        "jacobian",
        "jacfwd",
        "jacrev",
        "vjp",
        "jvp",
        "hessian",
    }

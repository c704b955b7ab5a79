"""The structure that the README and the design promise: where a file belongs, and what it may import."""

import ast
import graphlib
import inspect
import pathlib
import re
from collections.abc import Iterator

import pytest

import nnjax

ROOT = pathlib.Path(__file__).parent.parent
ORDER = [
    "checks",
    "linalg",
    "kernels",
    "loops",
    "callables",
    "reporting",
    "activations",
    "losses",
    "initialisers",
    "network",
    "parameters",
    "examples",
    "storage",
    "backprop",
    "columnwise",
    "nodewise",
    "views",
    "shuffle",
    "stopping",
    "optimisers",
    "sweeps",
    "native",
    "epochs",
    "training",
    "gradient_check",
    "timing",
    "signal_propagation",
    "symmetries",
    "minima",
    "datasets",
    "labelled",
    "studies",
    "interop",
    "doctor",
]
"""The files and folders of nnjax, in an order in which each imports only from earlier ones."""
EDGE = {
    "matplotlib",
    "xarray",
    "tyro",
    "rich",
    "sklearn",
    "pandas",
    "scipy",
    "time",
    "chex",
    "hypothesis",
    "flax",
    "experiments",
}
EXEMPT = {
    "nnjax.reporting": {"time"},
    "nnjax.interop": {"flax"},
    "nnjax.timing": {"time"},
    "nnjax.sweeps.parts": {"time"},
    "nnjax.sweeps.crews": {"time"},
    "nnjax.sweeps.workers": {"time"},
}
"""Clocks measure a sweep's progress, how long another process takes, and which view is the fastest. Data sets
and studies import scikit-learn, pandas and xarray inside the functions that need them, by name."""
WITHOUT_TESTS = {"experiments.benchmark.torch_peers"}
"""The peers written in PyTorch, which test_peers tests where PyTorch is installed."""


def modules(package: str) -> dict[str, pathlib.Path]:
    """Find every module of a package by its dotted name; a folder's name stands for its __init__."""
    paths = sorted((ROOT / package).rglob("*.py"))
    dotted = {path: ".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths}
    return {name.removesuffix(".__init__"): path for path, name in dotted.items()}


NNJAX, EXPERIMENTS = modules("nnjax"), modules("experiments")
EVERYTHING = NNJAX | EXPERIMENTS
QUESTIONS = {
    name.split(".")[1] for name in EXPERIMENTS if name.count(".") and not name.endswith("__main__")
} - {"runner", "explorer"}
EXPLORER = ROOT / "experiments" / "explorer"
WITHOUT_A_NODE_TEST = {"worker", "seeds_drawing"}
"""Modules that only the browser tests run."""


def statements(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield every node except imports that are only for type checkers."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        yield from statements(node)


def imported(name: str) -> set[str]:
    """Find what a module imports; for `from package import name`, the module of that name if there is one."""
    names = set()
    for node in statements(ast.parse(EVERYTHING[name].read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports relatively"
            whole = {alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            names |= {path if path in EVERYTHING else str(node.module) for path in whole.values()}
    return names


def room(name: str) -> str:
    return name.split(".")[1] if "." in name else ""


def packages(names: set[str]) -> set[str]:
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("marker", ["kill", "cluster", "browser"])
def test_make_looks_for_marked_tests_where_they_are(marker):
    """The Makefile names the files, since collecting all tests takes longer than running the marked ones."""
    mark = f"pytest.mark.{marker}"  # written so that this file does not contain it
    marked = {path for path in (ROOT / "tests").rglob("test_*.py") if mark in path.read_text("utf-8")}
    (line,) = re.findall(rf"-m {marker} (.+) \$\(ARGS\)", (ROOT / "Makefile").read_text("utf-8"))
    searched = {path for folder in line.split() for path in (ROOT / folder).rglob("test_*.py")}
    assert marked
    assert marked <= searched


def test_every_file_has_its_place():
    assert {room(name) for name in NNJAX} - {""} == set(ORDER)


@pytest.mark.parametrize("name", sorted(set(NNJAX) - {"nnjax"}))
def test_imports_in_nnjax_point_upwards(name):
    inside = {room(other) for other in imported(name) if packages({other}) == {"nnjax"}} - {room(name)}
    assert inside <= set(ORDER[: ORDER.index(room(name))])
    assert not packages(imported(name)) & EDGE - EXEMPT.get(name, set())


@pytest.mark.parametrize("package", [NNJAX, EXPERIMENTS], ids=["nnjax", "experiments"])
def test_imports_never_go_round(package):
    graph = {name: (imported(name) & set(package)) - {name} for name in package}
    assert len(list(graphlib.TopologicalSorter(graph).static_order())) == len(package)


@pytest.mark.parametrize("name", sorted(set(EXPERIMENTS) - {"experiments"}))
def test_a_question_imports_no_other_and_the_runner_none(name):
    rooms = {room(other) for other in imported(name) if packages({other}) == {"experiments"}}
    if room(name) != "__main__":
        assert rooms & QUESTIONS <= {room(name)} - {"runner"}


def is_one_file(name: str) -> bool:
    """Check whether an experiment fits into one file."""
    return EXPERIMENTS[name].parent == ROOT / "experiments" and room(name) in QUESTIONS


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_only_figures_import_matplotlib(name):
    looks = {"experiments.runner.style", "experiments.runner.diagram"}
    may = name.endswith(".figures") or name in looks or is_one_file(name)
    assert may or "matplotlib" not in packages(imported(name))


@pytest.mark.parametrize("name", sorted(name for name in EXPERIMENTS if room(name) in QUESTIONS))
def test_only_findings_import_what_makes_findings(name):
    may = name.endswith("findings") or is_one_file(name)
    assert may or "experiments.runner.findings" not in imported(name)


def is_story(name: str) -> bool:
    """Check whether a file is a section's text; tests/experiments/test_stories.py tests all such files."""
    return name.endswith(".story")


def has_code(path: pathlib.Path) -> bool:
    kinds = ast.FunctionDef | ast.ClassDef
    return any(isinstance(node, kinds) for node in ast.parse(path.read_text("utf-8")).body)


@pytest.mark.parametrize("name", sorted(name for name in EVERYTHING if has_code(EVERYTHING[name])))
def test_every_file_has_a_test_file(name):
    if name in WITHOUT_TESTS or is_story(name):
        return
    path = EVERYTHING[name].relative_to(ROOT)
    folder, stem = ROOT / "tests" / path.parent, path.stem.strip("_")
    of_folder = {folder.parent / f"test_{folder.name}.py", folder / f"test_{folder.name}.py"}
    places = {folder / f"test_{stem}.py"} | (of_folder if stem == "init" else set())
    assert any(place.exists() for place in places), f"none of {[str(p.relative_to(ROOT)) for p in places]}"


def needs_a_page(path: pathlib.Path) -> bool:
    return path.stem == "dom" or bool(re.search(r'from "\./(dom|.*_scene)\.mjs"', path.read_text("utf-8")))


@pytest.mark.parametrize("path", sorted(EXPLORER.glob("*.mjs")), ids=lambda path: path.stem)
def test_every_module_that_needs_no_page_has_a_test_file(path):
    place = ROOT / "tests" / "experiments" / "explorer" / f"test_{path.stem}.py"
    assert place.exists() or needs_a_page(path) or path.stem in WITHOUT_A_NODE_TEST


def test_no_module_has_the_name_of_a_public_function():
    functions = {name for name in nnjax.__all__ if inspect.isfunction(getattr(nnjax, name))}
    assert functions
    assert not functions & {part for name in NNJAX for part in name.split(".")}


def test_the_front_page_names_what_is_public():
    named = set(re.findall(r"\w+", str(nnjax.__doc__).split("Index letters")[0]))
    assert set(nnjax.__all__) <= named
    assert "interop" in named
    assert all(hasattr(nnjax, name) for name in nnjax.__all__)


MANUAL = [
    "activations",
    "losses",
    "network",
    "backprop",
    "columnwise",
    "nodewise",
    "views",
    "stopping",
    "epochs",
    "training",
]


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

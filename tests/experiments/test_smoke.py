"""Each experiment runs at its smoke size, its exact findings agree, and its programs suit other devices."""

import enum
import functools
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np
import pytest
import xarray as xr
from jax import export
from jax.extend import core
from sklearn.datasets import load_iris

from experiments.__main__ import main
from experiments.benchmark.peers import installed
from experiments.runner import catalogue, labels, store
from experiments.runner.checkpoints import Checkpoints
from nnjax.native import compiling
from nnjax.sweeps import lanes

FAST = {"walkthrough", "spurious_minima"}
"""The experiments not listed in FAST take ten seconds or more to compile."""
RELAXED = {"benchmark", "learning_rate", "sentences"}
"""Experiments in which the benchmark's peers broadcast, or Optax's Adam and RMSProp mix dtypes."""
WHATEVER_THE_SIZE: dict[str, list[str]] = {
    "walkthrough": [
        "net-input",
        "sigmoid-activation",
        "output-delta",
        "output-change",
        "output-weight-updated",
        "printed-rule",
        "delta-peak",
        "delta-largest",
        "delta-at-the-ends",
        "change-proportional",
    ],
    "sentences": [
        "label-zero",
        "label-zero-anywhere",
        "larger-activation-same-node",
        "rows-48-sum",
        "approximation-promise",
        "momentum-least-squares",
        "momentum-plain-rate",
    ],
    "activations": [
        "sigmoid-steepest",
        "relu-steepest",
        "derivatives",
        "logistic-regression",
        "linear-layers-collapse",
    ],
    "learning_rate": [
        "edge-quadratic",
        "edge-digits-linear-regression",
        "edge-handout-3-4-1",
        "edge-digits-64-4-10",
    ],
    "blame_rules": [],
    "vanishing_gradients": ["handout-node-below-half", "relu-over-sigmoid", "glorot-over-he"],
    "trainability": [],
    "initialisation": [
        "zeros-converge",
        "zeros-relu-largest-weight",
        "zeros-sigmoid-gradients-apart",
        "xor-relu-without-biases",
    ],
    "seed_minima": ["linear-loss", "linear-saddles"],
    "xor_map": ["dimension-circle"],
    "spurious_minima": [
        "spurious-ends-strict",
        "spurious-ends-stationary",
        "step-stable",
        "objective-falls",
        "unsettled-runs",
    ],
    "digits": [],
    "seed_worth": [],
    "benchmark": ["same-losses"],
    "own": [],
}
"""Ids of the findings that hold for any number of seeds and epochs.

The finding "equal-slopes" of blame_rules is checked by test_blame_rules instead: with as little optimisation
as in these tests, two parts of one program round the same draw differently.
"""


def iris(folder: pathlib.Path) -> list[str]:
    """Write Iris to a CSV file, and return the options that make it the user's own table."""
    flowers: Any = load_iris(as_frame=True)
    named = flowers.data.assign(group=flowers.target_names[flowers.target])
    named.to_csv(folder / "iris.csv", index=False)
    return ["--data", str(folder / "iris.csv"), "--target", "group"]


ARGUMENTS = {"own": iris}
"""Functions that return the arguments an experiment needs, and write the files for them into a folder."""


def speeds(data: xr.DataTree) -> None:
    """Check that everything has been timed, except for what is not installed."""
    assert dict(data["growth"].sizes) == {"direction": 3, "size": 1}
    alone = data["alone"]["rate"]
    peers = {
        "nnjax.train, matrix": True,
        "nnjax.train, node by node": True,
        "PyTorch, loop": installed("torch"),
    }
    assert np.asarray(alone["peer"]).tolist() == list(peers)
    assert np.asarray(alone.notnull().all("repeat")).tolist() == list(peers.values())
    for measured in (data["scaling"]["seconds"], data["growth"]["rate"], alone.isel(peer=slice(2))):
        assert (measured > 0).all()


MORE: dict[str, Callable[[Any], None]] = {"benchmark": speeds}
"""Further checks of an experiment's data, for any size."""

Program = tuple[Callable[..., Any], tuple[Any, ...]]


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Program]]:
    """Record what is compiled: each function, and the shapes that it is called with."""
    recorded_programs, jit = [], jax.jit

    def recorded(fn: Callable[..., Any], **options: Any) -> Callable[..., Any]:
        assert not any(name.startswith("static") for name in options)
        program, seen = jit(fn, **options), set()

        def noted(run: Callable[..., Any]) -> Any:
            @functools.wraps(program)
            def call(*arguments: Any) -> Any:
                shapes = jax.eval_shape(lambda *leaves: leaves, *arguments)
                if str(shapes) not in seen:
                    seen.add(str(shapes))
                    recorded_programs.append((program, shapes))
                return run(*arguments)

            return call

        call = noted(program)
        call.lower = noted(program.lower)
        return call

    monkeypatch.setattr(jax, "jit", recorded)
    for make in (lanes.vmapped, lanes.in_turn):
        make.cache_clear()
    yield recorded_programs
    for make in (lanes.vmapped, lanes.in_turn):
        make.cache_clear()


def check_elsewhere(programs: list[Program]) -> None:
    """Lower each program for other devices that contains an operation that no program before it contained."""
    fitting: set[tuple[str, ...]] = set()
    for program, shapes in programs:
        new = set(operations(program.trace(*shapes).jaxpr.jaxpr)) - fitting
        if new:
            export.export(program, platforms=("cuda", "tpu"))(*shapes)
            fitting |= new


def operations(jaxpr: Any) -> Iterator[tuple[str, ...]]:
    """Describe all operations, inner programs included, by what the way to lower them can depend on."""
    for equation in jaxpr.eqns:
        dtypes = (str(getattr(v.aval, "dtype", "")) for v in (*equation.invars, *equation.outvars))
        params = (str(v) for v in equation.params.values() if isinstance(v, str | enum.Enum | np.dtype))
        yield equation.primitive.name, *dtypes, *params
        for inner in core.jaxprs_in_params(equation.params):
            yield from operations(inner)


@pytest.mark.parametrize(
    "name",
    [name if name in FAST else pytest.param(name, marks=pytest.mark.slow) for name in catalogue.names()],
)
def test_smoke(name, tmp_path, programs, monkeypatch):
    names = []
    monkeypatch.setattr(compiling, "available", lambda: False)  # programs in C++ are for CPUs alone
    monkeypatch.setattr(Checkpoints, "folder", lambda self, name: names.append(name))
    ranks, dtypes = ("allow", "standard") if name in RELAXED else ("raise", "strict")
    with jax.numpy_rank_promotion(ranks), jax.numpy_dtype_promotion(dtypes):
        needed = ARGUMENTS[name](tmp_path) if name in ARGUMENTS else []
        assert main([name, "--smoke", "--out", str(tmp_path), *needed]) == 0
        check_elsewhere(programs)
    assert programs
    assert len(set(names)) == len(names)
    data = store.load_data(tmp_path / name)
    assert not labels.unnamed(data if isinstance(data, xr.DataTree) else xr.DataTree(data))
    assert (tmp_path / name / "findings.csv").exists()
    assert (tmp_path / name / "story.json").exists()
    MORE.get(name, lambda data: None)(data)
    findings = catalogue.load(name).findings(data)
    assert len({each.id for each in findings}) == len(findings)
    verdicts = {each.id: each.verdict for each in findings}
    assert {each: verdicts[each] for each in WHATEVER_THE_SIZE[name]} == dict.fromkeys(
        WHATEVER_THE_SIZE[name], "agrees"
    )


def test_every_experiment_has_its_line():
    assert list(WHATEVER_THE_SIZE) == catalogue.names()
    without = {name for name, ids in WHATEVER_THE_SIZE.items() if not ids}
    assert not without & {"walkthrough", "sentences", "activations", "learning_rate", "vanishing_gradients"}
    assert not without & {"initialisation", "seed_minima", "spurious_minima", "xor_map", "benchmark"}


def test_what_does_not_fit_another_device_is_seen(programs):
    """The planted program calls a solver that exists in this form only on CPUs."""
    jax.jit(lambda a: jax.lax.linalg.schur(a)[0])(jax.numpy.eye(2))
    assert len(programs) == 1
    with pytest.raises(NotImplementedError, match="schur"):
        check_elsewhere(programs)

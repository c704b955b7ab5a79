"""Each experiment in its smoke size: it runs, exact findings agree, its programs lower for other devices."""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import jax
import pytest
import xarray as xr
from jax import export

from experiments import __main__ as command
from experiments.runner import sweeps
from experiments.runner.experiment import discover
from nnjax.sweeps import lanes

FAST = {"walkthrough", "spurious_minima"}
"""The others compile for ten seconds and more."""
RELAXED = {"benchmark", "learning_rate"}
"""The benchmark's peers broadcast as their users write them; Optax's Adam and RMSProp mix dtypes."""
WHATEVER_THE_SIZE = {
    "walkthrough": [
        "the net input",
        "the updated weight h₁ → o",
        "the rule as",
        "for label 1",
        "the largest δ",
    ],
    "activations": ["sigmoid: its", "ReLU: its", "hand-written", "no hidden layer", "five linear"],
    "learning_rate": ["quadratic", "digits, linear", "the handout's 3-4-1", "digits, 64-4-10"],
    "blame_rules": ["3-4-1 with equal slopes"],
    "vanishing_gradients": ["the handout's 3-4-1", "same draws, 12 layers", "ReLU: Glorot's"],
    "initialisation": ["all zeros: share", "all zeros, ReLU", "all zeros, sigmoid", "XOR, ReLU without"],
    "seed_minima": ["linear 4-2-4", "its other critical"],
    "spurious_minima": [
        "every spurious end is a",
        "every spurious end is st",
        "the step",
        "F only",
        "runs that",
    ],
    "benchmark": ["all methods"],
}
"""Findings that hold for any number of seeds and epochs, by the beginning of their claim."""

Program = tuple[Callable[..., Any], tuple[Any, ...]]


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Program]]:
    """What is compiled meanwhile: each function, and the shapes that it is called with."""
    found, jit = [], jax.jit

    def recorded(fn: Callable[..., Any], **options: Any) -> Callable[..., Any]:
        assert not any(name.startswith("static") for name in options)
        program, seen = jit(fn, **options), set()

        @functools.wraps(program)
        def call(*arguments: Any) -> Any:
            shapes = jax.eval_shape(lambda *leaves: leaves, *arguments)
            if str(shapes) not in seen:
                seen.add(str(shapes))
                found.append((jit(fn), shapes))
            return program(*arguments)

        return call

    monkeypatch.setattr(jax, "jit", recorded)
    lanes.vmapped.cache_clear()
    yield found
    lanes.vmapped.cache_clear()


@pytest.mark.parametrize(
    "name", [name if name in FAST else pytest.param(name, marks=pytest.mark.slow) for name in discover()]
)
def test_smoke(name, tmp_path, capsys, programs, monkeypatch):
    names = []
    monkeypatch.setattr(sweeps.unfinished, "folder", names.append)
    ranks, dtypes = ("allow", "standard") if name in RELAXED else ("raise", "strict")
    with jax.numpy_rank_promotion(ranks), jax.numpy_dtype_promotion(dtypes):
        assert command.main([name, "--smoke", "--out", str(tmp_path)]) == 0
        for program, shapes in programs:
            export.export(program, platforms=("cuda", "tpu"))(*shapes)
    assert programs
    assert len(set(names)) == len(names)
    with xr.open_dataset(tmp_path / name / "data.nc") as data:
        found = discover()[name].findings(data)
    for claim in WHATEVER_THE_SIZE.get(name, ()):
        (verdict,) = [each.verdict for each in found if each.claim.startswith(claim)]
        assert verdict == "agrees", claim


def test_only_digits_has_no_finding_that_holds_for_any_size():
    assert set(discover()) - set(WHATEVER_THE_SIZE) == {"digits"}


def test_what_does_not_fit_another_device_is_seen(programs):
    """Planted: a program that asks for a solver that only CPUs have in this form."""
    jax.jit(lambda a: jax.lax.linalg.schur(a)[0])(jax.numpy.eye(2))
    ((program, shapes),) = programs
    with pytest.raises(NotImplementedError, match="schur"):
        export.export(program, platforms=("cuda", "tpu"))(*shapes)

"""The gradient test can fail: each planted slip must be caught by the very assertion of the real test."""

import inspect
import types

import pytest
from cases import CASES, assert_gradients_of

from nnjax import backprop

DELTA = "delta = blame * slope"
BLAME = "blame = product(params[layer].weights, delta)"
OUTPUT = "blame = -check_loss(network, loss, y=y).derivative(y, trace.activations[-1])"
WEIGHTS = "Layer(-product(jax.lax.optimization_barrier(a.T), delta), _bias_gradient(network, delta))"
BIASES = "return -jnp.sum(delta, axis=0) if network.biases else jnp.zeros_like(delta[0])"
SLOPE = "network.activations[layer], trace.net_inputs[layer], trace.activations[layer + 1]"

SIBLINGS = "blame = jnp.full_like(trace.activations[layer], jnp.sum(product(params[layer].weights, delta)))"

# name: (the line as it is, the line with the slip)
MUTANTS = {
    "the missing 2": (OUTPUT, OUTPUT + " / 2"),
    "wrong sign": (OUTPUT, OUTPUT.replace("= -", "= ")),
    "mean for sum": (WEIGHTS, WEIGHTS.replace("a.T), delta)", "a.T), delta) / len(a)")),
    "first example only": (WEIGHTS, WEIGHTS.replace("a.T), delta", "a[:1].T), delta[:1]")),
    "wrong layer's weights": (BLAME, BLAME.replace("[layer]", "[min(layer + 1, len(params) - 1)]")),
    "missing transpose": (BLAME, BLAME.replace("weights", "weights.T")),
    "derivative at the net input": (
        SLOPE,
        SLOPE.replace("trace.activations[layer + 1]", "trace.net_inputs[layer]"),
    ),
    "derivative of the layer above": (SLOPE, SLOPE.replace("activations[layer],", "activations[-1],", 1)),
    "no derivative": (DELTA, "delta = blame"),
    "no derivative at the output": (DELTA, "delta = blame * slope if found else blame"),
    "bias gradient of one example": (BIASES, BIASES.replace("jnp.sum(delta, axis=0)", "delta[0]")),
    "bias gradient forgotten": (BIASES, "return jnp.zeros_like(delta[0])"),
    "the handout's rule": (BLAME, SIBLINGS),
    # HLasse/COSC420: the weight enters the hidden delta twice, the factor 2 is missing.
    "the COSC420 rule": (BLAME, "blame = product(params[layer].weights ** 2, delta) / (1 if found else 2)"),
}


def mutate(before: str, after: str) -> types.ModuleType:
    source = inspect.getsource(backprop)
    assert source.count(before) >= 1, f"backprop.py no longer holds: {before}"
    head, _, tail = source.partition("def deltas(")
    module = types.ModuleType("mutant")
    exec(compile(head + "def deltas(" + tail.replace(before, after, 1), "mutant", "exec"), module.__dict__)
    return module


def caught_by(case, mutant: types.ModuleType) -> str:
    """How the real assertion sees a slip: "value", or "shape" where it already breaks the shapes; or not."""
    try:
        assert_gradients_of(mutant.gradients, case)  # not jitted: slips share most of their operations
    except AssertionError:
        return "value"
    except (TypeError, ValueError):
        return "shape"
    return ""


def test_the_unchanged_source_passes():
    mutant = mutate(DELTA, DELTA)
    assert not any(caught_by(case, mutant) for case in CASES.values())


@pytest.mark.parametrize("name", MUTANTS)
def test_caught(name, record_property):
    how = {label: caught_by(case, mutate(*MUTANTS[name])) for label, case in CASES.items()}
    by_value, by_shape = ([label for label in how if how[label] == kind] for kind in ("value", "shape"))
    shapes = f"; {len(by_shape)} more by shape" if by_shape else ""
    told = f"{name}: caught by {len(by_value)} of {len(CASES)}: {', '.join(by_value)}{shapes}"
    record_property("planted slip", told)
    assert by_value, f"no case catches: {name}"


def test_a_small_case_would_miss_slips():
    """Why the cases are as large as they are: one example hides the slips of the batch."""
    small = CASES["sigmoid"].__class__((2, 2, 1), ("sigmoid", "sigmoid"), rows=1)
    missed = [name for name in MUTANTS if not caught_by(small, mutate(*MUTANTS[name]))]
    assert {"mean for sum", "first example only", "bias gradient of one example"} <= set(missed)

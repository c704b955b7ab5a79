"""The gradient test can fail: each planted slip must be caught by the very assertion of the real test."""

import inspect
import types

import pytest
from cases import CASES, assert_gradients_of

from nnjax import backprop, columnwise, nodewise

DELTA = "delta = blame * slope"
BLAME = "blame = product(params[layer].weights, delta)"
OUTPUT = "blame = -check_loss(network, loss, y=y).derivative(label, trace.activations[-1])"
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

COLUMN_BLAME = "blame = product(jax.lax.optimization_barrier(columns[layer].weights.T), delta)"
COLUMN_OUTPUT = "blame = -each_column(check_loss(network, loss).derivative)(ys.T, activated[-1])"
COLUMN_SLOPE = "delta = blame * each_column(slope)(net_inputs[layer], activated[layer + 1])"
COLUMN_BIASES = "biases = -jnp.sum(delta, axis=1) if network.biases"
COLUMN_WEIGHTS = "Layer(-product(delta, activated[layer].T), biases)"

COLUMN_MUTANTS = {
    "wrong sign": (COLUMN_OUTPUT, COLUMN_OUTPUT.replace("= -", "= ")),
    "missing transpose": (COLUMN_BLAME, COLUMN_BLAME.replace("weights.T", "weights")),
    "no derivative": (COLUMN_SLOPE, "delta = blame"),
    "derivative of the layer below": (COLUMN_SLOPE, COLUMN_SLOPE.replace("[layer + 1]", "[layer]")),
    "bias gradient of one example": (
        COLUMN_BIASES,
        COLUMN_BIASES.replace("jnp.sum(delta, axis=1)", "delta[:, 0]"),
    ),
    "first example only": (COLUMN_WEIGHTS, "Layer(-product(delta[:, :1], activated[layer].T[:1]), biases)"),
    "mean for sum": (COLUMN_WEIGHTS, "Layer(-product(delta, activated[layer].T) / len(xs), biases)"),
}

NODE_BLAME = "blame = [_total([row[j] * delta[j] for j in range(len(delta))]) for row in weights]"
NODE_DELTA = "delta = tuple(blame[j] * _activation(names, j).derivative(z[j], a[j]) for j in range(len(z)))"
NODE_CHANGE = "tuple(tuple(d * a_i for d in delta) for a_i in a)"
NODE_SUM = "lambda *terms: -_total(terms)"
NODE_LOOP = "return jax.lax.reduce(copies, least, _larger, (0,))"

NODE_MUTANTS = {
    "wrong sign": (NODE_SUM, "lambda *terms: _total(terms)"),
    "first example only": (NODE_SUM, "lambda *terms: -terms[0]"),
    "the handout's siblings": (
        NODE_BLAME,
        NODE_BLAME.replace(
            "for row in weights]", "for row in weights]; blame = [_total(blame)] * len(blame)"
        ),
    ),
    "the first node's weights": (NODE_BLAME, NODE_BLAME.replace("row[j]", "weights[0][j]")),
    "the first node's activation": (NODE_DELTA, NODE_DELTA.replace("(names, j)", "(names, 0)")),
    "no derivative": (NODE_DELTA, "delta = tuple(blame)"),
    "the first node's change": (NODE_CHANGE, NODE_CHANGE.replace("d * a_i", "d * a[0]")),
    "results in another order": (NODE_LOOP, "return jax.lax.reduce(copies, least, _larger, (0,))[::-1]"),
    "the smaller of a copy and -∞": (
        NODE_LOOP,
        NODE_LOOP.replace("_larger", "lambda a, b: [*map(jnp.minimum, a, b)]"),
    ),
}

SLIPS = {
    f"{module.__name__.removeprefix('nnjax.')}: {name}": (module, *slip)
    for module, slips in ((backprop, MUTANTS), (columnwise, COLUMN_MUTANTS), (nodewise, NODE_MUTANTS))
    for name, slip in slips.items()
}


def mutate(module: types.ModuleType, before: str, after: str) -> types.ModuleType:
    source = inspect.getsource(module)
    head, found, tail = source.partition("def deltas(") if module is backprop else ("", "", source)
    assert before in tail, f"{module.__name__} no longer holds: {before}"
    mutant = types.ModuleType("mutant")
    exec(compile(head + found + tail.replace(before, after, 1), "mutant", "exec"), mutant.__dict__)
    return mutant


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
    for module in (backprop, columnwise, nodewise):
        unchanged = mutate(module, "", "")
        assert not any(caught_by(case, unchanged) for case in CASES.values())


@pytest.mark.parametrize("name", SLIPS)
def test_caught(name, record_property):
    mutant = mutate(*SLIPS[name])
    how = {label: caught_by(case, mutant) for label, case in CASES.items()}
    by_value, by_shape = ([label for label in how if how[label] == kind] for kind in ("value", "shape"))
    shapes = f"; {len(by_shape)} more by shape" if by_shape else ""
    told = f"{name}: caught by {len(by_value)} of {len(CASES)}: {', '.join(by_value)}{shapes}"
    record_property("planted slip", told)
    assert by_value, f"no case catches: {name}"


def test_a_small_case_would_miss_slips():
    """Why the cases are as large as they are: one example hides the slips of the batch."""
    small = CASES["sigmoid"].__class__((2, 2, 1), ("sigmoid", "sigmoid"), rows=1)
    missed = [name for name in MUTANTS if not caught_by(small, mutate(backprop, *MUTANTS[name]))]
    assert {"mean for sum", "first example only", "bias gradient of one example"} <= set(missed)

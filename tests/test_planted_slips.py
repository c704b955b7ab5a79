"""Show that the gradient test can fail: the real test's assertion must catch each planted slip.

A slip is a function that replaces one small function of a view; its arguments are the right function and that
function's arguments.
"""

import dataclasses
import functools

import jax.numpy as jnp
import pytest
from cases import CASES, assert_gradients_of

from nnjax import activations, backprop, columnwise, loops, nodewise
from nnjax.network import product


def at_output(params, layer):
    return layer == len(params) - 1


def slope_with(network, trace, layer, names=None, a=None):
    """Compute f'(z, a) of a layer, with other activations or another `a`."""
    names = network.activations[layer] if names is None else names
    a = trace.activations[layer + 1] if a is None else a
    return activations.slope(names, trace.net_inputs[layer], a)


def no_output_slope(right, network, trace, layer):
    slope = right(network, trace, layer)
    return jnp.ones_like(slope) if layer == len(network.activations) - 1 else slope


def siblings(right, params, layer, delta):
    """Apply the handout's rule: every node gets the sum over all nodes in its layer."""
    weights = params[layer].weights
    return jnp.full(weights.shape[0], jnp.sum(product(weights, delta)))


def cosc420(right, params, layer, delta):
    """Apply the rule in HLasse/COSC420: the weight enters δ_h twice, and the factor 2 is missing."""
    return product(params[layer].weights ** 2, delta) / (2 if at_output(params, layer) else 1)


# name: (the function, what the slip does instead)
BACKPROP = {
    "the missing 2": ("_output_blame", lambda right, *args: right(*args) / 2),
    "wrong sign": ("_output_blame", lambda right, *args: -right(*args)),
    "mean for sum": ("_weight_gradient", lambda right, a, delta: right(a, delta) / len(a)),
    "first example only": ("_weight_gradient", lambda right, a, delta: right(a[:1], delta[:1])),
    "wrong layer's weights": (
        "_hidden_blame",
        lambda right, params, layer, delta: right(params, min(layer + 1, len(params) - 1), delta),
    ),
    "missing transpose": (
        "_hidden_blame",
        lambda right, params, layer, delta: product(params[layer].weights.T, delta),
    ),
    "derivative at the net input": (
        "_slope",
        lambda right, network, trace, layer: slope_with(network, trace, layer, a=trace.net_inputs[layer]),
    ),
    "derivative of the layer above": (
        "_slope",
        lambda right, network, trace, layer: slope_with(network, trace, layer, network.activations[-1]),
    ),
    "no derivative": ("_slope", lambda right, *args: jnp.ones_like(right(*args))),
    "no derivative at the output": ("_slope", no_output_slope),
    "bias gradient of one example": (
        "_bias_gradient",
        lambda right, network, delta: right(network, delta[:1]),
    ),
    "bias gradient forgotten": ("_bias_gradient", lambda right, network, delta: jnp.zeros_like(delta[0])),
    "the handout's rule": ("_hidden_blame", siblings),
    "the COSC420 rule": ("_hidden_blame", cosc420),
}

COLUMNWISE = {
    "wrong sign": ("_output_blame", lambda right, *args: -right(*args)),
    "missing transpose": (
        "_hidden_blame",
        lambda right, columns, layer, delta: product(columns[layer].weights, delta),
    ),
    "no derivative": ("_slope", lambda right, *args: jnp.ones_like(right(*args))),
    "derivative of the layer below": (
        "_slope",
        lambda right, network, layer, net_inputs, activated: right(
            network, layer, net_inputs, [*activated[:1], *activated]
        ),
    ),
    "bias gradient of one example": (
        "_bias_gradient",
        lambda right, network, delta: right(network, delta[:, :1]),
    ),
    "first example only": ("_weight_gradient", lambda right, delta, a: right(delta[:, :1], a[:, :1])),
    "mean for sum": ("_weight_gradient", lambda right, delta, a: right(delta, a) / a.shape[1]),
}


def node_siblings(right, weights, delta):
    blame = right(weights, delta)
    return [sum(blame)] * len(blame)


NODEWISE = {
    "wrong sign": ("_gradient", lambda right, descents: -right(descents)),
    "first example only": ("_gradient", lambda right, descents: right(descents[:1])),
    "the handout's siblings": ("_hidden_blame", node_siblings),
    "the first node's weights": (
        "_hidden_blame",
        lambda right, weights, delta: right([weights[0]] * len(weights), delta),
    ),
    "the first node's activation": (
        "_slopes",
        lambda right, names, z, a: right(names if isinstance(names, str) else names[:1] * len(z), z, a),
    ),
    "no derivative": ("_slopes", lambda right, names, z, a: tuple(map(jnp.ones_like, z))),
    "the first node's change": ("_changes", lambda right, delta, a: right(delta, a[:1] * len(a))),
    "results in another order": ("_largest", lambda right, pairs: right(pairs)[::-1]),
    "the smaller of a copy and -∞": (
        "_larger",
        lambda right, one, other: [*map(jnp.minimum, one, other)],
    ),
}

SLIPS = {
    f"{module.__name__.removeprefix('nnjax.')}: {name}": (module, *slip)
    for module, slips in ((backprop, BACKPROP), (columnwise, COLUMNWISE), (nodewise, NODEWISE))
    for name, slip in slips.items()
}


def plant(monkeypatch, name):
    """Put a slip into its module, or into the loops that the module uses; return the module."""
    module, function, slip = SLIPS[name]
    owner = module if hasattr(module, function) else loops
    monkeypatch.setattr(loops, "REDUCE", True)  # whatever jaxlib's version
    monkeypatch.setattr(owner, function, functools.partial(slip, getattr(owner, function)))
    return module


def caught_by(case, module) -> str:
    """Return how the real assertion catches a slip: by "value", by "shape" if shapes break, or not at all."""
    if module is nodewise:
        case = dataclasses.replace(case, rows=2)  # rows are compiled one by one; two make a batch
    try:
        assert_gradients_of(module.gradients, case)  # not jitted, since slips share most operations
    except AssertionError:
        return "value"
    except (TypeError, ValueError):
        return "shape"
    return ""


def test_thirty_are_planted():
    assert len(SLIPS) == 30


@pytest.mark.parametrize("module", [backprop, columnwise, nodewise])
def test_without_a_slip_nothing_is_caught(module):
    assert not any(caught_by(case, module) for case in CASES.values())


@pytest.mark.parametrize("name", SLIPS)
def test_caught(name, record_property, monkeypatch):
    module = plant(monkeypatch, name)
    how = {label: caught_by(case, module) for label, case in CASES.items()}
    by_value, by_shape = ([label for label in how if how[label] == kind] for kind in ("value", "shape"))
    shapes = f"; {len(by_shape)} more by shape" if by_shape else ""
    caught = f"{name}: caught by {len(by_value)} of {len(CASES)}: {', '.join(by_value)}{shapes}"
    record_property("planted slip", caught)
    assert by_value, f"no case catches: {name}"


def test_a_small_case_would_miss_slips():
    """A single example would hide slips in the handling of batches, so the cases are larger."""
    small = CASES["sigmoid"].__class__((2, 2, 1), ("sigmoid", "sigmoid"), rows=1)
    for name in ("mean for sum", "first example only", "bias gradient of one example"):
        with pytest.MonkeyPatch.context() as monkeypatch:
            assert not caught_by(small, plant(monkeypatch, f"backprop: {name}"))

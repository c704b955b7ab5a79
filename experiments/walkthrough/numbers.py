"""The numbers that the handout prints, the true ones, and the handout's exercise in all cases."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr

import nnjax
from nnjax import ACTIVATIONS
from nnjax.examples import INPUT, INPUT_WEIGHTS
from nnjax.examples import OUTPUT_WEIGHTS as TEXT_WEIGHTS

EXERCISE_WEIGHTS = (0.8, -1.2, 0.5, -0.3)
ASSUMED, LABEL, ALPHA = 0.6, 1.0, 0.01


class Case(NamedTuple):
    """One way to read the handout's 3-4-1 network.

    Attributes:
        weights: Weights from the hidden nodes to the output.
        hidden: Activation of the hidden nodes.
        output: Activation of the output node.
        assumed: The output's activation if the handout assumes one; None if the forward pass computes it.
    """

    weights: tuple[float, ...]
    hidden: str
    output: str
    assumed: float | None


TEXT_ASSUMED, TEXT_FORWARD = "text weights, 0.6 assumed", "text weights, forward pass"
CASES = {
    TEXT_ASSUMED: Case(TEXT_WEIGHTS, "sigmoid", "sigmoid", ASSUMED),
    TEXT_FORWARD: Case(TEXT_WEIGHTS, "sigmoid", "sigmoid", None),
    "exercise weights, 0.6 assumed": Case(EXERCISE_WEIGHTS, "sigmoid", "sigmoid", ASSUMED),
    "exercise weights, forward pass": Case(EXERCISE_WEIGHTS, "sigmoid", "sigmoid", None),
    "text weights, ReLU hidden": Case(TEXT_WEIGHTS, "relu", "sigmoid", None),
    "text weights, ReLU everywhere": Case(TEXT_WEIGHTS, "relu", "relu", None),
}


class Step(NamedTuple):
    """One step of the handout's calculation.

    Attributes:
        name: What is calculated.
        formula: The formula.
        printed: The numbers that the handout prints for this step.
        why: Why each printed number differs from the true one; empty if all of them agree.
    """

    name: str
    formula: str
    printed: tuple[str, ...]
    why: tuple[str, ...] = ()


SUM = "h₁ has one successor, the output. The sum for h₁ therefore has one term, δₒ·w₁, with the weight 0.8."
UPDATED = (
    "The printed rule multiplies 0.192 by the updated weight 0.8017873; the gradient needs the old one, 0.8."
)
SIBLING = (
    "The product is right but belongs to another hidden node. No link leads from that node to h₁, "
    "so h₁ gets 0."
)
DELTA = "The sum includes the sibling hidden nodes (and the updated weight), so δ is 2.5 times too large."
FOLLOWS = "This follows from δ of h₁: the step is 2.5 times too large."
STEPS = (
    Step("weighted input of h₁", "xᵢ · wᵢ", ("0.5", "3.6", "-1.5")),
    Step("net input of h₁", "z = Σ xᵢ · wᵢ", ("2.6",)),
    Step("sigmoid activation of h₁", "a = 1 / (1 + e⁻ᶻ)", ("0.9308616",)),
    Step("ReLU activation of h₁", "a = max(0, z)", ("2.6",)),
    Step("δ of the output", "2 (y − ŷ) · a (1 − a)", ("0.192",)),
    Step("weight change h₁ → o", "α · δₒ · a_h1", ("0.001787254",)),
    Step("updated weight h₁ → o", "w + change", ("0.8017873",)),
    Step(
        "term of h₁'s sum",
        "δₒ · wⱼ",
        ("0.1539432", "0.0960000", "0.0192000", "0.1152000"),
        (UPDATED, SIBLING, SIBLING, SIBLING),
    ),
    Step("sum for h₁", "Σ δₒ · w", ("0.3843432",), (SUM,)),
    Step("δ of h₁", "sum · a (1 − a)", ("0.02473567",), (DELTA,)),
    Step(
        "weight change x → h₁",
        "α · δ_h1 · xᵢ",
        ("0.0002473567", "0.0007420701", "0.0012367836"),
        (FOLLOWS,) * 3,
    ),
    Step("updated weight x → h₁", "w + change", ("0.5002474", "1.2007421", "-0.2987632"), (FOLLOWS,) * 3),
)
"""The steps of the calculation in the handout's order."""


def array(values: Any) -> jax.Array:
    """Convert to float64, the precision in which R computes."""
    return jnp.asarray(values, dtype=jnp.float64)


def handout_network(case: Case) -> tuple[nnjax.Network, nnjax.Params]:
    """Build a case's 3-4-1 network, without biases, as the handout assumes."""
    network = nnjax.mlp((3, 4, 1), hidden=case.hidden, output=case.output, biases=False)
    empty = nnjax.init(network, nnjax.key(0), dtype=jnp.float64)
    weights = (array(INPUT_WEIGHTS), array(case.weights)[:, None])
    return network, tuple(nnjax.Layer(w, layer.biases) for w, layer in zip(weights, empty, strict=True))


def assume_output(trace: nnjax.Trace, activation: jax.Array) -> nnjax.Trace:
    """Replace the output's activation in a trace, as the handout does when it assumes 0.6."""
    net_input = jnp.log(activation) - jnp.log1p(-activation)
    return nnjax.Trace((*trace.net_inputs[:-1], net_input), (*trace.activations[:-1], activation))


class LayerNumbers(NamedTuple):
    """One layer's numbers in one training step, per node j or per link i → j; a single output has no axis.

    Attributes:
        weight: w of the links into the layer.
        net_input: z.
        activation: a.
        delta: δ.
        change: α·δ·a of the same links.
    """

    weight: np.ndarray
    net_input: np.ndarray
    activation: np.ndarray
    delta: np.ndarray
    change: np.ndarray


def training_step(case: Case) -> tuple[LayerNumbers, LayerNumbers]:
    """Compute one training step of a case: the hidden layer (4 nodes) and the output (1 node)."""
    network, params = handout_network(case)
    trace = nnjax.forward(network, params, array(INPUT))
    if case.assumed is not None:
        trace = assume_output(trace, array([case.assumed]))
    deltas = nnjax.deltas(network, params, trace, array([LABEL]))
    changes = [nnjax.weight_change(ALPHA, d, a) for d, a in zip(deltas, trace.activations[:-1], strict=True)]
    weights = [layer.weights for layer in params]
    columns = zip(weights, trace.net_inputs, trace.activations[1:], deltas, changes, strict=True)
    hidden, output = (LayerNumbers(*(np.asarray(values) for values in layer)) for layer in columns)
    return hidden, LayerNumbers(*(values[..., 0] for values in output))


NODES = {"net_input": "net input z", "activation": "activation a", "delta": "δ = -∂L/∂z"}
LINKS = {"weight": "weight w", "change": "weight change α·δ·a"}


def cases() -> dict[str, xr.Dataset]:
    """Compute all numbers of the cases: the groups "cases", "cases/hidden_layer" and "cases/output_layer"."""
    hidden, output = zip(*map(training_step, CASES.values()), strict=True)
    coordinates = {"case": list(CASES), "input": ["x₁", "x₂", "x₃"], "hidden": ["h₁", "h₂", "h₃", "h₄"]}
    inputs = {
        "input_value": ("input", np.asarray(INPUT), {"long_name": "input", "units": "1"}),
        "hidden_activation": ("case", [case.hidden for case in CASES.values()]),
        "output_activation": ("case", [case.output for case in CASES.values()]),
        "assumed": ("case", [case.assumed is not None for case in CASES.values()]),
    }
    constants = {"alpha": ALPHA, "label": LABEL, "assumed_output": ASSUMED}
    return {
        "cases": xr.Dataset(inputs, coordinates, constants),
        "cases/hidden_layer": _layer(hidden, ("hidden",), ("input", "hidden")),
        "cases/output_layer": _layer(output, (), ("hidden",)),
    }


def _layer(steps: tuple[LayerNumbers, ...], node: tuple[str, ...], link: tuple[str, ...]) -> xr.Dataset:
    """Label one layer's numbers in all cases; `node` and `link` are the dimensions that follow the case."""
    stacked = LayerNumbers(*map(np.stack, zip(*steps, strict=True)))._asdict()
    dimensions = dict.fromkeys(NODES, node) | dict.fromkeys(LINKS, link)
    return xr.Dataset(
        {
            name: (("case", *dimensions[name]), values, {"long_name": (NODES | LINKS)[name], "units": "1"})
            for name, values in stacked.items()
        }
    )


def printed_numbers() -> xr.Dataset:
    """Tabulate each number that the handout prints, the true number, and what the printed rule gives."""
    rows = [
        (step.name, step.formula, text, why)
        for step in STEPS
        for text, why in zip(step.printed, step.why or ("",) * len(step.printed), strict=True)
    ]
    names, formulas, texts, reasons = (np.asarray(column, dtype=str) for column in zip(*rows, strict=True))
    columns = {
        "printed": ([float(text) for text in texts], "number as the handout prints it"),
        "half_unit": ([half_unit(text) for text in texts], "half a unit of the last printed digit"),
        "computed": (handout_numbers(as_printed=False), "by backpropagation"),
        "by_printed_rule": (handout_numbers(as_printed=True), "number by the rule as printed"),
    }
    return xr.Dataset(
        {
            name: ("number", np.asarray(values), {"long_name": meaning, "units": "1"})
            for name, (values, meaning) in columns.items()
        },
        {
            "step": ("number", names),
            "formula": ("number", formulas),
            "text": ("number", texts),
            "why": ("number", reasons),
        },
    )


def decimals(text: str) -> int:
    """Count the decimal places of a printed number: 3 for "0.192"."""
    return len(text.partition(".")[2])


def half_unit(text: str) -> float:
    """Return half a unit in the last digit of a printed number: 0.0005 for "0.192"."""
    return 0.5 * 10.0 ** -decimals(text)


def handout_numbers(as_printed: bool) -> np.ndarray:
    """Compute the handout's numbers in order, by true backpropagation or by the rule that it prints."""
    network, params = handout_network(CASES[TEXT_ASSUMED])
    x, y = array(INPUT), array([LABEL])
    trace = assume_output(nnjax.forward(network, params, x), array([ASSUMED]))
    deltas, outgoing = nnjax.deltas(network, params, trace, y), params[1].weights[:, 0]
    change_out = nnjax.weight_change(ALPHA, deltas[1], trace.activations[1])[0, 0]
    updated_out = outgoing.at[0].add(change_out)
    terms = deltas[1][0] * outgoing * array([1.0, 0.0, 0.0, 0.0])
    if as_printed:
        updated = (params[0], nnjax.Layer(updated_out[:, None], params[1].biases))
        deltas = nnjax.deltas_as_printed(network, params, trace, y, updated)
        terms = deltas[1][0] * updated_out
    z, incoming = trace.net_inputs[0][0], params[0].weights[:, 0]
    change_in = nnjax.weight_change(ALPHA, deltas[0], x)[:, 0]
    forward = [x * incoming, z, trace.activations[1][0], ACTIVATIONS["relu"].value(z)]
    backward = [deltas[1], change_out, updated_out[0], terms, jnp.sum(terms), deltas[0][0]]
    numbers = [*forward, *backward, change_in, incoming + change_in]
    return np.concatenate([np.atleast_1d(np.asarray(part)) for part in numbers])

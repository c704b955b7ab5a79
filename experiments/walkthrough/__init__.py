"""The handout from top to bottom on its own numbers, beside what the code computes."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr

import nnjax
import nnjax.backprop
from experiments.runner.experiment import Experiment, Finding, at_least, exactly, positive
from experiments.walkthrough.figures import agrees, figures, tables
from nnjax.activations import ACTIVATIONS

INPUT = (1.0, 3.0, 5.0)
INPUT_WEIGHTS = ((0.5, 0.1, -0.6, 0.4), (1.2, -0.4, 0.3, 0.2), (-0.3, 0.2, 0.1, -0.5))
"""(input, hidden). The first column is the handout's; it leaves the others to the reader: these are ours."""
TEXT_WEIGHTS = (0.8, 0.5, 0.1, 0.6)
EXERCISE_WEIGHTS = (0.8, -1.2, 0.5, -0.3)
ASSUMED, LABEL, ALPHA = 0.6, 1.0, 0.01
CASES: dict[str, tuple[tuple[float, ...], str, str, float | None]] = {
    "text weights, 0.6 assumed": (TEXT_WEIGHTS, "sigmoid", "sigmoid", ASSUMED),
    "text weights, forward pass": (TEXT_WEIGHTS, "sigmoid", "sigmoid", None),
    "exercise weights, 0.6 assumed": (EXERCISE_WEIGHTS, "sigmoid", "sigmoid", ASSUMED),
    "exercise weights, forward pass": (EXERCISE_WEIGHTS, "sigmoid", "sigmoid", None),
    "text weights, ReLU hidden": (TEXT_WEIGHTS, "relu", "sigmoid", None),
    "text weights, ReLU everywhere": (TEXT_WEIGHTS, "relu", "relu", None),
}
"""{case: (hidden-to-output weights, hidden activation, output activation, assumed output or None)}."""
TRAINING_ROWS = ((1.0, 3.0, 5.0), (2.0, 1.0, 0.0), (0.0, 4.0, 1.0), (5.0, 0.0, 2.0))
TRAINING_LABELS = (1.0, 0.0, 1.0, 0.0)
"""The handout's row and three of ours; the handout gives one row only."""

SUM = "h₁ has one successor, the output: its sum has one term, δₒ·w₁, with the weight 0.8."
UPDATED = "0.192 × 0.8017873: the weight is already updated; the gradient needs the one that was used, 0.8."
SIBLING = (
    "The product is right but belongs to another hidden node: no link leads from it to h₁, so h₁ gets 0."
)
DELTA = "It sums over the sibling hidden nodes (and uses the updated weight): 2.5 times too large."
FOLLOWS = "Follows from δ_h1: 2.5 times too large a step."
PRINTED: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("weighted input of h₁", "xᵢ · wᵢ", ("0.5", "3.6", "-1.5"), ("", "", "")),
    ("net input of h₁", "z = Σ xᵢ · wᵢ", ("2.6",), ("",)),
    ("sigmoid activation of h₁", "a = 1 / (1 + e⁻ᶻ)", ("0.9308616",), ("",)),
    ("ReLU activation of h₁", "a = max(0, z)", ("2.6",), ("",)),
    ("δ of the output", "2 (y − ŷ) · a (1 − a)", ("0.192",), ("",)),
    ("weight change h₁ → o", "α · δₒ · a_h1", ("0.001787254",), ("",)),
    ("updated weight h₁ → o", "w + change", ("0.8017873",), ("",)),
    (
        "term of h₁'s sum",
        "δₒ · wⱼ",
        ("0.1539432", "0.0960000", "0.0192000", "0.1152000"),
        (UPDATED, SIBLING, SIBLING, SIBLING),
    ),
    ("sum for h₁", "Σ δₒ · w", ("0.3843432",), (SUM,)),
    ("δ of h₁", "sum · a (1 − a)", ("0.02473567",), (DELTA,)),
    (
        "weight change x → h₁",
        "α · δ_h1 · xᵢ",
        ("0.0002473567", "0.0007420701", "0.0012367836"),
        (FOLLOWS,) * 3,
    ),
    ("updated weight x → h₁", "w + change", ("0.5002474", "1.2007421", "-0.2987632"), (FOLLOWS,) * 3),
)
"""(step, formula, what the handout prints, why each differs where it does), in the handout's order."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Options of the walkthrough; everything but the training is fixed by the handout.

    Attributes:
        seed: Seed of the random initial weights of the network that is trained.
        epochs: Epochs of training, each one update per row.
        rate: Learning rate of the training (the handout's 0.01 would take far longer).
        threshold: Converged: norm of the loss gradient over all rows below this.
    """

    seed: int = 0
    epochs: int = 20_000
    rate: float = 0.5
    threshold: float = 1e-3

    def __post_init__(self) -> None:
        at_least(self, epochs=1)
        positive(self, "rate", "threshold")


def array(values: Any) -> jax.Array:
    """Float64, as R computes."""
    return jnp.asarray(values, dtype=jnp.float64)


def handout_network(case: str) -> tuple[nnjax.Network, tuple[nnjax.Layer, ...]]:
    """The 3-4-1 network of a case, without biases, as the handout assumes."""
    weights, hidden, output, _ = CASES[case]
    network = nnjax.mlp((3, 4, 1), hidden=hidden, output=output, biases=False)
    empty = nnjax.init(network, nnjax.key(0), dtype=jnp.float64)
    values = (array(INPUT_WEIGHTS), array(weights)[:, None])
    return network, tuple(
        nnjax.Layer(value, layer.biases) for value, layer in zip(values, empty, strict=True)
    )


def assume_output(trace: nnjax.Trace, activation: jax.Array) -> nnjax.Trace:
    """The trace with another output activation, as the handout does with its 0.6."""
    net_input = jnp.log(activation) - jnp.log1p(-activation)
    return nnjax.Trace((*trace.net_inputs[:-1], net_input), (*trace.activations[:-1], activation))


def backward_case(case: str) -> dict[str, np.ndarray]:
    """One training step's numbers in one case: net inputs, activations, deltas and weight changes."""
    network, params = handout_network(case)
    trace = nnjax.forward(network, params, array(INPUT))
    assumed = CASES[case][3]
    if assumed is not None:
        trace = assume_output(trace, array([assumed]))
    deltas = nnjax.deltas(network, params, trace, array([LABEL]))
    changes = [nnjax.weight_change(ALPHA, d, a) for d, a in zip(deltas, trace.activations[:-1], strict=True)]
    values = {
        "output_weight": params[1].weights[:, 0],
        "hidden_net_input": trace.net_inputs[0],
        "hidden_activation": trace.activations[1],
        "hidden_delta": deltas[0],
        "output_net_input": trace.net_inputs[1][0],
        "output_activation": trace.activations[2][0],
        "output_delta": deltas[1][0],
        "input_change": changes[0],
        "output_change": changes[1][:, 0],
    }
    return {name: np.asarray(value) for name, value in values.items()}


def cases() -> xr.Dataset:
    """Every case beside the others: exercises 1 to 7, and the numbers of the diagrams."""
    results = [backward_case(case) for case in CASES]
    shapes = {0: (), 1: ("hidden",), 2: ("input", "hidden")}
    data = xr.Dataset(
        {
            name: (("case", *shapes[value.ndim]), np.stack([each[name] for each in results]), {"units": "1"})
            for name, value in results[0].items()
        },
        coords={"case": list(CASES), "input": ["x₁", "x₂", "x₃"], "hidden": ["h₁", "h₂", "h₃", "h₄"]},
    )
    data["input_value"] = ("input", np.asarray(INPUT), {"units": "1"})
    data["input_weight"] = (("input", "hidden"), np.asarray(INPUT_WEIGHTS), {"units": "1"})
    return data


def printed_numbers() -> xr.Dataset:
    """Each number the handout prints, the true one, and the one its own rule gives."""
    rows = [
        (step, formula, number, why)
        for step, formula, numbers, notes in PRINTED
        for number, why in zip(numbers, notes, strict=True)
    ]
    step, formula, printed, why = zip(*rows, strict=True)
    true, by_rule = handout_numbers(as_printed=False), handout_numbers(as_printed=True)
    halves = [0.5 * 10.0 ** -len(number.partition(".")[2]) for number in printed]
    values = {
        "printed": [float(number) for number in printed],
        "computed": true,
        "by_printed_rule": by_rule,
        "half_unit": halves,
    }
    texts = {"step": step, "formula": formula, "printed_text": printed, "why": why}
    return xr.Dataset(
        {name: ("number", np.asarray(value), {"units": "1"}) for name, value in values.items()},
        coords={name: ("number", np.asarray(value, dtype=str)) for name, value in texts.items()},
    )


def handout_numbers(as_printed: bool) -> np.ndarray:
    """The handout's numbers in its order, by true backpropagation or by the rule it prints."""
    network, params = handout_network("text weights, 0.6 assumed")
    x, y = array(INPUT), array([LABEL])
    trace = assume_output(nnjax.forward(network, params, x), array([ASSUMED]))
    deltas, out = nnjax.deltas(network, params, trace, y), params[1].weights[:, 0]
    change_out = nnjax.weight_change(ALPHA, deltas[1], trace.activations[1])[0, 0]
    updated_out = out.at[0].add(change_out)
    terms = deltas[1][0] * out * array([1.0, 0.0, 0.0, 0.0])
    if as_printed:
        updated = (params[0], nnjax.Layer(updated_out[:, None], params[1].biases))
        deltas = nnjax.backprop.deltas_as_printed(network, params, trace, y, updated)
        terms = deltas[1][0] * updated_out
    z, incoming = trace.net_inputs[0][0], params[0].weights[:, 0]
    change_in = nnjax.weight_change(ALPHA, deltas[0], x)[:, 0]
    forward = [x * incoming, z, trace.activations[1][0], ACTIVATIONS["relu"].value(z)]
    backward = [deltas[1], change_out, updated_out[0], terms, jnp.sum(terms), deltas[0][0]]
    parts = [*forward, *backward, change_in, incoming + change_in]
    return np.concatenate([np.atleast_1d(np.asarray(part)) for part in parts])


def delta_curve(activations: np.ndarray, label: float) -> np.ndarray:
    """The output node's delta as a function of its activation."""
    network = nnjax.mlp((1, 1), output="sigmoid", biases=False)
    params = nnjax.init(network, nnjax.key(0), dtype=jnp.float64)
    start = nnjax.forward(network, params, array([1.0]))

    def delta(activation: jax.Array) -> jax.Array:
        trace = assume_output(start, activation[None])
        return nnjax.deltas(network, params, trace, array([label]))[0][0]

    return np.asarray(jax.vmap(delta)(array(activations)))


def curves() -> xr.Dataset:
    """Delta against activation, change against learning rate, and the activation functions."""
    grid, z, rates = np.linspace(0, 1, 301), np.linspace(-6, 6, 241), np.linspace(0, 1, 11)
    delta = np.stack([delta_curve(grid, label) for label in (0.0, 1.0)])
    step = backward_case("text weights, 0.6 assumed")
    pair = array([step["output_delta"]]), array(step["hidden_activation"])
    change = jax.vmap(lambda rate: nnjax.weight_change(rate, *pair))(array(rates))[:, 0, 0]
    functions = [ACTIVATIONS[name] for name in ("sigmoid", "relu")]
    values = np.stack([each.value(array(z)) for each in functions])
    slopes = np.stack([each.derivative(array(z), each.value(array(z))) for each in functions])
    units = {"units": "1"}
    return xr.Dataset(
        {
            "delta": (("label", "activation"), delta, units),
            "rate_change": ("rate", np.asarray(change), units),
            "function_value": (("function", "net_input"), values, units),
            "function_derivative": (("function", "net_input"), slopes, units),
        },
        coords={
            "label": [0, 1],
            "activation": grid,
            "rate": rates,
            "function": ["sigmoid", "relu"],
            "net_input": z,
        },
    )


def training(config: Config) -> xr.Dataset:
    """Loss and gradient norm before each epoch of the handout's four steps, row after row."""
    network = nnjax.mlp((3, 4, 1), biases=False)
    xs, ys = array(TRAINING_ROWS), array(TRAINING_LABELS)[:, None]
    key = nnjax.key(config.seed)
    start = nnjax.init(network, key, weights="normal", dtype=jnp.float64)

    def row(params: Any, pair: Any) -> Any:
        x, y = pair
        return nnjax.train_step(network, params, x, y, config.rate), None

    def epoch(params: Any, _: None) -> Any:
        gradients = jax.tree.leaves(nnjax.gradients(network, params, xs, ys))
        norm = jnp.sqrt(sum((jnp.sum(each**2) for each in gradients), start=array(0.0)))
        measured = nnjax.total_loss(network, params, xs, ys), norm
        return jax.lax.scan(row, params, (xs, ys))[0], measured

    _, (loss, norm) = jax.jit(lambda params: jax.lax.scan(epoch, params, None, length=config.epochs))(start)
    return xr.Dataset(
        {
            "loss": ("epoch", np.asarray(loss), {"units": "SSE over the 4 rows"}),
            "gradient_norm": ("epoch", np.asarray(norm), {"units": "1"}),
        },
        coords={"epoch": np.arange(config.epochs)},
        attrs={"threshold": config.threshold, "rate": config.rate},
    )


def run(config: Config) -> xr.Dataset:
    """Compute everything the handout prints and asks for.

    Args:
        config: The options.

    Returns:
        The printed numbers, the cases, the curves and the training, as one dataset.
    """
    trained = training(config)
    data = xr.merge([printed_numbers(), cases(), curves(), trained])
    return data.assign_attrs(trained.attrs | {"alpha": ALPHA, "label": LABEL, "assumed_output": ASSUMED})


KEY_NUMBERS = {
    "the net input of h₁ is 2.6": "net input of h₁",
    "the sigmoid activation of h₁ is 0.9308616": "sigmoid activation of h₁",
    "the output's delta is 0.192": "δ of the output",
    "the weight change h₁ → o is 0.001787254": "weight change h₁ → o",
    "the updated weight h₁ → o is 0.8017873": "updated weight h₁ → o",
    "the sum of δ · weight for h₁ is 0.3843432": "sum for h₁",
    "the hidden delta is 0.02473567": "δ of h₁",
    "the first weight change x₁ → h₁ is 0.0002473567": "weight change x → h₁",
    "the first updated weight x₁ → h₁ is 0.5002474": "updated weight x → h₁",
}
"""{claim: the step whose first number it is about}."""


def findings(data: xr.Dataset) -> tuple[Finding, ...]:
    """The handout's key numbers and sentences, each held against the computation.

    Args:
        data: What `run` returned.

    Returns:
        The findings, in the handout's order.
    """
    numbers = tuple(number_finding(data, claim, step) for claim, step in KEY_NUMBERS.items())
    return (*numbers, *forward_findings(data), *exercise_findings(data))


def exact(claim: str, source: str, expected: tuple[float, float], value: float, note: str = "") -> Finding:
    """A finding about a number that is computed exactly."""
    return Finding(claim, source, expected, float(value), (float(value), float(value)), note=note)


def number_finding(data: xr.Dataset, claim: str, step: str) -> Finding:
    """One printed number against the true one."""
    row = data.isel(number=int(np.flatnonzero(data["step"].values == step)[0]))
    expected = exactly(float(row["printed"]), float(row["half_unit"]))
    return exact(claim, "handout, printed", expected, float(row["computed"]), str(row["why"].values))


def forward_findings(data: xr.Dataset) -> tuple[Finding, ...]:
    """What the handout says in words about the output and the two deltas."""
    assumed = data.sel(case="text weights, 0.6 assumed")
    ratio = abs(float(assumed["hidden_delta"][0] / assumed["output_delta"]))
    return (
        exact(
            "the rule as printed gives every printed digit (share of the numbers)",
            "handout: “we sum over all the δ · weight for the output node”",
            (1.0, 1.0),
            float(agrees(data, "by_printed_rule").mean()),
            "so the differences are the rule's, not a slip of the calculator",
        ),
        exact(
            "δ is substantially smaller at the hidden node: |δ_h1| / |δₒ| < 1/2",
            "handout: “the value of δ is substantially smaller than what it was at the output nodes”",
            (0.0, 0.5),
            ratio,
            "with the true δ_h1; so with the printed one",
        ),
    )


def exercise_findings(data: xr.Dataset) -> tuple[Finding, ...]:
    """What the exercises ask about delta, the learning rate and training."""
    delta = data["delta"].sel(label=1)
    peak, spacing = float(delta.idxmax("activation")), float(data["activation"][1])
    slope = data["rate_change"] / data["rate"].where(data["rate"] > 0)
    norm = float(data["gradient_norm"][-1])
    ends = float(np.abs(delta.values[[0, -1]]).max())
    return (
        exact(
            "for label 1, δ is largest at the activation 1/3",
            "derived: d/da 2(1 − a)²a = 0",
            exactly(1 / 3, spacing),
            peak,
        ),
        exact("the largest δ is 8/27", "derived", exactly(8 / 27, 1e-5), float(delta.max())),
        exact(
            "δ is 0 at the label and at the opposite saturated end",
            "derived",
            (0.0, 0.0),
            ends,
            "so a node that is completely wrong does not learn either",
        ),
        exact(
            "the weight change is proportional to the learning rate",
            "handout: “the weight changes are proportional to the learning rate”",
            exactly(1.0, 1e-12),
            float(slope.max() / slope.min()),
            "largest over smallest change per unit of learning rate",
        ),
        exact(
            "repeating the four steps converges",
            "handout: “repeat until the network converges”; here: gradient norm below the threshold",
            (0.0, float(data.attrs["threshold"])),
            norm,
            "labels 0 and 1 are reached at infinite weights only: the loss goes on falling, ever more slowly",
        ),
    )


EXPERIMENT = Experiment(
    name="walkthrough",
    title="The handout, number by number",
    question="Which of the handout's numbers and sentences are right?",
    method=(
        "Every printed number is recomputed by the library in float64, by backpropagation and by the rule "
        "as printed. Every exercise is solved and every figure redrawn from the computed values."
    ),
    config=Config,
    run=run,
    figures=figures,
    findings=findings,
    tables=tables,
    smoke={"epochs": 200},
    remember="Blame reaches a hidden node through its own outgoing weights, as the forward pass used them.",
    minutes=(0.1, 0.1),
    order=10,
)

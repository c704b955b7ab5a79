"""The exercise's curves: δ against the activation, weight change against learning rate, and training."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr

import nnjax
from experiments.walkthrough.numbers import CASES, TEXT_ASSUMED, array, assume_output, training_step
from nnjax import ACTIVATIONS

FUNCTIONS = ("sigmoid", "relu")
"""The two activation functions of the handout."""
LABELS = (0, 1)
TRAINING_ROWS = ((1.0, 3.0, 5.0), (2.0, 1.0, 0.0), (0.0, 4.0, 1.0), (5.0, 0.0, 2.0))
TRAINING_LABELS = (1.0, 0.0, 1.0, 0.0)
"""The only row that the handout gives, and three rows of ours."""


def output_delta(activations: np.ndarray, label: float) -> np.ndarray:
    """Compute δ = 2(y - a) · a(1 - a) of an output node with label y, for each activation a."""
    network = nnjax.mlp((1, 1), output="sigmoid", biases=False)
    params = nnjax.init(network, nnjax.key(0), dtype=jnp.float64)
    trace = nnjax.forward(network, params, array([1.0]))

    def delta(activation: jax.Array) -> jax.Array:
        assumed = assume_output(trace, activation[None])
        return nnjax.deltas(network, params, assumed, array([label]))[0][0]

    return np.asarray(jax.vmap(delta)(array(activations)))


def delta() -> xr.Dataset:
    """Compute the output's δ as a function of the output's activation, for both labels."""
    activations = np.linspace(0, 1, 301)
    values = np.stack([output_delta(activations, label) for label in LABELS])
    attributes = {"long_name": "δ of the output", "units": "1"}
    coordinates = {"label": list(LABELS), "activation": activations}
    return xr.Dataset({"delta": (("label", "activation"), values, attributes)}, coordinates)


def rates() -> xr.Dataset:
    """Compute the change of the weight h₁ → o as a function of the learning rate."""
    hidden, output = training_step(CASES[TEXT_ASSUMED])
    pair = array([output.delta]), array(hidden.activation)
    values = np.linspace(0, 1, 11)
    changes = jax.vmap(lambda rate: nnjax.weight_change(rate, *pair))(array(values))[:, 0, 0]
    attributes = {"long_name": "change of the weight h₁ → o", "units": "1"}
    return xr.Dataset({"change": ("rate", np.asarray(changes), attributes)}, {"rate": values})


def activations() -> xr.Dataset:
    """Compute the handout's activation functions and their derivatives."""
    net_input = np.linspace(-6, 6, 241)
    z = array(net_input)
    functions = [ACTIVATIONS[name] for name in FUNCTIONS]
    values = np.stack([function.value(z) for function in functions])
    slopes = np.stack([function.derivative(z, function.value(z)) for function in functions])
    dimensions, units = ("function", "net_input"), {"units": "1"}
    return xr.Dataset(
        {"value": (dimensions, values, units), "derivative": (dimensions, slopes, units)},
        {"function": list(FUNCTIONS), "net_input": net_input},
    )


def training(seed: int, epochs: int, rate: float) -> xr.Dataset:
    """Repeat the handout's four steps, row after row; record loss and gradient norm before each epoch."""
    network = nnjax.mlp((3, 4, 1), biases=False)
    xs, ys = array(TRAINING_ROWS), array(TRAINING_LABELS)[:, None]
    start = nnjax.init(network, nnjax.key(seed), weights="normal", dtype=jnp.float64)

    def update(params: Any, row: Any) -> Any:
        x, y = row
        return nnjax.train_step(network, params, x, y, rate), None

    def epoch(params: Any, _: None) -> Any:
        gradients = jax.tree.leaves(nnjax.gradients(network, params, xs, ys))
        norm = jnp.sqrt(sum((jnp.sum(leaf**2) for leaf in gradients), start=array(0.0)))
        measured = nnjax.total_loss(network, params, xs, ys), norm
        return jax.lax.scan(update, params, (xs, ys))[0], measured

    _, (loss, norm) = jax.jit(lambda params: jax.lax.scan(epoch, params, None, length=epochs))(start)
    return xr.Dataset(
        {
            "loss": ("epoch", np.asarray(loss), {"long_name": "SSE over the 4 rows", "units": "1"}),
            "gradient_norm": (
                "epoch",
                np.asarray(norm),
                {"long_name": "norm of the gradient", "units": "1"},
            ),
        },
        {"epoch": np.arange(epochs)},
        {"rate": rate},
    )

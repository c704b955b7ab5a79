"""Check measurements of activations against closed forms; any number of activations can be shown."""

import re

import drawn
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr
from scipy import special

import nnjax
from experiments import activations
from experiments.activations import Config, curve, curves, figures, findings, tables, xor_losses
from experiments.runner import style
from experiments.runner.context import Context

ERF = special.erf
VALUES = {
    "sigmoid": special.expit,
    "relu": lambda z: np.maximum(z, 0),
    "identity": lambda z: z,
    "tanh": np.tanh,
    "leaky_relu": lambda z: np.where(z > 0, z, 0.01 * z),
    "elu": lambda z: np.where(z > 0, z, np.expm1(z)),
    "softplus": lambda z: np.log1p(np.exp(z)),
    "silu": lambda z: z * special.expit(z),
    "gelu": lambda z: z * (1 + ERF(z / np.sqrt(2))) / 2,
}


@pytest.fixture(scope="module")
def nine():
    """The curves of all activations."""
    return curves()


@pytest.mark.parametrize("name", VALUES)
def test_the_curves_are_the_formulas(nine, name):
    data = nine.sel(activation=name)
    np.testing.assert_allclose(data["value"], VALUES[name](data["z"].values), rtol=1e-10, atol=1e-15)
    assert float(data["slope_error"]) < 1e-8


def test_a_wrong_derivative_is_seen():
    """A planted slope is 1 % too steep."""
    wrong = nnjax.Activation(jnp.tanh, lambda z, a: 1.01 * (1 - a**2))
    *_, error = curve(wrong, np.linspace(-6, 6, 241))
    np.testing.assert_allclose(error, 0.01, rtol=1e-2)


def test_a_kink_anywhere_is_left_out():
    hard = nnjax.Activation(lambda z: jnp.clip(z, -1, 1), lambda z, a: jnp.where(jnp.abs(z) < 1, 1.0, 0.0))
    *_, error = curve(hard, np.linspace(-6, 6, 241))
    assert error < 1e-8


def test_a_layer_is_a_logistic_regression_and_five_linear_ones_are_one():
    assert activations.regression() < 1e-4
    assert activations.collapse() < 1e-12


def test_the_fitted_layer_solves_the_normal_equations_of_the_cross_entropy():
    """At the minimum, Xᵀ(σ(Xw + b) - y) = 0."""
    xs = np.random.default_rng(0).normal(size=(40, 2))
    ys = (np.random.default_rng(1).random((40, 1)) < special.expit(xs[:, :1])).astype(float)
    layer = activations.fitted(xs, ys)
    residual = special.expit(xs @ np.asarray(layer.weights) + np.asarray(layer.biases)) - ys
    np.testing.assert_allclose(xs.T @ residual, 0, atol=1e-9)
    np.testing.assert_allclose(residual.sum(), 0, atol=1e-9)


@pytest.mark.slow
def test_xor_without_a_nonlinearity_against_numpy():
    """NumPy does gradient descent on ŷ = (x W₁ + b₁) W₂ + b₂, from the same draws as the experiment."""
    config = Config(seeds=2, steps=10, rate=0.5)
    data = xor_losses(config, Context())
    network = nnjax.mlp((2, 2, 1), "identity", "identity")
    xs, ys = nnjax.datasets.xor()
    for seed in range(2):
        layers = nnjax.init(network, nnjax.key(seed), "normal", "normal")
        (w, b), (v, c) = ((np.array(layer.weights, float), np.array(layer.biases, float)) for layer in layers)
        for _ in range(10):
            hidden = xs @ w + b
            delta = 2 * (ys - (hidden @ v + c))
            into_hidden = delta @ v.T
            v, c = v + 0.01 * hidden.T @ delta, c + 0.01 * delta.sum(axis=0)
            w, b = w + 0.01 * xs.T @ into_hidden, b + 0.01 * into_hidden.sum(axis=0)
        loss = np.sum((ys - ((xs @ w + b) @ v + c)) ** 2)
        np.testing.assert_allclose(data["loss"].sel(hidden=activations.LINEAR, seed=seed), loss, rtol=1e-4)


@pytest.fixture(scope="module")
def data(nine):
    """Made-up losses: sigmoid nodes always learn XOR, mixed nodes never do, and linear ones end at loss 1."""
    losses = np.full((len(activations.NODES), 100), 1.0)
    losses[list(activations.NODES).index(activations.SIGMOID)] = 0.01
    xor = xr.Dataset({"loss": (("hidden", "seed"), losses)}, {"hidden": list(activations.NODES)})
    linear = xr.Dataset({"distance": ("what", [1e-9, 1e-3])}, {"what": ["regression", "collapse"]})
    return xr.DataTree.from_dict({"curves": nine, "xor": xor, "linear": linear})


def test_verdicts(data):
    assert {finding.id: finding.verdict for finding in findings(data)} == {
        "sigmoid-steepest": "agrees",
        "relu-steepest": "agrees",
        "derivatives": "agrees",
        "logistic-regression": "agrees",
        "linear-layers-collapse": "differs",
        "xor-linear": "agrees",
        "xor-sigmoid": "agrees",
        "xor-mixed": "differs",
    }


def test_few_seeds_give_no_shares(data):
    few = data.copy()
    few["xor"] = data["xor"].to_dataset().isel(seed=slice(99))
    assert not any(finding.id.startswith("xor") for finding in findings(few))


def test_the_table_counts_the_seeds(data):
    ((_, rows),) = tables(data).values()
    shares = {name: re.findall(r"^[\d.]+%", share)[0] for name, share, _ in rows}
    assert shares["sigmoid"] == "100.0%"
    assert shares["ReLU"] == "0.0%"


def test_the_figures_are_legible_and_show_every_kind_of_nodes(data):
    with style.context():
        shown = figures(data)
        drawn.legible(shown)
    (axes,) = shown["xor"].panels[0].axes
    assert next(label.get_text() for label in axes.get_yticklabels()) == "sigmoid"
    assert len(axes.lines) == 2 * len(activations.NODES)


def test_one_more_activation_is_measured_and_drawn(data, monkeypatch):
    monkeypatch.setitem(nnjax.ACTIVATIONS, "cube", nnjax.Activation(lambda z: z**3, lambda z, a: 3 * z**2))
    extended = curves()
    assert float(extended["slope_error"].sel(activation="cube")) < 1e-6
    more = data.copy()
    more["curves"] = xr.DataTree(extended)
    with style.context():
        titles = [panel.axes[0].get_title("left") for panel in figures(more)["all"].panels]
    assert titles == list(nnjax.ACTIVATIONS)

"""Shared draws against one network at a time; laws against other ways to compute them; Config; findings."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import xarray as xr
from scipy import integrate

import nnjax
from experiments import birth, birth_laws, depth_training, vanishing_findings
from experiments.depth_training import Recipe, Task
from experiments.vanishing_gradients import Config
from nnjax import gradient_flow
from nnjax.datasets import Data

WIDTH, DEPTHS = 6, (1, 4)
NAMES = ("sigmoid", "relu")
INITS = ("uniform", "glorot_normal", "he_uniform", "orthogonal")


def one_network(activation, scheme, depth, key):
    """The same draws through nnjax.forward and nnjax.deltas, with the read-out as a target."""
    weights, (x, v) = birth.draw(key, WIDTH, max(DEPTHS), birth.KINDS)
    chosen = birth.scale(scheme, WIDTH) * np.asarray(weights[birth.kind(scheme)][:depth], float)
    network = nnjax.mlp((WIDTH,) * (depth + 1), activation, "identity", biases=False)
    params = tuple(nnjax.Layer(jnp.asarray(w), jnp.zeros(WIDTH)) for w in chosen)
    trace = nnjax.forward(network, params, np.asarray(x, float))
    target = trace.activations[-1] + np.asarray(v, float) / 2
    return trace, nnjax.deltas(network, params, trace, target)


def test_rows_of_shared_draws_are_networks():
    key = nnjax.key(3)
    found = jax.jit(birth.profile(WIDTH, DEPTHS, NAMES, INITS))(key)
    for k, activation in enumerate(NAMES):
        for c, scheme in enumerate(INITS):
            for d, depth in enumerate(DEPTHS):
                trace, deltas = one_network(activation, scheme, depth, key)
                first = np.linalg.norm(deltas[0])
                np.testing.assert_allclose(found.first[k, c, d], first, rtol=2e-5)
            norms = [np.linalg.norm(delta) for delta in deltas]
            np.testing.assert_allclose(found.delta[k, c], norms, rtol=2e-5)
            sizes = [np.linalg.norm(a) for a in trace.activations[1:-1]]
            np.testing.assert_allclose(found.activation[k, c, :-1], sizes, rtol=2e-5)
            dead = [np.mean(z <= 0) for z in trace.net_inputs] if activation == "relu" else 0
            np.testing.assert_allclose(found.dead[k, c], dead, rtol=1e-6)


def test_orthogonalised_is_qr_with_a_positive_diagonal():
    matrices = np.random.default_rng(0).normal(size=(3, 7, 7))
    for matrix, q in zip(matrices, birth.orthogonalised(jnp.asarray(matrices)), strict=True):
        expected, r = np.linalg.qr(matrix)
        np.testing.assert_allclose(q, expected * np.sign(np.diag(r)), rtol=1e-9)


@pytest.mark.parametrize("scheme", birth.INITS)
def test_weights_have_the_variance_of_their_scheme(scheme):
    weights, _ = birth.draw(nnjax.key(0), 100, 4, birth.KINDS)
    drawn = birth.scale(scheme, 100) * np.asarray(weights[birth.kind(scheme)])
    np.testing.assert_allclose(drawn.var(), gradient_flow.weight_variance(scheme, 100, 100), rtol=0.02)


@pytest.mark.parametrize("width", [2, 8, 30])
def test_the_spread_of_one_relu_step_by_integration(width):
    def moment(power):
        """E[(log r)ᵖ] = ∫ P(r > eᵗ) d(tᵖ) over t > 0 − ∫ P(r < eᵗ) d(tᵖ) over t < 0."""

        def below(t):
            return float(gradient_flow.relu_step_cdf(width, np.array([np.exp(t)]))[0])

        right = integrate.quad(lambda t: (1 - below(t)) * power * t ** (power - 1), 0, 6)[0]
        return right - integrate.quad(lambda t: below(t) * power * t ** (power - 1), -40, 0, limit=200)[0]

    expected = moment(2) - moment(1) ** 2
    np.testing.assert_allclose(birth_laws.log_variance(width), expected, rtol=1e-6)


def test_theory_of_unequal_widths_is_met():
    ratios = nnjax.sweep(birth_laws.unequal((40, 160, 80, 1), "sigmoid", "lecun_normal"), range(300))
    expected = birth_laws.unequal_theory((40, 160, 80, 1), "sigmoid", "lecun_normal")
    error = np.abs(ratios.mean(axis=0) - expected)
    assert np.all(error < 4 * ratios.std(axis=0) / np.sqrt(300) + 0.01 * expected)


def small_task():
    rng = np.random.default_rng(1)
    data = Data(rng.normal(size=(12, 3)), np.eye(2)[rng.integers(0, 2, 12)])
    return Task(data, data, 4, 5)


def test_a_run_is_nnjax_train_with_another_order_in_each_epoch():
    job, recipe = small_task(), Recipe(3, "tanh", "he_normal")
    record = depth_training.learner(job, recipe, 3)(nnjax.key(5), jnp.float32(0.1))
    network = nnjax.mlp((3, 4, 4, 2), "tanh", "identity")
    params = nnjax.init(network, nnjax.key(5), "he_normal")
    losses = [nnjax.total_loss(network, params, *job.train) / 12]
    orders = depth_training._orders(12, 3)
    assert np.all(np.sort(orders, axis=1) == np.arange(12))
    assert len(np.unique(orders, axis=0)) == 4
    clipped = optax.chain(optax.clip_by_global_norm(5.0), optax.sgd(0.1))
    for epoch in range(3):
        before, rows = params, [values[orders[1 + epoch]] for values in job.train]
        params, history = nnjax.train(network, params, *rows, optimizer=clipped, epochs=1, batch_size=5)
        losses.append(history.loss / 12)
        moved = np.linalg.norm(params[1].weights - before[1].weights) / np.linalg.norm(before[1].weights)
        np.testing.assert_allclose(record.change[epoch, 1], moved, rtol=1e-4)
    np.testing.assert_allclose(record.loss, losses, rtol=1e-5)


def test_what_learns_nothing_has_the_constant_answers_loss():
    job = depth_training.task("digits", 8)
    assert len(job.train.xs) == 1300
    np.testing.assert_allclose(job.constant, 0.89998, rtol=1e-4)


def trained_data(loss):
    """Made-up last losses (depth, seed, rate) of one start."""
    dims = ("start", "deep_depth", "deep_seed", "rate", "deep_epoch")
    values = np.asarray(loss, float)[None, ..., None]
    after = (*dims[:-1], "deep_after", "deep_layer")
    made = {"deep_loss": (dims, values), "deep_accuracy": (dims, values), "deep_constant": 1.0}
    made["deep_change"] = after, values[..., None]
    return xr.Dataset(made, {"start": ["s"], "deep_depth": [1, 3, 9]})


def test_the_first_depth_that_learns_nothing():
    data = trained_data([[[0.1, 0.2], [0.1, 0.2]], [[np.nan, 0.8], [0.1, 0.95]], [[2, 3], [2, 3]]])
    assert depth_training.best(data, "deep")["deep_best"].values.ravel().tolist() == [0, 1, 0]
    failing = vanishing_findings.first_failing(data, "deep", "s")
    assert failing.tolist() == [9, 3]
    failing = vanishing_findings.first_failing(trained_data(np.full((3, 2, 2), 0.1)), "deep", "s")
    assert failing.tolist() == [np.inf, np.inf]


@pytest.mark.parametrize(
    "options, message",
    [
        ({"depths": (0, 3)}, "depths must be different numbers, 1 or more"),
        ({"widths": (8, 8)}, "widths must be different numbers, 2 or more"),
        ({"activations": ("sigmiod",)}, "activations must be different ones of sigmoid, .*got"),
        ({"inits": ("he_truncated_normal",)}, "inits must be different ones of normal, "),
        ({"seeds": 1}, "seeds must be 2 or more; got 1"),
        ({"training_depths": ()}, "training_depths must be"),
    ],
)
def test_bad_options_are_refused_with_what_is_accepted(options, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(Config(), **options)


@pytest.mark.slow
def test_he_learns_at_30_layers_and_glorot_stalls():
    job = depth_training.task("digits", 64)
    recipes = [Recipe(30, "relu", scheme) for scheme in ("he_normal", "glorot_normal")]
    records = depth_training.run_all([(job, recipe) for recipe in recipes], 30, np.arange(2))
    he, glorot = (np.min(np.nan_to_num(r.loss[..., -1], nan=np.inf), axis=1) for r in records)
    assert np.all(he < 0.4)
    np.testing.assert_allclose(glorot, 0.900, rtol=0.02 / 0.9)

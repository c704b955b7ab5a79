"""Check a run against nnjax.train epoch by epoch, that no run is trained twice, and the sweeps' names."""

import dataclasses
import functools

import jax
import numpy as np
import optax
import pytest

import nnjax
from experiments import vanishing_gradients
from experiments.runner.context import Context
from experiments.vanishing_gradients import Config, groups, recipes, training
from experiments.vanishing_gradients.recipes import Recipe, Task, task
from nnjax import signal_propagation
from nnjax.datasets import Data

LONG = True


def small_task():
    rng = np.random.default_rng(1)
    data = Data(rng.normal(size=(12, 3)), np.eye(2)[rng.integers(0, 2, 12)])
    return Task("small", data, data, 4, 5)


@functools.cache
def learner(program):
    return jax.jit(training.learner(small_task(), Recipe(program[0], optimizer=program[1]), 3))


def per_layer(rate):
    """Give layer l of L the rate χ^(−(L−l)/2) times that of the last layer, χ as for sigmoid and LeCun."""
    factor = signal_propagation.fixed_point("sigmoid", 1.0)[1] ** -0.5
    rescaled = optax.stateless(
        lambda grads, _: tuple(optax.tree.scale(factor**k, g) for k, g in zip((2, 1, 0), grads, strict=True))
    )
    return optax.chain(rescaled, clipped(rate))


def clipped(rate):
    return optax.chain(optax.clip_by_global_norm(5.0), optax.sgd(rate))


@pytest.mark.parametrize(
    "recipe, optimizer",
    [
        (Recipe(3, "tanh", "he_normal"), clipped(0.1)),
        (Recipe(3, "relu", "he_normal", output="sigmoid", biases=False), clipped(0.1)),
        (Recipe(3, "sigmoid", "normal", loss="binary_cross_entropy"), clipped(0.1)),
        (Recipe(3, optimizer="per layer"), per_layer(0.1)),
        (Recipe(3, optimizer="adam"), optax.adam(0.1)),
    ],
    ids=lambda case: getattr(case, "label", ""),
)
def test_a_run_is_nnjax_train_with_another_order_in_each_epoch(recipe, optimizer):
    small = small_task()
    arguments = {name: values[0] for name, values in recipe.arguments.items()}
    with jax.numpy_dtype_promotion("standard"):  # Optax's Adam mixes dtypes
        record = learner(recipe.program)(nnjax.key(5), **(arguments | {"rate": np.float32(0.1)}))
    network = nnjax.mlp((3, 4, 4, 2), recipe.activation, recipe.output, biases=recipe.biases)
    params = nnjax.init(network, nnjax.key(5), recipe.scheme)
    losses = [nnjax.total_loss(network, params, *small.train, recipe.loss) / 12]
    orders = training._orders(12, 3)
    assert np.all(np.sort(orders, axis=1) == np.arange(12))
    assert len(np.unique(orders, axis=0)) == 4
    options = {"optimizer": optimizer, "epochs": 1, "batch_size": 5, "loss": recipe.loss}
    one_epoch = jax.jit(lambda *given: nnjax.train(network, *given, **options))
    for epoch in range(3):
        before, rows = params, [values[orders[1 + epoch]] for values in small.train]
        with jax.numpy_dtype_promotion("standard"):
            params, history = one_epoch(params, *rows)
        losses.append(history.loss / 12)
        moved = np.linalg.norm(params[1].weights - before[1].weights) / np.linalg.norm(before[1].weights)
        np.testing.assert_allclose(record.change[epoch, 1], moved, rtol=1e-4)
    np.testing.assert_allclose(record.loss, losses, rtol=1e-5)


def test_what_is_named_twice_is_trained_once(small_config, made_up, monkeypatch):
    calls, programs = [], []

    def record(context, job, recipes, epochs, seeds):
        calls.extend((job.name, recipe, epochs) for recipe in recipes)
        programs.append((job.name, recipes[-1].program, epochs))
        return made_up(context, job, recipes, epochs, seeds)

    monkeypatch.setattr(training, "train_all", record)
    monkeypatch.setattr(vanishing_gradients, "STALL", dict.fromkeys(recipes.STALL, recipes.RATES))
    config = dataclasses.replace(small_config, stall_depth=5, stall_epochs=small_config.epochs)
    data = training.measure(Context(), groups(config), np.arange(2))
    assert len(calls) == len(set(calls)) < sum(len(group.recipes) for group in groups(config).values())
    assert len(programs) == len(set(programs)) < len(calls)
    he = data["digits"]["loss"].sel(start="relu", depth=5)
    np.testing.assert_array_equal(he, data["stall"]["loss"].sel(init="he_normal"))


def test_no_two_sweeps_have_one_name():
    names = []

    class Recording(Context):
        def sweep(self, name, fn, seeds, settings=None, *, lane=None):
            names.append(name)

    trained = groups(Config()).values()
    for group in trained:
        training.train_all(Recording(), group.task, group.recipes, group.epochs, np.arange(2))
    different = {(group.task.name, recipe, group.epochs) for group in trained for recipe in group.recipes}
    assert len(set(names)) == len(different) < len(names)
    assert "digits, 15 epochs, 5 layers, sigmoid, lecun_normal" in names


def test_layers_that_a_network_lacks_are_nan(small_data):
    change = small_data["digits"]["change"]
    assert change.sizes["layer"] == 5
    assert change.sel(depth=1).isel(layer=slice(1, None)).isnull().all()
    assert change.sel(depth=1, layer=1).notnull().all()
    assert change.sel(depth=5).notnull().all()


@pytest.mark.slow
def test_he_learns_at_30_layers_and_glorot_stalls():
    rates = {"he_normal": (0.01,), "glorot_normal": (0.001, 0.01, 0.1, 0.003)}
    recipes = [Recipe(30, "relu", scheme, rates=tried) for scheme, tried in rates.items()]
    records = training.train_all(Context(), task("digits", 64), recipes, 30, np.arange(2))
    he, glorot = (np.nan_to_num(record.loss[..., -1], nan=np.inf) for record in records)
    assert np.all(he < 0.4)
    np.testing.assert_allclose(glorot[:, :3].min(axis=1), 0.900, rtol=0.02 / 0.9)
    # At a rate of 0.003 some networks with Glorot's weights begin to learn only in the last of 30 epochs.
    assert np.all(glorot > 0.8)

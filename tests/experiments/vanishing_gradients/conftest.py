"""Provide one small run for all tests in this folder, with real networks at birth and made-up training."""

import dataclasses

import numpy as np
import pytest

from experiments.runner.context import Context
from experiments.vanishing_gradients import SMOKE, Config, exact_laws, run, training


def _record(task, recipe, epochs, seeds):
    """Make a record of the right shape; sigmoid networks of 5 or more layers give a constant answer in it."""
    shape = len(seeds), len(recipe.rates)
    rng = np.random.default_rng(recipe.depth)
    stuck = recipe.depth >= 5 and recipe.activation == "sigmoid"
    loss = task.constant * (np.ones(epochs + 1) if stuck else np.linspace(1, 0.1, epochs + 1))
    noise = 1 + 1e-3 * rng.random((*shape, epochs + 1))
    change = np.where(rng.random((*shape, epochs, recipe.depth)) < 0.6, 0.0, 1e-3)
    return training.Record(loss * noise, np.full((*shape, epochs + 1), 0.1 if stuck else 0.9), change)


def _made_up(context, task, recipes, epochs, seeds):
    return [_record(task, recipe, epochs, seeds) for recipe in recipes]


@pytest.fixture(scope="session")
def made_up():
    """Stand in for `training.train_all`."""
    return _made_up


@pytest.fixture(scope="session")
def small_config():
    """Return options with which every part of the experiment is judged and shown."""
    sizes = {
        "widths": (16,),
        "activations": ("sigmoid", "relu"),
        "depths": (1, 22),
        "inits": ("normal", "lecun_normal", "glorot_normal", "he_normal"),
        "training_depths": (1, 5),
        "iris_depths": (2, 10),
        "epochs": 6,
        "stall_epochs": 6,
        "iris_epochs": 7,
        "remedies": True,
    }
    return dataclasses.replace(Config(), **{**SMOKE, **sizes})


@pytest.fixture(scope="session")
def _small_run(small_config, made_up):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "train_all", made_up)
        patch.setattr(exact_laws, "UNEQUAL", (4, 3, 1))
        patch.setattr(exact_laws, "DEAD", (4, 2))
        return run(small_config, Context())


@pytest.fixture
def small_data(_small_run):
    """Return a copy of the small run's data, so that a test may change the data."""
    return _small_run.copy(deep=True)

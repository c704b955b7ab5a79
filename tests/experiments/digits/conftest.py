"""Data like those of a long run of the experiment on digits, made without training."""

import jax
import numpy as np
import pytest

import nnjax
from experiments import digits
from experiments.digits.training import LECUN, NIELSEN, OTHER_ORDER
from experiments.runner.context import Context


class MadeUp(Context):
    """Sweeps return random numbers, in the shapes and dtypes that training would return."""

    def sweep(self, name, fn, seeds, settings=None, *, lane=None):
        columns = settings or {}
        shapes = jax.eval_shape(fn, nnjax.key(0), **{key: values[0] for key, values in columns.items()})
        leading = (len(seeds), *(len(values) for values in list(columns.values())[:1]))
        rng = np.random.default_rng(len(name))

        def drawn(leaf):
            shape = (*leading, *leaf.shape)
            whole = np.issubdtype(leaf.dtype, np.integer)
            return (rng.integers(0, 4, shape) if whole else rng.uniform(0.01, 1, shape)).astype(leaf.dtype)

        return jax.tree.map(drawn, shapes)


class OnlyMnist(MadeUp):
    """Sweeps on MNIST's pictures really train; all other sweeps return random numbers."""

    def sweep(self, name, *arguments, **options):
        trains = Context if name.startswith("MNIST") else MadeUp
        return trains.sweep(self, name, *arguments, **options)


@pytest.fixture
def only_mnist():
    """A context that trains only what `--mnist` adds."""
    return OnlyMnist()


@pytest.fixture
def made_up():
    """A context in which nothing is trained."""
    return MadeUp()


@pytest.fixture(scope="package")
def two_groups():
    """A hundred seeds; the first 20 lose digit 3 in any row order, as its node is silent and its δ is 0."""
    config = digits.Config(seeds=100, crossed=16, few=5, epochs=21, batch_epochs=5)
    data = digits.run(config, MadeUp())
    starts = data["starts"].to_dataset()
    starts["accuracy"][:], starts["training_loss"][:] = 0.97, 0.02
    starts["said"][:], starts["delta"][:], starts["label"][:] = 0.95, 0.01, starts["truth"]
    for name in (NIELSEN, OTHER_ORDER):
        lost = {"start": name, "seed": slice(0, 19)}
        starts["accuracy"].loc[lost], starts["training_loss"].loc[lost] = 0.87, 0.12
        starts["said"].loc[lost | {"digit": 3}], starts["delta"].loc[lost | {"digit": 3}] = 1e-4, 2e-4
        labels = starts["label"].loc[lost]
        starts["label"].loc[lost] = labels.where(labels != 3, 8)
    starts["training_loss"].loc[{"start": LECUN}] = np.linspace(0.015, 0.025, 100)
    data["starts"].dataset = starts
    return data

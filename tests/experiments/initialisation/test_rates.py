"""XOR by range and rate: losses after both budgets, and which runs are stuck."""

import jax
import numpy as np
import optax
import pytest
import xarray as xr

import nnjax
from experiments.initialisation import rates
from experiments.runner.context import Context

RANGES = (0.1, 1.0)


@pytest.mark.slow
def test_the_second_budget_goes_on_from_the_first():
    data = rates.measure(Context(), np.arange(2), RANGES, epochs=20)
    assert data["loss"].shape == (2, 2, len(rates.RATES), 2)
    network = nnjax.mlp(rates.SIZES)
    start = nnjax.init(network, nnjax.key(1), "uniform", scale=1.0)
    for index, epochs in enumerate(data["epochs"].values):
        options = {"optimizer": optax.sgd(np.float32(3.0)), "epochs": int(epochs), "view": "nodes"}
        _, history = nnjax.train(network, start, *nnjax.datasets.xor(), **options)
        found = data["loss"].sel(seed=1, range=1.0, rate=3.0).values[index]
        np.testing.assert_allclose(found, jax.device_get(history.loss), rtol=1e-5)


def test_plateaus_are_at_a_half_and_two_thirds():
    losses = np.array([0.05, 0.11, 0.49, 0.53, 0.66, 1.0])
    data = xr.Dataset({"loss": ("seed", losses)})
    assert rates.solved(data).values.tolist() == [True, False, False, False, False, False]
    assert rates.stuck(data).values.tolist() == [False, False, True, False, True, False]

"""Small made-up pictures, and data like those of a long run on MNIST."""

import numpy as np
import pictured
import pytest
import xarray as xr

from experiments.runner.mnist import MNIST


@pytest.fixture(scope="package")
def folder(tmp_path_factory):
    """Four IDX files of random pictures."""
    return pictured.random_pictures(tmp_path_factory.mktemp("pictures"))


@pytest.fixture
def measured():
    """Twenty seeds peak at 95.01 to 95.20 % with 30 hidden nodes, and at 97.0 % with 100 (five at 87.0 %).

    Later layers learn faster.
    """
    seeds, epochs = np.arange(20), np.arange(1, 31)
    peak = np.stack([0.9501 + 0.0001 * seeds, np.where(seeds < 5, 0.87, 0.97)])
    accuracy = np.repeat(peak[:, :, None] - 0.001, 30, axis=2)
    accuracy[:, :, 12] = peak
    births = np.arange(1000)
    speed = np.full((3, 1000, 4), np.nan)
    for k, depth in enumerate((2, 3, 4)):
        lags = np.linspace(1.5, 200, 1000)
        speed[k, :, :depth] = 0.3 * lags[:, None] ** (np.arange(1 - depth, 1) / (depth - 1))
    mnist = xr.Dataset(
        {"accuracy": (("hidden_nodes", "seed", "epoch"), np.float32(accuracy))},
        {"hidden_nodes": [30, 100], "seed": seeds, "epoch": epochs},
        {"pictures": MNIST},
    )
    coordinates = {"depth": [2, 3, 4], "seed": births, "layer": [1, 2, 3, 4]}
    return mnist, xr.Dataset({"speed": (("depth", "seed", "layer"), speed)}, coordinates)

"""The measured edges of stability, and made-up results of training."""

import numpy as np
import pytest
import xarray as xr

from experiments.learning_rate import edges as module
from experiments.learning_rate.training import OPTIMIZERS


@pytest.fixture(scope="package")
def edges():
    """The ten rates nearest to the edge."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "AROUND_EDGE", module.AROUND_EDGE[10:20])
        return module.edges()


@pytest.fixture(scope="package")
def data(edges):
    """Made-up results: each optimiser learns XOR only at its middle rate."""
    losses = np.ones((4, 100, 3))
    losses[:, :, 1] = 0.01
    names = {"optimizer": list(OPTIMIZERS), "rate": [0.01, 0.1, 1.0]}
    dimensions = ("optimizer", "seed", "rate")
    xor = xr.Dataset({"loss": (dimensions, losses)}, names)
    digits = xr.Dataset({"accuracy": (dimensions, 0.5 + np.zeros((4, 2, 3)))}, names)
    return xr.DataTree.from_dict({"xor": xor, "digits": digits, "edges": edges})

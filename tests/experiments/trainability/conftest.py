"""Made-up maps, on which a network trains exactly where the rule of 6 ξ says that it will."""

import numpy as np
import pytest
import xarray as xr

from experiments.trainability import orthogonal, theory

DEPTHS, SEEDS, PLACES, EPOCHS = (2, 4, 8), 60, 5, 6


def maps_part() -> xr.Dataset:
    """Networks train only at the second rate, and only with at most 6 ξ layers."""
    variances = {"sigmoid": np.geomspace(2, 40, PLACES), "relu": np.geomspace(0.5, 30, PLACES)}
    known = xr.concat([theory.scales(name, values) for name, values in variances.items()], "activation")
    axes = {
        "activation": list(variances),
        "depth": list(DEPTHS),
        "seed": np.arange(SEEDS),
        "rate": [0.03, 0.3],
    }
    known = known.assign_coords({name: axes[name] for name in ("activation", "depth")})
    trains = (known["depth"] / known["xi"] <= theory.CONSTANT).transpose("activation", "depth", "place")
    loss = np.ones((2, len(DEPTHS), SEEDS, PLACES, 2))
    loss[..., 1] = np.where(trains.values[:, :, None], 0.2, 1.3)
    dims = ("activation", "depth", "seed", "place", "rate")
    return xr.Dataset({"loss": (dims, loss)}, axes).merge(known).assign_attrs(epochs=5)


def isometry_part() -> xr.Dataset:
    """At the second rate, the loss halves in 4 epochs from Gaussian weights and in 2 from orthogonal ones."""
    loss = np.ones((SEEDS, 2, 2, EPOCHS + 1))
    loss[:, 0, 1, 4:] = loss[:, 1, 1, 2:] = 0.3
    axes = {"seed": np.arange(SEEDS), "weights": list(orthogonal.KINDS), "rate": [0.01, 0.03]}
    columns = {"loss": ((*axes, "epoch"), loss)}
    return xr.Dataset(columns, axes | {"epoch": np.arange(EPOCHS + 1)}, {"depth": 8})


def linear_part() -> xr.Dataset:
    """The loss halves only from orthogonal weights, and takes as many updates with 16 layers as with 4."""
    loss = np.ones((2, SEEDS, 2, 2, EPOCHS + 1))
    loss[:, :, 1, 0, 3:] = 0.3
    axes = {"depth": [4, 16], "seed": np.arange(SEEDS), "weights": list(orthogonal.KINDS)}
    axes |= {"rate": [0.02, 0.07]}
    return xr.Dataset({"loss": ((*axes, "epoch"), loss)}, axes | {"epoch": np.arange(EPOCHS + 1)})


@pytest.fixture(scope="package")
def data():
    return xr.DataTree.from_dict({"maps": maps_part(), "isometry": isometry_part(), "linear": linear_part()})

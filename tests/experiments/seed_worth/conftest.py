"""Made-up pairs of runs, in which it is known what each source changes."""

import numpy as np
import pytest
import xarray as xr

from experiments.runner.mnist import MNIST
from experiments.seed_worth.digits import SOURCES

SEEDS, EPOCHS, ROWS = 40, 4, 50


def digits_part(rate: float, bit: float) -> xr.Dataset:
    """Errors are independent; the distance due to one bit doubles every epoch, as the tangent predicts."""
    rng = np.random.default_rng(0)
    wrong = rng.random((SEEDS, 5, 3, ROWS)) < np.linspace(0.02, 0.3, ROWS)
    wrong[:, 1] = wrong[:, 0]
    apart, disagree = np.ones((SEEDS, 4, EPOCHS)), np.full((SEEDS, 4, EPOCHS), 0.2)
    apart[:, 0], disagree[:, 0] = 1e-7 * 2.0 ** np.arange(EPOCHS), bit * rng.uniform(0.5, 1.5, (SEEDS, 1))
    columns = {
        "wrong": (("seed", "run", "kept", "test_row"), wrong),
        "apart": (("seed", "source", "during"), apart),
        "disagree": (("seed", "source", "during"), disagree),
        "growth": (("traced_seed", "during"), np.full((12, EPOCHS), np.log(2))),
    }
    axes = {"seed": np.arange(SEEDS), "source": list(SOURCES), "traced_seed": np.arange(12)}
    axes |= {"during": np.arange(1, EPOCHS + 1), "run": ["first", *SOURCES], "kept": [1, 2, EPOCHS]}
    return xr.Dataset(columns, axes, {"rate": rate})


def xor_part() -> xr.Dataset:
    """Make two out of three seeds wrong on all rows.

    A flipped bit changes no answer at the usual rate, and every answer at the large one.
    """
    wrong = np.zeros((2, 30, 2, 4), bool)
    wrong[:, ::3] = wrong[:, 1::3] = True
    wrong[1, :, 1] = ~wrong[1, :, 0]
    axes = {"speed": ["usual", "large"], "seed": np.arange(30), "run": ["first", "one bit"]}
    return xr.Dataset(
        {"wrong": ((*axes, "row"), wrong)}, axes | {"rate": ("speed", [1.0, 10.0])}, {"epochs": 9}
    )


@pytest.fixture(scope="package")
def data():
    parts = {"usual": digits_part(0.15, 0.0), "large": digits_part(0.7, 0.2), "xor": xor_part()}
    return xr.DataTree.from_dict(parts)


@pytest.fixture(scope="package")
def with_mnist(data):
    part = digits_part(0.15, 0.0).drop_dims("traced_seed").assign_attrs(pictures=MNIST)
    return xr.DataTree.from_dict(
        {name: each.to_dataset() for name, each in data.children.items()} | {"mnist": part}
    )

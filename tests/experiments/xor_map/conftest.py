"""Provide a small map that is measured, and made-up maps whose borders are known."""

import numpy as np
import pytest
import xarray as xr

from experiments.runner.context import Context
from experiments.xor_map import maps

SIDE = 32
WHOLE = maps.WHOLE._asdict()


@pytest.fixture(scope="package")
def data():
    """Made-up planes and close-ups, with a straight border at rate 1 and salt-and-pepper noise at rate 10."""
    rng, shape = np.random.default_rng(0), (2, 4, 2, SIDE, SIDE)
    level = np.ones(shape, np.int8)
    level[0, ..., : SIDE // 2] = 0
    level[1] = rng.integers(0, 2, shape[1:])
    wait = np.where(level == 0, np.array([40, 4])[:, None, None, None, None], 50)
    dims = ("rate", "seed", "zoom", "row", "column")
    pairs = np.full((2, 4, 10, 2), -1)
    pairs[:, :, :8, 0] = 40
    pairs[0, :, :8, 1], pairs[1, :, :8, 1] = 300, 500
    planes = xr.Dataset(
        {
            "level": (dims, level),
            "wait": (dims, wait),
            "pair_wait": (("rate", "seed", "pair", "of_pair"), pairs),
        }
        | {f"window_{name}": (dims[:3], np.full(shape[:3], value)) for name, value in WHOLE.items()},
        {"rate": list(maps.RATES), "seed": np.arange(4), "zoom": [1, maps.ZOOM]},
        {"epochs": 50},
    )
    wall = planes[["level", "wait"]].isel(rate=1, seed=0, zoom=0, drop=True).assign_attrs(rate=10.0, seed=0)
    axes = {"rate": list(maps.RATES), "seed": np.arange(4), "of_pair": ["learns", "does not"]}
    neighbours = xr.Dataset({"wait": (("rate", "seed", "pair", "of_pair"), pairs)}, axes)
    return xr.DataTree.from_dict({"planes": planes, "neighbours": neighbours, "wall": wall})


@pytest.fixture(scope="package")
def context():
    return Context()

"""A full-size made-up result: nnjax takes half the time of every peer except the C program."""

import numpy as np
import pytest
import xarray as xr

from experiments.benchmark.few import OURS
from experiments.benchmark.timings import METHODS
from experiments.benchmark.views import CASES


@pytest.fixture
def data():
    networks = ["2-2-1", "2-4-4-1", "digits, shared order"]
    rates = np.tile([1.0, 2.0, 3.0], (3, len(METHODS), 1))
    rates[:, METHODS.index("nnjax, node by node")] *= [[200], [np.nan], [np.nan]]
    rates[:, METHODS.index("nnjax, columns")] *= [[np.nan], [np.nan], [3]]
    rates[:, METHODS.index("nnjax, matrix")] *= 2
    rates[0, -1] = [1000, 1000, 1000]
    rates[1:, -1] = np.nan
    shape = rates.shape[:2]
    first = np.full(shape, 9.0)
    first[1, METHODS.index("nnjax, matrix")] = 20.0
    speed = xr.Dataset(
        {
            "rate": (("network", "peer", "repeat"), rates),
            "first": (("network", "peer"), first),
            "loss_difference": (("network", "peer"), np.full(shape, 1e-6)),
            "seed_steps": (("network", "peer"), np.full(shape, 4)),
            "flops": ("network", [10.0, 20.0, 30.0]),
            "named": ("network", ["nnjax, node by node", "nnjax, matrix", "nnjax, columns"]),
        },
        {"network": networks, "peer": list(METHODS)},
        {"full": 1},
    )
    ratios = np.full((len(CASES), 3), 1.2)
    ratios[7] = [0.5, 0.6, 0.7]
    groups = {
        "speed": speed,
        "alone": xr.Dataset(
            {"rate": (("repeat", "peer"), [[600.0, 9.0, 1.0], [1300.0, 9.0, 2.0], [700.0, 9.0, 1.0]])},
            {"peer": ["nnjax.train, matrix", "nnjax.train, node by node", "PyTorch, loop"]},
        ),
        "machine": xr.Dataset(
            {"peak": ("repeat", [1e9, 2e9, 2e9])},
            attrs={"description": "a machine", "versions": "jax 1", "missing": ""},
        ),
        "scaling": xr.Dataset({"seconds": ("seeds", [1.0, 4.0, 16.0])}, {"seeds": [256, 1024, 4096]}),
        "growth": xr.Dataset(
            {
                "rate": (("direction", "size"), [[1e6, 1e5, 1e4], [1e6, 1e4, 1e2], [1e6, 1e5, 1e5]]),
                "memory": (
                    ("direction", "size"),
                    [[100.0, 200.0, 300.0], [1e3, 1e4, 1e5], [50.0, 60.0, 70.0]],
                ),
            },
            {"direction": ["width", "depth", "rows"], "size": [1, 2, 4]},
        ),
        "views": xr.Dataset(
            {"ratio": (("case", "repeat"), ratios)},
            {"case": [case.label for case in CASES], "rows": ("case", [case.rows for case in CASES])},
        ),
        "few": xr.Dataset(
            {
                "ratio": (
                    ("view", "network", "seeds", "repeat"),
                    np.array([[[[0.1], [2.0], [3.0]], [[0.9], [0.9], [0.7]]], [[[0.2]] * 3, [[4.0]] * 3]]),
                )
            },
            {"view": ["named", "native"], "network": ["2-2-1", "digits"], "seeds": [1, 10, 100]},
        ),
        "one": xr.Dataset(
            {"seconds": (("repeat", "peer"), [[1.0, 3.0, 2.0], [2.0, 3.0, 2.0], [4.0, 9.0, 6.0]])},
            {"peer": [OURS, "slow", "fast"]},
        ),
        "million": xr.Dataset(
            {
                "seconds": ((), 20.0, {"units": "s"}),
                "peak_memory": ((), 3e9, {"units": "bytes"}),
                "result": ((), 40.0, {"units": "bytes per seed"}),
            }
        ),
    }
    return xr.DataTree.from_dict(groups)

"""Made-up measurements for every part, like those that a run of 100 seeds would leave."""

import numpy as np
import pytest
import xarray as xr

from experiments.sentences import approximation, layers, one_row, regression, rows, xor

SEEDS = 100
OR_AND = np.array([6.0, 8, 6, 8, -3, -12, 10, -20, -5])


def one_row_part():
    """The sentence holds for half of the networks on (1, 3, 5), and for all networks on the smaller row."""
    ratio = np.where(np.arange(SEEDS)[:, None] % 2, [3.0, 0.5], [0.5, 0.5])
    columns = {
        "x3_to_h1": ratio,
        "largest": ratio,
        "mean": 0 * ratio + 0.5,
        "median": ratio,
        "pairs": 0 * ratio + 0.7,
        "delta": 0 * ratio + 0.2,
        "delta_label_0": 0 * ratio - 0.2,
        "contributes_most": ratio > 1,
        "nearer": ratio > 0,
        "order_same_node": 0 * ratio + 1.0,
        "order_other_nodes": 0 * ratio + 0.4,
    }
    return xr.Dataset(
        {name: (("seed", "size"), values) for name, values in columns.items()},
        {"size": list(one_row.SIZES)},
        {"delta_label_0": -0.288},
    )


def rows_part():
    ways, seeds = [*rows.WAYS, rows.ALL_OFTEN], np.linspace(-0.01, 0.01, SEEDS)
    best = np.array([0.9, 0.7, 0.1, 0.7])
    accuracy = seeds[:, None, None] + best[None, None] - np.array([0.05, 0, 0.1])[None, :, None]
    return xr.Dataset(
        {
            "accuracy": (("seed", "trial", "way"), accuracy),
            "rate": (("way", "trial"), np.ones((4, 1)) * [0.1, 0.2, 0.3]),
            "updates": ("way", [4800, 100, 10, 100]),
        },
        {"way": ways},
        {"epochs": 10, "accumulated": 1e-16},
    )


def regression_part():
    shown = np.array([[0.44, 0.25, 0.47], [0.44, 0.44, 0.47]])
    explained = shown[None] + np.linspace(-0.01, 0.01, SEEDS)[:, None, None]
    return xr.Dataset(
        {"explained": (("seed", "target", "output"), explained)},
        {
            "target": [regression.STANDARDISED, regression.SQUEEZED],
            "output": [*regression.OUTPUTS, "a line"],
        },
    )


def descents_part():
    steps = np.arange(4001.0)
    per_step = list(regression.per_step().values())
    distance = np.stack([rate**steps for rate in per_step])
    return xr.Dataset(
        {"distance": (("way", "step"), distance), "per_step": ("way", per_step)},
        {"way": list(regression.per_step())},
    )


def xor_part(epochs=1000):
    """Three seeds in four learn quickly; the others stay at a loss of 1/2."""
    looks = epochs // xor.EVERY + 1
    loss = np.where(np.arange(SEEDS)[:, None] % 4, 1.0 * 0.5 ** np.arange(looks), 0.5)
    shape = (SEEDS, 2, len(xor.EFFECTIVE), looks)
    return xr.Dataset(
        {
            "loss": (
                ("seed", "way", "rate", "look"),
                np.broadcast_to(loss[:, None, None], shape).copy(),
            ),
            "end": (("seed", "parameter"), np.tile(OR_AND, (SEEDS, 1))),
        },
        {
            "way": [xor.PLAIN, xor.WITH],
            "rate": list(xor.EFFECTIVE),
            "epoch": ("look", xor.EVERY * np.arange(looks)),
        },
    )


def approximation_part():
    """Errors fall as 1 / h², far below the error of the best line."""
    widths, x = np.array(approximation.WIDTHS), approximation.FINE
    error = np.broadcast_to(0.1 / widths**2, (SEEDS, 3, len(widths))).copy()
    dims = ("seed", "function", "width")
    truth = np.stack([f(x) for f, _ in approximation.FUNCTIONS.values()])
    return xr.Dataset(
        {
            "largest": (dims, error),
            "typical": (dims, error),
            "said": (("function", "width", "x"), truth[:, None] + error[0][..., None]),
            "truth": (("function", "x"), truth),
            "line": ("function", np.full(3, 0.5)),
            "built": (dims[1:], np.full((3, len(widths)), 0.2)),
            "bound": (dims[1:], np.full((3, len(widths)), 0.4)),
        },
        {"function": list(approximation.FUNCTIONS), "width": widths, "x": x},
    )


def layers_part():
    """The 3-4-4-1 network takes twice as long as 3-4-1."""
    epochs = layers.EVERY * np.arange(101)
    loss = np.where(epochs >= np.array([[100], [200]]), 0.001, 0.5)
    loss = np.broadcast_to(loss, (SEEDS, *loss.shape)).copy()
    return xr.Dataset(
        {"loss": (("seed", "network", "look"), loss)},
        {"network": list(layers.NETWORKS), "epoch": ("look", epochs)},
    )


def figure_3_part():
    steps = np.linspace(-1, 1, 9)
    path = np.linspace([[0, 0], [0, 0]], [[0.5, 0.5], [-0.5, 0.5]], 7, axis=1)
    return xr.Dataset(
        {
            "end_loss": ("kind", [1.5, 0.0]),
            "gradient_norm": ("kind", [1e-12, 1e-15]),
            "eigenvalue": (("kind", "parameter"), [[0.03, 1.0], [0.08, 2.0]]),
            "path": (("kind", "look", "axis"), path),
            "loss": (("across", "along"), 1 + steps[:, None] ** 2 + steps[None] ** 2),
            "step": ("along", steps),
            "between": ("along", np.concatenate([[1.5], np.full(7, 11.0), [0.0]])),
        },
        {"kind": ["local", "global"]},
    )


@pytest.fixture
def or_and():
    """A 2-2-1 network that has learnt XOR: its first hidden node computes “or”, its second “and”."""
    return OR_AND.copy()


@pytest.fixture(scope="session")
def data():
    return xr.DataTree.from_dict(
        {
            "one_row": one_row_part(),
            "rows": rows_part(),
            "regression": regression_part(),
            "descents": descents_part(),
            "xor": xor_part(),
            "approximation": approximation_part(),
            "layers": layers_part(),
            "figure_3": figure_3_part(),
        }
    )

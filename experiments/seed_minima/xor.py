"""XOR: where each seed ends, what kind of point that is, and how the network, start and rate change this."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import xarray as xr

import nnjax
from experiments.runner.certificates import VERDICT_FLAGS, as_rows, certificates
from experiments.runner.context import Context
from nnjax import datasets

LEVELS = (0.0, 1 / 2, 2 / 3, 1.0)
"""The infima of XOR's SSE for a logistic 2-2-1 network: Σ n p (1 - p) over groups of n rows with equal
outputs."""
WIDTH = 0.02
"""A loss within this distance of a level counts as being at that level."""
ELSEWHERE, NOT_RUN_AGAIN = -1, -2
LEVEL_FLAGS = {
    "flag_values": np.arange(NOT_RUN_AGAIN, len(LEVELS), dtype=np.int8),
    "flag_meanings": "not_run_again elsewhere sse_0 sse_half sse_two_thirds sse_1",
}
DRAWS = (("normal", "normal"), ("uniform", "uniform"), ("lecun_normal", "zeros"))
"""Distributions of the initial weights and biases on XOR."""


class Setting(NamedTuple):
    """How a network starts and learns.

    Attributes:
        scale: Factor by which the initial weights and biases are multiplied.
        rate: Learning rate.
        draw: Index into DRAWS.
    """

    scale: float
    rate: float
    draw: int


SETTINGS = {
    "N(0, 1), rate 2": Setting(1.0, 2.0, 0),
    "N(0, 1) × ¼, rate 2": Setting(0.25, 2.0, 0),
    "N(0, 1) × 4, rate 2": Setting(4.0, 2.0, 0),
    "U(−1, 1), rate 2": Setting(1.0, 2.0, 1),
    "LeCun, rate 2": Setting(1.0, 2.0, 2),
    "N(0, 1), rate 0.5": Setting(1.0, 0.5, 0),
    "N(0, 1), rate 0.1": Setting(1.0, 0.1, 0),
}
"""{name: setting}; the first is the main case."""
SIGMOID, RELU = "2-2-1 sigmoid", "2-2-1 ReLU"
NETWORKS = {
    SIGMOID: nnjax.mlp((2, 2, 1)),
    "2-3-1 sigmoid": nnjax.mlp((2, 3, 1)),
    "2-4-1 sigmoid": nnjax.mlp((2, 4, 1)),
    RELU: nnjax.mlp((2, 2, 1), "relu"),
}
LONGER, AGAIN = 10, 1024
"""At each level above 0, the first AGAIN seeds run again, for LONGER times as many steps."""


@functools.cache
def learner(name: str, steps: int) -> Callable[..., tuple[nnjax.Params, jax.Array]]:
    """Make a function that maps a key and a `Setting` to parameters and SSE after full-batch steps on XOR."""
    network = NETWORKS[name]

    def end(
        key: jax.Array, scale: jax.Array, rate: jax.Array, draw: int | jax.Array = 0
    ) -> tuple[nnjax.Params, jax.Array]:
        starts = [nnjax.init(network, key, *kinds, scale) for kinds in DRAWS]
        params = jax.tree.map(lambda *leaves: jnp.stack(leaves)[draw], *starts)
        params, history = nnjax.train(
            network, params, *datasets.xor(), optimizer=optax.sgd(rate), epochs=steps, view="nodes"
        )
        return params, history.loss

    return end


def level(losses: Any) -> np.ndarray:
    """Find the level of each loss: its index in `LEVELS`, or `ELSEWHERE` if none is within `WIDTH`."""
    distance = np.abs(np.asarray(losses)[..., None] - np.array(LEVELS))
    return np.where(distance.min(axis=-1) <= WIDTH, distance.argmin(axis=-1), ELSEWHERE).astype(np.int8)


def _settings(count: int | None = None) -> dict[str, np.ndarray]:
    scale, rate, draw = zip(*list(SETTINGS.values())[:count], strict=True)
    return {
        "scale": np.array(scale, np.float32),
        "rate": np.array(rate, np.float32),
        "draw": np.array(draw, np.int32),
    }


def ends(context: Context, seeds: np.ndarray, steps: int) -> xr.Dataset:
    """Train every seed in the main case; return its end, its certificate, and its level after more steps."""
    params, losses = context.sweep("XOR", learner(SIGMOID, steps), seeds, _settings(1))
    params, losses = jax.tree.map(lambda leaf: leaf[:, 0], (params, losses))
    certificate = certificates(NETWORKS[SIGMOID], params, *datasets.xor())
    levels, eigenvalues = level(losses), certificate.eigenvalues
    later = _later_levels(context, seeds, levels, LONGER * steps)
    columns = {
        "loss": (losses, {"long_name": "SSE summed over the rows"}),
        "level": (levels, {"long_name": "level of the loss"} | LEVEL_FLAGS),
        "later_level": (later, {"long_name": f"level after {LONGER} times the steps"} | LEVEL_FLAGS),
        "verdict": (certificate.verdict.astype(np.int8), {"long_name": "kind of point"} | VERDICT_FLAGS),
        "gradient_norm": (certificate.gradient_norm, {"long_name": "|∂L/∂θ|"}),
        "newton_step": (certificate.step, {"long_name": "length of the next Newton step"}),
        "largest_eigenvalue": (eigenvalues[:, -1], {"long_name": "largest eigenvalue of the Hessian"}),
        "largest_other_eigenvalue": (
            np.abs(eigenvalues[:, :-1]).max(axis=1),
            {"long_name": "largest absolute value of the Hessian's other eigenvalues"},
        ),
        "parameter_norm": (np.linalg.norm(as_rows(params, len(seeds)), axis=1), {"long_name": "|θ|"}),
    }
    return xr.Dataset(
        {name: ("seed", values, attributes) for name, (values, attributes) in columns.items()},
        {"seed": seeds},
        {"steps": steps},
    )


def _later_levels(context: Context, seeds: np.ndarray, levels: np.ndarray, steps: int) -> np.ndarray:
    """Find the level (s,) after `steps` for some seeds at levels above 0; the rest get `NOT_RUN_AGAIN`."""
    rows = np.concatenate([np.flatnonzero(levels == k)[:AGAIN] for k in range(1, len(LEVELS))])
    later = np.full(len(seeds), NOT_RUN_AGAIN, np.int8)
    if len(rows):
        end = learner(SIGMOID, steps)
        _, losses = context.sweep("XOR, for longer", end, seeds[rows], _settings(1))
        later[rows] = level(losses[:, 0])
    return later


def conditions(context: Context, seeds: np.ndarray, steps: int) -> xr.Dataset:
    """Train the same seeds with every network and setting; return the final losses and their levels."""
    losses = [context.sweep(f"XOR, {name}", learner(name, steps), seeds, _settings())[1] for name in NETWORKS]
    dims = ("network", "seed", "setting")
    settings = _settings()
    weights, biases = zip(*(DRAWS[draw] for draw in settings.pop("draw")), strict=True)
    return xr.Dataset(
        {
            "loss": (dims, np.stack(losses), {"long_name": "SSE summed over the rows"}),
            "level": (dims, level(np.stack(losses)), {"long_name": "level of the loss"} | LEVEL_FLAGS),
        },
        {"network": list(NETWORKS), "seed": seeds, "setting": list(SETTINGS)}
        | {name: ("setting", values) for name, values in settings.items()}
        | {"weights": ("setting", list(weights)), "biases": ("setting", list(biases))},
        {"steps": steps},
    )

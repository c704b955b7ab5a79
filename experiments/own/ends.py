"""The ends that seeds reach at the best setting: their answers, their kinds, the barriers between them."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import jax
import numpy as np
import xarray as xr

import nnjax
from experiments.own.task import Task
from experiments.own.training import Plan, Trained, ends, lane, network_of, parameters
from experiments.runner.certificates import VERDICT_FLAGS, as_rows, barriers, certificates, polished
from experiments.runner.context import Context
from nnjax.datasets import Data

MOST_PARAMETERS, MOST_WORK = 150, 500_000
"""Maximum number of parameters, and of parameters times training rows, with which ends are certified."""
NEWTON = 30
"""Number of steps of Newton's method after training."""
MOVED = 0.05
"""Newton's method may move an end by this share of 1 + |θ|; points farther away count as different ones."""
MOST_ROWS = 2000
"""Maximum number of training rows for measuring a barrier; 25 networks process these rows together."""
AT_ONCE = 50_000_000
"""Maximum number of bytes for computing the Hessians of all networks that are processed together."""


class Setting(NamedTuple):
    """The indices of a kind of initial weights and of a rate."""

    weights: int
    rate: int


def best(losses: np.ndarray) -> Setting:
    """Find the setting with the smallest median of losses (seed, weights, rate); divergence counts as ∞."""
    medians = np.median(np.where(np.isfinite(losses), losses, np.inf), axis=0)
    return Setting(*map(int, np.unravel_index(np.argmin(medians), medians.shape)))


def answers(trained: Sequence[Trained], plan: Plan, seeds: np.ndarray) -> xr.DataArray:
    """Collect each seed's answer to each probe, at the best setting of each activation."""
    said = [one.answers[:, *best(one.loss)] for one in trained]
    return xr.DataArray(
        np.stack(said),
        {"activation": list(plan.activations), "seed": seeds},
        ("activation", "seed", "probe"),
        attrs={"long_name": "the network's answer to each of the first test rows: a class or a number"},
    )


def compare(
    context: Context,
    task: Task,
    plan: Plan,
    hidden: Sequence[int],
    chosen: Sequence[Setting],
    seeds: np.ndarray,
) -> dict[str, xr.Dataset]:
    """Certify some seeds' ends at each activation's best setting, and measure the barriers between them."""
    between, kinds = [], []
    for activation, setting in zip(plan.activations, chosen, strict=True):
        network = network_of(task, activation, hidden)
        params = _ends(context, task, network, plan, setting, seeds)
        between.append(_between(task, network, params))
        if may_certify(task, network):
            kinds.append(_kinds(task, network, params))
    names = {"activation": list(plan.activations)}
    pairs = np.array(list(itertools.combinations(seeds, 2)))
    first, second = ("pair", pairs[:, 0]), ("pair", pairs[:, 1])
    found = {
        "pairs": xr.concat(between, "activation").assign_coords(
            names | {"first_seed": first, "second_seed": second}
        )
    }
    if kinds:
        found["kinds"] = xr.concat(kinds, "activation").assign_coords(names | {"seed": seeds})
    return found


def _ends(
    context: Context, task: Task, network: nnjax.Network, plan: Plan, setting: Setting, seeds: np.ndarray
) -> nnjax.Params:
    end = ends(task, network, plan)
    settings = {name: values[[_place(plan, setting)]] for name, values in plan.settings.items()}

    def after(key: jax.Array, start: jax.Array, rate: jax.Array) -> nnjax.Params:
        return end(key, start, rate)[1]

    name = f"parameters of {'-'.join(map(str, network.sizes))}, {network.activations[0]}"
    params = context.sweep(name, after, seeds, settings, lane=lane(task, network) or len(seeds))
    return jax.tree.map(lambda leaf: leaf[:, 0], params)


def _place(plan: Plan, setting: Setting) -> int:
    return setting.weights * len(plan.rates) + setting.rate


def may_certify(task: Task, network: nnjax.Network) -> bool:
    """Return whether the Hessian is small enough to be worth the time that it takes."""
    count = parameters(network)
    return count <= MOST_PARAMETERS and count * len(task.train.xs) <= MOST_WORK


def _between(task: Task, network: nnjax.Network, params: nnjax.Params) -> xr.Dataset:
    rows = Data(*(part[:MOST_ROWS] for part in task.train))
    _, heights = barriers(network, params, rows.xs, rows.ys, task.loss)
    heights = heights / len(rows.xs)
    about = f"barrier, loss per row above the line between the two losses, on {len(rows.xs)} rows"
    return xr.Dataset(
        {
            "before": ("pair", heights[:, 0], {"long_name": f"{about}, as trained"}),
            "after": ("pair", heights[:, 1], {"long_name": f"{about}, nodes aligned"}),
        }
    )


def _kinds(task: Task, network: nnjax.Network, params: nnjax.Params) -> xr.Dataset:
    size = 8 * parameters(network) * len(task.train.xs) * max(network.sizes)
    width = max(1, AT_ONCE // size)
    rows = task.train.xs, task.train.ys, task.loss
    points = polished(network, params, *rows, steps=NEWTON, width=width)
    found = certificates(network, points.params, *rows, width=width)
    near = points.moved <= MOVED * (1 + np.linalg.norm(as_rows(points.params, len(points.moved)), axis=1))
    columns = {
        "loss": (found.loss / len(task.train.xs), {"long_name": "loss per training row"}),
        "verdict": (found.verdict.astype(np.int8), {"long_name": "kind of point"} | VERDICT_FLAGS),
        "gradient_norm": (found.gradient_norm, {"long_name": "|∂L/∂θ|, of the summed loss"}),
        "moved": (
            points.moved,
            {"long_name": f"distance that {NEWTON} steps of Newton's method moved the end"},
        ),
        "near": (
            near,
            {"long_name": f"whether it moved by at most {MOVED} (1 + |θ|): if so, the end is of this kind"},
        ),
    }
    return xr.Dataset({name: ("seed", *column) for name, column in columns.items()})

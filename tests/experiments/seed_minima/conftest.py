"""Data like those of a long run on seeds and minima, made without training or certificates."""

import jax
import numpy as np
import pytest
import xarray as xr

import nnjax
from experiments import seed_minima
from experiments.runner import certificates
from experiments.runner.context import Context

LOSSES = (0.0, 0.5, 2 / 3, 1.5)


def drawn(shapes, leading):
    """Draw numbers of the given dtypes and shapes, with leading axes in front; scalars look like losses."""
    rng = np.random.default_rng(0)

    def leaf(like):
        shape = (*leading, *like.shape)
        if like.dtype == bool:
            return np.ones(shape, bool)
        if np.issubdtype(like.dtype, np.integer):
            return rng.integers(0, 4, shape).astype(like.dtype)
        values = rng.normal(size=shape) if like.shape else rng.choice(LOSSES, shape, p=(0.4, 0.3, 0.2, 0.1))
        return values.astype(like.dtype)

    return jax.tree.map(leaf, shapes)


class MadeUp(Context):
    """Sweeps return random numbers, in the shapes and dtypes that training would return."""

    def sweep(self, name, fn, seeds, settings=None, *, lane=None):
        columns = settings or {}
        shapes = jax.eval_shape(fn, nnjax.key(0), **{key: values[0] for key, values in columns.items()})
        return drawn(shapes, (len(seeds), *(len(values) for values in list(columns.values())[:1])))

    def sweep_until(self, name, init, step, done, seeds, settings=None, **options):
        columns = settings or {}
        shapes = jax.eval_shape(init, nnjax.key(0), **{key: values[0] for key, values in columns.items()})
        leading = (len(seeds), *(len(values) for values in list(columns.values())[:1]))
        return nnjax.Ended(drawn(shapes, leading), np.full(leading, 500), np.ones(leading, bool))


def over_networks(fn, params, width=1024):
    """Replace `certificates.over_networks` without computing anything."""
    one = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape[1:], np.float64), params)
    return drawn(jax.eval_shape(fn, one), (len(jax.tree.leaves(params)[0]),))


CONFIG = seed_minima.Config(
    seeds=1200,
    few=120,
    steps=15_000,
    students=200,
    teachers=10,
    their_students=20,
    paths=4,
    barrier_seeds=6,
    linear_seeds=4,
)


@pytest.fixture(scope="package")
def long_run():
    """Make 1200 seeds on XOR and 200 students, with 5 in a local minimum and the last 2 still moving."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(certificates, "over_networks", over_networks)
        patch.setattr(certificates.minima, "barrier", lambda *_, **__: np.float64(9.0))
        data = seed_minima.run(CONFIG, MadeUp())
    xor, students, barriers = (data[name].to_dataset() for name in ("xor", "students", "barriers"))
    number = np.arange(200)
    values = {
        "loss": np.where(number < 5, 1.5, 0.0),
        "settled": number < 198,
        "distance": np.zeros(200),
        "copy": number % 8,
        "minimum": (number < 5) * 1,
        "verdict": np.zeros(200, int),
    }
    assert set(values) <= set(students)
    data["students"].dataset = students.assign({name: ("seed", column) for name, column in values.items()})
    data["xor"].dataset = xor.assign(verdict=("seed", np.full(1200, 3)), later_level=xor["level"])
    dims, seed = ("seed", "teacher"), np.arange(20)[:, None] + np.zeros((20, 10))
    data["teachers"].dataset = xr.Dataset(
        {
            "loss": (dims, np.where((seed < 5) & (np.arange(10) < 3), 1.5, 0.0)),
            "settled": (dims, seed < 18),
            "verdict": (dims, np.zeros((20, 10), int)),
        },
        {"teacher": np.arange(1, 11)},
        {"epochs": 500},
    )
    data["barriers"].dataset = barriers.assign(after=barriers["before"] / 40)
    return data

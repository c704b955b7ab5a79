"""Training with 1, 48 or all rows per update, for equally many epochs or updates; what accumulating does."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import xarray as xr

import nnjax
from experiments.runner.context import Context
from nnjax import datasets

NETWORK = nnjax.mlp((64, 10, 10))
TRAINED = 480
"""Number of digits to train on, ten times 48; the other digits are for testing."""
ONE, FORTY_EIGHT, ALL, ALL_OFTEN = "1 row", "48 rows", "all rows", "all rows, as many updates"


class Way(NamedTuple):
    """How often the weights change.

    Attributes:
        size: Rows per update; None for all.
        rates: The learning rates that are tried, since the best rate depends on the number of rows per
            update.
    """

    size: int | None
    rates: tuple[float, ...]


WAYS = {
    ONE: Way(1, (0.3, 0.6)),
    FORTY_EIGHT: Way(48, (0.05, 0.1)),
    ALL: Way(None, (0.005, 0.01)),
}
AS_MANY = TRAINED // 48
"""One epoch with 48 rows per update makes as many updates as this many epochs with all rows per update."""
ORDER = 1 << 20
"""Number folded into a seed's key for the order of the rows."""


def rows() -> datasets.Split:
    """Load the first 480 digits to train on, and the other 1317 to test with."""
    both = datasets.digits()
    xs, ys = (np.concatenate(parts) for parts in zip(*both, strict=True))
    return datasets.Split(
        *(datasets.Data(xs[part], ys[part]) for part in (slice(TRAINED), slice(TRAINED, None)))
    )


def accuracies(context: Context, seeds: np.ndarray, epochs: int) -> xr.Dataset:
    """Train 64-10-10 networks on 480 digits with each of `WAYS` at each rate; return their test accuracy."""
    train, test = rows()
    labels, test_xs = np.argmax(test.ys, axis=1), jnp.asarray(test.xs, jnp.float32)

    def right(params: nnjax.Params) -> jax.Array:
        said = jnp.argmax(nnjax.predict_batch(NETWORK, params, test_xs), axis=1)
        return jnp.mean(said == labels, dtype=jnp.float32)

    def end(key: jax.Array, **rates: jax.Array) -> jax.Array:
        params, order = nnjax.init(NETWORK, key), jax.random.fold_in(key, ORDER)
        found = []
        for name, (size, _) in WAYS.items():
            options: Any = {"optimizer": optax.sgd(rates[name]), "epochs": epochs}
            options |= {"batch_size": size, "key": order} if size else {}
            trained, _ = nnjax.train(NETWORK, params, *train, **options)
            found.append(right(trained))
        often, _ = nnjax.train(NETWORK, trained, *train, optimizer=optax.sgd(rates[ALL]), epochs=more)
        return jnp.stack([*found, right(often)])

    more = epochs * (AS_MANY - 1)
    rates = np.array([way.rates for way in WAYS.values()], np.float32)
    swept = context.sweep("rows per update", end, seeds, dict(zip(WAYS, rates, strict=True)))
    counts = [epochs * TRAINED // (way.size or TRAINED) for way in WAYS.values()]
    return xr.Dataset(
        {
            "accuracy": (
                ("seed", "trial", "way"),
                swept,
                {"long_name": "share of the test rows labelled right"},
            ),
            "rate": (("way", "trial"), [*rates, rates[-1]], {"long_name": "learning rate"}),
            "updates": ("way", [*counts, counts[-1] * AS_MANY], {"long_name": "total number of updates"}),
        },
        {"way": [*WAYS, ALL_OFTEN], "seed": seeds},
        {"epochs": epochs, "accumulated": accumulated()},
    )


def accumulated() -> float:
    """Compute the relative distance between the change from 48 rows at once and the sum of 48 changes."""
    train, _ = rows()
    xs, ys = (jnp.asarray(part[:48]) for part in train)
    params = nnjax.init(NETWORK, nnjax.key(0), dtype=jnp.float64)

    def change(rows: jax.Array, labels: jax.Array) -> nnjax.Params:
        updated, _ = nnjax.train(NETWORK, params, rows, labels, optimizer=optax.sgd(1.0), epochs=1)
        return jax.tree.map(jnp.subtract, updated, params)

    together = jax.jit(change)(xs, ys)
    alone = jax.jit(lambda: jax.lax.map(lambda row: change(row[0][None], row[1][None]), (xs, ys)))()
    apart = jax.tree.map(
        lambda one, many: jnp.max(jnp.abs(one - jnp.sum(many, axis=0))) / jnp.max(jnp.abs(one)),
        together,
        alone,
    )
    return float(max(jax.tree.leaves(apart)))

"""XOR from starts that differ in one bit, and from starts that differ altogether."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import optax
import xarray as xr

import nnjax
from experiments.runner.context import Context
from experiments.seed_worth.digits import flip_bit
from nnjax import datasets

NETWORK = nnjax.mlp((2, 2, 1))
RATES = {"usual": 1.0, "large": 10.0}


def learner(epochs: int) -> Callable[..., jax.Array]:
    """Make a function that maps a key and a rate to whether each row is wrong at the end, (run, n).

    Run 0 starts from the weights as drawn, and run 1 from the same weights with one bit flipped. A row is
    wrong if its output and its label are on different sides of ½.
    """
    xs, ys = datasets.xor()

    def run(key: jax.Array, rate: jax.Array) -> jax.Array:
        first = nnjax.init(NETWORK, key, "normal", "normal")

        def wrong(params: nnjax.Params) -> jax.Array:
            options = {"optimizer": optax.sgd(rate), "epochs": epochs, "view": "nodes"}
            after, _ = nnjax.train(NETWORK, params, xs, ys, **options)
            y_hats = nnjax.predict_batch(NETWORK, after, jnp.asarray(xs, jnp.float32))
            return (y_hats[:, 0] > 0.5) != (ys[:, 0] > 0.5)

        return jax.vmap(wrong)(jax.tree.map(lambda *both: jnp.stack(both), first, flip_bit(first)))

    return run


def measure(context: Context, seeds: np.ndarray, epochs: int) -> xr.Dataset:
    """Train from every seed at both rates, and return whether each row is wrong (rate, seed, run, row)."""
    settings = {"rate": np.array(list(RATES.values()), np.float32)}
    wrong = np.moveaxis(context.sweep("XOR", learner(epochs), seeds, settings), 1, 0)
    axes = {"speed": list(RATES), "seed": seeds, "run": ["first", "one bit"]}
    rates = ("speed", list(RATES.values()), {"long_name": "learning rate"})
    text = {"long_name": "whether the output is on the wrong side of one half"}
    return xr.Dataset({"wrong": ((*axes, "row"), wrong, text)}, axes | {"rate": rates}, {"epochs": epochs})

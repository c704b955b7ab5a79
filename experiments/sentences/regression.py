"""Regression on scikit-learn's diabetes data: identity or sigmoid output, and the gain from momentum."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import xarray as xr
from sklearn.datasets import load_diabetes

import nnjax
from experiments.runner.context import Context

HIDDEN = 5
TRAINED = 332
"""Number of rows to train on, three in four; the others are for testing. Each seed has a different split."""
SPLIT = 1 << 20
"""Number folded into a seed's key for the split, so that the weights come from different random numbers."""
RATE = 0.01
STANDARDISED, SQUEEZED = "mean 0, standard deviation 1", "squeezed into 0.1 to 0.9"
OUTPUTS = ("identity", "sigmoid")


@functools.cache
def rows() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Load inputs (442, 10), standardised, and the progression of the disease (442, 1) in each form."""
    loaded: Any = load_diabetes(scaled=False)
    xs, progression = loaded.data, loaded.target
    xs, y = (xs - xs.mean(axis=0)) / xs.std(axis=0), progression[:, None]
    low, high = y.min(), y.max()
    return xs, {STANDARDISED: (y - y.mean()) / y.std(), SQUEEZED: 0.1 + 0.8 * (y - low) / (high - low)}


def explained(said: Any, ys: Any) -> Any:
    """Compute R² = 1 − Σ(y − ŷ)² / Σ(y − ȳ)²."""
    return 1 - ((ys - said) ** 2).sum() / ((ys - ys.mean()) ** 2).sum()


def outputs(context: Context, seeds: np.ndarray, epochs: int) -> xr.Dataset:
    """Return R² on the test rows, on each target, of 10-5-1 networks with each output and of a linear fit."""
    xs, forms = rows()
    networks = [nnjax.mlp((10, HIDDEN, 1), output=output) for output in OUTPUTS]

    def fitted(key: jax.Array, squeezed: jax.Array) -> tuple[jax.Array, jax.Array]:
        order = jax.random.permutation(jax.random.fold_in(key, SPLIT), len(xs))
        targets = jnp.stack([jnp.asarray(forms[form], jnp.float32) for form in (STANDARDISED, SQUEEZED)])
        inputs, ys = jnp.asarray(xs, jnp.float32)[order], targets[squeezed][order]
        found = []
        for network in networks:
            trained, _ = nnjax.train(
                network,
                nnjax.init(network, key),
                inputs[:TRAINED],
                ys[:TRAINED],
                optimizer=optax.adam(RATE),
                epochs=epochs,
            )
            said = nnjax.predict_batch(network, trained, inputs[TRAINED:])
            found.append(explained(said, ys[TRAINED:]))
        return jnp.stack(found), order

    by_networks, orders = context.sweep("outputs", fitted, seeds, {"squeezed": np.arange(2)})
    lines = [[line(orders[s, k], ys) for k, ys in enumerate(forms.values())] for s in range(len(seeds))]
    about = {"long_name": "share of the test rows' variance that is explained"}
    values = np.concatenate([by_networks, np.array(lines)[..., None]], axis=-1)
    return xr.Dataset(
        {"explained": (("seed", "target", "output"), values, about)},
        {"seed": seeds, "target": list(forms), "output": [*OUTPUTS, "a line"]},
        {"epochs": epochs},
    )


def line(order: np.ndarray, ys: np.ndarray) -> float:
    """Compute the least-squares fit's R² on the test rows; the training rows come first in `order`."""
    ones = np.column_stack([rows()[0], np.ones(len(ys))])[order]
    solution = np.linalg.lstsq(ones[:TRAINED], ys[order][:TRAINED], rcond=None)[0]
    return float(explained(ones[TRAINED:] @ solution, ys[order][TRAINED:]))


def curvatures() -> tuple[float, float]:
    """Compute the least and the largest eigenvalue of the Hessian of a linear network's SSE, without bias."""
    xs, _ = rows()
    values = 2 * np.linalg.eigvalsh(xs.T @ xs)
    return float(values[0]), float(values[-1])


def best_settings() -> dict[str, tuple[float, float]]:
    """Return the best (rate, momentum) for a quadratic with these curvatures (Polyak 1964)."""
    low, high = curvatures()
    condition = np.sqrt(high / low)
    return {
        "plain": (2 / (low + high), 0.0),
        "momentum": (4 / (np.sqrt(low) + np.sqrt(high)) ** 2, float((condition - 1) / (condition + 1)) ** 2),
    }


def per_step() -> dict[str, float]:
    """Return the factor by which the slowest part of the error shrinks per step, without and with momentum.

    It is (κ − 1)/(κ + 1) without momentum, and (√κ − 1)/(√κ + 1) with it.
    """
    low, high = curvatures()
    return {
        name: float((ratio - 1) / (ratio + 1))
        for name, ratio in (("plain", high / low), ("momentum", np.sqrt(high / low)))
    }


def descents(steps: int) -> xr.Dataset:
    """Descend to a linear network's least-squares solution with and without momentum; return distances."""
    xs, forms = rows()
    ys = forms[STANDARDISED]
    network = nnjax.mlp((10, 1), output="identity", biases=False)
    solution = np.linalg.lstsq(xs, ys, rcond=None)[0]
    settings = np.array(list(best_settings().values()))

    def distances(rate: jax.Array, momentum: jax.Array) -> jax.Array:
        def away(params: nnjax.Params) -> jax.Array:
            return optax.tree.norm(params[0].weights - solution)

        _, history = nnjax.train(
            network,
            nnjax.init(network, nnjax.key(0), "zeros", dtype=jnp.float64),
            xs,
            ys,
            optimizer=optax.sgd(rate, momentum),
            epochs=steps,
            record_every=1,
            measures={"distance": away},
        )
        return history.curves["distance"]

    found = np.asarray(jax.jit(jax.vmap(distances))(*jnp.asarray(settings.T)))
    return xr.Dataset(
        {
            "distance": (("way", "step"), found, {"long_name": "|θ − least squares|"}),
            "rate": ("way", settings[:, 0]),
            "momentum": ("way", settings[:, 1], {"long_name": "momentum μ"}),
            "per_step": ("way", list(per_step().values()), {"long_name": "predicted factor per step"}),
        },
        {"way": list(per_step())},
    )


def steps_until(distance: np.ndarray, share: float) -> np.ndarray:
    """Count the steps (w,) until distance (w, k) is below `share` of its first value; inf if it never is."""
    below = distance < share * distance[:, :1]
    return np.where(below.any(axis=1), np.argmax(below, axis=1), np.inf)


def late_shrinking(distance: np.ndarray) -> float:
    """Measure by what factor `distance` (k,) shrinks per step in the 2nd half of its fall to a millionth."""
    last = (
        int(steps_until(distance[None], 1e-6)[0]) if distance[-1] < 1e-6 * distance[0] else len(distance) - 1
    )
    first = last // 2
    return float((distance[last] / distance[first]) ** (1 / (last - first)))

"""A linear 4-2-4 network that reproduces Iris, and whose critical points are known (Baldi & Hornik 1989)."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import xarray as xr

import nnjax
from experiments.runner.certificates import VERDICT_FLAGS, loss_and_gradient, over_networks, polished
from experiments.runner.context import Context
from nnjax import datasets, minima

NETWORK = nnjax.mlp((4, 2, 4), "identity", "identity", biases=False)
RATE, MOMENTUM, EPOCHS = 2e-4, 0.9, 1500
SUBSETS = list(itertools.combinations(range(4), 2))
"""The two of the four principal directions that each critical point keeps."""


def rows() -> np.ndarray:
    """Return Iris's training rows (n, 4), centred; the targets are the same rows."""
    xs = np.asarray(datasets.iris().train.xs)
    return xs - xs.mean(axis=0)


def principal(xs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the eigenvalues (4,) of XᵀX in descending order, and its eigenvectors (4, 4) in columns."""
    values, vectors = np.linalg.eigh(xs.T @ xs)
    return values[::-1], vectors[:, ::-1]


def linear(context: Context, seeds: np.ndarray) -> xr.Dataset:
    """Train every seed, and return its loss, W¹, and the matrix W¹W² of its function x ↦ x W¹W².

    Raises:
        FloatingPointError: A seed diverged.
    """
    xs = rows()

    def end(key: jax.Array) -> nnjax.Params:
        params = nnjax.init(NETWORK, key, "lecun_normal", dtype=jnp.float64)
        return nnjax.train(NETWORK, params, xs, xs, optimizer=optax.sgd(RATE, MOMENTUM), epochs=EPOCHS)[0]

    ends = polished(NETWORK, context.sweep("linear networks", end, seeds), xs, xs, steps=30)
    weights = [layer.weights for layer in ends.params]
    product = np.einsum("sij,sjk->sik", *weights)
    if not np.isfinite(product).all():
        raise FloatingPointError(f"seeds {seeds[~np.isfinite(product).all(axis=(1, 2))]} diverged")
    least = principal(xs)[0][2:].sum()
    return xr.Dataset(
        {
            "loss": ("seed", _losses(weights, xs), {"long_name": "SSE summed over the rows"}),
            "product": (("seed", "row", "column"), product, {"long_name": "W¹W²"}),
            "weights": (("seed", "row", "node"), weights[0], {"long_name": "W¹"}),
            "least": ((), least, {"long_name": "sum of the last two eigenvalues: the global minimum"}),
        },
        {"seed": seeds},
    )


def critical_points() -> xr.Dataset:
    """Certify the six critical points, at which the network keeps two of the four principal directions."""
    xs = rows()
    values, vectors = principal(xs)
    points = [vectors[:, list(kept)] for kept in SUBSETS]
    certificate = _certificates([np.stack(points), np.stack([u.T for u in points])], xs)
    theory = [values.sum() - values[list(kept)].sum() for kept in SUBSETS]
    downhill = [sum(j < i for i in kept for j in set(range(4)) - set(kept)) for kept in SUBSETS]
    columns = {
        "loss": (certificate.loss, {"long_name": "SSE summed over the rows"}),
        "theory": (np.array(theory), {"long_name": "SSE in theory: sum of the eigenvalues left out"}),
        "negative": (certificate.negative, {"long_name": "number of negative eigenvalues of the Hessian"}),
        "downhill": (np.array(downhill), {"long_name": "number of downhill directions according to theory"}),
        "verdict": (certificate.verdict.astype(np.int8), {"long_name": "kind of point"} | VERDICT_FLAGS),
    }
    return xr.Dataset(
        {name: ("kept", values, attributes) for name, (values, attributes) in columns.items()},
        {"kept": ["".join(str(i + 1) for i in kept) for kept in SUBSETS]},
    )


def _layers(matrices: list[jax.Array]) -> nnjax.Params:
    return tuple(nnjax.Layer(w, jnp.zeros(w.shape[1], w.dtype)) for w in matrices)


def _losses(weights: list[np.ndarray], xs: np.ndarray) -> np.ndarray:
    """Compute the loss of linear networks with these weights (s, ...), (s,)."""
    loss, _ = loss_and_gradient(NETWORK, xs, xs)
    return over_networks(lambda matrices: loss(_layers(matrices)), weights)


def _certificates(weights: list[np.ndarray], xs: np.ndarray) -> minima.Certificate:
    """Certify linear networks as functions of their weights (s, ...) alone, since they have no biases."""
    loss, gradient = loss_and_gradient(NETWORK, xs, xs)

    def weight_gradient(matrices: list[jax.Array]) -> list[jax.Array]:
        return [layer.weights for layer in gradient(_layers(matrices))]

    def certify(matrices: list[jax.Array]) -> minima.Certificate:
        return minima.certify(lambda weights: loss(_layers(weights)), matrices, weight_gradient)

    return over_networks(certify, weights)

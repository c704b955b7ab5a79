"""The landscape between and around minima: barriers, slices, and groups of equal end points."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, PRNGKeyArray, PyTree

from nnjax import checks, losses
from nnjax.minima.newton import Objective
from nnjax.network import (
    Layer,
    Network,
    Params,
    as_layers,
    check_batch,
    check_params,
    gives_logits,
    matrix_total_loss,
)

Values = ArrayLike | Sequence[float]


def barrier(
    network: Network,
    params_a: Params,
    params_b: Params,
    xs: ArrayLike,
    ys: ArrayLike,
    loss: losses.Kind | None = None,
    points: int = 51,
) -> Float[Array, ""]:
    """Return max_t [L((1-t)A + tB) - ((1-t)L(A) + tL(B))] over `points` values of t.

    The barrier is the amount by which the loss of a mixture of two networks exceeds the mixture of their
    losses; it is 0 if no mixture is worse (Frankle et al. 2020; Entezari et al. 2022). The loss L is summed
    over the rows. A barrier is a property of two networks and of the loss that they were trained with:
    another loss may hide a barrier, or show one that does not exist.

    Args:
        network: The network that both sets of parameters belong to.
        params_a: The parameters A.
        params_b: The parameters B.
        xs: Inputs (n, in).
        ys: Labels (n, out).
        loss: The loss with which both networks were trained, by its name in `nnjax.LOSSES`. None means "sse"
            where a cross-entropy is impossible. If the output activation is the identity, the outputs may be
            logits; any loss is then possible, and the right one must be named.
        points: The number of mixtures, both ends included; 3 or more.

    Raises:
        TypeError, ValueError: As in `nnjax.total_loss`; also if no loss is named although the output
            activation is the identity, or `points` is below 3.
    """
    points = checks.count("points", points, least=3)
    params_a, xs, ys, resolved = check_batch(network, params_a, xs, ys, _trained_with(network, loss))
    params_b = check_params(network, params_b)
    weights = jnp.linspace(0, 1, points, dtype=xs.dtype)

    def loss_at(t: Array) -> Array:
        mixed = jax.tree.map(lambda a, b: (1 - t) * a + t * b, params_a, params_b)
        return matrix_total_loss(network, mixed, xs, ys, resolved)

    along = jax.vmap(loss_at)(weights)
    return jnp.max(along - ((1 - weights) * along[0] + weights * along[-1]))


def _trained_with(network: Network, loss: losses.Kind | None) -> losses.Kind:
    """Return the given loss, or the only loss that the output activation allows."""
    if loss is None and gives_logits(network):
        raise ValueError(
            "loss must be given if the output activation is 'identity', since the outputs may be logits: "
            f"pass the loss that the networks were trained with, one of {', '.join(losses.LOSSES)}"
        )
    return "sse" if loss is None else loss


def group(features: np.ndarray, tolerance: float | Sequence[float]) -> np.ndarray:
    """Group rows (s, f) that are equal up to a tolerance per column (f,); number the groups 0, 1, ...

    Each row joins the first group whose founding row it equals. Rows with NaN or infinite numbers get -1.
    """
    index, founders = np.full(len(features), -1), []
    finite = np.flatnonzero(np.isfinite(features).all(axis=1))
    for row in finite[np.argsort(features[finite, 0], kind="stable")]:
        same = [
            i
            for i, founder in enumerate(founders)
            if np.all(np.abs(features[row] - features[founder]) <= np.asarray(tolerance))
        ]
        index[row] = same[0] if same else len(founders)
        founders += [] if same else [row]
    return index


def filter_normalised(key: PRNGKeyArray, params: Params) -> Params:
    """Draw a direction in which each node's incoming weights have the norm that they have in `params`.

    In planes along such directions (Li et al. 2018), networks that differ only by a rescaling of their nodes
    look the same. Biases stay fixed.

    Raises:
        TypeError: If key is not a JAX key, or params are not layers.
        ValueError: As in `nnjax.forward` for the dtype of params.
    """
    checks.random_key(key)
    params = as_layers(params)

    def direction(index: int, weights: Array) -> Array:
        drawn = jax.random.normal(jax.random.fold_in(key, index), weights.shape, weights.dtype)
        length = jnp.sqrt(jnp.sum(weights**2, axis=0) / jnp.sum(drawn**2, axis=0))
        return drawn * length[None]

    return tuple(
        Layer(direction(index, layer.weights), jnp.zeros_like(layer.biases))
        for index, layer in enumerate(params)
    )


def plane(
    loss: Objective, centre: PyTree, first: PyTree, second: PyTree, along: Values, across: Values
) -> Float[Array, "b a"]:
    """Return L(centre + α first + β second) for each α in `along` (a,) and each β in `across` (b,).

    The plane is a slice in two of many dimensions: a minimum of the slice need not be a minimum of the loss,
    and the other dimensions may offer a way round a wall that the slice shows.
    """

    def at(alpha: Array, beta: Array) -> Array:
        return loss(jax.tree.map(lambda c, u, v: c + alpha * u + beta * v, centre, first, second))

    row = jax.vmap(at, in_axes=(0, None))
    return jax.vmap(row, in_axes=(None, 0))(jnp.asarray(along), jnp.asarray(across))

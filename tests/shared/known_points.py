"""Functions and points whose kind is known, and the moves that must not change the verdict on them."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from nnjax import minima

relu, sigmoid, softplus = jax.nn.relu, jax.nn.sigmoid, jax.nn.softplus
ROWS = ((1, 0, 2), (0, 1, -1), (1, 1, 1))

KNOWN = {
    # Strict minima.
    "bowl": (lambda p: p[0] ** 2 + 3 * p[1] ** 2, (0.0, 0.0), "strict minimum"),
    "far bowl": (lambda p: (p[0] - 1e3) ** 2 + 1e-3 * (p[1] - 5) ** 2, (1e3, 5.0), "strict minimum"),
    "tiny bowl": (lambda p: 1e-20 * (p[0] ** 2 + 3 * p[1] ** 2), (0.0, 0.0), "strict minimum"),
    "steep and shallow": (lambda p: 1e5 * p[0] ** 2 + p[1] ** 2, (0.0, 0.0), "strict minimum"),
    "linear regression": (
        lambda p: sum((a * p[0] + b * p[1] - y) ** 2 for a, b, y in ROWS), (2.0, -1.0), "strict minimum",
    ),
    "Rosenbrock at its minimum": (
        lambda p: 100 * (p[1] - p[0] ** 2) ** 2 + (1 - p[0]) ** 2, (1.0, 1.0), "strict minimum",
    ),
    "Beale": (
        lambda p: sum((c - p[0] + p[0] * p[1] ** k) ** 2 for k, c in ((1, 1.5), (2, 2.25), (3, 2.625))),
        (3.0, 0.5), "strict minimum",
    ),
    "Booth": (
        lambda p: (p[0] + 2 * p[1] - 7) ** 2 + (2 * p[0] + p[1] - 5) ** 2, (1.0, 3.0), "strict minimum",
    ),
    "Himmelblau": (
        lambda p: (p[0] ** 2 + p[1] - 11) ** 2 + (p[0] + p[1] ** 2 - 7) ** 2, (3.0, 2.0), "strict minimum",
    ),
    "Matyas": (lambda p: 0.26 * (p[0] ** 2 + p[1] ** 2) - 0.48 * p[0] * p[1], (0.0, 0.0), "strict minimum"),
    "three-hump camel": (
        lambda p: 2 * p[0] ** 2 - 1.05 * p[0] ** 4 + p[0] ** 6 / 6 + p[0] * p[1] + p[1] ** 2,
        (0.0, 0.0), "strict minimum",
    ),
    "cosh": (lambda p: jnp.cosh(p[0]) + jnp.cosh(2 * p[1]), (0.0, 0.0), "strict minimum"),
    "Gaussian well": (lambda p: -jnp.exp(-(p[0] ** 2) - p[1] ** 2), (0.0, 0.0), "strict minimum"),
    "cosines": (lambda p: -jnp.cos(p[0]) - jnp.cos(p[1]), (0.0, 0.0), "strict minimum"),
    "logarithm of a bowl": (lambda p: jnp.log(1 + p[0] ** 2 + 2 * p[1] ** 2), (0.0, 0.0), "strict minimum"),
    "softplus both ways": (
        lambda p: softplus(p[0]) + softplus(-p[0]) + p[1] ** 2, (0.0, 0.0), "strict minimum",
    ),
    "absolute value": (lambda p: jnp.abs(p[0]), (0.0,), "strict minimum"),
    # Flat minima: a whole manifold of minima, or one minimum that is flat to second order.
    "hyperbola": (lambda p: (p[0] * p[1] - 1) ** 2, (2.0, 0.5), "flat minimum"),
    "valley": (lambda p: p[0] ** 2 + 0 * p[1], (0.0, 7.0), "flat minimum"),
    "circle": (lambda p: (p[0] ** 2 + p[1] ** 2 - 1) ** 2, (1.0, 0.0), "flat minimum"),
    "parabola": (lambda p: (p[1] - p[0] ** 2) ** 2, (1.0, 1.0), "flat minimum"),
    "line": (lambda p: (p[0] + p[1]) ** 2, (1.0, -1.0), "flat minimum"),
    "surface": (lambda p: (p[0] * p[1] * p[2] - 1) ** 2, (1.0, 2.0, 0.5), "flat minimum"),
    "ReLU node": (lambda p: (relu(p[0]) * p[1] - 1) ** 2, (2.0, 0.5), "flat minimum"),
    "dead ReLU node": (lambda p: (relu(p[0]) * p[1] + p[2] - 1) ** 2, (-2.0, 0.5, 1.0), "flat minimum"),
    "squared sine": (lambda p: jnp.sin(p[0] + p[1]) ** 2, (0.0, 0.0), "flat minimum"),
    "quartic valley": (lambda p: p[0] ** 2 + p[1] ** 4, (0.0, 0.0), "flat minimum"),
    # Saddles, some of which look like flat minima if only the Hessian is considered.
    "saddle": (lambda p: p[0] ** 2 - p[1] ** 2, (0.0, 0.0), "saddle"),
    "product": (lambda p: p[0] * p[1], (0.0, 0.0), "saddle"),
    "hill": (lambda p: -(p[0] ** 2) - p[1] ** 2, (0.0, 0.0), "saddle"),
    "cosine hill": (lambda p: jnp.cos(p[0]) + p[1] ** 2, (0.0, 0.0), "saddle"),
    "cubic": (lambda p: p[0] ** 2 + p[1] ** 3, (0.0, 0.0), "saddle"),
    "quartic hill": (lambda p: p[0] ** 2 - p[1] ** 4, (0.0, 0.0), "saddle"),
    "Peano": (lambda p: (p[1] - p[0] ** 2) * (p[1] - 2 * p[0] ** 2), (0.0, 0.0), "saddle"),
    "monkey in a valley": (
        lambda p: p[0] ** 3 - 3 * p[0] * p[1] ** 2 + p[2] ** 2, (0.0, 0.0, 0.0), "saddle",
    ),
    "saddle with a flat direction": (
        lambda p: p[0] ** 2 - p[1] ** 2 + p[2] ** 4, (0.0, 0.0, 0.0), "saddle",
    ),
    "saddle at infinity": (lambda p: jnp.exp(-p[0]) - p[1] ** 2, (20.0, 0.0), "saddle"),
    # Plateaus: the minimum lies at infinity.
    "exponential": (lambda p: jnp.exp(-p[0]) + p[1] ** 2, (20.0, 0.0), "plateau"),
    "power": (lambda p: 1 / p[0] + p[1] ** 2, (1e3, 0.0), "plateau"),
    "double logarithm": (lambda p: -jnp.log(jnp.log(p[0])) + p[1] ** 2, (1e3, 0.0), "plateau"),
    "diagonal": (lambda p: jnp.exp(-p[0] - p[1]) + (p[0] - p[1]) ** 2, (10.0, 10.0), "plateau"),
    "logistic": (lambda p: sigmoid(-p[0]) + p[1] ** 2, (20.0, 0.0), "plateau"),
    "softplus": (lambda p: softplus(-p[0]) + p[1] ** 2, (15.0, 0.0), "plateau"),
    "no slope left": (lambda p: sigmoid(-p[0]) ** 2, (800.0,), "plateau"),
    # Not converged, or undecidable.
    "slope": (lambda p: p[0] ** 2 + p[1], (1.0, 1.0), "not converged"),
    "almost there": (lambda p: p[0] ** 2 + p[1] ** 2, (1e-3, 0.0), "not converged"),
    "outward bowl": (lambda p: (p[0] - 3) ** 2 + p[1] ** 2, (2.9, 0.0), "not converged"),
    "shallow outward bowl": (lambda p: 1e-4 * ((p[0] - 5) ** 2 + p[1] ** 2), (4.0, 0.0), "not converged"),
    "gentle slope": (lambda p: -1e-4 * p[0] + p[1] ** 2, (1.0, 0.0), "not converged"),
    "outward quartic": (lambda p: (p[0] - 5) ** 4 + p[1] ** 2, (4.0, 0.0), "not converged"),
    "Rosenbrock": (
        lambda p: 100 * (p[1] - p[0] ** 2) ** 2 + (1 - p[0]) ** 2, (-1.2, 1.0), "not converged",
    ),
    "not finite": (lambda p: jnp.log(p[0]) + p[1], (-1.0, 1.0), "not converged"),
    "far away": (lambda p: (p[0] - 1e6) ** 2 / 2 + p[1] ** 2, (1e6 - 100, 0.0), "not converged"),
    "kink that falls": (lambda p: p[0] ** 2 - relu(p[0]), (0.0,), "not converged"),
    "corner": (lambda p: jnp.maximum(p[0], p[1]), (0.0, 0.0), "not converged"),
    "saturated": (lambda p: (sigmoid(p[0]) - 1) ** 2 + p[1] ** 2, (40.0, 0.0), "not converged"),
    # Points where the second derivative is zero.
    "quartic bowl": (lambda p: p[0] ** 4 + p[1] ** 4, (0.0, 0.0), "degenerate"),
    "squared circle": (lambda p: (p[0] ** 2 + p[1] ** 2) ** 2, (0.0, 0.0), "degenerate"),
    "monkey saddle": (lambda p: p[0] ** 3 - 3 * p[0] * p[1] ** 2, (0.0, 0.0), "degenerate"),
    "constant": (lambda p: 0 * p[0] * p[1], (1.0, 1.0), "degenerate"),
    # Kinks from which no direction leads downhill.
    "diamond": (lambda p: jnp.abs(p[0]) + jnp.abs(p[1]), (0.0, 0.0), "kink"),
    "ridge": (lambda p: jnp.abs(p[0]) + p[1] ** 2, (0.0, 0.0), "kink"),
    "two ReLU nodes": (lambda p: relu(p[0]) + relu(-p[0]) + p[1] ** 2, (0.0, 0.0), "kink"),
}  # fmt: skip
"""{name: (loss, point, what `certify` must say)}."""

HIDDEN = {name for name, (_, _, verdict) in KNOWN.items() if verdict in ("flat minimum", "plateau")}
HIDDEN |= {"far bowl", "steep and shallow", "Rosenbrock at its minimum"}
HIDDEN |= {"cubic", "quartic hill", "Peano", "monkey in a valley"}
HIDDEN -= {"no slope left"}
"""Points whose kind rests on eigenvalues that float32 alone cannot distinguish from 0."""


def _turn(size, seed):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(size, size)))[0]


MOVES = {
    "as it is": (None, 0.0, 1.0, 1.0),
    "loss × 1e-6": (None, 0.0, 1.0, 1e-6),
    "loss × 1e6": (None, 0.0, 1.0, 1e6),
    "parameters × 1e-6": (None, 0.0, 1e-6, 1.0),
    "parameters × 1e6": (None, 0.0, 1e6, 1.0),
    "shifted": (None, 3.7, 1.0, 1.0),
    "shifted far": (None, 100.0, 1.0, 1.0),
    "turned": (0, 0.0, 1.0, 1.0),
    "turned otherwise": (1, 0.0, 1.0, 1.0),
    "turned, shifted, scaled": (7, 0.3, 1e3, 1e-3),
}
"""{name: (seed of a rotation R, shift s, factor c of θ, factor of the loss)}, θ = c (R p + s)."""


def groups(names):
    """Group the names of functions with equally many parameters, so that each group needs one program."""
    by_size = {}
    for name in names:
        by_size.setdefault(len(KNOWN[name][1]), []).append(name)
    return [tuple(each[k : k + 12]) for each in by_size.values() for k in range(0, len(each), 12)]


def verdicts(names, dtype):
    """Return, for each name, {move: what `certify` says at the moved point in this dtype}."""
    losses, points, _ = zip(*(KNOWN[name] for name in names), strict=True)
    size = len(points[0])
    turns = np.stack([np.eye(size) if seed is None else _turn(size, seed) for seed, *_ in MOVES.values()])
    shifts = np.stack([shift * np.arange(1.0, size + 1) for _, shift, *_ in MOVES.values()])
    units, factors = (np.array([move[k] for move in MOVES.values()]) for k in (2, 3))

    def look(which, point, turn, shift, unit, factor):
        theta = (unit * (turn @ point + shift)).astype(dtype)
        loss = functools.partial(jax.lax.switch, which, losses)
        return minima.certify(functools.partial(_moved, loss, turn, shift, unit, factor), theta).verdict

    at = np.repeat(np.arange(len(names)), len(MOVES))
    moves = (np.concatenate([each] * len(names)) for each in (turns, shifts, units, factors))
    one_by_one = jax.jit(lambda *all: jax.lax.map(lambda one: look(*one), all))
    found = one_by_one(at, np.array(points)[at], *moves).reshape(len(names), len(MOVES))
    return [{move: minima.VERDICTS[v] for move, v in zip(MOVES, row, strict=True)} for row in found]


def _moved(loss, turn, shift, unit, factor, theta):
    return factor * loss(turn.T @ (theta / unit - shift))

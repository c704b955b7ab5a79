"""Samples of random networks: ReLU networks for exact laws, unequal widths, and the handout's network."""

import itertools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from scipy import special

import nnjax
from experiments.runner import selected
from experiments.runner.context import Context
from experiments.vanishing_gradients import at_birth
from nnjax import signal_propagation
from nnjax.initialisers import weight_variance

STEP_WIDTH = 8
"""Width at which the law of one layer is sampled, narrow enough to be far from the limit of wide layers."""
DEAD = (4, 10)
"""Width and layers of the network whose chance of being dead at birth is sampled."""
NARROW = (16, 50)
"""Width and layers of the network whose spread over the seeds is sampled."""
FEWER = 10
"""Divisor of the number of samples where networks are large, or where the interval for a median takes long to
compute."""
UNEQUAL = (40, 160, 20, 80, 40, 160, 1)
"""Widths that grow and shrink, with one output node."""
UNEQUAL_ACTIVATIONS = ("sigmoid", "relu")
"""Activations of the sampled networks with unequal widths."""
INPUT_KEY = 1 << 20
"""Number folded into a seed's key for the inputs; it is large, since `init` folds in small numbers."""


def handout(key: jax.Array) -> jax.Array:
    """Draw |δ of h₁| / |δ of the output| on the handout's row, for a 3-4-1 network with N(0, 1) weights."""
    network = nnjax.mlp((3, 4, 1), biases=False)
    row = nnjax.datasets.handout()
    params = nnjax.init(network, key, "normal")
    hidden, output = nnjax.deltas(network, params, nnjax.forward(network, params, row.xs[0]), row.ys[0])
    return jnp.abs(hidden[0] / output[0])


def one_step(width: int) -> Callable[[jax.Array], jax.Array]:
    """Make a function that maps a key to |δ₁|²/|δ₂|² across a bias-free ReLU layer with He's weights."""
    network = nnjax.mlp((width,) * 3, "relu", "identity", biases=False)

    def ratio(key: jax.Array) -> jax.Array:
        params = nnjax.init(network, key, "he_normal")
        x, v = jax.random.normal(jax.random.fold_in(key, INPUT_KEY), (2 * width,), jnp.float32).reshape(2, -1)
        trace = nnjax.forward(network, params, x)
        delta = nnjax.deltas(network, params, trace, trace.activations[-1] + v / 2)
        return (signal_propagation.norm(delta[0]) / signal_propagation.norm(delta[1])) ** 2

    return ratio


def is_dead(width: int, layers: int) -> Callable[[jax.Array], jax.Array]:
    """Make a function that maps a key to whether all nodes of a ReLU layer are 0 for an input (layers,)."""
    network = nnjax.mlp((width,) * (layers + 1), "relu", "relu", biases=False)

    def dead(key: jax.Array) -> jax.Array:
        params = nnjax.init(network, key, "he_normal")
        x = jax.random.normal(jax.random.fold_in(key, INPUT_KEY), (width,), jnp.float32)
        return jnp.all(jnp.stack(nnjax.forward(network, params, x).activations[1:]) == 0, axis=1)

    return dead


def spread(width: int, layers: int) -> Callable[[jax.Array], jax.Array]:
    """Make a function that maps a key to |δ₁| of a ReLU network with He's weights and |δ_L| = 1."""
    network = at_birth.profile(width, (layers,), ("relu",), ("he_normal",))
    return lambda key: network(key).first_delta[0, 0, 0]


def unequal(sizes: tuple[int, ...], scheme: str) -> Callable[[jax.Array, jax.Array], jax.Array]:
    """Make a function that maps a key and an index in `UNEQUAL_ACTIVATIONS` to a network's |δₗ|²/|δₗ₊₁|².

    The network has these widths; l = 1..L-1.
    """

    def ratios(key: jax.Array, activation: jax.Array) -> jax.Array:
        kind = selected.activation(UNEQUAL_ACTIVATIONS, activation)
        network = nnjax.mlp(sizes, kind, "identity", biases=False)
        params = nnjax.init(network, key, scheme)
        x = jax.random.normal(jax.random.fold_in(key, INPUT_KEY), sizes[:1], jnp.float32)
        x = x * np.float32(np.sqrt(sizes[0])) / signal_propagation.norm(x)
        flow = signal_propagation.flow(network, params, x[None], jnp.ones((1, 1), x.dtype))
        return signal_propagation.ratios(flow.delta) ** 2

    return ratios


def unequal_theory(sizes: tuple[int, ...], activation: str, scheme: str) -> np.ndarray:
    """Predict the ratios of `unequal` by mean-field theory."""
    network = nnjax.mlp(sizes, activation, "identity", biases=False)
    variances = [weight_variance(scheme, *pair) for pair in itertools.pairwise(sizes)]
    return signal_propagation.mean_field(network, variances, float(sizes[0])).factor


def log_moments(width: int) -> tuple[float, float]:
    """Return the mean and variance of log r of one layer, r = (2/n) χ²_K with K ~ Bin(n, ½) given K ≥ 1.

    log χ²_K has mean log 2 + ψ(K/2) and variance ψ′(K/2). The r of different layers are independent, so
    the mean and the variance for a live network of L layers are (L - 1) times as large.
    """
    k = np.arange(1, width + 1)
    chance = np.exp(special.gammaln(width + 1) - special.gammaln(k + 1) - special.gammaln(width - k + 1))
    chance = chance / chance.sum()
    means, variances = special.digamma(k / 2), special.polygamma(1, k / 2)
    mean = float(chance @ means)
    return float(np.log(4 / width)) + mean, float(chance @ (variances + means**2)) - mean**2


def squared_spread(width: int, depth: int) -> float:
    """Return the standard deviation of |δ₁|²/|δ_L|² for ReLU and He's weights, √((1 + 5/n)^(L-1) - 1)."""
    return float(np.sqrt((1 + 5 / width) ** (depth - 1) - 1))


def measure(context: Context, seeds: np.ndarray, fewer: int) -> dict[str, xr.Dataset]:
    """Sample the laws, and return {group of the data: its samples}; unequal widths use `fewer` seeds."""
    few = seeds[: max(2, len(seeds) // FEWER)]
    return {
        "handout": _handout(context, few),
        "laws/one_layer": _one_layer(context, seeds),
        "laws/dead": _dead(context, seeds),
        "laws/narrow": _narrow(context, few),
        "laws/unequal_widths": _unequal_widths(context, seeds[:fewer]),
    }


def _handout(context: Context, seeds: np.ndarray) -> xr.Dataset:
    name = {"long_name": "|δ of h₁| / |δ of the output|, 3-4-1"}
    return xr.Dataset({"ratio": ("seed", context.sweep("3-4-1", handout, seeds), name)}, {"seed": seeds})


def _one_layer(context: Context, seeds: np.ndarray) -> xr.Dataset:
    ratios = context.sweep("one layer", one_step(STEP_WIDTH), seeds)
    name = {"long_name": "|δ₁|²/|δ₂|² across one ReLU layer; 0: dead"}
    return xr.Dataset({"ratio": ("seed", ratios, name)}, {"seed": seeds, "width": STEP_WIDTH})


def _dead(context: Context, seeds: np.ndarray) -> xr.Dataset:
    width, layers = DEAD
    flags = context.sweep("dead layers", is_dead(width, layers), seeds)
    name = {"long_name": "whether all nodes of the layer are 0 for one input"}
    coordinates = {"seed": seeds, "layer": np.arange(1, layers + 1), "width": width}
    return xr.Dataset({"is_dead": (("seed", "layer"), flags, name)}, coordinates)


def _narrow(context: Context, seeds: np.ndarray) -> xr.Dataset:
    width, layers = NARROW
    lengths = context.sweep("narrow", spread(width, layers), seeds)
    name = {"long_name": "|δ| of the first layer; the last layer's is 1"}
    coordinates = {"seed": seeds, "width": width, "layers": layers}
    return xr.Dataset({"first_delta": ("seed", lengths, name)}, coordinates)


def _unequal_widths(context: Context, seeds: np.ndarray) -> xr.Dataset:
    scheme, names = "lecun_normal", UNEQUAL_ACTIVATIONS
    settings = {"activation": np.arange(len(names), dtype=np.int32)}
    ratios = context.sweep("unequal widths", unequal(UNEQUAL, scheme), seeds, settings)
    theory = [unequal_theory(UNEQUAL, name, scheme) for name in names]
    label = "|δ|² / |δ|² of the layer above"
    columns = {
        "ratio": (("activation", "seed", "layer"), np.swapaxes(ratios, 0, 1), {"long_name": label}),
        "predicted": (
            ("activation", "layer"),
            np.array(theory),
            {"long_name": f"{label}, mean-field theory"},
        ),
        "nodes": ("node_layer", list(UNEQUAL), {"long_name": "nodes of each layer, inputs first"}),
    }
    layers = np.arange(1, len(UNEQUAL) - 1)
    return xr.Dataset(columns, {"activation": list(names), "seed": seeds, "layer": layers})

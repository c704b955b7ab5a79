"""Exact laws of random ReLU networks, sampled and judged; networks of unequal widths, and the handout's."""

import itertools
from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from scipy import special, stats

import nnjax
from experiments.runner import findings as claims
from experiments.runner import statistics, sweeps
from experiments.runner.experiment import Finding
from experiments.vanishing_gradients import at_birth as birth
from nnjax import signal_propagation

STEP_WIDTH = 8
"""Width at which one layer's law is sampled: narrow, so that it is far from its limit."""
DEAD = (4, 10)
"""Width and layers of the network whose chance to be dead at birth is sampled."""
NARROW = (16, 50)
"""Width and layers of the network whose spread is sampled."""
FEWER = 10
"""So many times fewer samples where networks are large, or where a median's interval takes its time."""
UNEQUAL = (40, 160, 20, 80, 40, 160, 1)
"""Widths that grow and shrink, with one output node."""
UNEVEN = ("sigmoid", "relu")
"""Activations whose networks of unequal widths are sampled."""


def handout(key: jax.Array) -> jax.Array:
    """|δ of h₁| / |δ of the output| of a 3-4-1 sigmoid network with N(0, 1) weights, on the handout's row."""
    network = nnjax.mlp((3, 4, 1), biases=False)
    row = nnjax.datasets.handout()
    params = nnjax.init(network, key, "normal")
    hidden, output = nnjax.deltas(network, params, nnjax.forward(network, params, row.xs[0]), row.ys[0])
    return jnp.abs(hidden[0] / output[0])


def one_step(width: int) -> Callable[[jax.Array], jax.Array]:
    """A function of a key: |δ₁|²/|δ₂|² across one hidden ReLU layer of `width`, He, no biases."""
    network = nnjax.mlp((width,) * 3, "relu", "identity", biases=False)

    def ratio(key: jax.Array) -> jax.Array:
        params = nnjax.init(network, key, "he_normal")
        x, v = jax.random.normal(jax.random.fold_in(key, 1 << 20), (2 * width,), jnp.float32).reshape(2, -1)
        trace = nnjax.forward(network, params, x)
        delta = nnjax.deltas(network, params, trace, trace.activations[-1] + v / 2)
        return (signal_propagation.norm(delta[0]) / signal_propagation.norm(delta[1])) ** 2

    return ratio


def is_dead(width: int, layers: int) -> Callable[[jax.Array], jax.Array]:
    """A function of a key: whether layer l of a ReLU network passes nothing of one input on, (layers,)."""
    network = nnjax.mlp((width,) * (layers + 1), "relu", "relu", biases=False)

    def dead(key: jax.Array) -> jax.Array:
        params = nnjax.init(network, key, "he_normal")
        x = jax.random.normal(jax.random.fold_in(key, 1 << 20), (width,), jnp.float32)
        return jnp.all(jnp.stack(nnjax.forward(network, params, x).activations[1:]) == 0, axis=1)

    return dead


def spread(width: int, layers: int) -> Callable[[jax.Array], jax.Array]:
    """A function of a key: |δ₁| of a ReLU network with He's weights, whose last δ has length 1."""
    return lambda key: birth.profile(width, (layers,), ("relu",), ("he_normal",))(key).first[0, 0, 0]


def unequal(sizes: tuple[int, ...], activation: str, scheme: str) -> Callable[[jax.Array], jax.Array]:
    """A function of a key: |δₗ|²/|δₗ₊₁|² for l = 1..L-1 of a network of these widths, one output node."""
    network = nnjax.mlp(sizes, activation, "identity", biases=False)

    def ratios(key: jax.Array) -> jax.Array:
        params = nnjax.init(network, key, scheme)
        x = jax.random.normal(jax.random.fold_in(key, 1 << 20), sizes[:1], jnp.float32)
        x = x * np.float32(np.sqrt(sizes[0])) / signal_propagation.norm(x)
        flow = signal_propagation.flow(network, params, x[None], jnp.ones((1, 1), x.dtype))
        return signal_propagation.ratios(flow.delta) ** 2

    return ratios


def unequal_theory(sizes: tuple[int, ...], activation: str, scheme: str) -> np.ndarray:
    """The same ratios by mean-field theory."""
    network = nnjax.mlp(sizes, activation, "identity", biases=False)
    pairs = itertools.pairwise(sizes)
    variances = [signal_propagation.weight_variance(scheme, *pair) for pair in pairs]
    return signal_propagation.mean_field(network, variances, float(sizes[0])).factor


def log_moments(width: int) -> tuple[float, float]:
    """Mean and variance of log r of one layer, r = (2/n) χ²_K with K ~ Bin(n, ½) given K ≥ 1.

    log χ²_K has mean log 2 + ψ(K/2) and variance ψ′(K/2). The r of different layers are independent, so a
    network alive of L layers has (L - 1) times both.
    """
    k = np.arange(1, width + 1)
    chance = np.exp(special.gammaln(width + 1) - special.gammaln(k + 1) - special.gammaln(width - k + 1))
    chance = chance / chance.sum()
    each, spread = special.digamma(k / 2), special.polygamma(1, k / 2)
    mean = float(chance @ each)
    return float(np.log(4 / width)) + mean, float(chance @ (spread + each**2)) - mean**2


def measure(first: int, samples: int, seeds: int) -> xr.Dataset:
    """Samples of the laws, and of the handout's own network; some of them from fewer seeds."""
    chosen = np.arange(first, first + samples)
    ratios = [
        sweeps.sweep(f"unequal widths, {name}", unequal(UNEQUAL, name, "lecun_normal"), chosen[:seeds])
        for name in UNEVEN
    ]
    theory = [unequal_theory(UNEQUAL, name, "lecun_normal") for name in UNEVEN]
    few = chosen[: max(2, samples // FEWER)]
    node = {"long_name": "|δ of h₁| / |δ of the output|, 3-4-1"}
    step = {"long_name": "|δ₁|²/|δ₂|² across one ReLU layer; 0: dead"}
    return xr.Dataset(
        {
            "handout": ("few", sweeps.sweep("3-4-1", handout, few), node),
            "one_step": ("sample", sweeps.sweep("one layer", one_step(STEP_WIDTH), chosen), step),
            "is_dead": (("sample", "dead_layer"), sweeps.sweep("dead layers", is_dead(*DEAD), chosen)),
            "narrow": ("few", sweeps.sweep("narrow", spread(*NARROW), few)),
            "unequal": (("uneven", "unequal_seed", "step"), np.stack(ratios)),
            "unequal_theory": (("uneven", "step"), np.array(theory)),
        },
        {"uneven": list(UNEVEN), "step": np.arange(1, len(UNEQUAL) - 1)},
    )


def findings(data: xr.Dataset) -> Iterator[Finding]:
    """The exact laws held against their samples, and against the wide networks at birth."""
    drawn = {"he_normal", "glorot_normal"} <= set(data["init"].values)
    if drawn and "relu" in data["activation"].values and data.sizes["layer"] > 2:
        yield from _glorot(data)
        yield from _mean(data)
    yield from _narrow(data)
    ratio = data["one_step"].values
    yield from _one_step(ratio[ratio > 0])
    width, layers = DEAD
    exact = signal_propagation.dead_at_birth(width, layers)
    yield claims.share(
        f"ReLU, {layers} layers of {width}: share that is dead at birth for one input",
        "exact: 1 − (1 − 2⁻ⁿ)ᴸ",
        (exact - 0.02, exact + 0.02),
        data["is_dead"].values[:, -1],
        note=f"exact {exact:.4f}, ± 0.02 accepted",
    )


def _one_step(alive: np.ndarray) -> Iterator[Finding]:
    """The law is about networks alive: a dead one has the ratio 0."""
    law = stats.kstest(alive, lambda r: signal_propagation.relu_step_cdf(STEP_WIDTH, r))
    bound = float(stats.kstwo.ppf(statistics.CONFIDENCE, len(alive)))
    yield claims.exact(
        f"one ReLU layer of {STEP_WIDTH} changes |δ|² by (2/n) χ² with K ~ Bin(n, ½) degrees of freedom: "
        "largest distance of the distributions",
        "exact; after Hanin & Nica 2018",
        (0.0, bound),
        float(law.statistic),
        note=f"{len(alive)} networks alive; 1 sample in 1000 lies beyond the bound {bound:.4f}",
    )


def _narrow(data: xr.Dataset) -> Iterator[Finding]:
    """He keeps the mean of |δ₁|² at 1, and yet a typical narrow deep network passes next to nothing down."""
    (width, layers), values = NARROW, data["narrow"].values
    alive, (centre, variance) = values[values > 0], log_moments(width)
    squares, exact = 2 * np.log(alive), (layers - 1) * variance
    low, high = statistics.bootstrap(squares, lambda x, axis=-1: np.var(x, axis=axis, ddof=1))
    name = f"ReLU He, {layers} layers of {width}"
    yield Finding(
        f"{name}: variance of log |δ₁|² over seeds, relative to the exact one",
        "exact; after Hanin 2018",
        (0.8, 1.25),
        float(np.var(squares, ddof=1)) / exact,
        (low / exact, high / exact),
        note=f"{len(alive)} networks alive; exact {exact:.3g}: nine in ten lie within a factor "
        f"{np.exp(2 * 1.645 * exact**0.5):.1g}",
    )
    yield claims.median(
        f"{name}: |δ₁|/|δ_L| of a typical network is less than a tenth",
        "derived: the mean of |δ₁|² is 1, but rare networks make it up",
        (0.0, 0.1),
        alive,
        note=f"by the exact law about {np.exp((layers - 1) * centre / 2):.2g}; this sample's mean of |δ₁|² "
        f"is {np.mean(alive.astype(float) ** 2):.2g}",
    )


def _glorot(data: xr.Dataset) -> Iterator[Finding]:
    """With Glorot's weights the gradient is flat over the layers, and shrinks with the number of layers."""
    width, depth = int(data["width"].values[-1]), data.sizes["layer"]
    he, glorot = (birth.weight_gradient(data, init, width) for init in ("he_normal", "glorot_normal"))
    alive = (he[0] > 0) & (glorot[0] > 0)
    yield claims.mean(
        "ReLU Glorot: log of the weight gradient's |·|², change per layer from the last to the first",
        "derived: flat over the layers, which “δ becomes so small” does not tell",
        (-0.02, 0.02),
        np.log(glorot[0, alive] ** 2 / glorot[-1, alive] ** 2) / (depth - 1),
        note="δ² halves in every layer, and so do the activations' squares the other way: they cancel",
    )
    dead = data["dead"].sel(activation="relu", width=width).transpose("init", "layer", "seed")
    same = (dead.sel(init="he_normal") == dead.sel(init="glorot_normal")).all("layer").values
    error = np.abs(glorot[:, alive] / he[:, alive] * 2 ** ((depth - 1) / 2) - 1).max(axis=0)
    crossed = ", ".join(f"{each:.2g}" for each in error[~same[alive]])
    yield claims.exact(
        f"ReLU: Glorot's weight gradient is 2^(−(L−1)/2) of He's in every layer, L = {depth}: largest "
        "relative error",
        "exact, same draws",
        (0.0, 1e-4),
        float(np.max(error[same[alive]])),
        note=f"2^(−(L−1)/2) is {2 ** (-(depth - 1) / 2):.2g}; float32; over the {same[alive].sum()} of "
        f"{alive.sum()} seeds whose nodes are on the same side of ReLU's kink with both weights; where "
        f"rounding takes a node across, the errors are {crossed or '(none here)'}",
    )


def _mean(data: xr.Dataset) -> Iterator[Finding]:
    """Of the widest network alone: where 5 Σ 1/n is large, no sample holds the rare networks that count."""
    width, depth = int(data["width"].values[-1]), int(data["depth"].values[-1])
    spread = squared_spread(width, depth)
    if spread < 2:
        first = data["first"].sel(activation="relu", init="he_normal", width=width, depth=depth).values
        yield claims.mean(
            f"ReLU He, {depth} layers of {width}: mean of |δ₁|²/|δ_L|²",
            "exact: 1; He et al. 2015",
            (0.5, 2.0),
            first.astype(float) ** 2,
            note=f"exact spread over seeds {spread:.2g}; weights 2 % too large would give "
            f"{1.02 ** (2 * depth - 2):.1f}",
        )


def squared_spread(width: int, depth: int) -> float:
    """Standard deviation of |δ₁|²/|δ_L|² among ReLU networks with He's weights, √((1 + 5/n)^(L-1) - 1)."""
    return float(np.sqrt((1 + 5 / width) ** (depth - 1) - 1))

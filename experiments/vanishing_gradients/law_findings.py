"""Findings on exact laws of ReLU networks, which are compared with samples and with the networks at birth."""

from collections.abc import Iterator

import numpy as np
import xarray as xr
from scipy import stats

from experiments.runner import expectations, statistics
from experiments.runner.findings import Finding, exact, mean, median, share
from experiments.vanishing_gradients.exact_laws import log_moments, squared_spread
from experiments.vanishing_gradients.readers import has_relu_pair, weight_gradient
from nnjax import signal_propagation

EXPECTED = expectations.of("vanishing_gradients")


def findings(birth: xr.Dataset, laws: xr.DataTree) -> Iterator[Finding]:
    """Judge Glorot's and He's weights at birth, then narrow networks, one layer, and death at birth."""
    if has_relu_pair(birth) and birth.sizes["layer"] > 2:
        yield from _glorot(birth)
        yield from _mean_square(birth)
    yield from _narrow(laws["narrow"].to_dataset())
    yield _one_layer(laws["one_layer"].to_dataset())
    yield _dead(laws["dead"].to_dataset())


def _glorot(birth: xr.Dataset) -> Iterator[Finding]:
    """Judge whether Glorot's gradient is the same in all layers, and shrinks with the number of layers."""
    width = int(birth["width"].values[-1])
    he, glorot = (weight_gradient(birth, init, width) for init in ("he_normal", "glorot_normal"))
    alive = (he[0] > 0) & (glorot[0] > 0)
    yield _flat(glorot[:, alive])
    dead = birth["dead"].sel(activation="relu", width=width).transpose("init", "layer", "seed")
    same = (dead.sel(init="he_normal") == dead.sel(init="glorot_normal")).all("layer").values
    yield _over_he(glorot[:, alive] / he[:, alive], same[alive])


def _flat(gradient: np.ndarray) -> Finding:
    """Judge weight gradients (layer, seed)."""
    return mean(
        EXPECTED["glorot-gradient-flat"],
        "ReLU Glorot: change per layer, from the last to the first, in the log of the weight gradient's |·|²",
        np.log(gradient[0] ** 2 / gradient[-1] ** 2) / (len(gradient) - 1),
        note="|δ|² halves per layer downwards, |a|² halves per layer upwards, and the two effects cancel",
    )


def _over_he(ratio: np.ndarray, same: np.ndarray) -> Finding:
    """Judge the ratio of Glorot's gradient to He's (layer, seed); `same` seeds have the same dead nodes."""
    depth = len(ratio)
    errors = np.abs(ratio * 2 ** ((depth - 1) / 2) - 1).max(axis=0)
    crossed = ", ".join(f"{error:.2g}" for error in errors[~same])
    return exact(
        EXPECTED["glorot-over-he"],
        f"ReLU: Glorot's weight gradient is 2^(−(L−1)/2) times He's in every layer, L = {depth}: largest "
        "relative error",
        float(np.max(errors[same])),
        note=f"2^(−(L−1)/2) is {2 ** (-(depth - 1) / 2):.2g}; float32; over the {same.sum()} of "
        f"{len(same)} seeds whose nodes are on the same side of ReLU's kink with both kinds of weights; if "
        f"rounding moves a node across, the errors are {crossed or '(none here)'}",
    )


def _mean_square(birth: xr.Dataset) -> Iterator[Finding]:
    """Judge the widest network: where 5 Σ 1/n is large, samples miss the rare networks that matter."""
    width, depth = int(birth["width"].values[-1]), int(birth["depth"].values[-1])
    deviation = squared_spread(width, depth)
    if deviation < 2:
        where = {"activation": "relu", "init": "he_normal", "width": width, "depth": depth}
        yield mean(
            EXPECTED["he-mean-square"],
            f"ReLU He, {depth} layers of {width}: mean of |δ₁|²/|δ_L|²",
            birth["first_delta"].sel(where).values.astype(float) ** 2,
            note=f"exact spread over seeds {deviation:.2g}; weights that are 2 % too large would give a mean "
            f"of {1.02 ** (2 * depth - 2):.1f}",
        )


def _narrow(sample: xr.Dataset) -> Iterator[Finding]:
    """Judge narrow deep networks: with He's weights the mean of |δ₁|² is 1, but most pass on little."""
    width, layers, lengths = int(sample["width"]), int(sample["layers"]), sample["first_delta"].values
    name, alive, (centre, variance) = (
        f"ReLU He, {layers} layers of {width}",
        lengths[lengths > 0],
        log_moments(width),
    )
    yield _variance(name, alive, (layers - 1) * variance)
    typical = float(np.exp((layers - 1) * centre / 2))
    yield median(
        EXPECTED["narrow-typical"].between(typical / 1.5, typical * 1.5),
        f"{name}: |δ₁|/|δ_L| of a typical network",
        alive,
        note=f"by the exact law about {typical:.2g}; this sample's mean of |δ₁|² is "
        f"{np.mean(alive.astype(float) ** 2):.2g}, and the exact mean, which rare networks dominate, is 1",
    )


def _variance(name: str, alive: np.ndarray, expected: float) -> Finding:
    logs = 2 * np.log(alive)
    low, high = statistics.bootstrap(logs, lambda x, axis=-1: np.var(x, axis=axis, ddof=1))
    return Finding(
        EXPECTED["narrow-variance"],
        f"{name}: variance of log |δ₁|² over seeds, divided by the exact variance",
        measured=float(np.var(logs, ddof=1)) / expected,
        interval=(low / expected, high / expected),
        note=f"{len(alive)} live networks; exact variance {expected:.3g}: nine in ten of them "
        f"lie within a factor {np.exp(2 * 1.645 * expected**0.5):.1g} of each other",
    )


def _one_layer(sample: xr.Dataset) -> Finding:
    """Judge live networks, to which the law applies; a dead network has the ratio 0."""
    width, ratios = int(sample["width"]), sample["ratio"].values
    alive = ratios[ratios > 0]
    law = stats.kstest(alive, lambda r: signal_propagation.relu_step_cdf(width, r))
    bound = float(stats.kstwo.ppf(statistics.CONFIDENCE, len(alive)))
    return exact(
        EXPECTED["one-layer-law"].between(0.0, bound),
        f"one ReLU layer of {width} changes |δ|² by (2/n) χ² with K ~ Bin(n, ½) degrees of freedom: "
        "largest distance between the distributions",
        float(law.statistic),
        note=f"{len(alive)} live networks; by chance, 1 sample in 1000 lies beyond the bound {bound:.4f}",
    )


def _dead(sample: xr.Dataset) -> Finding:
    width, layers = int(sample["width"]), sample.sizes["layer"]
    chance = signal_propagation.dead_at_birth(width, layers)
    return share(
        EXPECTED["dead-at-birth"].around(chance),
        f"ReLU, {layers} layers of {width}: share of the networks that are dead at birth for one input",
        sample["is_dead"].isel(layer=-1).values,
        note=f"exact {chance:.4f}, ± 0.02 accepted",
    )

"""Findings on training: at which depths networks learn, whether Glorot's weights stall, and what helps."""

import re
from collections.abc import Iterator, Mapping

import numpy as np
import xarray as xr

from experiments.runner import expectations
from experiments.runner.findings import Finding, spanning
from experiments.vanishing_gradients.readers import LEARNT, TITLES, first_failing, last
from experiments.vanishing_gradients.recipes import PLAIN, SATURATED_CROSS_ENTROPY, SATURATED_SSE, STARTS
from nnjax import signal_propagation

EXPECTED = expectations.of("vanishing_gradients")


def findings(chosen: Mapping[str, xr.Dataset]) -> Iterator[Finding]:
    """Judge all groups of trained networks, each recipe at its best rate; intervals span the few seeds."""
    for group in TITLES:
        yield from _failing(group, chosen[group])
    if 5 in chosen["digits"]["depth"].values:
        yield _five(chosen["digits"].sel(depth=5))
    yield from _stall(chosen["stall"])
    if "remedies" in chosen:
        yield from _remedies(chosen["remedies"])


def _best_of(part: xr.Dataset) -> str:
    return f"best of {part.sizes['setting']} rates"


def trainable(start: str) -> float:
    """Compute how many hidden layers can be trained from this start: 6 ξ, where ξ = 1 / |ln χ|.

    ξ is the number of layers over which |δ|² falls by a factor of e. It is 0.35 for sigmoid nodes with
    LeCun's weights, and ∞ for ReLU nodes with He's weights (Schoenholz et al. 2017).
    """
    scheme, variance = STARTS[start], {"lecun_normal": 1.0, "he_normal": 2.0}
    rate = abs(np.log(signal_propagation.fixed_point(start, variance[scheme])[1]))
    return float(6 / rate) if rate > 1e-6 else np.inf


def first_beyond(depths: np.ndarray, hidden: float) -> float:
    """Return the smallest depth with more than `hidden` hidden layers; inf if there is none."""
    beyond = [depth for depth in depths if depth - 1 > hidden]
    return float(min(beyond, default=np.inf))


def _failing(group: str, part: xr.Dataset) -> Iterator[Finding]:
    epochs, depths = part.sizes["epoch"] - 1, ", ".join(map(str, part["depth"].values))
    for start in STARTS:
        theory = trainable(start)
        depth = first_beyond(part["depth"].values, theory)
        yield spanning(
            EXPECTED[f"{group}-first-depth-not-learnt-{start}"].between(depth, depth),
            f"{TITLES[group]}, {start}: first depth not learnt within {epochs} epochs",
            first_failing(part, start),
            note=f"6 ξ = {theory:.3g} hidden layers; “not learnt” means a loss above {LEARNT} times that of "
            f"the best constant answer; depths {depths}; {_best_of(part)}",
        )


def _five(part: xr.Dataset) -> Finding:
    epochs, constant = part.sizes["epoch"] - 1, float(part["constant"])
    return spanning(
        EXPECTED["five-layers-sigmoid"],
        f"digits, 5 layers, sigmoid, {epochs} epochs: loss divided by that of the best constant answer",
        last(part.sel(start="sigmoid"), "loss") / constant,
        note=f"a value of 1 means that nothing is learnt in that time; ReLU "
        f"{np.median(last(part.sel(start='relu'), 'loss')) / constant:.2g}; {_best_of(part)}",
    )


def _stall(part: xr.Dataset) -> Iterator[Finding]:
    constant, layers, epochs = float(part["constant"]), part.sizes["layer"], part.sizes["epoch"] - 1
    yield spanning(
        EXPECTED["stall-he-normal"],
        f"digits, {layers} ReLU layers, He's weights, {epochs} epochs: loss per row",
        last(part.sel(init="he_normal"), "loss"),
        note=f"the best constant answer has {constant:.4f}; {_best_of(part)}",
    )
    he, glorot = (epochs_to_learn(part.sel(init=init), constant) for init in ("he_normal", "glorot_normal"))
    never = np.isinf(glorot).sum()
    yield spanning(
        EXPECTED["stall-glorot-over-he"],
        f"digits, {layers} ReLU layers: epochs until something is learnt with Glorot's weights, divided by "
        "those with He's",
        np.where(np.isinf(he), np.nan, glorot / he),
        note=f"learnt: loss below {LEARNT} times the constant answer's; He after {np.median(he):g} epochs; "
        f"Glorot not within {epochs} for {never} of {len(glorot)} seeds, which counts as ∞; {_best_of(part)}",
    )


def epochs_to_learn(part: xr.Dataset, constant: float) -> np.ndarray:
    """Find the first epoch after which the loss is below `LEARNT * constant`, (seed,); inf if none is."""
    below = (part["loss"] < LEARNT * constant).transpose("seed", "epoch").values
    return np.where(below.any(axis=1), part["epoch"].values[np.argmax(below, axis=1)], np.inf)


def _remedies(part: xr.Dataset) -> Iterator[Finding]:
    names = [str(name) for name in part["remedy"].values]
    accuracy = dict(zip(names, last(part, "accuracy"), strict=True))
    for name in names:
        if name not in (PLAIN, SATURATED_SSE, SATURATED_CROSS_ENTROPY):
            yield spanning(
                EXPECTED[f"remedy-{re.sub(r'[^a-z0-9]+', '-', name.lower())}"],
                f"{name}: test accuracy gained over “{PLAIN}”",
                accuracy[name] - accuracy[PLAIN],
                note="digits, same seeds",
            )
    yield spanning(
        EXPECTED["saturated-outputs-cross-entropy"],
        "saturated outputs: test accuracy with cross-entropy minus that with SSE",
        accuracy[SATURATED_CROSS_ENTROPY] - accuracy[SATURATED_SSE],
        note="same draws; SSE's δ has the factor a(1 − a), which is 0 at a saturated wrong node; "
        "cross-entropy's δ lacks this factor",
    )

"""Findings on networks at birth: the handout's sentences about δ, and mean-field theory's factor χ."""

from collections.abc import Iterator

import numpy as np
import xarray as xr

from experiments.runner import expectations, statistics
from experiments.runner.findings import Finding, exact, mean, median
from experiments.vanishing_gradients.draws import distinct
from experiments.vanishing_gradients.readers import EDGE, factors, was_drawn, widest
from nnjax import signal_propagation

EXPECTED = expectations.of("vanishing_gradients")

WIDE = 256
"""Width from which wide-network theory must be right to within `TOLERANCE`."""
TOLERANCE = 0.02


def findings(birth: xr.Dataset, handout: xr.Dataset, unequal: xr.Dataset) -> Iterator[Finding]:
    """Judge the handout's network, deep networks at birth, and the factor χ at equal and unequal widths."""
    yield _handout(handout["ratio"].values)
    layers, width = birth.sizes["layer"], int(birth["width"].values[-1])
    if layers > 1:
        yield from _one_below(birth)
    if layers >= 20:
        yield from _negligible(birth)
    if layers >= 10:
        yield from _relu_over_sigmoid(birth)
    if width >= WIDE and layers > EDGE + 3:
        yield _chi(birth, width)
    for activation in unequal["activation"].values:
        yield _unequal(unequal, str(activation))


def _handout(ratios: np.ndarray) -> Finding:
    return median(
        EXPECTED["handout-node-below-half"],
        "the handout's 3-4-1 sigmoid network: |δ of h₁| is less than half the output's |δ|",
        ratios,
        note="median ratio of the two nodes' |δ|, for N(0, 1) weights and the handout's row; the ratio is "
        f"below ½ in {np.mean(ratios < 0.5):.1%} of the networks; with the handout's weights it is 0.05, but "
        "the δ values that the handout prints give 0.13",
    )


def _one_below(birth: xr.Dataset) -> Iterator[Finding]:
    sigmoid = widest(birth, "sigmoid", "lecun_normal")
    if sigmoid is None:
        return
    below = sigmoid.delta[-2] / sigmoid.delta[-1]
    theory = signal_propagation.fixed_point("sigmoid", 1.0)[1] ** 0.5
    yield median(
        EXPECTED["one-below-sigmoid-lecun-normal"].around(theory),
        "sigmoid lecun_normal: length of δ one layer below the output",
        below,
        note=f"√χ = {theory:.4f}; these are the usual initial weights of a sigmoid network; "
        f"all layers have width {sigmoid.width}; median over seeds",
    )
    controls = {
        ("sigmoid", "normal"): "N(0, 1) weights; few nodes of a wide layer are then unsaturated, and these "
        "have large weights",
        ("relu", "he_normal"): "the usual initial weights of a ReLU network",
    }
    for (activation, init), note in controls.items():
        network = widest(birth, activation, init)
        if network is not None and network.width == sigmoid.width:
            other = network.delta[-2] / network.delta[-1]
            yield median(
                EXPECTED[f"one-below-over-{activation}-{init.replace('_', '-')}"],
                f"length of δ one layer below the output: ratio of sigmoid lecun_normal to {activation} "
                f"{init}",
                below / other,
                note=f"same draws; {np.median(other):.3g} with {note}",
            )


def _negligible(birth: xr.Dataset) -> Iterator[Finding]:
    """Compare the first weights' change with rounding: |δ₁| = |ΔW₁|/|W₁| at α = 1 and input variance 1."""
    cases = {
        ("sigmoid", "lecun_normal"): "below float32's rounding",
        ("relu", "he_normal"): "far above float32's rounding",
        ("tanh", "orthogonal"): "far above float32's rounding",
    }
    for (activation, init), words in cases.items():
        network = widest(birth, activation, init)
        if network is not None:
            yield median(
                EXPECTED[f"negligible-{activation}-{init.replace('_', '-')}"],
                f"{activation} {init}: {len(network.delta)} layers, |δ₁|/|δ_L| is {words}",
                network.delta[0],
                note=f"width {network.width}; at α = 1 the first weights' relative change is about this "
                "large",
            )


def _relu_over_sigmoid(birth: xr.Dataset) -> Iterator[Finding]:
    sigmoid, relu = (widest(birth, name, "he_normal") for name in ("sigmoid", "relu"))
    if sigmoid is None or relu is None or sigmoid.width != relu.width:
        return
    passed = (relu.delta[0] > 0) & (sigmoid.delta[0] > 0)
    if passed.any():
        yield median(
            EXPECTED["relu-over-sigmoid"],
            f"same draws, {len(relu.delta)} layers: ratio of ReLU's |δ₁| to sigmoid's, in orders of "
            "magnitude",
            np.log10(relu.delta[0, passed] / sigmoid.delta[0, passed]),
            note=f"He's weights, width {relu.width}; for {np.mean(~passed):.0%} of the seeds one of the two "
            "lengths is 0",
        )


def _chi(birth: xr.Dataset, width: int) -> Finding:
    intervals, lost = _errors_of_chi(birth, width)
    furthest = {name: max(map(abs, interval)) for name, interval in intervals.items()}
    outside = [f"{name} {error:.1%}" for name, error in furthest.items() if error > TOLERANCE]
    return exact(
        EXPECTED["chi-2-percent"],
        "|δ|² changes per layer by mean-field theory's factor χ: number of conditions whose interval goes "
        "beyond χ ± 2 %",
        len(outside),
        note=f"{', '.join(outside) or 'none'} of {len(intervals)} conditions at width {width}; no interval "
        f"goes beyond {max(furthest.values(), default=np.nan):.1%}; left out as too large for float32: "
        f"{', '.join(lost) or 'none'}",
    )


def _errors_of_chi(birth: xr.Dataset, width: int) -> tuple[dict[str, statistics.Interval], list[str]]:
    """Return {condition: interval of its relative error}, and the conditions that float32 cannot hold."""
    intervals, lost = {}, []
    drawn = [init for init in birth["init"].values if was_drawn(birth, width, init)]
    for label, init in distinct(drawn, width).items():
        for activation in birth["activation"].values:
            pair = factors(birth, width, activation, init)
            if pair is None:
                lost.append(f"{activation} {label}")
            else:
                errors = pair.measured / pair.theory - 1
                intervals[f"{activation} {label}"] = statistics.bootstrap(errors, np.mean)
    return intervals, lost


def _unequal(unequal: xr.Dataset, activation: str) -> Finding:
    part = unequal.sel(activation=activation).transpose(..., "seed", "layer")
    widths = "-".join(map(str, unequal["nodes"].values))
    return mean(
        EXPECTED[f"chi-unequal-widths-{activation}"],
        f"the factor χ at widths {widths}, {activation}: relative error",
        np.mean(part["ratio"].values / part["predicted"].values - 1, axis=1),
        note="mean over layers and seeds; an error of 10 % is accepted, since the layers are narrow",
    )

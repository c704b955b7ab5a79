"""Findings on training: regression, momentum, plateaus, nodes as logistic regressions, layers."""

import numpy as np
import xarray as xr

from experiments.runner import expectations, statistics
from experiments.runner.findings import Finding, exact, mean, median, share
from experiments.sentences import layers, regression, xor

EXPECTED = expectations.of("sentences")


def regression_findings(part: xr.Dataset) -> list[Finding]:
    """Judge identity outputs against sigmoid outputs."""
    values = part["explained"]

    def shown(target: str, output: str) -> np.ndarray:
        return values.sel(target=target, output=output).values

    def difference(id: str, target: str, claim: str) -> Finding:
        pair = [shown(target, output) for output in regression.OUTPUTS]
        note = f"R² {pair[0].mean():.3f} and {pair[1].mean():.3f}; every seed has its own split"
        return mean(EXPECTED[id], claim, pair[0] - pair[1], note=note)

    line = shown(regression.STANDARDISED, "a line")
    return [
        difference(
            "regression-identity",
            regression.STANDARDISED,
            "diabetes, standardised target: R² with an identity output minus R² with a sigmoid output",
        ),
        difference(
            "regression-squeezed",
            regression.SQUEEZED,
            "diabetes, target in 0.1 to 0.9: R² with an identity output minus R² with a sigmoid output",
        ),
        mean(
            EXPECTED["regression-line"],
            "diabetes: R² of the network with identity output minus R² of a linear fit",
            shown(regression.STANDARDISED, "identity") - line,
            note=f"R² of the linear fit: {line.mean():.3f}",
        ),
    ]


def descent_findings(part: xr.Dataset) -> list[Finding]:
    """Judge momentum on least squares, where the gain is known."""
    steps = regression.steps_until(part["distance"].values, 1e-6)
    slowest = regression.late_shrinking(part["distance"].sel(way="plain").values)
    predicted = float(part["per_step"].sel(way="plain"))
    condition = (1 + predicted) / (1 - predicted)
    return [
        exact(
            EXPECTED["momentum-least-squares"],
            "linear regression on diabetes: steps to a millionth of the distance, ratio of plain descent to "
            "momentum",
            steps[0] / steps[1],
            note=f"{steps[0]:.0f} and {steps[1]:.0f} steps at the best settings; √κ {np.sqrt(condition):.1f}",
        ),
        exact(
            EXPECTED["momentum-plain-rate"].around(predicted),
            "plain descent: factor by which the error shrinks per step, against (κ − 1) / (κ + 1)",
            slowest,
            note=f"κ = {condition:.0f}, from the Hessian's eigenvalues",
        ),
    ]


def xor_findings(part: xr.Dataset) -> list[Finding]:
    """Judge momentum, plateaus, and hidden nodes as logistic regressions, on XOR."""
    loss = part["loss"].transpose("way", "seed", "rate", "look").values
    plain, momentum = loss < xor.SOLVED
    shown = xor.EFFECTIVE.index(xor.SHOWN)
    soon = int(np.flatnonzero(part["epoch"].values <= xor.SOON)[-1])
    (best, chosen), (best_with, chosen_with) = (
        statistics.at_best(solved[..., soon].astype(float)) for solved in (plain, momentum)
    )
    rates = [statistics.either(np.array(xor.EFFECTIVE), each) for each in (chosen, chosen_with)]
    return [
        mean(
            EXPECTED["momentum-xor-soon"],
            f"XOR: share learnt within {xor.SOON} epochs with momentum 0.9, minus the share without",
            best_with - best,
            note=f"{best_with.mean():.0%} and {best.mean():.0%}, each at its best rate / (1 − μ): "
            f"{rates[1]} and {rates[0]}",
        ),
        mean(
            EXPECTED["momentum-effective-rate"],
            f"XOR: share learnt with momentum, rate {0.1 * xor.SHOWN:g}, minus without, rate {xor.SHOWN:g}",
            momentum[:, shown, -1].astype(float) - plain[:, shown, -1],
            note=f"{momentum[:, shown, -1].mean():.1%} and {plain[:, shown, -1].mean():.1%}",
        ),
        *(plateau_finding(part, rate) for rate in (xor.EFFECTIVE[0], xor.SHOWN)),
        *node_findings(part["end"].values[plain[:, shown, -1]]),
    ]


def plateau_finding(part: xr.Dataset, rate: float) -> Finding:
    """Judge whether a loss that has stopped falling has reached its end."""
    loss = part["loss"].sel(way=xor.PLAIN, rate=rate).transpose("seed", "look").values
    look = xor.first_stable(loss)
    stopped = (look >= 0) & (loss[np.arange(len(loss)), look] >= xor.SOLVED)
    return share(
        EXPECTED[f"plateau-rate-{rate:g}".replace(".", "-")],
        f"XOR, rate {rate:g}: share that would have learnt, of the networks that a stable loss stops before "
        "they learn",
        loss[stopped, -1] < xor.SOLVED,
        note=f"{stopped.sum()} of {len(loss)} stop; a loss is stable if it is less than 1 % below its value "
        "250 epochs earlier",
    )


def node_findings(ends: np.ndarray) -> list[Finding]:
    """Judge the nodes of networks that learnt XOR, read as logistic regressions."""
    right = np.array([np.array_equal(xor.answers(end)[1], [False, True, True, False]) for end in ends])
    asked = [xor.questions(end) for end in ends]
    common = max(sorted(set(asked)), key=asked.count)
    return [
        exact(
            EXPECTED["nodes-logistic"],
            "a logistic regression fitted to a node's outputs recovers the node's weights (largest relative "
            "distance)",
            max(xor.refitted(end) for end in ends[:20]),
            note="the three nodes of 20 networks, fitted with scikit-learn",
        ),
        share(
            EXPECTED["nodes-read"],
            "XOR: share of the networks that stay right when each hidden node is read as a yes or a no",
            right,
            note=f"the two nodes ask “{common}” in {asked.count(common) / len(asked):.0%} of {len(asked)} "
            "networks",
        ),
    ]


def layers_findings(part: xr.Dataset) -> list[Finding]:
    """Judge one hidden layer against two."""
    loss = part["loss"].transpose("network", "seed", "look").values
    first = layers.first_close(loss)
    one, two = layers.NETWORKS
    ratio = np.log2(np.maximum(first[1], layers.EVERY) / np.maximum(first[0], layers.EVERY))
    return [
        share(
            EXPECTED["layers-both-learn"],
            f"{one} and {two} both come within 0.1 of the handout's label (share of the seeds)",
            np.asarray(np.isfinite(first).all(axis=0)),
            note=f"{int((len(loss[0, 0]) - 1) * layers.EVERY)} epochs at most, α = {layers.RATE}",
        ),
        median(
            EXPECTED["layers-two-against-one"],
            f"log₂ of the ratio of the epochs until within 0.1 of the label, {two} over {one}",
            ratio[np.isfinite(ratio)],
            note=f"medians {np.median(first[0]):.0f} and {np.median(first[1]):.0f} epochs",
        ),
    ]

"""Judging trained networks: which depths learn, whether Glorot's weights stall, and what helps."""

import re
from collections.abc import Iterator, Mapping

import xarray as xr

from experiments.runner import expectations
from experiments.runner.findings import Finding, spanning
from experiments.vanishing_gradients.readers import LEARNT, TITLES, first_failing, last
from experiments.vanishing_gradients.recipes import PLAIN, SATURATED_CROSS_ENTROPY, SATURATED_SSE, STARTS

EXPECTED = expectations.of("vanishing_gradients")


def findings(chosen: Mapping[str, xr.Dataset]) -> Iterator[Finding]:
    """Judge every group of trained networks, each recipe at its best rate; intervals span the few seeds."""
    for group in TITLES:
        yield from _failing(group, chosen[group])
    if 5 in chosen["digits"]["depth"].values:
        yield from _five(chosen["digits"].sel(depth=5))
    yield from _stall(chosen["stall"])
    if "remedies" in chosen:
        yield from _remedies(chosen["remedies"])


def _best_of(part: xr.Dataset) -> str:
    return f"best of {part.sizes['setting']} rates"


def _failing(group: str, part: xr.Dataset) -> Iterator[Finding]:
    epochs, depths = part.sizes["epoch"] - 1, ", ".join(map(str, part["depth"].values))
    for start in STARTS:
        yield spanning(
            EXPECTED[f"{group}-first-depth-not-learnt-{start}"],
            f"{TITLES[group]}, {start}: first depth not learnt within {epochs} epochs",
            first_failing(part, start),
            note=f"loss above {LEARNT} of the best constant answer's; depths {depths}; {_best_of(part)}",
        )


def _five(part: xr.Dataset) -> Iterator[Finding]:
    epochs, constant = part.sizes["epoch"] - 1, float(part["constant"])
    for start in STARTS:
        yield spanning(
            EXPECTED[f"five-layers-{start}"],
            f"digits, 5 layers, {start}, {epochs} epochs: loss over the best constant answer's",
            last(part.sel(start=start), "loss") / constant,
            note=f"1: nothing is learnt; {_best_of(part)}",
        )


def _stall(part: xr.Dataset) -> Iterator[Finding]:
    constant, layers, epochs = float(part["constant"]), part.sizes["layer"], part.sizes["epoch"] - 1
    expected = {
        "he_normal": EXPECTED["stall-he-normal"].between(0.0, LEARNT * constant),
        "glorot_normal": EXPECTED["stall-glorot-normal"].around(constant),
    }
    for init, expectation in expected.items():
        yield spanning(
            expectation,
            f"digits, {layers} ReLU layers, {init}, {epochs} epochs: loss per row",
            last(part.sel(init=init), "loss"),
            note=f"the best constant answer has {constant:.4f}; {_best_of(part)}",
        )


def _remedies(part: xr.Dataset) -> Iterator[Finding]:
    names = [str(name) for name in part["remedy"].values]
    accuracy = dict(zip(names, last(part, "accuracy"), strict=True))
    for name in names:
        if name not in (PLAIN, SATURATED_SSE, SATURATED_CROSS_ENTROPY):
            yield spanning(
                EXPECTED[f"remedy-{re.sub(r'[^a-z0-9]+', '-', name.lower())}"],
                f"{name}: test accuracy gained over “{PLAIN}”",
                accuracy[name] - accuracy[PLAIN],
                note="digits, same seeds; a remedy adds 0.1 or more",
            )
    yield spanning(
        EXPECTED["saturated-outputs-cross-entropy"],
        "saturated outputs: test accuracy with cross-entropy minus with SSE",
        accuracy[SATURATED_CROSS_ENTROPY] - accuracy[SATURATED_SSE],
        note="same draws; SSE's δ holds a(1 − a), 0 at a node saturated and wrong; cross-entropy's does not",
    )
